import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { progressBar } from '../../src/diagnostics/progress.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

const terminal = (isTTY: boolean) => {
  const lines: string[] = []
  return { lines, isTTY, write: (text: string) => lines.push(text) }
}

test('draws a bar, its share and the time, and ends the line with the last task', () => {
  const stream = terminal(true)
  const progress = progressBar({ label: 'mean', width: 4, stream })
  progress(0, 8)
  vi.advanceTimersByTime(1000)
  progress(3, 8)
  vi.advanceTimersByTime(1000)
  progress(8, 8)
  expect(stream.lines).toEqual([
    '\r\x1b[Kmean ▕    ▏  0 % 0/8 tasks, 0.0 s',
    '\r\x1b[Kmean ▕█▌  ▏ 37 % 3/8 tasks, 1.0 s',
    '\r\x1b[Kmean ▕████▏100 % 8/8 tasks, 2.0 s\n',
  ])
  progress(8, 8)
  expect(stream.lines.length).toBe(3)
})

test('draws at most 20 times a second, and always the end', () => {
  const stream = terminal(true)
  const progress = progressBar({ stream })
  for (let i = 0; i < 1000; i++) {
    progress(i, 1000)
    vi.advanceTimersByTime(1)
  }
  progress(1000, 1000)
  expect(stream.lines.length).toBe(21)
  expect(stream.lines.at(-1)).toMatch(/100 % 1000\/1000 tasks, 1.0 s\n$/)
})

test('writes nothing where there is no terminal, unless forced', () => {
  const stream = terminal(false)
  progressBar({ stream })(1, 1)
  expect(stream.lines).toEqual([])
  progressBar({ stream, force: true })(0, 0)
  expect(stream.lines.length).toBe(1)
})

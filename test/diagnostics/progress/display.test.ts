import { describe, expect, test } from 'vitest'
import { progressDisplay } from '../../../src/diagnostics/progress/display.ts'
import type { ProgressState } from '../../../src/diagnostics/progress/estimate.ts'
import { formatSeconds, progressLines } from '../../../src/diagnostics/progress/lines.ts'

const state = (finished: [number, number], more: Partial<ProgressState> = {}): ProgressState => ({
  finishedTasks: finished[0] + finished[1],
  totalTasks: 120,
  elapsedSeconds: 1.25,
  remainingSeconds: 3.75,
  bytesPerSecond: 2 ** 30,
  stages: [
    {
      name: 'random uniform',
      tasks: 100,
      bytes: 2 ** 30,
      finishedTasks: finished[0],
      finishedBytes: finished[0] * 2 ** 20,
    },
    {
      name: 'subtract, add and much more of the kind',
      tasks: 20,
      bytes: 2 ** 28,
      finishedTasks: finished[1],
      finishedBytes: 0,
    },
    { name: 'combine', tasks: 1, bytes: 16, finishedTasks: 0, finishedBytes: 0 },
  ],
  ...more,
})
const half = { label: '', state: state([50, 5]) }

describe('lines', () => {
  test('tell the time left, the rate and each stage that matters', () => {
    expect(progressLines({ label: 'mean', state: state([50, 5]) }, 100)).toEqual([
      'mean ▕███████▌                      ▏  25 %  55/120 tasks, 1.3 s, 1 GiB/s, about 3.8 s left',
      '  random uniform                    50 %  50/100  50 MiB of 1 GiB',
      '  subtract, add and much more of …  25 %    5/20  0 B of 256 MiB',
    ])
  })
  test('are no longer than the terminal is wide', () => {
    for (const columns of [10, 20, 40, 60, 80, 200]) {
      const lines = progressLines({ label: 'a label that is long', state: state([50, 5]) }, columns)
      expect(lines.map((line) => line.length).filter((length) => length > columns)).toEqual([])
    }
  })
  test('of an ended run are one', () => {
    const ended = state([100, 20], { remainingSeconds: 0 })
    expect(progressLines({ label: '', state: ended }, 80)).toEqual([
      '▕██████████████████████████████▏ 100 %  120/120 tasks, 1.3 s, 1 GiB/s',
    ])
    expect(progressLines({ label: '', state: { ...ended, totalTasks: 0, finishedTasks: 0 } }, 80)).toHaveLength(1)
  })
  test('a run is not said to be done before it is', () => {
    const late = state([100, 19], { remainingSeconds: 0 })
    expect(progressLines({ label: '', state: late }, 80)[0]).toContain(' 99 %')
  })
  test('times are for people', () => {
    expect([0.04, 9.94, 9.96, 59.4, 59.6, 185, 3599.6, 7800].map(formatSeconds)).toEqual([
      '0.0 s',
      '9.9 s',
      '10 s',
      '59 s',
      '1 min 00 s',
      '3 min 05 s',
      '1 h 00 min',
      '2 h 10 min',
    ])
  })
})

const sequences = new RegExp(`${'\x1b'}\\[(\\d*)([AJ])|([\\s\\S])`, 'g')
/** A terminal of one column of lines: carries out the control sequences that are used, and no others. */
function terminal(columns: number) {
  const lines = ['']
  let row = 0
  return {
    isTTY: true,
    columns,
    lines,
    write(text: string) {
      for (const [, up, control, plain] of text.matchAll(sequences)) {
        if (control === 'A') row -= Number(up || 1)
        else if (control === 'J') lines.splice(row, lines.length, '')
        else if (plain === '\n') lines[++row] ??= ''
        else if (plain !== '\r') lines[row] += plain
      }
    },
  }
}

describe('a terminal', () => {
  test('is written over in place, and keeps one line of each run', () => {
    const stream = terminal(80)
    const display = progressDisplay(stream, false)!
    display.draw([half])
    expect(stream.lines).toHaveLength(3)
    display.draw([half, half])
    expect(stream.lines).toHaveLength(6)
    display.draw([half])
    expect(stream.lines).toEqual(progressLines(half, 79))
    display.end({ label: '', state: state([100, 20]) }, false)
    display.end(half, true)
    expect(stream.lines).toEqual([
      '▕██████████████████████████████▏ 100 %  120/120 tasks, 1.3 s, 1 GiB/s',
      'ended after 1.3 s, not finished',
      '',
    ])
  })
})

test('what is no terminal is not written to, unless it is forced: then in plain lines', () => {
  const written: string[] = []
  const stream = { isTTY: false, write: (text: string) => written.push(text) }
  expect(progressDisplay(stream, false)).toBeUndefined()
  const display = progressDisplay(stream, true)!
  display.draw([half])
  display.end(half, true)
  expect(written.map((text) => text.endsWith('\n') && !text.includes('\x1b'))).toEqual([true, true])
})

test('a notebook shows it in one place, and keeps what has ended', () => {
  const shown: string[] = []
  const hook = globalThis as { __tslab__?: unknown }
  hook.__tslab__ = { require: () => ({ newDisplay: () => ({ html: (text: string) => shown.push(text) }) }) }
  try {
    const display = progressDisplay(undefined, false)!
    display.draw([half])
    display.end({ label: '', state: state([100, 20]) }, false)
    display.draw([half])
  } finally {
    delete hook.__tslab__
  }
  expect(shown[0]).toContain('<td style="text-align: left">random uniform</td><td><progress value="0.500" max="1">')
  expect(shown[1]).toContain('120/120 tasks')
  expect(shown[2]).toContain('120/120 tasks')
  expect(shown[2]).toContain('55/120 tasks')
})

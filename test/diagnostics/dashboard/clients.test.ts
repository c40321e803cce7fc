import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createClients, type Stream } from '../../../src/diagnostics/dashboard/clients.ts'
import { createModel } from '../../../src/diagnostics/dashboard/model.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A page that reads what is written to it, or does not. */
function fakePage(reads: boolean) {
  const told: string[] = []
  const page = Object.assign(new EventEmitter(), {
    told,
    isDestroyed: false,
    writableLength: 0,
    writeHead: () => page,
    write(text: string) {
      told.push(text)
      if (!reads) page.writableLength += text.length
      return reads
    },
    end: (text: string) => page.write(text),
    destroy() {
      page.isDestroyed = true
      page.emit('close')
      return page
    },
  })
  return page
}

it('a page that does not read is dropped, the others are told on', () => {
  const model = createModel()
  const clients = createClients(model)
  const [slow, quick] = [fakePage(false), fakePage(true)]
  for (const page of [slow, quick]) expect(clients.add(page as unknown as Stream)).toBe(true)
  for (let k = 0; k < 40; k++) {
    model.note({ type: 'workerReady', time: k, worker: k })
    model.note({ type: 'jobFailed', time: k, job: 1, error: 'x'.repeat(50_000) })
    vi.advanceTimersByTime(100)
  }
  expect(slow.isDestroyed).toBe(true)
  expect(slow.writableLength).toBeLessThan(2 ** 20 + 60_000)
  expect(quick.isDestroyed).toBe(false)
  expect(quick.told).toHaveLength(41)
  clients.close()
  expect(quick.told.at(-1)).toContain('event: end')
})
it('pages are told at most ten times a second, and once in a while when nothing happens', () => {
  const model = createModel()
  const clients = createClients(model)
  const page = fakePage(true)
  clients.add(page as unknown as Stream)
  for (let k = 0; k < 1000; k++) {
    model.note({ type: 'workerReady', time: k, worker: k })
    vi.advanceTimersByTime(1)
  }
  expect(page.told.filter((text) => text.startsWith('event: update')).length).toBe(10)
  vi.advanceTimersByTime(60_000)
  expect(page.told.filter((text) => text.startsWith(':')).length).toBe(4)
  clients.close()
})

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchForDeadlock } from '../../../src/tasks/ranks/watch.ts'
import { counterBytes, countersOver } from '../../../src/worker/ranks/layout.ts'
import type { Report } from '../../../src/worker/ranks/run.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Two hosts that have been asked; each has one rank that waits. */
function asked() {
  const counters = countersOver(new SharedArrayBuffer(counterBytes(2)), 2)
  counters.activity.set([5, 7])
  counters.sent.set([0, 2, 1, 0])
  const ask = vi.fn()
  const found = vi.fn()
  const watch = watchForDeadlock(counters, ask, found)
  vi.advanceTimersByTime(250)
  expect(ask).toHaveBeenCalledTimes(1)
  const reports: Report[] = [
    { host: 0, activity: 5, received: 2, waits: [{ rank: 0, what: 'in barrier' }] },
    { host: 1, activity: 7, received: 1, waits: [] },
  ]
  return { counters, watch, reports, found, ask }
}

test('where all sleep and nothing has moved, it is a deadlock', () => {
  const { watch, reports, found } = asked()
  watch.answer(reports[1])
  expect(found).not.toHaveBeenCalled()
  watch.answer(reports[0])
  expect(found).toHaveBeenCalledExactlyOnceWith(reports)
  watch.stop()
})

test('hosts are not asked while their counters move', () => {
  const counters = countersOver(new SharedArrayBuffer(counterBytes(2)), 2)
  const ask = vi.fn()
  const watch = watchForDeadlock(counters, ask, () => {})
  for (let k = 0; k < 20; k++) {
    counters.activity[k % 2]++
    vi.advanceTimersByTime(100)
  }
  expect(ask).not.toHaveBeenCalled()
  watch.stop()
})

type Asked = ReturnType<typeof asked>
test.each<[string, (all: Asked) => void]>([
  ['a rank goes on by itself', ({ reports }) => Object.assign(reports[0], { waits: undefined })],
  ['a message is on its way', ({ counters }) => counters.sent[1]++],
  ['something has happened since a host answered', ({ counters }) => counters.activity[1]++],
  ['all ranks have ended', ({ reports }) => Object.assign(reports[0], { waits: [] })],
])('it is none where %s, and it is looked again', (_, change) => {
  const all = asked()
  all.watch.answer(all.reports[1])
  change(all)
  all.watch.answer(all.reports[0])
  expect(all.found).not.toHaveBeenCalled()
  vi.advanceTimersByTime(250)
  expect(all.ask).toHaveBeenCalledTimes(2)
  all.watch.stop()
})

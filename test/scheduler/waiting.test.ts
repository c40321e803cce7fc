import { expect, test } from 'vitest'
import { createState, step } from '../../src/scheduler/state.ts'
import { type JobOptions, mainThread, taskFlag } from '../../src/scheduler/types.ts'
import { tableOf } from './support/engine.ts'

const options: JobOptions = { limitBytes: 1000, workers: 2, ordered: false, readAhead: 1 }
/** A job that reads on the main thread and may wait for others there; `late` does not fit beside it. */
function whileOneReads() {
  const state = createState(1000)
  for (const worker of [0, 1]) step(state, { type: 'workerReady', worker })
  const reading = tableOf([[]], 600, () => taskFlag.main | taskFlag.alone)
  expect(step(state, { type: 'submit', job: 1, table: reading, options })).toMatchObject([{ worker: mainThread }])
  return state
}
const late = tableOf([[]], 700)

test('calls pass the jobs that wait for memory', () => {
  const state = whileOneReads()
  step(state, { type: 'submit', job: 2, table: late, options })
  const calls = { ...options, limitBytes: Number.MAX_SAFE_INTEGER, isCalls: true }
  expect(step(state, { type: 'submit', job: 3, table: tableOf([[]], 0), options: calls })).toMatchObject([
    { type: 'run', job: 3 },
  ])
})
test('while the main thread alone is busy, with what may wait for them, others go on as they find room', () => {
  const state = whileOneReads()
  step(state, { type: 'submit', job: 2, table: late, options })
  expect(step(state, { type: 'submit', job: 3, table: tableOf([[]], 0), options })).toMatchObject([
    { type: 'run', job: 3 },
  ])
})
test('between tasks that one worker must run, those with priority go first', () => {
  const state = createState(1000)
  step(state, { type: 'workerReady', worker: 0 })
  const table = { ...tableOf([[]], 0, () => taskFlag.alone), pinned: Int32Array.of(0) }
  for (const [job, priority] of [0, 0, 5].entries())
    step(state, { type: 'submit', job: job + 1, table, options: { ...options, priority, isCalls: true } })
  const [next] = step(state, { type: 'finished', job: 1, worker: 0, tasks: [0] }).filter(({ type }) => type === 'run')
  expect(next).toMatchObject({ job: 3 })
})

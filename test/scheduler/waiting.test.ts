import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createState, step } from '../../src/scheduler/state.ts'
import { type JobOptions, mainThread, type SchedulerEvent, taskFlag } from '../../src/scheduler/types.ts'
import { between } from './random-jobs.ts'
import { calm, type JobPlan, type Random, randomFrom, randomTable, simulate } from './simulation.ts'
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
test('a job that finds no room while the main thread waits does not keep those from going on that find some', () => {
  const state = whileOneReads()
  const runs = (event: SchedulerEvent) => step(state, event).filter((action) => action.type === 'run')
  expect(runs({ type: 'submit', job: 2, table: late, options })).toEqual([])
  expect(state.hungry?.id).toBe(2)
  const small = tableOf([[], []], 100)
  expect(runs({ type: 'submit', job: 3, table: small, options })).toMatchObject([{ job: 3, tasks: [{ task: 0 }] }])
  expect(state.hungry?.id).toBe(2)
  expect(runs({ type: 'finished', job: 3, worker: 0, tasks: [0] })).toMatchObject([{ job: 3, tasks: [{ task: 1 }] }])
  expect(runs({ type: 'finished', job: 3, worker: 0, tasks: [1] })).toEqual([])
  expect(runs({ type: 'finished', job: 1, worker: mainThread, tasks: [0] })).toMatchObject([{ job: 2 }])
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

/**
 * Reads that wait for other jobs have at most 32 of the 48 blocks that there are; the small jobs they wait for always find room beside
 * them, the large ones only after them.
 */
function randomReads(random: Random): JobPlan[] {
  const blockBytes = 64
  const limitBytes = 48 * blockBytes
  const common = { limitBytes, ordered: random() < 0.5, readAhead: 4, workers: between(random, 1, 2) }
  const reads = (waitsFor: number[]): JobPlan => ({
    table: tableOf([[]], 16 * blockBytes, () => taskFlag.main | taskFlag.alone),
    options: common,
    waitsFor,
  })
  const small = (): JobPlan => {
    const onMain = random() < 0.5
    const shape = { mostInputs: 3, reach: between(random, 1, 20), bytes: () => blockBytes, keep: 0 }
    const table = randomTable(random, {
      ...shape,
      count: between(random, 1, 30),
      deliver: random() < 0.5 ? 0 : 0.3,
      main: onMain ? 0.3 : 0,
      again: onMain ? 0 : random(), // What runs on the main thread is never made again.
    })
    return { table, options: common }
  }
  const large = (): JobPlan => ({ table: tableOf([[], []], between(random, 17, 24) * blockBytes), options: common })
  const kinds = shuffled(random, ['first', 'second', 'small', 'small', 'large', 'large'])
  const [one, other] = kinds.flatMap((kind, number) => (kind === 'small' ? [number] : []))
  const waits: Record<string, number[]> = { first: [one, kinds.indexOf('second')], second: [other] }
  return kinds.map((kind) => (kind === 'large' ? large() : kind === 'small' ? small() : reads(waits[kind])))
}
function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const left = [...list]
  return list.map(() => left.splice(between(random, 0, left.length - 1), 1)[0])
}

test('reads that wait for other jobs: all are done, whatever the order of events', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = randomFrom(seed)
      const { jobs } = simulate(random, 48 * 64, randomReads(random), calm)
      expect(jobs.map(({ settled }) => settled?.type)).toEqual(jobs.map(() => 'done'))
    }),
    { numRuns: 2000 },
  )
})

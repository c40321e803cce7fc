import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSeats } from '../../src/scheduler/seats.ts'
import { createState, step } from '../../src/scheduler/state.ts'
import { type JobOptions, mainThread, type SchedulerAction, taskFlag } from '../../src/scheduler/types.ts'
import { between, randomCalls, randomJob } from './random-jobs.ts'
import { type Chances, calm, type JobPlan, type Random, randomFrom, simulateTogether } from './simulation.ts'
import { tableOf } from './support/engine.ts'

const wild: Chances = { ...calm, fail: 0.02, lose: 0.1, loseStarting: 0.05, cancel: 0.01, failMove: 0.05 }

/** The process's own workers with arrays, calls and perhaps a gang; the others are pools with workers of their own. */
function randomMachine(random: Random, number: number, seats: number, chances: Chances) {
  const limitBytes = Math.floor(2 ** (12 + random() * 8))
  const group = {}
  const job = (): JobPlan =>
    number === 0 && random() < 0.5
      ? randomJob(random, limitBytes, (r) => between(r, 0, 2000))
      : randomCalls(random, group)
  const plans = Array.from({ length: between(random, 1, 4) }, job)
  if (number === 0 && random() < 0.5) plans.splice(between(random, 0, plans.length), 0, gang(between(random, 2, seats)))
  return {
    limitBytes,
    plans,
    chances,
    tasksPerWorker: number > 0 && random() < 0.3 ? between(random, 1, 9) : undefined,
  }
}
const gang = (count: number): JobPlan => ({
  table: tableOf(new Array(count).fill([]), 0, () => taskFlag.alone),
  options: { ...calls, workers: count, mostLosses: 1 },
  isGang: true,
})
const calls: JobOptions = {
  limitBytes: Number.MAX_SAFE_INTEGER,
  workers: 2,
  ordered: false,
  readAhead: 1,
  isCalls: true,
  independent: true,
}

test('several machines: never more at work than there are seats, each job settles, no seat is left', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 2, max: 4 }),
      fc.integer({ min: 2, max: 4 }),
      (seed, machines, count) => {
        const random = randomFrom(seed)
        const plans = Array.from({ length: machines }, (_, number) => randomMachine(random, number, count, wild))
        simulateTogether(random, createSeats(count), plans, random() < 0.3 ? 0.02 : 0)
      },
    ),
    { numRuns: 2000 },
  )
})
test('with one seat, without trouble', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = randomFrom(seed)
      const machines = [0, 1, 2].map((number) => {
        const { plans, ...machine } = randomMachine(random, number, 1, calm)
        return { ...machine, plans: plans.filter(({ isGang }) => !isGang) }
      })
      for (const { jobs } of simulateTogether(random, createSeats(1), machines, 0))
        for (const { settled } of jobs) expect(settled).toBeDefined()
    }),
    { numRuns: 500 },
  )
})
test('blocks in a small heap beside calls, with one seat and with many', () => {
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom(1, 9), (seed, count) => {
      const random = randomFrom(seed)
      const limitBytes = Math.floor(2 ** (12 + random() * 2))
      const plans = [randomCalls(random, {}), randomJob(random, limitBytes, (r) => between(r, 0, 2000))]
      simulateTogether(random, createSeats(count), [{ limitBytes, plans, chances: calm }], 0)
    }),
    // A block was dropped and made again for ever; a job was given up as its blocks had been moved together too often, in vain.
    {
      numRuns: 500,
      examples: [2100, 3064, 18831, 28262, 7194].flatMap((seed) => [1, 9].map((n): [number, number] => [seed, n])),
    },
  )
})

type Run = SchedulerAction & { type: 'run' }
/** A machine with two workers that are ready. `submit` and `finish` give what runs then. */
function machine(seats = createSeats(2)) {
  const state = createState(2 ** 30, 0, undefined, seats)
  const running: Run[] = []
  const told = { isTurn: false }
  state.seating.onTurn = () => {
    told.isTurn = true
  }
  const note = (actions: readonly SchedulerAction[]): number[] => {
    const runs = actions.filter((action): action is Run => action.type === 'run')
    running.push(...runs)
    return runs.map(({ worker }) => worker)
  }
  for (const worker of [0, 1]) step(state, { type: 'workerReady', worker })
  return {
    state,
    told,
    submit: (job: number, count: number) =>
      note(step(state, { type: 'submit', job, table: tableOf(new Array(count).fill([]), 2 ** 21), options })),
    submitGang: (job: number, count: number) => note(step(state, { type: 'submit', job, ...gang(count) })),
    finish(worker: number) {
      const [run] = running.splice(
        running.findIndex((one) => one.worker === worker),
        1,
      )
      const tasks = run.tasks.map(({ task }) => task)
      return note(step(state, { type: 'finished', job: run.job, worker, tasks }))
    },
    use: () => note(step(state, { type: 'seatFree' })),
    cancel: (job: number) => note(step(state, { type: 'cancel', job, reason: 'enough' })),
  }
}
const options: JobOptions = { limitBytes: 2 ** 30, workers: 2, ordered: false, readAhead: 1 }

test('a seat goes to the machine that has fewest; then each keeps its own', () => {
  const seats = createSeats(2)
  const [first, second] = [machine(seats), machine(seats)]
  expect(first.submit(1, 20)).toEqual([0, 1, 0, 1])
  expect(second.submit(1, 20)).toEqual([])
  expect([first.finish(0), first.finish(0)]).toEqual([[], []])
  expect(second.use()).toEqual([0, 0])
  expect(first.finish(1)).toEqual([1])
  expect(second.finish(0)).toEqual([0])
  expect([seats.taken, seats.waiting.size]).toEqual([2, 2])
})
test('of equal ones it goes to the one that waits longest', () => {
  const seats = createSeats(1)
  const [a, b, c] = [machine(seats), machine(seats), machine(seats)]
  for (const one of [a, b, c]) one.submit(1, 20)
  a.finish(0)
  expect(a.finish(0)).toEqual([])
  expect([c.use(), b.use()]).toEqual([[], [0]])
  b.finish(0)
  expect([a.use(), c.use()]).toEqual([[], [0]])
})
test('a machine that does not want its seat any more does not keep others waiting', () => {
  const seats = createSeats(1)
  const [first, second] = [machine(seats), machine(seats)]
  first.submit(1, 20)
  second.submit(1, 20)
  expect(seats.waiting.has(second.state.seating)).toBe(true)
  second.cancel(1)
  expect(seats.waiting.has(second.state.seating)).toBe(false)
  expect(first.finish(0)).toEqual([0])
})
test('a gang that has begun gets the rest of its seats before a machine that has fewer', () => {
  const seats = createSeats(2)
  const [first, second] = [machine(seats), machine(seats)]
  expect(second.submit(1, 20)).toEqual([0, 1, 0, 1])
  expect(first.submitGang(1, 2)).toEqual([])
  expect([second.finish(0), second.finish(0), first.use()]).toEqual([[], [], [0]])
  expect([second.finish(1), second.finish(1), first.use()]).toEqual([[], [], [1]])
})
test('a job is not given up for want of memory while it waits for a seat', () => {
  const seats = createSeats(1)
  machine(seats).submit(1, 20)
  const { state } = machine(seats)
  const address = state.heap.allocate(2 ** 30 - 64)!
  const table = tableOf([[], []], 128, (task) => (task === 0 ? taskFlag.main : 0))
  table.outputBytes[1] = 0
  expect(step(state, { type: 'submit', job: 1, table, options })).toEqual([])
  expect(step(state, { type: 'release', address })).toMatchObject([{ type: 'run', worker: mainThread }])
})

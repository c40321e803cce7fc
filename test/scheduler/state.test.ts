import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryLimitError } from '../../src/core/errors.ts'
import { memoryProfile, sequentialPeakBytes } from '../../src/scheduler/profile.ts'
import { createState, step } from '../../src/scheduler/state.ts'
import { type JobOptions, type SchedulerAction, type SchedulerEvent, taskFlag } from '../../src/scheduler/types.ts'
import { between, randomCalls, randomJob } from './random-jobs.ts'
import { type Chances, calm, type Random, randomFrom, simulate } from './simulation.ts'
import { tableOf } from './support/engine.ts'

describe('any order of events', () => {
  const wild: Chances = {
    fail: 0.02,
    lose: 0.1,
    loseStarting: 0.2,
    cancel: 0.01,
    take: 1,
    foreign: 0.2,
    failMove: 0.05,
    discard: 0.1,
  }
  const sizes: Record<string, (random: Random) => number> = {
    tiny: (random) => (random() < 0.2 ? 0 : between(random, 1, 500)),
    'of all sizes': (random) => Math.floor(2 ** (random() * 22)),
    equal: () => 4096,
  }
  for (const [name, bytes] of Object.entries(sizes)) {
    test(`blocks ${name}, every kind of trouble`, () => {
      fc.assert(
        fc.property(fc.integer(), fc.integer({ min: 1, max: 6 }), fc.boolean(), (seed, jobs, slow) => {
          const random = randomFrom(seed)
          const limitBytes = Math.floor(2 ** (10 + random() * 16))
          const plans = Array.from({ length: jobs }, () => randomJob(random, limitBytes, bytes))
          simulate(random, limitBytes, plans, { ...wild, take: slow ? 0.05 : 2 })
        }),
        { numRuns: 1500 },
      )
    })
  }
  test('without trouble every job is done, or had too little memory', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 5 }), (seed, jobs) => {
        const random = randomFrom(seed)
        const limitBytes = Math.floor(2 ** (12 + random() * 8))
        const plans = Array.from({ length: jobs }, () => randomJob(random, limitBytes, (r) => between(r, 0, 2000)))
        for (const { settled } of simulate(random, limitBytes, plans, calm).jobs) {
          if (settled?.type === 'fail') expect(settled.error).toBeInstanceOf(MemoryLimitError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('calls', () => {
  test('every kind of trouble: each task ends once, each job settles', () => {
    const wild: Chances = { ...calm, fail: 0.02, lose: 0.15, loseStarting: 0.05, cancel: 0.01 }
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 6 }), (seed, jobs) => {
        const random = randomFrom(seed)
        const group = {}
        const plans = Array.from({ length: jobs }, () => randomCalls(random, group))
        const tasksPerWorker = random() < 0.3 ? between(random, 1, 9) : undefined
        simulate(random, 2 ** 20, plans, wild, tasksPerWorker)
      }),
      { numRuns: 3000 },
    )
  })
  test('an independent job is done whatever its tasks do to their workers', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = randomFrom(seed)
        const { table, options } = randomCalls(random, {})
        const plan = { table, options: { ...options, independent: true } }
        const { settled } = simulate(random, 2 ** 20, [plan], { ...calm, lose: 0.5 }).jobs[0]
        expect(settled?.type).toBe('done')
      }),
      { numRuns: 1000 },
    )
  })
  test('jobs of a higher priority go first', () => {
    const state = createState(2 ** 20)
    step(state, { type: 'workerReady', worker: 0 })
    const options = { limitBytes: 2 ** 20, workers: 1, ordered: false, readAhead: 1 }
    const submit = (job: number, priority: number) =>
      step(state, {
        type: 'submit',
        job,
        table: tableOf([[]], 0, () => taskFlag.alone),
        options: { ...options, priority },
      })
    const order: number[] = []
    const follow = (actions: readonly SchedulerAction[]): void => {
      for (const action of actions) {
        if (action.type !== 'run') continue
        order.push(action.job)
        follow(
          step(state, { type: 'finished', job: action.job, worker: 0, tasks: action.tasks.map(({ task }) => task) }),
        )
      }
    }
    const first = submit(1, 0)
    for (const [job, priority] of [
      [2, 0],
      [3, 5],
      [4, -1],
      [5, 5],
    ])
      submit(job, priority)
    follow(first)
    expect(order).toEqual([1, 3, 5, 2, 4])
  })
  test('a task that may have ended its worker goes alone until it is known', () => {
    const state = createState(2 ** 20)
    step(state, { type: 'workerReady', worker: 0 })
    const options = {
      limitBytes: 2 ** 20,
      workers: 1,
      ordered: false,
      readAhead: 1,
      isCalls: true,
      independent: true,
      mostLosses: 1,
    }
    const batches: number[][] = []
    const lost: number[] = []
    const deadly = 3
    const follow = (actions: readonly SchedulerAction[]): void => {
      for (const action of actions) {
        if (action.type === 'lost') lost.push(action.task)
        if (action.type === 'spawn') follow(step(state, { type: 'workerReady', worker: 0 }))
        if (action.type !== 'run') continue
        const tasks = action.tasks.map(({ task }) => task)
        batches.push(tasks)
        follow(
          tasks.includes(deadly)
            ? step(state, { type: 'workerLost', worker: 0, suspects: tasks })
            : step(state, { type: 'finished', job: 1, worker: 0, tasks, milliseconds: tasks.length / 100 }),
        )
      }
    }
    follow(
      step(state, {
        type: 'submit',
        job: 1,
        table: tableOf(
          Array.from({ length: 40 }, () => []),
          0,
        ),
        options,
      }),
    )
    expect(lost).toEqual([deadly])
    expect(batches.filter((tasks) => tasks.includes(deadly)).at(-1)).toEqual([deadly])
    expect(state.jobs.size).toBe(0)
  })
})

describe('memory', () => {
  test('what a run in order needs is enough, whatever the order of events', () => {
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (seed, losses) => {
        const random = randomFrom(seed)
        const { table, options } = randomJob(random, 2 ** 40, () => 64)
        const limitBytes = Math.max(64, sequentialPeakBytes(table))
        const chances = { ...calm, lose: losses ? 0.02 : 0, take: random() < 0.5 ? 0.05 : 1 }
        const outcome = simulate(random, limitBytes, [{ table, options: { ...options, limitBytes } }], chances)
        const { settled } = outcome.jobs[0]
        if (!losses) expect(settled?.type).toBe('done')
        if (settled?.type === 'fail') expect(settled.error).not.toBeInstanceOf(MemoryLimitError)
      }),
      { numRuns: 1500 },
    )
  })
  test('jobs whose every task fits come to their end, with kept and dropped blocks, whatever the order of events', () => {
    let moves = 0
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 4 }), fc.boolean(), (seed, jobs, alike) => {
        const random = randomFrom(seed)
        const plans = Array.from({ length: jobs }, () =>
          randomJob(random, 2 ** 40, alike ? () => 640 : (r) => between(r, 0, 2000)),
        )
        const limitBytes = Math.max(64, ...plans.map(({ table }) => memoryProfile(table).largestTaskBytes))
        const chances = { ...calm, take: random() < 0.5 ? 0.05 : 1, discard: random() < 0.5 ? 0.2 : 0 }
        const outcome = simulate(random, limitBytes, plans, chances)
        moves += outcome.moves
        for (const { settled, options } of outcome.jobs)
          if (options.limitBytes >= limitBytes && settled?.type === 'fail')
            expect(String(settled.error)).toContain('one task needs') // It was given blocks of other jobs.
      }),
      { numRuns: 700 },
    )
    expect(moves).toBeGreaterThan(500)
  })
  test('jobs that fit one by one are all done when they come together', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 2, max: 6 }), (seed, jobs) => {
        const random = randomFrom(seed)
        const plans = Array.from({ length: jobs }, () => {
          const { table, options } = randomJob(random, 2 ** 40, () => 64)
          return {
            table: { ...table, flags: table.flags.map((flag) => flag & 4) },
            options: { ...options, limitBytes: 2 ** 40 },
          }
        })
        const limitBytes = Math.max(64, ...plans.map(({ table }) => sequentialPeakBytes(table)))
        for (const { settled } of simulate(random, limitBytes, plans, calm).jobs) expect(settled?.type).toBe('done')
      }),
      { numRuns: 500 },
    )
  })
})

type Run = Extract<SchedulerAction, { type: 'run' }>
const free: JobOptions = { limitBytes: 2 ** 40, workers: 2, ordered: false, readAhead: 4 }
const numbers = (run: Run): number[] => run.tasks.map(({ task }) => task)

/** A state with workers, and the actions of each kind of the events sent to it. */
function scheduler(workers: number, limitBytes = 2 ** 30) {
  const state = createState(limitBytes)
  for (let worker = 0; worker < workers; worker++) step(state, { type: 'workerReady', worker })
  const send = (event: SchedulerEvent) => {
    const actions = step(state, event)
    return { actions, runs: actions.filter((action): action is Run => action.type === 'run') }
  }
  const finish = (run: Run) => send({ type: 'finished', job: run.job, worker: run.worker, tasks: numbers(run) })
  return { state, send, finish }
}
/** Runs all to the end, each time finishing what `choose` picks, and gives the runs in the order of their ends. */
function runAll(
  first: readonly Run[],
  finish: (run: Run) => { runs: Run[] },
  choose: (runs: readonly Run[]) => number,
): Run[] {
  const waiting = [...first]
  const order: Run[] = []
  while (waiting.length > 0) {
    const [run] = waiting.splice(choose(waiting), 1)
    order.push(run)
    waiting.push(...finish(run).runs)
  }
  return order
}

describe('batches', () => {
  test('large tasks go one by one, two to each worker; the lowest first', () => {
    const { send } = scheduler(2)
    const { runs } = send({ type: 'submit', job: 1, table: tableOf(new Array(9).fill([]), 2 ** 21), options: free })
    expect(runs.map((run) => [run.worker, ...numbers(run)])).toEqual([
      [0, 0],
      [1, 1],
      [0, 2],
      [1, 3],
    ])
  })
  test('small tasks go many at once, fewer at the end', () => {
    const { send, finish } = scheduler(2)
    const { runs } = send({ type: 'submit', job: 1, table: tableOf(new Array(1000).fill([])), options: free })
    expect(runs.map(({ tasks }) => tasks.length)).toEqual([125, 110, 96, 84])
    const order = runAll(runs, finish, () => 0)
    expect(order.at(-1)?.tasks.length).toBe(1)
    expect(order.length).toBeLessThan(60)
    expect(order.flatMap(numbers)).toEqual(Array.from({ length: 1000 }, (_, task) => task))
  })
  test('a chain goes at once, what could run beside it does not wait for it', () => {
    const { send } = scheduler(2)
    const chain = tableOf(Array.from({ length: 300 }, (_, task) => (task > 0 ? [task - 1] : [])))
    const { runs } = send({ type: 'submit', job: 1, table: chain, options: free })
    expect(runs.map((run) => run.tasks.length)).toEqual([256])
    const fork = scheduler(2)
    const forked = fork.send({ type: 'submit', job: 1, table: tableOf([[], [0], [0], [1, 2]]), options: free })
    expect(forked.runs.map(numbers)).toEqual([[0]])
    expect(fork.finish(forked.runs[0]).runs.map(numbers)).toEqual([[1], [2]])
  })
  test('a task flagged alone has a worker for itself', () => {
    const { send, finish } = scheduler(2)
    const { runs } = send({
      type: 'submit',
      job: 1,
      table: tableOf(new Array(5).fill([]), 8, () => taskFlag.alone),
      options: free,
    })
    expect(runs.map((run) => [run.worker, ...numbers(run)])).toEqual([
      [0, 0],
      [1, 1],
    ])
    expect(finish(runs[1]).runs.map((run) => [run.worker, ...numbers(run)])).toEqual([[1, 2]])
  })
  test('nothing is queued before a task that waits for a worker of its own', () => {
    const { send, finish } = scheduler(2)
    const { runs } = send({ type: 'submit', job: 1, table: tableOf(new Array(9).fill([]), 2 ** 21), options: free })
    const pinned = Int32Array.of(1, -1)
    const table = { ...tableOf([[], []], 0, () => taskFlag.alone), pinned }
    send({ type: 'submit', job: 2, table, options: { ...free, workers: 1 } })
    const started = [runs[0], runs[2], runs[1], runs[3]].map((run) => finish(run).runs)
    expect(started.map((some) => some.map(({ job, worker, tasks }) => [job, worker, tasks[0].task]))).toEqual([
      [],
      [[2, 0, 1]],
      [],
      [[2, 1, 0]],
    ])
  })
  test('jobs take turns', () => {
    const { send, finish } = scheduler(1)
    const table = tableOf(new Array(40).fill([]), 2 ** 21)
    const { runs } = send({ type: 'submit', job: 1, table, options: free })
    send({ type: 'submit', job: 2, table: tableOf(new Array(4).fill([]), 2 ** 21), options: free })
    const order = runAll(runs, finish, () => 0).map(({ job }) => job)
    expect(order.slice(0, 10)).toEqual([1, 1, 2, 1, 2, 1, 2, 1, 2, 1])
  })
  test('only as many workers are asked for as there is work for', () => {
    const count = (tasks: number, workers: number): unknown => {
      const { actions } = scheduler(0).send({
        type: 'submit',
        job: 1,
        table: tableOf(new Array(tasks).fill([])),
        options: { ...free, workers },
      })
      return actions
    }
    expect(count(1, 8)).toEqual([{ type: 'spawn', count: 1 }])
    expect(count(100, 8)).toEqual([{ type: 'spawn', count: 8 }])
    expect(count(0, 8)).toMatchObject([{ type: 'done', job: 1, peakBytes: 0, kept: new Map() }])
  })
})

describe('memory stays low', () => {
  /** Groups of four blocks that are added up, and a last task that reads all sums. */
  const groups = 200
  const wide = [...Array.from({ length: 5 * groups }, (_, t) => (t % 5 === 4 ? [t - 4, t - 3, t - 2, t - 1] : []))]
  wide.push(Array.from({ length: groups }, (_, group) => 5 * group + 4))
  const blockBytes = 2 ** 22

  test('near to what a run in order needs, with two workers', () => {
    const table = tableOf(wide, blockBytes)
    table.outputBytes.forEach((_, t) => {
      if (t % 5 === 4) table.outputBytes[t] = 64
    })
    const { state, send, finish } = scheduler(2, 2 ** 31)
    const { runs } = send({ type: 'submit', job: 1, table, options: { ...free, limitBytes: 2 ** 31 } })
    const random = randomFrom(1)
    runAll(runs, finish, (waiting) => Math.floor(random() * Math.min(2, waiting.length)))
    expect(state.jobs.size).toBe(0)
    expect(state.heap.heapBytes).toBeLessThan(16 * blockBytes)
  })
  test('when the next task in order takes long, the others do not fill the memory', () => {
    const { state, send, finish } = scheduler(2, 2 ** 32)
    const table = tableOf(wide, blockBytes)
    const { runs } = send({ type: 'submit', job: 1, table, options: { ...free, limitBytes: 2 ** 32 } })
    const [slow, ...rest] = runs
    runAll(rest, finish, () => 0)
    expect(state.jobs.size).toBe(1)
    expect(state.heap.heapBytes).toBeLessThan(2 ** 26 + 4 * blockBytes)
    runAll(finish(slow).runs, finish, () => 0)
    expect(state.jobs.size).toBe(0)
  })
})

describe('jobs that cannot run', () => {
  test('a task that is larger than the limit is refused at once', () => {
    const { send } = scheduler(1)
    const table = tableOf([[], [], [0, 1, 0]], 1000)
    const [action] = send({ type: 'submit', job: 1, table, options: { ...free, limitBytes: 3000 } }).actions
    expect(action).toMatchObject({ type: 'fail', job: 1, error: { neededBytes: 3072, limitBytes: 3000 } })
    expect(String((action as { error: unknown }).error)).toMatch(
      /one task needs .* smaller chunks or a higher memoryLimit/,
    )
  })
  test('a table whose inputs are not lower numbers is a bug', () => {
    const { send } = scheduler(1)
    const [action] = send({ type: 'submit', job: 1, table: tableOf([[0]]), options: free }).actions
    expect(action).toMatchObject({ type: 'fail', error: { message: expect.stringContaining('internal: submit') } })
  })
  test('no memory left beside results: the job fails, and what it had is free', () => {
    const { state, send } = scheduler(1, 4096)
    const address = state.heap.allocate(2048)!
    const { actions } = send({ type: 'submit', job: 1, table: tableOf([[]], 3000), options: { ...free, workers: 1 } })
    expect(actions).toMatchObject([
      { type: 'fail', error: { name: 'MemoryLimitError', neededBytes: 5056, limitBytes: 4096 } },
    ])
    expect(state.heap.usedBytes).toBe(2048)
    send({ type: 'release', address })
    expect(state.heap.usedBytes).toBe(0)
  })
})

import { afterAll, describe, expect, test } from 'vitest'
import { AbortError, TaskError, WorkerLostError } from '../../src/core/errors.ts'
import { type Call, type CallRequest, input } from '../../src/scheduler/calls.ts'
import { sentFunction } from '../../src/worker/functions.ts'
import { testEngine } from './support/engine.ts'

const engine = testEngine()
afterAll(() => engine.shutdown())

type Task = { readonly reads?: readonly number[]; readonly call: Call }
const functions = (...fns: unknown[]) => fns.map((fn) => sentFunction(fn, 'test'))

/** Runs calls; gives what each task told. */
async function run(tasks: readonly Task[], request: Partial<CallRequest> & Pick<CallRequest, 'functions'>) {
  const inputStart = new Int32Array(tasks.length + 1)
  tasks.forEach(({ reads = [] }, task) => {
    inputStart[task + 1] = inputStart[task] + reads.length
  })
  const values = new Map<number, unknown>()
  const errors = new Map<number, unknown>()
  let told = 0
  const handle = engine.submitCalls({
    count: tasks.length,
    inputStart,
    inputs: Int32Array.from(tasks.flatMap(({ reads = [] }) => reads)),
    call: (task) => tasks[task].call,
    independent: true,
    workers: 2,
    onValue: (task, value) => {
      told++
      values.set(task, value)
    },
    onError: (task, error) => {
      told++
      errors.set(task, error)
    },
    ...request,
  })
  const failure = await handle.result.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(told).toBe(values.size + errors.size)
  return { values, errors, failure }
}

describe.each([2, 1, 0])('%i workers', (workers) => {
  test('values, inputs in their places, a chain', async () => {
    const { values, failure } = await run(
      [
        { call: { fn: 0, args: [3] } },
        { call: { fn: 0, args: [4] } },
        { reads: [0, 1], call: { fn: 1, args: [input, 10, input] } },
        ...Array.from({ length: 1000 }, (_, k) => ({ reads: [k + 2], call: { fn: 2, args: [input] } })),
      ],
      {
        workers,
        functions: functions(
          (x: number) => x * x,
          (a: number, n: number, b: number) => a * n + b,
          (x: number) => x + 1,
        ),
        isWanted: (task) => task === 2 || task === 1002,
      },
    )
    expect(failure).toBeUndefined()
    expect([...values]).toEqual([
      [2, 106],
      [1002, 1106],
    ])
  })
  test('lists, item by item', async () => {
    const { values } = await run(
      [
        { call: { fn: 0, args: [[1, 2, 3]], mode: 'map' } },
        {
          call: {
            fn: 1,
            args: [
              [
                [1, 2],
                [3, 4],
              ],
            ],
            mode: 'starmap',
          },
        },
        { call: { fn: 2, args: [[5, 6]], mode: 'map' } },
      ],
      {
        workers,
        functions: functions(
          (x: number, index?: number) => [x, index],
          (a: number, b: number) => a + b,
          async (x: number) => x + 0.5,
        ),
      },
    )
    // Numbers alone come as a typed array.
    expect(values.get(1)).toBeInstanceOf(Float64Array)
    expect([0, 1, 2].map((task) => Array.from(values.get(task) as ArrayLike<unknown>))).toEqual([
      [
        [1, undefined],
        [2, undefined],
        [3, undefined],
      ],
      [3, 7],
      [5.5, 6.5],
    ])
  })
  test('a failure costs its task and those that read it', async () => {
    const fail = (x: number) => {
      if (x === 1) throw Object.assign(new RangeError('no luck', { cause: new TypeError('deeper') }), { code: 7 })
      return x
    }
    const { values, errors, failure } = await run(
      [
        ...Array.from({ length: 20 }, (_, x) => ({ call: { fn: 0, args: [x] } })),
        { reads: [1], call: { fn: 0, args: [input] } },
        { reads: [2, 20], call: { fn: 0, args: [input, input] } },
        { reads: [3], call: { fn: 0, args: [input] } },
      ],
      { workers, functions: functions(fail) },
    )
    expect(failure).toBeUndefined()
    expect([...errors.keys()].sort((a, b) => a - b)).toEqual([1, 20, 21])
    expect(values.size).toBe(20)
    const error = errors.get(21) as TaskError
    expect(error).toBeInstanceOf(TaskError)
    expect(error).toMatchObject({ stage: 'task', block: [1], cause: { message: 'no luck', code: 7 } })
    expect(error.cause).toBeInstanceOf(RangeError)
    expect((error.cause as Error).cause).toBeInstanceOf(TypeError)
  })
  test('a job that is not independent ends with the first failure', async () => {
    const { failure } = await run(
      Array.from({ length: 50 }, (_, x) => ({ call: { fn: 0, args: [x] } })),
      {
        workers,
        independent: false,
        functions: functions((x: number) => {
          if (x === 30) throw new Error('no luck')
        }),
      },
    )
    expect(failure).toMatchObject({ name: 'TaskError', block: [30] })
  })
  test('what cannot be sent, there and back', async () => {
    const { values, errors } = await run(
      [
        { call: { fn: 0, args: [() => 1] } },
        { call: { fn: 0, args: [1] } },
        { call: { fn: 1, args: [1] } },
        { reads: [0], call: { fn: 0, args: [input] } },
      ],
      {
        workers,
        functions: functions(
          (x: unknown) => x,
          () => () => 1,
        ),
      },
    )
    expect([...values]).toEqual([[1, 1]])
    expect((errors.get(0) as Error).message).toMatch(/argument cannot be sent.*plain data/)
    expect((errors.get(2) as Error).message).toMatch(/gave what cannot be sent.*plain data/)
    expect(errors.get(3)).toBe(errors.get(0))
  })
  test('retries', async () => {
    const flaky = () => {
      const global = globalThis as { tries?: number }
      global.tries = (global.tries ?? 0) + 1
      if (global.tries % 3 !== 0) throw new Error('not yet')
      return 'there'
    }
    expect(
      (await run([{ call: { fn: 0, args: [] } }], { workers, retries: 2, functions: functions(flaky) })).values,
    ).toEqual(new Map([[0, 'there']]))
  })
  test('typed arrays: what is given stays, results have their own bytes', async () => {
    const given = new Float64Array(20000).fill(1)
    const { values } = await run(
      [
        { call: { fn: 0, args: [given] } },
        { reads: [0], call: { fn: 1, args: [input] } },
        { call: { fn: 0, args: [given] } },
      ],
      {
        workers,
        functions: functions(
          (x: Float64Array) => x,
          (x: Float64Array) => x.map((v, i) => (i === 0 ? 5 : v)),
        ),
      },
    )
    expect(given.length).toBe(20000)
    expect([0, 1, 2].map((task) => (values.get(task) as Float64Array)[0])).toEqual([1, 5, 1])
    expect((values.get(2) as Float64Array).length).toBe(20000)
  })
  test('abort', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort('enough'), 20)
    const { failure } = await run(
      Array.from({ length: 30 }, () => ({ call: { fn: 0, args: [] } })),
      {
        workers,
        signal: controller.signal,
        functions: functions(() => new Promise((resolve) => setTimeout(resolve, 10))),
      },
    )
    expect(failure).toBeInstanceOf(AbortError)
  })
})

describe('workers', () => {
  test('a task that ends its worker fails alone', async () => {
    const { values, errors, failure } = await run(
      Array.from({ length: 40 }, (_, x) => ({ call: { fn: 0, args: [x] } })),
      {
        functions: functions((x: number) => {
          if (x === 17) process.exit(3)
          return x
        }),
      },
    )
    expect(failure).toBeUndefined()
    expect([...errors.keys()]).toEqual([17])
    expect(errors.get(17)).toBeInstanceOf(WorkerLostError)
    expect(values.size).toBe(39)
  })
  test('pinned tasks run where they are pinned', async () => {
    const where = function (this: { worker: number }) {
      return this.worker
    }
    const pinned = Int32Array.from({ length: 60 }, (_, task) => task % 3)
    const { values } = await run(
      Array.from({ length: 60 }, () => ({ call: { fn: 0, args: [] } })),
      { pinned, functions: functions(where) },
    )
    for (const [task, worker] of values) expect(worker).toBe(task % 3)
    expect(values.size).toBe(60)
  })
  test('an outside name is told with the cure', async () => {
    const outside = 3
    const { errors } = await run([{ call: { fn: 0, args: [] } }], { functions: functions(() => outside) })
    expect((errors.get(0) as Error).message).toMatch(/outside is not defined.*argument.*module/)
  })
})

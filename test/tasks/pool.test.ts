import { afterAll, describe, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'

afterAll(() => nd.shutdown())

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
const square = (x: number): number => x * x
const rejection = (promise: PromiseLike<unknown>): Promise<nd.NdloomError & { cause?: Error }> =>
  Promise.resolve(promise).then(
    () => expect.unreachable('it did not reject'),
    (error) => error,
  )
async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const kinds: Record<string, nd.PoolOptions> = {
  threads: { workers: 2 },
  'threads of its own': { workers: 2, initializer: () => {} },
  processes: { workers: 2, kind: 'process' },
  'no workers': { workers: 0 },
  'no workers, with an initializer': { workers: 0, initializer: () => {} },
}
describe.each(Object.keys(kinds))('%s', (name) => {
  const pool = new nd.Pool(kinds[name])
  afterAll(() => pool.close())

  test('map, starmap and apply', async () => {
    expect(await pool.map(square, range(1000))).toEqual(range(1000).map(square))
    expect(await pool.map(square, range(50), { chunksize: 1 })).toEqual(range(50).map(square))
    expect(await pool.map(square, new Set([2, 3]), { chunksize: 100 })).toEqual([4, 9])
    expect(await pool.map(square, Float32Array.of(1.5, 2))).toEqual([2.25, 4])
    expect(await pool.map(square, [])).toEqual([])
    expect(
      await pool.starmap(
        (a: number, b: string) => a + b,
        [
          [1, 'a'],
          [2, 'b'],
        ],
      ),
    ).toEqual(['1a', '2b'])
    expect(await pool.apply((a: number, b: number) => a - b, [5, 2])).toBe(3)
    expect(await pool.apply(() => undefined)).toBeUndefined()
  })
  test('what is no number', async () => {
    const values = [
      -0,
      Number.NaN,
      null,
      undefined,
      'text',
      10n,
      new Date(5),
      new Map([[1, 2]]),
      { a: [1] },
      new Error('e'),
    ]
    expect(await pool.map((x: unknown) => x, values)).toEqual(values)
    expect(Object.is((await pool.map((x: number) => x, [-0, 1]))[0], -0)).toBe(true)
  })
  test('asynchronous functions', async () => {
    const wait = async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, x % 3))
      return x + 1
    }
    expect(await pool.map(wait, range(20))).toEqual(range(21).slice(1))
  })
  test('a function that throws: the item, the class, the fields, the cause and the stack', async () => {
    const fail = (x: number) => {
      if (x === 7 || x === 30)
        throw Object.assign(new RangeError(`no ${x}`, { cause: new TypeError('deeper') }), { code: x })
      return x
    }
    for (const chunksize of [1, 5, 100]) {
      const error = (await rejection(pool.map(fail, range(40), { chunksize }))) as nd.TaskError
      expect(error).toBeInstanceOf(nd.TaskError)
      expect(error).toMatchObject({ block: [7], cause: { message: 'no 7', code: 7, cause: { message: 'deeper' } } })
      expect(error.message).toMatch(/^map: fail: task \[7\] failed: RangeError: no 7$/)
      expect(error.cause).toBeInstanceOf(RangeError)
      expect((error.cause as Error).cause).toBeInstanceOf(TypeError)
      expect((error.cause as Error).stack).toMatch(/at (Object\.)?fail/)
    }
    expect(await pool.map(square, [3])).toEqual([9])
  })
  test('functions and arguments that cannot be sent', async () => {
    const outside = 3
    expect((await rejection(pool.map((x: number) => x + outside, [1]))).message).toMatch(
      /outside is not defined.*as an argument.*\{ module, name \}/,
    )
    expect((await rejection(pool.map(Math.sqrt, [1]))).message).toMatch(/^map: the function sqrt is native/)
    expect((await rejection(pool.map(3 as never, [1]))).message).toMatch(/^map: got 3 as the function/)
    expect((await rejection(pool.map(square, 3 as never))).message).toMatch(/^map: got 3 as items/)
    expect((await rejection(pool.map(square, [1], { chunksize: 0 }))).message).toMatch(/^map: got chunksize 0, want/)
    expect((await rejection(pool.map(square, [1], { chunk: 1 } as never))).message).toMatch(/there is no option chunk/)
    expect((await rejection(pool.map(square, [1], { signal: {} } as never))).message).toMatch(/^map: got signal/)
    expect((await rejection(pool.apply((f: () => number) => f(), [() => 1]))).message).toMatch(
      /argument cannot be sent/,
    )
    expect((await rejection(pool.apply(() => () => 1))).message).toMatch(/gave what cannot be sent/)
  })
  test('modules', async () => {
    expect(await pool.map({ module: 'node:path', name: 'basename' } as nd.ModuleFunction, ['a/b'])).toEqual(['b'])
    const relative = { module: './test/tasks/functions.js', name: 'double' }
    expect(await pool.map(relative, [4])).toEqual([8])
    expect((await rejection(pool.map({ module: 'node:path', name: 'none' }, [1]))).message).toMatch(
      /exports no function none/,
    )
    expect(await rejection(pool.map({ module: 'ndloom-there-is-none', name: 'f' }, [1]))).toBeInstanceOf(nd.TaskError)
  })
  test('imap and imapUnordered, from anything that can be iterated', async () => {
    async function* later() {
      for (const x of range(30)) {
        if (x % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
        yield x
      }
    }
    expect(await collect(pool.imap(square, later()))).toEqual(range(30).map(square))
    expect(await collect(pool.imap(square, range(30), { chunksize: 7 }))).toEqual(range(30).map(square))
    const unordered = await collect(pool.imapUnordered(square, later(), { chunksize: 3 }))
    expect(unordered.sort((a, b) => a - b)).toEqual(range(30).map(square))
    expect(await collect(pool.imap(square, []))).toEqual([])
  })
  test('imap reads no further ahead than it may, and stops reading when the reader leaves', async () => {
    let read = 0
    let isClosed = false
    function* endless() {
      try {
        for (;;) yield read++
      } finally {
        isClosed = true
      }
    }
    const seen: number[] = []
    for await (const x of pool.imap((v: number) => v, endless(), { readAhead: 3 })) {
      seen.push(x)
      expect(read).toBeLessThanOrEqual(seen.length + 4)
      if (x === 20) break
    }
    expect(seen).toEqual(range(21))
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(isClosed).toBe(true)
  })
  test('a failure in imap rejects one next, a failing source the one in its place', async () => {
    const results = pool.imap((x: number) => {
      if (x === 2) throw new RangeError('two')
      return x
    }, range(5))
    const outcomes: unknown[] = []
    for (;;) {
      const outcome = await results.next().catch((error: nd.TaskError) => ({ done: false, value: error.block }))
      if (outcome.done) break
      outcomes.push(outcome.value)
    }
    expect(outcomes).toEqual([0, 1, [2], 3, 4])
    const failing = (function* () {
      yield 1
      throw new TypeError('no more')
    })()
    const read: number[] = []
    await expect(
      (async () => {
        for await (const x of pool.imap(square, failing)) read.push(x)
      })(),
    ).rejects.toThrow('no more')
    expect(read).toEqual([1])
  })
  test('progress and abort', async () => {
    const told: [number, number][] = []
    await pool.map(square, range(40), { chunksize: 3, progress: (done, total) => void told.push([done, total]) })
    expect(told.at(-1)).toEqual([40, 40])
    expect(told.every(([done], i) => i === 0 || done >= told[i - 1][0])).toBe(true)
    const wait = () => new Promise((resolve) => setTimeout(resolve, 20))
    const signal = AbortSignal.timeout(30)
    expect(await rejection(pool.map(wait, range(100), { signal }))).toBeInstanceOf(nd.AbortError)
    expect(await rejection(pool.map(wait, [1], { signal: AbortSignal.abort('why') }))).toMatchObject({ cause: 'why' })
  })
  test('no more workers than it has', async () => {
    const where = async function (this: nd.TaskContext) {
      await new Promise((resolve) => setTimeout(resolve, 2))
      return this.worker
    }
    const used = new Set(await pool.map(where, range(20), { chunksize: 1 }))
    expect(used.size).toBeLessThanOrEqual(Math.max(1, pool.workers))
  })
})

describe('workers of its own', () => {
  const kind = ['thread', 'process'] as const
  const find = (x: number) => (globalThis as { table?: number }).table! + x

  test.each(kind)('%s: the initializer', async (kind) => {
    const initializer = async (a: number, b: number) => {
      await null
      Object.assign(globalThis, { table: a + b })
    }
    const pool = new nd.Pool({ kind, workers: 2, initializer, initargs: [100, 20] })
    expect(await pool.map(find, range(8), { chunksize: 1 })).toEqual(range(8).map((x) => x + 120))
    await pool.close()
    const bad = new nd.Pool({
      kind,
      workers: 1,
      initializer: () => {
        throw new TypeError('bad start')
      },
    })
    const error = await rejection(bad.map(find, [1]))
    expect(error).toBeInstanceOf(nd.WorkerLostError)
    expect(error.cause).toMatchObject({
      message: 'the initializer of the pool failed',
      cause: { message: 'bad start' },
    })
    await bad.close()
  })
  test.each(kind)('%s: a worker is replaced after so many tasks', async (kind) => {
    const pool = new nd.Pool({ kind, workers: 2, maxTasksPerWorker: 3 })
    const count = () => {
      const own = globalThis as { count?: number }
      own.count = (own.count ?? 0) + 1
      return own.count
    }
    const counts = await pool.map(count, range(14), { chunksize: 1 })
    expect(Math.max(...counts)).toBeLessThanOrEqual(3)
    expect(counts.filter((n) => n === 1).length).toBeGreaterThanOrEqual(5)
    await pool.close()
  })
  test.each(kind)('%s: a task that ends its worker costs that task alone', async (kind) => {
    const pool = new nd.Pool({ kind, workers: 2, initializer: () => {} })
    const outcomes = await Promise.allSettled(
      range(12).map((x) => pool.apply((n: number) => (n === 5 ? process.exit(3) : n), [x])),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(11)
    expect(outcomes[5]).toMatchObject({ status: 'rejected', reason: { name: 'WorkerLostError' } })
    expect(await pool.map(square, [2])).toEqual([4])
    await pool.terminate()
  })
  test('a process that takes too much memory costs its task alone', async () => {
    const pool = new nd.Pool({ kind: 'process', workers: 1, memoryLimit: '200MiB' })
    const fill = (x: number) => {
      const held: Float64Array[] = []
      while (x === 1) held.push(new Float64Array(2 ** 18).fill(1))
      return x
    }
    const [first, second, third] = await Promise.allSettled(range(3).map((x) => pool.apply(fill, [x])))
    expect([first, third]).toMatchObject([{ value: 0 }, { value: 2 }])
    expect(second).toMatchObject({ reason: { name: 'WorkerLostError', cause: { name: 'MemoryLimitError' } } })
    await pool.close()
  })
  test('nested pools and arrays have no workers of their own', async () => {
    const pool = new nd.Pool({ workers: 2 })
    const index = new URL('../../src/index.ts', import.meta.url).href
    // As text, since the test runner rewrites an import().
    const text = `async (module) => {
      const inner = await import(module)
      const { workers } = new inner.Pool({ workers: 8 })
      const squares = await new inner.Pool().map((x) => x * x, [1, 2, 3])
      return { workers, squares, sum: await inner.arange(10).sum().compute({ workers: 4 }) }
    }`
    const nested = Object.assign((_: string): unknown => undefined, { toString: () => text })
    expect(await pool.apply(nested, [index])).toEqual({ workers: 0, squares: [1, 4, 9], sum: 45 })
  })
})

describe('the end of a pool', () => {
  const slow = (x: number) => new Promise((resolve) => setTimeout(() => resolve(x), 20))
  test('close waits for what was begun', async () => {
    const pool = new nd.Pool({ workers: 2 })
    const results = Promise.all([pool.map(slow, range(4)), pool.apply(slow, [5])])
    await pool.close()
    expect(await results).toEqual([[0, 1, 2, 3], 5])
    expect((await rejection(pool.map(slow, [1]))).message).toMatch(/^map: the pool is closed/)
    expect(() => pool.imap(slow, [1])).toThrow(/^imap: the pool is closed/)
  })
  test('terminate ends it', async () => {
    for (const options of [{}, { kind: 'process' }, { initializer: () => {} }] as nd.PoolOptions[]) {
      const pool = new nd.Pool({ ...options, workers: 2 })
      const results = [pool.map(slow, range(400)), pool.apply(slow, [5])].map(rejection)
      await pool.terminate()
      for (const result of results) expect(await result).toBeInstanceOf(nd.AbortError)
    }
  })
  const never = () => new Promise<void>(() => {})
  test.each([
    { initializer: () => {} },
    { kind: 'process' },
    { initializer: () => {}, workers: 0 },
  ] as nd.PoolOptions[])(
    'terminate does not wait for what runs: %o',
    async (options) => {
      const pool = new nd.Pool({ workers: 1, ...options })
      const [ready] = [await pool.apply(() => 1), 0]
      expect(ready).toBe(1)
      const result = rejection(pool.map(never, [1]))
      await new Promise((resolve) => setTimeout(resolve, 100))
      await pool.terminate()
      expect(await result).toBeInstanceOf(nd.AbortError)
    },
    10_000,
  )
  test('an initializer that fails, and what is aborted, on the main thread', async () => {
    const fail = () => {
      throw new TypeError('bad start')
    }
    const bad = new nd.Pool({ workers: 0, initializer: fail })
    expect(await rejection(bad.apply(() => 1))).toMatchObject({ name: 'WorkerLostError' })
    const pool = new nd.Pool({ workers: 0, initializer: () => {} })
    const signal = AbortSignal.timeout(50)
    expect(await rejection(pool.map(never, [1], { signal }))).toBeInstanceOf(nd.AbortError)
    const where = function (this: nd.TaskContext) {
      return this.worker
    }
    expect(await pool.apply(where)).toBe(-1)
    await Promise.all([bad.close(), pool.close()])
  }, 10_000)
  test('imap reads no more of its items', async () => {
    const pool = new nd.Pool({ workers: 1, initializer: () => {} })
    let read = 0
    function* items() {
      for (; ; read++) yield read
    }
    const results = pool.imap(square, items(), { readAhead: 2 })
    expect(await results.next()).toMatchObject({ value: 0 })
    await pool.close()
    const before = read
    const error = await rejection(collect(results))
    expect(error.message).toMatch(/^imap: the pool is closed/)
    expect(read).toBe(before)
  })
  test('using', async () => {
    let results: Promise<unknown>
    {
      await using pool = new nd.Pool({ workers: 2 })
      results = rejection(pool.map(slow, range(100)))
    }
    expect(await results).toBeInstanceOf(nd.AbortError)
  })
})

describe('bad options', () => {
  test.each<[unknown, RegExp]>([
    [{ workers: -1 }, /^Pool: workers: got -1/],
    [{ kind: 'fiber' }, /^Pool: got kind 'fiber'/],
    [{ memoryLimit: '1GB' }, /^Pool: threads share the memory.*kind: 'process'/],
    [{ kind: 'process', memoryLimit: 'lots' }, /^Pool: memoryLimit: got 'lots'/],
    [{ maxTasksPerWorker: 0 }, /^Pool: got maxTasksPerWorker 0/],
    [{ initializer: 3 }, /^Pool: initializer: got 3/],
    [{ initializer: () => {}, initargs: 3 }, /^Pool: got initargs 3/],
    [{ kind: 'process', workers: 0 }, /^Pool: got workers 0 with kind 'process'/],
    [{ processes: 3 }, /there is no option processes/],
  ])('%o', (options, text) => {
    expect(() => new nd.Pool(options as nd.PoolOptions)).toThrow(text)
  })
})

test('parallel', async () => {
  const calls = range(20).map((x): [(a: number, b: number) => number, number, number] => [(a, b) => a * b, x, 2])
  expect(await nd.parallel(2)(calls)).toEqual(range(20).map((x) => 2 * x))
  expect(() => nd.parallel(-1)).toThrow(/^parallel: workers/)
  expect((await rejection(nd.parallel(2)([square] as never))).message).toMatch(/^parallel: got a function as call 0/)
})

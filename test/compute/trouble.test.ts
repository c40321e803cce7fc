import { afterAll, describe, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'
import { expectNothingLeft, schedulers } from './heap.ts'

expectNothingLeft()
afterAll(() => nd.shutdown())

const x = nd.arange(40, { chunks: 4 })

/** The error that a promise is rejected with. */
async function rejection(promise: PromiseLike<unknown>): Promise<Error & { cause?: unknown }> {
  const outcome = await promise.then(
    () => 'no error',
    (error: Error) => error,
  )
  expect(outcome).toBeInstanceOf(nd.NdloomError)
  return outcome as Error
}

// biome-ignore lint/suspicious/noExplicitAny: what JavaScript callers may pass
const bad: Record<string, any> = {
  'workers: -1': { workers: -1 },
  'workers: NaN': { workers: Number.NaN },
  'workers: 1.5': { workers: 1.5 },
  "memoryLimit: 'lots'": { memoryLimit: 'lots' },
  'memoryLimit: -1': { memoryLimit: -1 },
  'signal: {}': { signal: {} },
  'signal: null': { signal: null },
  "scheduler: 'cluster'": { scheduler: 'cluster' },
  "progress: 'yes'": { progress: 'yes' },
  "ordered: 'yes'": { ordered: 'yes' },
  'worker: 1': { worker: 1 },
  'a text': 'local',
  null: null,
}
describe('options of wrong kinds', () => {
  test.each(Object.keys(bad))('%s', async (name) => {
    const options = bad[name]
    for (const run of [
      () => x.compute(options),
      () => x.persist(options),
      () => x.compute(options)[Symbol.asyncIterator]().next(),
    ])
      expect((await rejection(run())).message).toMatch(/^compute: .*(got|there is no option)/)
    if (typeof options === 'object' && options !== null)
      expect((await rejection(nd.compute(x, options))).message).toMatch(/^compute: /)
  })
  test('what is no array', async () => {
    for (const value of ['x', 3, null, [x], Promise.resolve(1)])
      expect((await rejection(nd.compute(value as never))).message).toMatch(/^compute: argument 1 is /)
    expect(await nd.compute()).toEqual([])
  })
})

describe.each(schedulers)('%s', (scheduler) => {
  const options = { scheduler, workers: 2 }
  const slow = x.mapBlocks(async (block) => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return block
  })

  test('an aborted signal', async () => {
    const error = await rejection(x.compute({ ...options, signal: AbortSignal.abort('why') }))
    expect(error).toBeInstanceOf(nd.AbortError)
    expect(error.cause).toBe('why')
  })
  test('abort in mid-run', async () => {
    const controller = new AbortController()
    const running = slow.compute({ ...options, signal: controller.signal, progress: () => controller.abort('enough') })
    const error = await rejection(running)
    expect(error).toBeInstanceOf(nd.AbortError)
    expect(error.cause).toBe('enough')
  })
  test('abort while streaming', async () => {
    const controller = new AbortController()
    const read = async () => {
      for await (const _ of slow.compute({ ...options, signal: controller.signal })) controller.abort()
    }
    expect(await rejection(read())).toBeInstanceOf(nd.AbortError)
  })
  test('leaving the loop', async () => {
    for await (const { index } of slow.compute(options)) {
      expect(index).toHaveLength(1)
      break
    }
  })
  test('throwing in the loop', async () => {
    const mine = new Error('mine')
    const read = async () => {
      for await (const _ of slow.compute(options)) throw mine
    }
    await expect(read()).rejects.toBe(mine)
  })
  test('an iterator that is never read, or read once', async () => {
    const unread = slow.compute(options)[Symbol.asyncIterator]()
    await unread.return?.(undefined)
    const once = slow.compute(options)[Symbol.asyncIterator]()
    expect((await once.next()).done).toBe(false)
    await once.return?.(undefined)
    expect((await once.next()).done).toBe(true)
  })
  test('progress that throws', async () => {
    const mine = new Error('mine')
    const progress = () => {
      throw mine
    }
    expect((await rejection(x.add(1).compute({ ...options, progress }))).cause).toBe(mine)
  })
  test('a function that throws', async () => {
    const failing = x.mapBlocks((_, { offset }) => {
      throw new RangeError(`at ${offset}`)
    })
    for (const run of [
      () => failing.compute(options),
      () => failing.sum().compute(options),
      () => failing.persist(options),
    ]) {
      const error = (await rejection(run())) as nd.TaskError
      expect(error).toBeInstanceOf(nd.TaskError)
      expect(error.stage).toBe('mapBlocks')
      expect(error.message).toMatch(/^mapBlocks: block \[\d+\] failed: RangeError: at \d+/)
      expect(error.cause).toBeInstanceOf(RangeError)
      expect((error.cause as Error).stack).toMatch(/RangeError: at/)
    }
  })
  test('a function that throws what is no error', async () => {
    for (const fn of [
      () => {
        throw 'text'
      },
      () => {
        throw null
      },
      () => Promise.reject(undefined),
      () => {
        throw { deep: () => 1 }
      },
    ])
      expect(await rejection(x.mapBlocks(fn).compute(options))).toBeInstanceOf(nd.TaskError)
  })
  test('a function that gives nonsense', async () => {
    const long = x.astype('int64')
    for (const [array, fn] of [
      [x, () => undefined],
      [x, () => null],
      [x, () => 5],
      [x, () => 'text'],
      [x, () => [1, 2, 3, 4]],
      [x, () => new Float64Array(4)],
      [x, () => ({ shape: [4] })],
      [x, (block: nd.Block) => block.hi(2)],
      [x, () => ({ shape: [4], get: () => Symbol('s') })],
      [long, () => ({ shape: [4], get: () => undefined })],
      [x.astype('complex64'), () => ({ shape: [4], get: () => undefined })],
    ] as const) {
      const error = await rejection(array.mapBlocks(fn as never).compute(options))
      expect(error).toBeInstanceOf(nd.TaskError)
      expect(error.message).toMatch(/^mapBlocks: /)
    }
  })
  test('a function that sees a variable from around it', async () => {
    const outside = 3
    const text = /refers to outside, which is not defined where it runs.*pass the value in `args`/
    expect(() => x.mapBlocks((block) => block.hi(outside))).toThrow(text)
    // Where the call cannot tell, the worker does.
    const evasive = (block: nd.Block) => (typeof outside === 'number' ? block : block.hi(outside))
    const error = await rejection(x.mapBlocks(evasive).compute(options))
    expect(error).toBeInstanceOf(nd.TaskError)
    expect(error.message).toMatch(/outside is not defined.*pass the value in `args`/)
  })
  test('a function of no module', async () => {
    for (const fn of [
      { module: 'ndloom-there-is-none', name: 'f' },
      { module: 'node:path', name: 'none' },
    ])
      expect(await rejection(x.mapBlocks(fn).compute(options))).toBeInstanceOf(nd.TaskError)
  })
  test('text that is no JavaScript', async () => {
    const fn = Object.assign(() => 1, { toString: () => '(((' })
    expect(await rejection(x.mapBlocks(fn).compute(options))).toBeInstanceOf(nd.TaskError)
  })
  test('a function that never ends can be aborted', async () => {
    const signal = AbortSignal.timeout(50)
    const never = x.mapBlocks(() => new Promise(() => {}))
    expect(await rejection(never.compute({ ...options, signal }))).toBeInstanceOf(nd.AbortError)
  })
  test('a task that cannot fit is refused before anything runs', async () => {
    const large = nd.ones([400, 400], { chunks: 200 })
    const untouched = large.mapBlocks(() => {
      throw new Error('it has run')
    })
    const error = (await rejection(
      untouched.sum().compute({ ...options, memoryLimit: '64KiB' }),
    )) as nd.MemoryLimitError
    expect(error).toBeInstanceOf(nd.MemoryLimitError)
    expect(error.limitBytes).toBe(65536)
    expect(error.neededBytes).toBeGreaterThanOrEqual(200 * 200 * 8)
    const [, chunks] = /use smaller chunks, about \[(.*)\]/.exec(error.message) ?? []
    const fitting = chunks.split(',').map(Number)
    const total = nd
      .ones([400, 400], { chunks: fitting })
      .mapBlocks((block) => block)
      .sum()
    expect(await total.compute({ ...options, memoryLimit: '64KiB' })).toBe(160000)
  })
  test('too many tasks, and results that no process can have', async () => {
    expect(
      await rejection(
        nd
          .ones(2 ** 40, { chunks: 1 })
          .sum()
          .compute(options),
      ),
    ).toBeInstanceOf(nd.MemoryLimitError)
    const error = await rejection(nd.ones(2 ** 45).compute(options))
    expect(error).toBeInstanceOf(nd.MemoryLimitError)
    expect(error.message).toMatch(/256 TiB.*stream it/)
  })
  test('one of several arrays fails', async () => {
    const failing = x.mapBlocks(() => {
      throw new Error('mine')
    })
    expect(await rejection(nd.compute(x.add(1), failing, x.sum(), options))).toBeInstanceOf(nd.TaskError)
  })
})

describe('worker threads', () => {
  test('a function that ends its worker is tried three times', async () => {
    const ending = x.mapBlocks((block, { index }) => {
      if (index[0] === 3) process.exit(7)
      return block
    })
    const error = (await rejection(ending.compute({ workers: 2 }))) as nd.WorkerLostError
    expect(error).toBeInstanceOf(nd.WorkerLostError)
    expect(error.stage).toBe('mapBlocks')
    expect(error.block).toEqual([3])
  })
  test('a function that loops for ever can be aborted', async () => {
    const looping = x.mapBlocks(() => {
      for (;;);
    })
    const signal = AbortSignal.timeout(50)
    expect(await rejection(looping.compute({ workers: 2, signal }))).toBeInstanceOf(nd.AbortError)
  })
})

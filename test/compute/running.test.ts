import type { NdArray } from 'ndarray'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { config } from '../../src/core/config.ts'
import * as nd from '../../src/index.ts'
import { getEngine } from '../../src/scheduler/process.ts'
import { collectUntil, expectUsable, schedulers, usedBytes } from './heap.ts'

afterAll(() => nd.shutdown())

type Data = NdArray<Float64Array>
const dataOf = async (x: nd.ChunkedArray, options?: nd.ComputeOptions): Promise<Float64Array> =>
  ((await x.compute(options)) as unknown as Data).data
/** More than a result that is copied out of the heap. */
const large = 300_000

describe('several arrays together', () => {
  test('what they share is done once', async () => {
    const calls = { count: 0 }
    Object.assign(globalThis, { calls })
    const counted = nd.arange(100, { chunks: 10 }).mapBlocks((block) => {
      const { calls } = globalThis as unknown as { calls: { count: number } }
      calls.count++
      return block
    })
    const results = await nd.compute(counted.sum(), counted.mean(), counted.add(1).max(), counted.sum(), {
      scheduler: 'local',
    })
    expect(results).toEqual([4950, 49.5, 100, 4950])
    expect(calls.count).toBe(10)
  })
  test('results come in the order of the arrays, the same array twice too', async () => {
    const x = nd.arange(6).reshape([2, 3])
    const [a, b, c, d] = await nd.compute(x, x.sum(0), nd.zeros([0, 3]), x)
    expect([(a as Data).shape, (b as Data).shape, (c as Data).shape]).toEqual([[2, 3], [3], [0, 3]])
    expect(d).toBe(a)
  })
})

describe.each(schedulers)('%s', (scheduler) => {
  const options = { scheduler, workers: 2 }

  test('0-d and empty arrays', async () => {
    expect(await nd.array(3).compute(options)).toBe(3)
    expect(await nd.array(3n).add(1).compute(options)).toBe(4n)
    expect(await nd.array(true).compute(options)).toBe(true)
    expect(await nd.array({ re: 1, im: 2 }).compute(options)).toEqual({ re: 1, im: 2 })
    const empty = (await nd.zeros([3, 0], { dtype: 'int8' }).add(1).compute(options)) as unknown as Data
    expect([empty.shape, empty.size, empty.data.constructor]).toEqual([[3, 0], 0, Int8Array])
    const blocks = []
    for await (const block of nd.zeros([0]).compute(options)) blocks.push(block)
    for await (const block of nd.array(5).compute(options)) blocks.push(block)
    expect(blocks.map(({ index, offset, data }) => [index, offset, data.get()])).toEqual([[[], [], 5]])
    expect((await nd.zeros([2, 0]).persist(options)).shape).toEqual([2, 0])
    expect(await (await nd.array(7).persist(options)).add(1).compute(options)).toBe(8)
  })
  test('many computations at once', async () => {
    const totals = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        nd
          .arange(2000, { chunks: 100 + i })
          .add(i)
          .sum()
          .compute(options),
      ),
    )
    expect(totals).toEqual(Array.from({ length: 50 }, (_, i) => 1999000 + 2000 * i))
  })
  test('the same array at once', async () => {
    const x = nd.random.random([large], { seed: 1, chunks: 50_000 })
    const results = await Promise.all([dataOf(x, options), dataOf(x, options), dataOf(x.add(0), options)])
    expect(results[0]).toEqual(results[1])
    expect(results[0]).toEqual(results[2])
    expect(results[0].buffer).not.toBe(results[1].buffer)
  })
  test('a computation is run once, however often it is awaited; each loop is a run of its own', async () => {
    const computation = nd.random.random([3], { chunks: 1 }).compute(options)
    expect(await computation).toBe(await computation)
    const [first, second]: number[][] = [[], []]
    for (const values of [first, second]) for await (const { data } of computation) values.push(data.get(0))
    expect(first.sort()).toEqual(second.sort()) // Blocks come as they finish.
  })
  test.each([true, false])('streaming to a slow reader, ordered: %s', async (ordered) => {
    const before = await settled()
    const side = 100
    const x = nd.arange(side * 60, { chunks: side }).add(1)
    const seen: number[] = []
    let most = 0
    const found = new Float64Array(side * 60)
    for await (const { index, offset, data } of x.compute({ ...options, ordered })) {
      await new Promise((resolve) => setTimeout(resolve, 2))
      most = Math.max(most, usedBytes() - before)
      seen.push(index[0])
      found.set((data as unknown as Data).data, offset[0])
    }
    // 4 blocks wait for the reader at most; two workers may have begun with one each.
    expect(most).toBeLessThanOrEqual(6 * 832)
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i))
    if (ordered) expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => i))
    expect(found).toEqual(await dataOf(x, options))
    expect(usedBytes()).toBe(before)
  })
  test('two readers at once, one of which waits for the other', async () => {
    const x = nd.arange(4000, { chunks: 100 }).add(1)
    const first = x.compute(options)[Symbol.asyncIterator]()
    await first.next()
    let total = 0
    for await (const { data } of x.compute(options)) total += data.get(0)
    for (let next = await first.next(); !next.done; next = await first.next()) total -= next.value.data.get(0)
    expect(Math.abs(total)).toBeLessThan(4000)
  })
  test('persisted blocks are read where they lie, and freed when nobody holds them', async () => {
    const before = await settled()
    const calls = { count: 0 }
    Object.assign(globalThis, { persisted: calls })
    let kept: nd.ChunkedArray | undefined = await nd
      .arange(large, { chunks: 50_000 })
      .mapBlocks((block) => {
        const { persisted } = globalThis as unknown as { persisted?: { count: number } }
        if (persisted) persisted.count++
        return block
      })
      .persist(options)
    const counted = calls.count
    expect(usedBytes() - before).toBeGreaterThanOrEqual(8 * large)
    for (const chunks of [50_000, 7_000])
      expect(await kept.rechunk(chunks).add(kept.at('::-1')).max().compute(options)).toBe(large - 1)
    expect(await (await kept.persist(options)).min().compute(options)).toBe(0)
    expect(calls.count).toBe(counted)
    kept = kept.at('10:20')
    expect(Array.from(await dataOf(kept, options))).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    kept = undefined
    await dropped(before)
  })
})

/** Bytes in use when the pool runs and garbage is collected. */
async function settled(): Promise<number> {
  await expectUsable()
  let least = usedBytes()
  for (let quiet = 0; quiet < 3; quiet++) {
    await collectUntil(() => true)
    if (usedBytes() < least) quiet = 0
    least = usedBytes()
  }
  return least
}

/** Waits until the heap holds no more than it did: nobody holds what was made since. */
const dropped = (before: number): Promise<void> => collectUntil(() => usedBytes() <= before)

describe('results', () => {
  test('stay as they are while any view of them is held; then their room is used again', async () => {
    const before = await settled()
    const make = (value: number) => dataOf(nd.full([large], value, { chunks: 70_000 }))
    let views: Float64Array[] | undefined = []
    for (let i = 0; i < 10; i++) views.push((await make(i)).subarray(10, 20))
    await collectUntil(() => true)
    await make(-1)
    expect(views.map((view) => view[3])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(usedBytes() - before).toBeGreaterThanOrEqual(10 * 8 * large)
    views = undefined
    await dropped(before)
    const { heapBytes } = getEngine()
    for (let i = 0; i < 5; i++) {
      await make(i)
      await dropped(before)
    }
    expect(getEngine().heapBytes).toBe(heapBytes)
  })
  test('may be changed, and made arrays of, without a change of what was computed', async () => {
    const x = nd.arange(large, { chunks: 100_000 })
    const result = (await x.compute()) as unknown as Data
    result.set(0, -5)
    const again = nd.array(result)
    result.set(1, -6)
    expect(await nd.compute(x.at('0'), again.at('0'), again.at('1'))).toEqual([0, -5, 1])
  })
  test('of every dtype and of more than one axis', async () => {
    for (const dtype of nd.dtypes) {
      const side = 400
      const x = nd.ones([side, side, 3], { dtype, chunks: [150, 130, 2] })
      const result = await x.T.compute()
      expect(result.shape).toEqual([3, side, side])
      const element: unknown = result.get(2, 399, 7)
      expect(typeof element === 'object' ? (element as { re: number }).re : Number(element)).toBe(1)
    }
  })
})

describe('with little memory', () => {
  const { memoryLimit } = config()
  beforeAll(() => nd.configure({ memoryLimit: '32MiB' }))
  afterAll(() => nd.configure({ memoryLimit }))
  const size = 3 * 2 ** 20
  const x = nd.arange(size, { chunks: 2 ** 17 })

  test('what nobody holds makes room for results, persisted arrays and the blocks of jobs', async () => {
    const result = async (i: number) => (await dataOf(x.add(i)))[5]
    const persisted = async (i: number) => (await x.add(i).persist()).at('5').compute()
    const held = async (i: number) => {
      const y = x.mapBlocks((block) => block)
      return y.add(i).sub(y.mean()).max().compute()
    }
    for (let i = 0; i < 4; i++) {
      expect(await result(i)).toBe(5 + i)
      expect(await persisted(i)).toBe(5 + i)
      expect(await held(i)).toBe((size - 1) / 2 + i)
    }
  })
  test('results that do not fit beside each other', async () => {
    const enough = { memoryLimit: '64MiB' }
    const [a, b] = (await nd.compute(x, x.add(1), enough)) as unknown as Data[]
    expect([a.get(size - 1), b.get(size - 1)]).toEqual([size - 1, size])
    const failing = x.mapBlocks((block, { index }) => {
      if (index[0] === 20) throw new Error('late')
      return block
    })
    await expect(nd.compute(x.add(2), failing, enough)).rejects.toThrow('late')
  })
  test('results larger than the limit are refused; streamed they fit', async () => {
    const error = await nd.compute(x, x.add(1)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(nd.MemoryLimitError)
    expect(error).toMatchObject({ neededBytes: 2 * 8 * size, limitBytes: 2 ** 25 })
    expect(String(error)).toMatch(/whole results .* take 48 MiB, the limit is 32 MiB; stream them .*toZarr/)
    let count = 0
    for await (const { data } of nd.concat([x, x]).compute()) count += data.size
    expect(count).toBe(2 * size)
  })
})

describe('shutdown', () => {
  test('while computations run: they are aborted, and the next ones start anew', async () => {
    const slow = nd.arange(40, { chunks: 1 }).mapBlocks(async (block) => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return block
    })
    const streaming = async () => {
      for await (const _ of slow.compute({ workers: 2 })) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const running = [
      slow.compute({ workers: 2 }),
      slow.sum().compute({ scheduler: 'local' }),
      slow.persist(),
      streaming(),
    ]
    const ends = Promise.all(
      running.map((run) =>
        run.then(
          () => 'done',
          (error: unknown) => error,
        ),
      ),
    )
    await new Promise((resolve) => setTimeout(resolve, 60))
    await nd.shutdown()
    for (const end of await ends) expect(end).toBeInstanceOf(nd.AbortError)
    await expectUsable()
  })
  test('twice, before anything ran and after it; results stay', async () => {
    const result = await dataOf(nd.full([large], 3))
    const kept = await nd.full([large], 4).persist()
    await Promise.all([nd.shutdown(), nd.shutdown()])
    await nd.shutdown()
    expect([result[0], result[large - 1]]).toEqual([3, 3])
    expect(await kept.sum().compute()).toBe(4 * large)
    await expectUsable()
  })
})

describe('the same bits', () => {
  const runs: readonly nd.ComputeOptions[] = [
    { scheduler: 'local' },
    { workers: 1 },
    { workers: 2 },
    { workers: 4 },
    { workers: 2, memoryLimit: '8MiB' },
  ]
  const rng = nd.random
  const distributions: Record<string, (chunks: nd.ChunksOption) => nd.ChunkedArray> = {
    random: (chunks) => rng.random([60, 50], { seed: 1, chunks }),
    'random, float32': (chunks) => rng.random([60, 50], { seed: 1, chunks, dtype: 'float32' }),
    uniform: (chunks) => rng.uniform(-3, 5, [60, 50], { seed: 2, chunks }),
    normal: (chunks) => rng.normal(1, 2, [60, 50], { seed: 'text', chunks }),
    'normal, float32': (chunks) => rng.normal(1, 2, [60, 50], { seed: 'text', chunks, dtype: 'float32' }),
    exponential: (chunks) => rng.exponential(3, [60, 50], { seed: 4n, chunks }),
    integers: (chunks) => rng.integers(-7, 1000, [60, 50], { seed: 5, chunks }),
    'integers, uint8': (chunks) => rng.integers(0, 255, [60, 50], { seed: 5, chunks, dtype: 'uint8', endpoint: true }),
    'choice of a count': (chunks) => rng.choice(9, [60, 50], { seed: 6, chunks }),
    'choice of elements': (chunks) => rng.choice([1.5, -2, Number.NaN], [60, 50], { seed: 7, chunks }),
    'the second call of a generator': (chunks) => {
      const generator = rng.defaultRng(8)
      generator.random([3])
      return generator.normal(0, 1, [60, 50], { chunks })
    },
  }
  test.each(Object.keys(distributions))('random numbers whatever the blocks and workers: %s', async (name) => {
    const make = distributions[name]
    const wanted = await dataOf(make(-1), { scheduler: 'local' })
    expect(new Set(wanted).size).toBeGreaterThan(2)
    for (const chunks of [60, 13, [1, 50], [60, 1], [[7, 53], 'auto'], [31, [1, 2, 47]]] as nd.ChunksOption[])
      for (const run of runs.slice(0, 4)) expect(await dataOf(make(chunks), run)).toEqual(wanted)
    expect(await dataOf(make(11).at('5:40:3, ::-1').T)).toEqual(await dataOf(make(-1).at('5:40:3, ::-1').T))
  })
  test('sums and kin, whatever the workers', async () => {
    const x = nd.random.normal(0, 1e3, [700, 300], { seed: 9, chunks: [37, 41] }).add(1e7)
    const arrays = () => [
      x.sum(),
      x.sum(0),
      x.mean(1),
      x.std(),
      x.var(0),
      x.prod(1),
      x.sub(x.mean(0)).cumulativeSum({ axis: 0 }).sum(1),
      x.T.matmul(x.at(':, :3')).sum(0),
      x.astype('float32').sum({ axis: [0, 1] }),
    ]
    const [wanted, ...others] = await Promise.all(
      runs.map(async (run) =>
        (await nd.compute(...arrays(), run)).map((r) => (typeof r === 'number' ? r : (r as Data).data)),
      ),
    )
    for (const found of others) expect(found).toEqual(wanted)
    for (const [i, x] of arrays().entries()) {
      const alone = await x.compute<nd.Result>({ workers: 2 })
      expect(typeof alone === 'number' ? alone : (alone as Data).data).toEqual(wanted[i])
    }
  })
})

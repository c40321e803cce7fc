import { afterAll, describe, expect, test } from 'vitest'
import { config } from '../../src/core/config.ts'
import * as nd from '../../src/index.ts'
import { getEngine } from '../../src/scheduler/process.ts'
import { collectUntil, schedulers, usedBytes } from './heap.ts'

afterAll(() => nd.shutdown())

type End = Extract<nd.RunEvent, { type: 'end' }>
/** Runs with an observer, and gives the result with the counts of the end. */
async function run<T>(start: (options: nd.ComputeOptions) => PromiseLike<T>, options: nd.ComputeOptions) {
  const ends: End[] = []
  const onEvent = (event: nd.RunEvent) => {
    if (event.type === 'end') ends.push(event)
  }
  return { result: await start({ ...options, onEvent }), end: ends[0] }
}

/** 8 MiB in blocks of 128 KiB that have to be held: a scan is not made twice, and its mean is known only at its end. */
const x = nd.random.defaultRng(11).normal(0, 1, [1024, 1024], { chunks: 128 })
const scanned = nd.cumulativeSum(x, { axis: 0 })
const centred = scanned.sub(scanned.mean())
const total = centred.add(centred.T).abs().sum()

describe('a tenth of what has to be held', () => {
  const memoryLimit = '900KiB'
  for (const scheduler of schedulers)
    test(`gives the same bits (${scheduler})`, async () => {
      const whole = await total.compute({ scheduler })
      const { result, end } = await run((options) => total.compute<number>(options), { scheduler, memoryLimit })
      expect(result).toBe(whole)
      expect(end.spilledBytes).toBeGreaterThan(4 * 2 ** 20)
      expect(end.reloadedBytes).toBeGreaterThan(4 * 2 ** 20)
      expect(end.peakBytes).toBeLessThanOrEqual(900 * 2 ** 10)
    })
  test('blocks that can be made again are dropped', async () => {
    const y = x.add(x.T).add(x.at('::-1')).sum()
    const { result, end } = await run((options) => y.compute<number>(options), { memoryLimit })
    expect(result).toBe(await y.compute())
    expect(end.droppedBlocks).toBeGreaterThan(0)
    expect(end.spilledBytes).toBe(0)
  })
  test('streams in order, to a reader who computes meanwhile', async () => {
    const limited = { memoryLimit: '1200KiB', ordered: true }
    let sum = 0
    let blocks = 0
    for await (const { data, offset } of centred.compute(limited)) {
      const [row, column] = offset
      if (blocks++ % 16 === 0) sum += await total.compute<number>(limited)
      expect(data.get(3, 5)).toBe(await centred.at(`${row + 3}, ${column + 5}`).compute())
      if (blocks === 33) break
    }
    expect(sum).toBe(3 * (await total.compute<number>()))
  })
})

describe('persisted arrays larger than the memory', () => {
  const { memoryLimit } = config()
  afterAll(() => nd.configure({ memoryLimit }))
  test('leave the heap, come back, and are given back', async () => {
    const sums = [await x.sum().compute(), await scanned.max().compute()]
    const before = usedBytes()
    nd.configure({ memoryLimit: '4MiB' })
    let kept: nd.ChunkedArray[] = [await x.persist(), await scanned.persist()]
    for (const scheduler of schedulers) {
      const { result, end } = await run((options) => nd.compute(kept[0].sum(), kept[1].max(), options), { scheduler })
      expect(result).toEqual(sums)
      expect(end.reloadedBytes).toBeGreaterThan(4 * 2 ** 20)
    }
    const [left, right] = await nd.compute(kept[0].T.sub(kept[0]).abs().max(), kept[1].at('7, 9'))
    expect(left).toBe(await x.T.sub(x).abs().max().compute())
    expect(right).toBe(await scanned.at('7, 9').compute())
    expect(getEngine().heapBytes).toBeGreaterThan(0)
    kept = []
    await collectUntil(() => usedBytes() <= before)
  })
})

test('a disk that cannot be written to ends the job that needed it alone', async () => {
  const { spillDirectory } = config()
  nd.configure({ spillDirectory: new URL(import.meta.url).pathname })
  const [failed, other] = await Promise.allSettled([
    total.compute({ memoryLimit: '900KiB' }),
    nd.arange(1e5, { chunks: 1000 }).sum().compute(),
  ])
  nd.configure({ spillDirectory: spillDirectory ?? (await import('node:os')).tmpdir() })
  expect(failed).toMatchObject({ status: 'rejected', reason: { name: 'StorageError' } })
  expect(other).toEqual({ status: 'fulfilled', value: 4999950000 })
  expect(await total.compute({ memoryLimit: '900KiB' })).toBe(await total.compute())
})

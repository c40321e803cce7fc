import type { NdArray } from 'ndarray'
import { afterAll, describe, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'

const r = nd.random

describe('expressions', () => {
  test('a seed gives the same numbers, whatever else', () => {
    expect(r.random([3], { seed: 7 }).expr).toBe(r.random([3], { seed: 7 }).expr)
    expect(r.random([3], { seed: 7 }).expr).toBe(r.defaultRng(7).random([3]).expr)
    expect(r.random([3], { seed: 'a' }).expr).not.toBe(r.random([3], { seed: 'b' }).expr)
    expect(r.random([3]).expr).not.toBe(r.random([3]).expr)
  })
  test('each call of a generator takes the next stream', () => {
    const [a, b] = [r.defaultRng(1), r.defaultRng(1n)]
    const first = a.random([2])
    expect(first.expr).toBe(b.random([2]).expr)
    expect(a.random([2]).expr).not.toBe(first.expr)
    expect(a.normal(0, 1, [2]).expr).not.toBe(a.normal(0, 1, [2]).expr)
  })
  test('shapes, chunks and dtypes', () => {
    expect(r.random().shape).toEqual([])
    expect(r.random(3).shape).toEqual([3])
    expect(r.normal(0, 1, [4, 4], { chunks: 3, dtype: 'float32' })).toMatchObject({
      dtype: 'float32',
      chunks: [
        [3, 1],
        [3, 1],
      ],
    })
    expect(r.uniform(-1, 1, [2], { dtype: 'float32' }).dtype).toBe('float32')
    expect(r.exponential(2, [2]).dtype).toBe('float64')
    expect(r.integers(0, 10, [2]).dtype).toBe('int64')
    expect(r.integers(0, 10, [2], { dtype: 'uint8' }).dtype).toBe('uint8')
    expect(r.normal([0, 10], 1, [3, 2]).shape).toEqual([3, 2])
    expect(r.choice(['x'].length + 4, [2]).dtype).toBe('int64')
    expect(r.choice([1.5, 2.5], [2, 2])).toMatchObject({ dtype: 'float64', shape: [2, 2] })
  })
  test('what is refused', () => {
    expect(() => r.random([NaN])).toThrow(nd.ShapeError)
    expect(() => r.random([2], { dtype: 'int32' })).toThrow(nd.DTypeError)
    expect(() => r.random([2], { seed: 1.5 })).toThrow(nd.NdloomError)
    expect(() => r.defaultRng(NaN)).toThrow(nd.NdloomError)
    expect(() => r.integers(5, 5, [2])).toThrow(/no integer/)
    expect(() => r.integers(0, 300, [2], { dtype: 'uint8' })).toThrow(nd.DTypeError)
    expect(() => r.integers(0.5, 3, [2])).toThrow(nd.ShapeError)
    expect(() => r.integers(0, 3, [2], { dtype: 'float64' })).toThrow(nd.DTypeError)
    expect(() => r.integers(0, 2n ** 63n + 1n, [1])).toThrow(nd.DTypeError)
    expect(() => r.choice(nd.ones([2, 2]), [2])).toThrow(nd.ShapeError)
    expect(() => r.choice([], [2])).toThrow(nd.ShapeError)
    expect(() => r.choice(5, [2], { replace: false })).toThrow(/not available yet/)
    expect(() => r.normal([0, 1, 2], 1, [2])).toThrow(nd.ShapeError)
    expect(() => r.normal(nd.zeros([3, 2]), 1, [2])).toThrow(/broadcast to \[3, 2\]/)
  })
})

const numbers = async (x: nd.ChunkedArray): Promise<readonly (number | bigint)[]> =>
  ((await x.ravel().compute()) as { data: Float64Array }).data as unknown as readonly number[]

describe('numbers', () => {
  afterAll(() => nd.shutdown())

  test('they do not depend on blocks, shape or workers', async () => {
    const of = (chunks: nd.ChunksOption, options?: nd.ComputeOptions) =>
      r.normal(3, 2, [40, 30], { seed: 5, chunks }).at('3:, ::2').compute<NdArray<Float64Array>>(options)
    const whole = await of(-1 as unknown as number[])
    for (const chunks of [7, [40, 1], [1, 30]]) expect((await of(chunks)).data).toEqual(whole.data)
    expect((await of(9, { scheduler: 'local' })).data).toEqual(whole.data)
  })
  test('moments', async () => {
    const n = 200_000
    const near = async (x: nd.ChunkedArray, mean: number, std: number) => {
      const [m, s] = (await nd.compute(x.mean(), x.std())) as number[]
      expect(Math.abs(m - mean)).toBeLessThan((5 * std) / Math.sqrt(n))
      expect(s / std).toBeCloseTo(1, 1)
    }
    const rng = r.defaultRng('moments')
    const chunks = 30_000
    await near(rng.random(n, { chunks }), 0.5, Math.sqrt(1 / 12))
    await near(rng.uniform(-2, 4, n, { chunks, dtype: 'float32' }), 1, Math.sqrt(3))
    await near(rng.normal(10, 3, n, { chunks }), 10, 3)
    await near(rng.exponential(2, n, { chunks }), 2, 2)
    await near(rng.integers(0, 6, n, { chunks, endpoint: true }), 3, 2)
    await near(rng.choice([1, 5], n, { chunks }), 3, 2)
  })
  test('integers stay in their range and reach its ends', async () => {
    for (const [low, high, dtype] of [
      [0n, 3n, 'int64'],
      [-2n, 2n, 'int8'],
      [250n, 256n, 'uint8'],
      [2n ** 64n - 3n, 2n ** 64n, 'uint64'],
      [-(2n ** 63n), -(2n ** 63n) + 4n, 'int64'],
    ] as const) {
      const found = new Set([...(await numbers(r.integers(low, high, 500, { seed: 1, dtype })))].map(BigInt))
      expect([...found].sort((a, b) => (a < b ? -1 : 1))).toEqual(
        Array.from({ length: Number(high - low) }, (_, i) => low + BigInt(i)),
      )
    }
  })
  test('wide ranges are the high half of an exact product', async () => {
    const seed = 9
    const bits = (await numbers(r.integers(0n, 2n ** 64n, 50, { seed, dtype: 'uint64' }))) as readonly bigint[]
    for (const range of [
      1n,
      10n,
      2n ** 31n,
      2n ** 32n,
      2n ** 32n + 1n,
      2n ** 63n,
      2n ** 64n - 1n,
      0x123456789abcdefn,
    ]) {
      const found = await numbers(r.integers(0n, range, 50, { seed, dtype: 'uint64' }))
      expect([...found]).toEqual([...bits].map((b) => (b * range) >> 64n))
    }
    const [low, high] = [-(2n ** 63n), 2n ** 63n]
    expect([...(await numbers(r.integers(low, high, 50, { seed })))]).toEqual(
      [...bits].map((b) => BigInt.asIntN(64, b + low)),
    )
  })
  test('choice takes the elements', async () => {
    const picked = await numbers(r.choice([1n, 2n ** 60n, -7n], [4, 25], { seed: 3, chunks: 10 }))
    expect(new Set(picked)).toEqual(new Set([1n, 2n ** 60n, -7n]))
    const flags = await r.choice([true, false], 50, { seed: 3 }).compute<NdArray<Uint8Array>>()
    expect(new Set(flags.data)).toEqual(new Set([0, 1]))
    expect(await r.choice([NaN], [], { seed: 1 }).compute()).toBeNaN()
  })
  test('fresh numbers differ', async () => {
    expect(await r.random().compute()).not.toBe(await r.random().compute())
  })
})

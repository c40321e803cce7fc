import { describe, expect, test } from 'vitest'
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

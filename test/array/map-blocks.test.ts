import { describe, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'

const x = nd.arange(10, { chunks: 4 })

describe('what mapBlocks builds', () => {
  test('dtype and blocks', () => {
    expect(x.mapBlocks((block) => block)).toMatchObject({ dtype: 'float64', chunks: [[4, 4, 2]] })
    expect(x.mapBlocks((block) => block, { dtype: 'int32', chunks: [1] })).toMatchObject({
      dtype: 'int32',
      shape: [3],
      chunks: [[1, 1, 1]],
    })
    expect(x.mapBlocks((block) => block, { chunks: [[8, 8, 4]] }).shape).toEqual([20])
  })
  test('several arrays are cut alike', () => {
    const both = nd.mapBlocks((a, b) => [a, b], [x, x.rechunk(3)])
    expect(both.chunks).toEqual([[4, 4, 2]])
    expect(nd.mapBlocks((a) => a, [nd.ones([3]), nd.ones([2, 3], { chunks: 1 })]).shape).toEqual([2, 3])
  })
  test('each call is a node of its own: a function may depend on more than its text', () => {
    const same = (block: unknown) => block
    expect(x.mapBlocks(same).expr).not.toBe(x.mapBlocks(same).expr)
  })
  test('what is refused', () => {
    expect(() => x.mapBlocks(Math.sqrt as never)).toThrow(/native/)
    expect(() => x.mapBlocks((() => 1).bind(null))).toThrow(/bound/)
    expect(() => x.mapBlocks('x => x' as never)).toThrow(nd.NdloomError)
    expect(() => nd.mapBlocks(() => 1, [])).toThrow(nd.ShapeError)
    expect(() => nd.mapBlocks((a) => a, [x, nd.ones([3])])).toThrow(nd.ShapeError)
    expect(() => x.mapBlocks((b) => b, { chunks: [[4, 4]] })).toThrow(nd.ChunkError)
    expect(() => x.mapBlocks((b) => b, { chunks: [0] })).toThrow(nd.ChunkError)
    expect(() => x.mapBlocks((b) => b, { chunks: [2, 2] })).toThrow(nd.ChunkError)
    expect(() => x.mapBlocks((b) => b, { dtype: 'x' as nd.DType })).toThrow(nd.DTypeError)
  })
})

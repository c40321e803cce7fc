import type { NdArray } from 'ndarray'
import { afterAll, describe, expect, test } from 'vitest'
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

describe('what mapBlocks computes', () => {
  afterAll(() => nd.shutdown())
  const list = async (y: nd.ChunkedArray) => Array.from(((await y.compute()) as NdArray<Float64Array>).data)

  test('the function sees blocks, their place and args', async () => {
    const y = x.mapBlocks(
      (block, { index, offset, args }) => {
        for (let i = 0; i < block.shape[0]; i++)
          block.set(i, block.get(i) * (args as number) + 100 * index[0] + 1000 * offset[0])
        return block
      },
      { args: 2 },
    )
    expect(await list(y)).toEqual([0, 2, 4, 6, 4108, 4110, 4112, 4114, 8216, 8218])
    expect(await list(x)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })
  test('it may be async, change the shape and the dtype, and be called as a method', async () => {
    const functions = {
      async first(block: nd.Block) {
        await null
        return block.hi(1)
      },
    }
    expect(await list(x.mapBlocks(functions.first, { chunks: [1], dtype: 'int32' }))).toEqual([0, 4, 8])
  })
  test('blocks of several arrays come together', async () => {
    const y = nd.mapBlocks(
      (a, b) => {
        for (let i = 0; i < a.shape[0]; i++) a.set(i, a.get(i) - b.get(i))
        return a
      },
      [x, x.rechunk(3).mul(2)],
    )
    expect(await list(y)).toEqual([0, -1, -2, -3, -4, -5, -6, -7, -8, -9])
  })
  test('an outside name is named, and the pool is usable afterwards', async () => {
    const outside = 3
    expect(() => x.mapBlocks((block) => block.hi(outside))).toThrow(/refers to outside/)
    await expect(x.mapBlocks(() => 5).compute()).rejects.toThrow(nd.TaskError)
    expect(await list(x.mapBlocks((block) => block))).toHaveLength(10)
  })
})

import { describe, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'
import { expectArray, testEngine } from './values.ts'

const x = nd.arange(6).reshape([2, 3])
const y = nd.zeros([2, 3, 4], { chunks: [1, 2, 3] })

describe('axes in another order', () => {
  test('transposes', () => {
    expectArray(x.T, [
      [0, 3],
      [1, 4],
      [2, 5],
    ])
    expect(y.T.shape).toEqual([4, 3, 2])
    expect(y.mT.shape).toEqual([2, 4, 3])
    expect(y.T.chunks).toEqual([
      [3, 1],
      [2, 1],
      [1, 1],
    ])
    expectArray(x.T.T, [
      [0, 1, 2],
      [3, 4, 5],
    ])
    expect(nd.matrixTranspose(y).expr).toBe(y.mT.expr)
    expect(() => nd.arange(3).mT).toThrow(nd.ShapeError)
    expect(nd.arange(3).T.shape).toEqual([3])
  })
  test('permuteDims, moveaxis, swapaxes', () => {
    expect(y.permuteDims([2, 0, 1]).shape).toEqual([4, 2, 3])
    expect(y.permuteDims([-1, 0, 1]).expr).toBe(y.permuteDims([2, 0, 1]).expr)
    expect(y.moveaxis(0, -1).shape).toEqual([3, 4, 2])
    expect(y.moveaxis([0, 1], [-1, 0]).shape).toEqual([3, 4, 2])
    expect(y.moveaxis([2, 0], [0, 1]).shape).toEqual([4, 2, 3])
    expect(y.swapaxes(0, 2).shape).toEqual([4, 3, 2])
    expectArray(nd.permuteDims(x, [1, 0]), [
      [0, 3],
      [1, 4],
      [2, 5],
    ])
    for (const axes of [
      [0, 1],
      [0, 0, 1],
      [0, 1, 3],
      [0, 1, 2, 2],
    ])
      expect(() => y.permuteDims(axes)).toThrow(nd.ShapeError)
    expect(() => y.moveaxis([0, 1], [0])).toThrow(nd.ShapeError)
    expect(() => y.moveaxis(0, 3)).toThrow(nd.ShapeError)
  })
  test('flip and roll', () => {
    expectArray(x.flip(), [
      [5, 4, 3],
      [2, 1, 0],
    ])
    expectArray(x.flip(1), [
      [2, 1, 0],
      [5, 4, 3],
    ])
    expectArray(nd.flip(x, { axis: [0] }), [
      [3, 4, 5],
      [0, 1, 2],
    ])
    expectArray(x.roll(1, 1), [
      [2, 0, 1],
      [5, 3, 4],
    ])
    expectArray(x.roll(-1), [
      [1, 2, 3],
      [4, 5, 0],
    ])
    expectArray(x.roll([1, -1], { axis: [0, 1] }), [
      [4, 5, 3],
      [1, 2, 0],
    ])
    expectArray(x.roll(7, 1), [
      [2, 0, 1],
      [5, 3, 4],
    ])
    expectArray(x.roll(1, [0, 1]), [
      [5, 3, 4],
      [2, 0, 1],
    ])
    expect(x.roll(3, 1).expr).toBe(x.expr)
    expect(nd.zeros([0]).roll(2).shape).toEqual([0])
    expect(() => x.roll(0.5)).toThrow(nd.ShapeError)
    expect(() => x.roll([1, 2, 3], [0, 1])).toThrow(nd.ShapeError)
  })
})

describe('shapes', () => {
  test('reshape', () => {
    expectArray(x.reshape([3, 2]), [
      [0, 1],
      [2, 3],
      [4, 5],
    ])
    expectArray(x.reshape([3, -1]), [
      [0, 1],
      [2, 3],
      [4, 5],
    ])
    expectArray(x.ravel(), [0, 1, 2, 3, 4, 5])
    expect(nd.zeros([0, 3]).reshape([3, 0]).shape).toEqual([3, 0])
    expect(nd.ones([1, 1]).reshape([]).shape).toEqual([])
    for (const shape of [[4], [-1, -1], [5, -1], [NaN, 2], [2.5, -1], [-2, -3]])
      expect(() => x.reshape(shape), `${shape}`).toThrow(nd.ShapeError)
    expect(() => nd.zeros([0, 3]).reshape([0, -1])).toThrow(nd.ShapeError)
  })
  test('expandDims and squeeze', () => {
    expect(x.expandDims().shape).toEqual([1, 2, 3])
    expect(x.expandDims(-1).shape).toEqual([2, 3, 1])
    expect(x.expandDims([0, 2]).shape).toEqual([1, 2, 1, 3])
    expectArray(x.expandDims({ axis: 1 }), [[[0, 1, 2]], [[3, 4, 5]]])
    expect(nd.ones([1, 2, 1]).squeeze().shape).toEqual([2])
    expect(nd.ones([1, 2, 1]).squeeze(-1).shape).toEqual([1, 2])
    expectArray(x.expandDims(1).squeeze({ axis: 1 }), [
      [0, 1, 2],
      [3, 4, 5],
    ])
    expect(() => x.squeeze(0)).toThrow(/axis 0 has extent 2/)
    expect(() => x.expandDims(3)).toThrow(nd.ShapeError)
  })
  test('broadcasting', () => {
    expectArray(nd.broadcastTo([1, 2], [2, 2]), [
      [1, 2],
      [1, 2],
    ])
    const [a, b] = nd.broadcastArrays(nd.zeros([3, 1]), nd.ones([2]))
    expect([a.shape, b.shape]).toEqual([
      [3, 2],
      [3, 2],
    ])
    expect(nd.broadcastShapes([3, 1], [4], [])).toEqual([3, 4])
    expect(nd.broadcastTo(nd.zeros([1]), [0]).shape).toEqual([0])
    expect(() => x.broadcastTo([3, 3])).toThrow(nd.ShapeError)
    expect(() => x.broadcastTo([3])).toThrow(nd.ShapeError)
    expect(() => nd.broadcastArrays([1, 2], [1, 2, 3])).toThrow(
      'broadcastArrays: shapes [2] and [3] do not broadcast (axis 0: 2 and 3)',
    )
  })
})

describe('joining', () => {
  test('concat', () => {
    expectArray(nd.concat([x, x.at('0:1')]), [
      [0, 1, 2],
      [3, 4, 5],
      [0, 1, 2],
    ])
    expectArray(nd.concat([x, [[7], [8]]], { axis: 1 }), [
      [0, 1, 2, 7],
      [3, 4, 5, 8],
    ])
    expectArray(nd.concat([x, 9], { axis: null }), [0, 1, 2, 3, 4, 5, 9])
    expectArray(nd.concat([[1n], [true], new Int8Array([3])]), [1n, 1n, 3n], 'int64')
    expectArray(nd.concat([nd.zeros([0]), [1]]), [1])
    expect(nd.concat([nd.zeros([0, 2]), nd.zeros([0, 2])]).shape).toEqual([0, 2])
    expect(() => nd.concat([])).toThrow(nd.ShapeError)
    expect(() => nd.concat([x, [1, 2, 3]])).toThrow(/expandDims/)
    expect(() => nd.concat([x, nd.ones([2, 2])])).toThrow(/\[2, 3\] and \[2, 2\]/)
    expect(() => nd.concat([1, 2])).toThrow(/stack/)
  })
  test('stack and unstack', () => {
    expectArray(
      nd.stack([
        [1, 2],
        [3, 4],
      ]),
      [
        [1, 2],
        [3, 4],
      ],
    )
    expectArray(nd.stack([nd.array([1, 2]), [3, 4]], -1), [
      [1, 3],
      [2, 4],
    ])
    expectArray(nd.stack([1, 2n]), [1, 2], 'float64')
    const rows = x.unstack()
    expect(rows).toHaveLength(2)
    expectArray(rows[1], [3, 4, 5])
    expectArray(nd.unstack(x, { axis: -1 })[2], [2, 5])
    expect(() => nd.stack([[1], [1, 2]])).toThrow(nd.ShapeError)
    expect(() => nd.array(1).unstack()).toThrow(nd.ShapeError)
  })
  test('tile and repeat', () => {
    expectArray(nd.tile([1, 2], 2), [1, 2, 1, 2])
    expectArray(nd.tile([1, 2], [2, 2]), [
      [1, 2, 1, 2],
      [1, 2, 1, 2],
    ])
    expectArray(x.tile([2, 1]), [
      [0, 1, 2],
      [3, 4, 5],
      [0, 1, 2],
      [3, 4, 5],
    ])
    expect(x.tile([2, 0]).shape).toEqual([4, 0])
    expect(x.tile([]).shape).toEqual([2, 3])
    expectArray(nd.repeat([1, 2], 2), [1, 1, 2, 2])
    expectArray(x.repeat(2, 1), [
      [0, 0, 1, 1, 2, 2],
      [3, 3, 4, 4, 5, 5],
    ])
    expectArray(x.repeat([1, 2], { axis: 0 }), [
      [0, 1, 2],
      [3, 4, 5],
      [3, 4, 5],
    ])
    expectArray(x.repeat(2), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
    expectArray(nd.repeat([1, 2, 3], [2, 0, 1]), [1, 1, 3])
    expect(x.repeat(0, 0).shape).toEqual([0, 3])
    expect(() => x.repeat(-1)).toThrow(nd.ShapeError)
    expect(() => x.repeat([1, 2, 3], 0)).toThrow(nd.ShapeError)
    expect(() => x.tile(NaN)).toThrow(nd.ShapeError)
  })
})

test('rechunk', () => {
  const cut = x.rechunk([1, 2])
  expect(cut.chunks).toEqual([
    [1, 1],
    [2, 1],
  ])
  expectArray(cut, [
    [0, 1, 2],
    [3, 4, 5],
  ])
  expect(cut.rechunk([1, 2]).expr).toBe(cut.expr)
  expect(cut.rechunk().chunks).toEqual([[2], [3]])
  expect(x.rechunk([[1, 1], -1]).chunks).toEqual([[1, 1], [3]])
  expect(() => x.rechunk([[1, 2], 3])).toThrow(nd.ChunkError)
  expect(() => x.rechunk([1])).toThrow(nd.ChunkError)
})

testEngine()

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'
import { expectArray, plain, testEngine } from './values.ts'

const a = nd.array(
  [
    [1, 2, 3],
    [4, 5, 6],
  ],
  { chunks: [1, 2] },
)
const b = nd.array(
  [
    [1, 0],
    [2, 1],
    [0, 3],
  ],
  { chunks: 2 },
)

describe('matmul', () => {
  test('matrices, rows and columns', () => {
    expectArray(a.matmul(b), [
      [5, 11],
      [14, 23],
    ])
    expectArray(a.matmul([1, 1, 1]), [6, 15])
    expectArray(nd.matmul([1, 1], a), [5, 7, 9])
    expectArray(nd.matmul([1, 2, 3], [4, 5, 6]), 32)
  })
  test('axes before the last two broadcast', () => {
    const batch = nd.arange(12).reshape([2, 2, 3])
    expect(batch.matmul(b).shape).toEqual([2, 2, 2])
    expectArray(batch.matmul(b), [
      [
        [2, 7],
        [11, 19],
      ],
      [
        [20, 31],
        [29, 43],
      ],
    ])
    expect(nd.ones([4, 1, 2, 3]).matmul(nd.ones([5, 3, 7])).shape).toEqual([4, 5, 2, 7])
    expectArray(batch.matmul([1, 0, 0]), [
      [0, 3],
      [6, 9],
    ])
  })
  test('dtypes promote and stay', () => {
    const ints = nd.ones([2, 2], { dtype: 'int32' })
    expectArray(
      ints.matmul(ints),
      [
        [2, 2],
        [2, 2],
      ],
      'int32',
    )
    expect(ints.matmul(nd.ones([2, 2], { dtype: 'float32' })).dtype).toBe('float64')
    expectArray(nd.matmul([[true, false]], [[true], [true]]), [[true]], 'bool')
    expectArray(nd.matmul([[{ re: 0, im: 1 }]], [[{ re: 0, im: 1 }]]), [[{ re: -1, im: 0 }]], 'complex128')
    const wrapping = nd.full([1, 2], 100, { dtype: 'int8' })
    expectArray(wrapping.matmul(wrapping.T), [[32]], 'int8')
  })
  test('over no elements', () => {
    expectArray(nd.zeros([2, 0]).matmul(nd.zeros([0, 1])), [[0], [0]])
  })
  test('blocks are those of rows and columns', () => {
    const big = nd.zeros([1000, 1000], { chunks: 100 })
    expect(big.matmul(big).numblocks).toEqual([10, 10])
  })
  test('shapes that do not fit', () => {
    expect(() => a.matmul(a)).toThrow(
      'matmul: shapes [2, 3] and [2, 3] do not fit (axis 1 has 3, axis 0 has 2); make them equal',
    )
    expect(() => a.matmul(1)).toThrow(nd.ShapeError)
    expect(() => nd.ones([2, 2, 2]).matmul(nd.ones([3, 2, 2]))).toThrow(nd.ShapeError)
    expect(() => a.matmul([1, 2])).toThrow(nd.ShapeError)
  })
})

test('tensordot', () => {
  expectArray(nd.tensordot(a, b, { axes: 1 }), [
    [5, 11],
    [14, 23],
  ])
  expectArray(a.tensordot(a), 91)
  expectArray(
    nd.tensordot(a, b, {
      axes: [
        [0, 1],
        [1, 0],
      ],
    }),
    28,
  )
  expectArray(nd.tensordot([1, 2], [3, 4], 0), [
    [3, 4],
    [6, 8],
  ])
  expect(
    nd.tensordot(nd.ones([2, 3, 4]), nd.ones([4, 3, 5]), {
      axes: [
        [1, 2],
        [1, 0],
      ],
    }).shape,
  ).toEqual([2, 5])
  expect(() => a.tensordot(b)).toThrow(nd.ShapeError)
  expect(() => a.tensordot(b, 3)).toThrow(nd.ShapeError)
  expect(() => a.tensordot(b, { axes: [[0], [0, 1]] })).toThrow(nd.ShapeError)
})

test('vecdot conjugates the left one', () => {
  expectArray(nd.vecdot([1, 2], [3, 4]), 11)
  expectArray(a.vecdot(a), [14, 77])
  expectArray(a.vecdot([1, 0, 1]), [4, 10])
  expectArray(nd.vecdot(a, a, { axis: 0 }), [17, 29, 45])
  expectArray(nd.vecdot([{ re: 0, im: 1 }], [{ re: 0, im: 1 }]), { re: 1, im: 0 })
  expect(() => a.vecdot([1, 2])).toThrow(nd.ShapeError)
})

test('outer', () => {
  expectArray(
    nd.outer([1, 2], [10n, 20n]),
    [
      [10, 20],
      [20, 40],
    ],
    'float64',
  )
  expect(a.outer(b).shape).toEqual([6, 6])
})

test('matmul is the sum of products for any shapes and blocks', () => {
  const extent = fc.integer({ min: 1, max: 5 })
  fc.assert(
    fc.property(extent, extent, extent, extent, extent, (n, k, m, chunkA, chunkB) => {
      const left = nd
        .arange(BigInt(n * k))
        .reshape([n, k])
        .rechunk(chunkA)
      const right = nd
        .arange(BigInt(k * m))
        .reshape([k, m])
        .rechunk(chunkB)
      const wanted = Array.from({ length: n }, (_, i) =>
        Array.from({ length: m }, (_, j) => {
          let sum = 0
          for (let s = 0; s < k; s++) sum += (i * k + s) * (s * m + j)
          return BigInt(sum)
        }),
      )
      expect(plain(left.matmul(right))).toEqual(wanted)
    }),
    { numRuns: 50 },
  )
})

testEngine()

import { describe, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'
import { expectArray, testEngine } from './values.ts'

const x = nd.array(
  [
    [1, 2, 3],
    [4, 5, 6],
  ],
  { chunks: [1, 2] },
)

describe('reductions', () => {
  test('over all axes, one, several, none', () => {
    expectArray(x.sum(), 21, 'float64')
    expectArray(x.sum(0), [5, 7, 9])
    expectArray(x.sum(-1), [6, 15])
    expectArray(x.sum([0, 1]), 21)
    expectArray(x.sum({ axis: [1] }), [6, 15])
    expectArray(x.sum([]), [
      [1, 2, 3],
      [4, 5, 6],
    ])
    expectArray(x.sum(null), 21)
    expectArray(nd.sum([1n, 2n]), 3n, 'int64')
  })
  test('keepdims', () => {
    expectArray(x.mean({ axis: 0, keepdims: true }), [[2.5, 3.5, 4.5]])
    expectArray(x.max({ keepdims: true }), [[6]])
    expectArray(nd.argmax(x, { axis: 1, keepdims: true }), [[2n], [2n]], 'int64')
    expect(nd.ones([2, 3, 4]).sum({ axis: [0, 2], keepdims: true }).shape).toEqual([1, 3, 1])
  })
  test('other options may follow bare axes', () => {
    expectArray(x.sum(0, { keepdims: true }), [[5, 7, 9]])
    expectArray(x.var([0, 1], { correction: 1 }), 3.5)
    expectArray(nd.argmin(x, 1, { keepdims: true }), [[0n], [0n]])
    expectArray(nd.cumulativeSum([1, 2], 0, { includeInitial: true }), [0, 1, 3])
    expectArray(nd.sum([1n, 2n], null, { dtype: 'float32' }), 3, 'float32')
  })
  test('dtypes of results', () => {
    const of = (dtype: nd.DType) => nd.ones([2], { dtype })
    expect((['bool', 'int8', 'uint8', 'float32', 'complex64'] as const).map((d) => of(d).sum().dtype)).toEqual([
      'int64',
      'int64',
      'uint64',
      'float32',
      'complex64',
    ])
    expect(of('int8').mean().dtype).toBe('float64')
    expect(of('float32').std().dtype).toBe('float32')
    expect(of('int16').min().dtype).toBe('int16')
    expect(of('float32').sum({ dtype: 'float64' }).dtype).toBe('float64')
    expect(of('int8').prod({ dtype: 'int8' }).dtype).toBe('int8')
    expect(of('uint8').countNonzero().dtype).toBe('int64')
    expect(of('float64').any().dtype).toBe('bool')
  })
  test('values', () => {
    expectArray(x.prod(), 720)
    expectArray(x.var(), 35 / 12)
    expectArray(x.var({ axis: 1, correction: 1 }), [1, 1])
    expectArray(nd.std([1, 3], { correction: 0 }), 1)
    expectArray(nd.var([1, 2], { correction: 2 }), Infinity)
    expectArray(nd.var([1, { re: 2, im: 0 }], { correction: 2 }), Infinity, 'float64')
    expectArray(nd.std([1, { re: 1, im: 0 }], { correction: 3 }), NaN, 'float64')
    expectArray(nd.var([1, { re: 3, im: 2 }], { correction: 1 }), 4, 'float64')
    expectArray(x.argmin(), 0n, 'int64')
    expectArray(x.argmax(0), [1n, 1n, 1n])
    expectArray(
      nd.any(
        [
          [0, 0],
          [0, NaN],
        ],
        1,
      ),
      [false, true],
    )
    expectArray(x.all(), true)
    expectArray(
      nd.countNonzero(
        [
          [0, 1],
          [2, 3],
        ],
        { axis: 0 },
      ),
      [1n, 2n],
    )
    expectArray(nd.max([1, NaN, 2]), NaN)
  })
  test('over no elements', () => {
    const none = nd.zeros([0, 3])
    expectArray(none.sum(0), [0, 0, 0])
    expectArray(none.prod(0), [1, 1, 1])
    expectArray(none.mean(0), [NaN, NaN, NaN])
    expectArray(none.all(), true)
    expectArray(nd.zeros([0], { dtype: 'complex64' }).mean(), { re: NaN, im: NaN }, 'complex64')
    expect(none.max(1).shape).toEqual([0])
    expect(() => none.max(0)).toThrow(nd.ShapeError)
    expect(() => none.argmin()).toThrow(nd.ShapeError)
  })
  test('bad axes and options', () => {
    expect(() => x.sum(2)).toThrow(/axis 2 is out of range/)
    expect(() => x.sum([0, 0])).toThrow(nd.ShapeError)
    expect(() => x.sum([0, -2])).toThrow(nd.ShapeError)
    expect(() => x.sum(0.5)).toThrow(nd.ShapeError)
    expect(() => x.sum({ dtype: 'int' as nd.DType })).toThrow(nd.DTypeError)
    expect(() => x.var({ correction: NaN })).toThrow(nd.ShapeError)
    expect(() => x.argmax([0, 1] as unknown as number)).toThrow(nd.ShapeError)
    expect(() => nd.min({ re: 1, im: 1 })).toThrow(nd.DTypeError)
  })
})

describe('cumulative', () => {
  test('sums and products', () => {
    expectArray(nd.cumulativeSum([1, 2, 3]), [1, 3, 6])
    expectArray(x.cumulativeSum({ axis: 0 }), [
      [1, 2, 3],
      [5, 7, 9],
    ])
    expectArray(x.cumulativeProd(-1), [
      [1, 2, 6],
      [4, 20, 120],
    ])
    expectArray(nd.cumulativeSum([true, true]), [1n, 2n], 'int64')
    expectArray(nd.cumulativeProd([1n, 2n], { dtype: 'float32' }), [1, 2], 'float32')
  })
  test('a sum of negative zeros is -0 in both parts', () => {
    expectArray(nd.cumulativeSum([-0, -0]), [-0, -0])
    const zeros = nd.full([2], { re: -0, im: -0 }, { chunks: 1 })
    for (const part of [zeros.cumulativeSum(), zeros.rechunk(2).cumulativeSum()])
      expectArray(nd.concat([nd.signbit(part.real()), nd.signbit(part.imag())]), [true, true, true, true])
  })
  test('the value of no elements may come first', () => {
    expectArray(nd.cumulativeSum([1, 2], { includeInitial: true }), [0, 1, 3])
    expectArray(x.cumulativeProd({ axis: 1, includeInitial: true }), [
      [1, 1, 2, 6],
      [1, 4, 20, 120],
    ])
    expectArray(nd.cumulativeSum(nd.zeros([0]), { includeInitial: true }), [0])
  })
  test('bad axes', () => {
    expect(() => x.cumulativeSum()).toThrow(/axis option/)
    expect(() => nd.cumulativeSum(1)).toThrow(nd.ShapeError)
    expect(() => x.cumulativeSum(2)).toThrow(nd.ShapeError)
  })
})

testEngine()

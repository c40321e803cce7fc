import { describe, expect, test } from 'vitest'
import * as functions from '../../src/array/elementwise.ts'
import * as nd from '../../src/index.ts'
import { elementwise } from '../../src/ops/elementwise.ts'
import { expectArray, testEngine } from './values.ts'

const made = ['clip']

test('every record has its function, and every function its record', () => {
  expect(
    Object.keys(functions)
      .filter((name) => !made.includes(name))
      .sort(),
  ).toEqual(Object.keys(elementwise).sort())
})

test.each(Object.values(elementwise).map((record) => [record.name, record] as const))(
  '%s calls its record',
  (name, { arity }) => {
    const call = Object.entries(functions).find(([key]) => key === name)![1] as (
      ...operands: nd.Operand[]
    ) => nd.ChunkedArray
    const dtype = (['bool', 'int64', 'float64'] as const).find((d) => elementwise[name].signature(d))!
    const operand = nd.ones([3], { dtype })
    const { expr } = name === 'where' ? call(true, operand, operand) : call(...new Array(arity).fill(operand))
    expect(expr).toMatchObject({ kind: 'elementwise', name, shape: [3] })
  },
)

describe('operands', () => {
  const x = nd.array([1n, 2n, 3n])
  test('scalars are weak beside arrays', () => {
    expectArray(x.add(1), [2n, 3n, 4n], 'int64')
    expectArray(x.add(0.5), [1.5, 2.5, 3.5], 'float64')
    expectArray(nd.ones([1], { dtype: 'float32' }).mul(0.1), [Math.fround(0.1)], 'float32')
    expectArray(nd.ones([1], { dtype: 'int8' }).sub(true), [0], 'int8')
    expect(() => nd.ones([1], { dtype: 'uint8' }).add(256)).toThrow(nd.DTypeError)
    expect(x.add({ re: 0, im: 1 }).dtype).toBe('complex128')
  })
  test('scalars alone make a 0-d array', () => {
    expectArray(nd.add(1, 2n), 3, 'float64')
    expectArray(nd.add(1n, 2n), 3n, 'int64')
    expectArray(nd.where(true, 1, 2), 1, 'float64')
    expectArray(nd.isnan(NaN), true, 'bool')
  })
  test('arrays promote', () => {
    const pairs = [
      ['int8', 'uint8', 'int16'],
      ['int64', 'uint64', 'float64'],
      ['int32', 'float32', 'float64'],
      ['int16', 'float32', 'float32'],
      ['float64', 'complex64', 'complex128'],
      ['bool', 'uint16', 'uint16'],
    ] as const
    for (const [a, b, wanted] of pairs)
      expect(nd.zeros([1], { dtype: a }).add(nd.zeros([1], { dtype: b })).dtype).toBe(wanted)
  })
  test('data stands for the array of it', () => {
    expectArray(nd.add([1, 2], [[10], [20]]), [
      [11, 12],
      [21, 22],
    ])
    expectArray(x.mul(new Int8Array([1, 0, 2])), [1n, 0n, 6n], 'int64')
  })
  test('shapes that do not fit are named', () => {
    expect(() => nd.ones([4, 3]).add(nd.ones([4, 2]))).toThrow(
      'add: shapes [4, 3] and [4, 2] do not broadcast (axis 1: 3 and 2)',
    )
    expect(() => nd.ones([2]).sub([1, 2, 3])).toThrow(nd.ShapeError)
  })
  test('dtypes that are not defined are named', () => {
    expect(() => nd.floor(nd.zeros([1], { dtype: 'complex64' }))).toThrow(/^floor.*complex64/)
    expect(() => nd.bitwiseAnd(1.5, 2)).toThrow(nd.DTypeError)
  })
})

describe('functions made of others', () => {
  test('where', () => {
    const x = nd.array([1, -2, NaN])
    expectArray(nd.where(x.gt(0), x, 0), [1, 0, 0], 'float64')
    expectArray(nd.where([1, 0], 5n, -5n), [5n, -5n], 'int64')
    expectArray(x.gt(0).where([1n, 2n, 3n], 0), [1n, 0n, 0n], 'int64')
    expect(nd.where(nd.ones([2, 1], { dtype: 'bool' }), nd.zeros([3]), 1).shape).toEqual([2, 3])
  })
  test('clip', () => {
    const x = nd.array([-5, 0.5, 9, NaN, -0])
    expectArray(x.clip(0, 1), [0, 0.5, 1, NaN, 0])
    expectArray(x.clip(null, 1).at(':3'), [-5, 0.5, 1])
    expectArray(nd.clip(x, 0).at(':3'), [0, 0.5, 9])
    expect(x.clip().expr).toBe(x.expr)
    expectArray(nd.clip([1n, 9n], 2, [3n, 4n]), [2n, 4n], 'int64')
  })
  test('short names are the standard ones', () => {
    const x = nd.array([1, 2])
    const short = {
      sub: 'subtract',
      mul: 'multiply',
      div: 'divide',
      eq: 'equal',
      ne: 'notEqual',
      lt: 'less',
      le: 'lessEqual',
      gt: 'greater',
      ge: 'greaterEqual',
      pow: 'pow',
    } as const
    for (const [name, long] of Object.entries(short))
      expect(x[name as keyof typeof short](3).expr).toBe(x[long](3).expr)
    expect(x.neg().expr).toBe(x.negative().expr)
  })
  test('equal expressions are one object', () => {
    const x = nd.random.random([4], { seed: 1 })
    expect(x.add(1).mul(2).expr).toBe(x.add(1).mul(2).expr)
    expect(x.add(0).expr).not.toBe(x.add(-0).expr)
  })
})

describe('dtypes', () => {
  test('astype', () => {
    const x = nd.array([1.9, -1.9, 0, NaN])
    expectArray(x.astype('int32').at(':3'), [1, -1, 0], 'int32')
    expectArray(x.astype('bool'), [true, true, false, true], 'bool')
    expect(x.astype('float64').expr).toBe(x.expr)
    expectArray(nd.astype([-1], 'uint8'), [255], 'uint8')
    expect(() => x.astype('float16' as nd.DType)).toThrow(nd.DTypeError)
    expect(() => nd.astype({ re: 1, im: 2 }, 'float64')).toThrow(/x\.real\(\)/)
    expectArray(nd.astype({ re: 0, im: 2 }, 'bool'), true)
  })
  test('comparisons of int64 with uint64 are exact', () => {
    const signed = nd.array([2n ** 63n - 1n, -1n, -(2n ** 63n), 2n ** 53n, 7n])
    const unsigned = nd.array([2n ** 63n, 2n ** 64n - 1n, 2n ** 63n, 2n ** 53n + 1n, 7n], { dtype: 'uint64' })
    expectArray(signed.eq(unsigned), [false, false, false, false, true])
    expectArray(unsigned.ne(signed), [true, true, true, true, false])
    expectArray(signed.lt(unsigned), [true, true, true, true, false])
    expectArray(unsigned.le(signed), [false, false, false, false, true])
    expectArray(signed.ge(unsigned), [false, false, false, false, true])
    expectArray(unsigned.gt(nd.array([-1], { dtype: 'int8' })), [true, true, true, true, true])
  })
  test('bool beside an integer beyond int64', () => {
    expectArray(nd.less([true, false], 1e39), [true, true], 'bool')
    expectArray(nd.equal(10n ** 30n, [true, false]), [false, false], 'bool')
  })
  test('resultType, canCast, promoteTypes', () => {
    expect(nd.resultType('int8', nd.zeros([1], { dtype: 'uint8' }))).toBe('int16')
    expect(nd.resultType('int8', 1)).toBe('int8')
    expect(nd.resultType('int8', 0.5)).toBe('float64')
    expect(nd.resultType(1, 2n)).toBe('float64')
    expect(nd.resultType('int16', 'uint16', 'float32')).toBe('float32')
    expect(nd.concat([nd.ones(1, { dtype: 'int8' }), new Uint8Array(1), new Float32Array(1)]).dtype).toBe('float32')
    expect(nd.promoteTypes('uint32', 'int32')).toBe('int64')
    expect(nd.canCast('int32', 'float64')).toBe(true)
    expect(nd.canCast('float64', 'float32')).toBe(false)
    expect(nd.canCast(nd.zeros([1], { dtype: 'uint8' }), 'int16')).toBe(true)
    expect(() => nd.resultType()).toThrow(nd.DTypeError)
    expect(() => nd.canCast('a' as nd.DType, 'int8')).toThrow(nd.DTypeError)
  })
  test('limits', () => {
    expect(nd.finfo('float64')).toEqual({
      bits: 64,
      eps: Number.EPSILON,
      max: Number.MAX_VALUE,
      min: -Number.MAX_VALUE,
      smallestNormal: 2.2250738585072014e-308,
      dtype: 'float64',
    })
    expect(nd.finfo('complex64')).toMatchObject({
      bits: 32,
      max: 3.4028234663852886e38,
      eps: 1.1920928955078125e-7,
      dtype: 'float32',
    })
    expect(nd.iinfo('int64')).toEqual({ bits: 64, min: -(2n ** 63n), max: 2n ** 63n - 1n, dtype: 'int64' })
    expect(nd.iinfo(nd.zeros([1], { dtype: 'uint8' }))).toMatchObject({ min: 0, max: 255 })
    expect(() => nd.finfo('int8')).toThrow(nd.DTypeError)
    expect(() => nd.iinfo('bool')).toThrow(nd.DTypeError)
  })
  test('isdtype', () => {
    expect(nd.isdtype('int8', 'signed integer')).toBe(true)
    expect(nd.isdtype('uint8', 'integral')).toBe(true)
    expect(nd.isdtype('bool', 'numeric')).toBe(false)
    expect(nd.isdtype('float32', ['bool', 'real floating'])).toBe(true)
    expect(nd.isdtype('complex64', 'complex128')).toBe(false)
    expect(() => nd.isdtype('int8', 'whole')).toThrow(nd.DTypeError)
    expect(nd.dtypes).toHaveLength(13)
  })
})

testEngine()

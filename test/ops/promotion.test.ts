import { describe, expect, test } from 'vitest'
import { canCastTo, type DType, dtypes, promoteTypes, type Value, weakType } from '../../src/core/dtype.ts'
import { DTypeError } from '../../src/core/errors.ts'
import { readFixture } from './fixtures.ts'

type Table = Record<DType, Record<string, DType>>
const { pairs, weak } = readFixture<{ pairs: Table; weak: Table }>('promotion')
const scalars: Record<string, Value> = { integer: 1, fraction: 0.5, complex: { re: 0, im: 1 }, bool: true }

describe('promotion is that of NumPy', () => {
  for (const dtype of dtypes)
    test(dtype, () => {
      for (const other of dtypes) expect(promoteTypes(dtype, other), `${dtype} with ${other}`).toBe(pairs[dtype][other])
      for (const [kind, scalar] of Object.entries(scalars))
        expect(weakType(scalar, dtype), `${dtype} with the scalar ${kind}`).toBe(weak[dtype][kind])
    })
})

test('a bigint is as weak as an integral number', () => {
  expect(weakType(3n, 'int8')).toBe('int8')
  expect(weakType(3n, 'float32')).toBe('float32')
})

test('an integer that does not fit is refused', () => {
  expect(() => weakType(300, 'int8')).toThrow(DTypeError)
  expect(() => weakType(-1, 'uint64')).toThrow(DTypeError)
  expect(() => weakType(2n ** 63n, 'int64')).toThrow(DTypeError)
  expect(weakType(Number.POSITIVE_INFINITY, 'int8')).toBe('float64')
})

test('casts without loss go up the table only', () => {
  expect([canCastTo('int32', 'float64'), canCastTo('int64', 'int32'), canCastTo('uint8', 'int8')]).toEqual([
    true,
    false,
    false,
  ])
})

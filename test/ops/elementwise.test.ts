import { describe, expect, test } from 'vitest'
import { type DType, dtypes, isComplex, isFloating, type RealDType, type Value } from '../../src/core/dtype.ts'
import { elementwise } from '../../src/ops/elementwise.ts'
import { decode, type Inputs, type Results, readFixture, same, ulpsApart } from './fixtures.ts'

const inputs = readFixture<Inputs>('inputs')
const signatures = readFixture<Record<string, Record<DType, DType | null>>>('signatures')

/** Deviations from NumPy that are meant. */
const deviations: Record<string, Partial<Record<DType, DType>>> = {
  // NumPy rounds bool as float16, which does not exist here.
  round: { bool: 'int8' },
}
const ordered = ['maximum', 'minimum', 'less', 'lessEqual', 'greater', 'greaterEqual']

function expectedOutput(name: string, dtype: DType): DType | undefined {
  // Complex numbers have no order here, as in the standard; NumPy compares them by parts.
  if (ordered.includes(name) && isComplex(dtype)) return undefined
  return deviations[name]?.[dtype] ?? signatures[name][dtype] ?? undefined
}

/** NumPy refuses negative exponents of integers, and leaves the reciprocal of 0 to the machine. */
const undefinedForIntegers = (name: string, [x, y]: Value[]): boolean =>
  (name === 'pow' && Number(y) < 0) || (name === 'reciprocal' && Number(x) === 0)

/** The sum in logaddexp is rounded by the size of its terms. */
const cancels = (name: string, a: number, b: number, operands: Value[]): boolean =>
  name === 'logaddexp' && Math.abs(a - b) <= 2 ** -52 * Math.max(...operands.map((x) => Math.abs(x as number)))

function describeRow(name: string, dtype: RealDType, operands: Value[], got: Value, want: Value): string {
  return `${name} ${dtype} (${operands.map(String).join(', ')}): ${String(got)}, NumPy ${String(want)}`
}

/** Every value of a fixture, against the record's meaning. */
function mismatches(
  name: string,
  dtype: RealDType,
  results: Results,
  agree: (a: Value, b: Value, operands: Value[]) => boolean,
): string[] {
  const { unary, left, right } = inputs[dtype]
  const record = elementwise[name]
  const columns = (record.arity === 1 ? [unary] : [left, right]).map((hex) => decode(hex, dtype))
  const result = results[name][dtype]!
  const meaning = record.meaning as (dtype: RealDType, ...values: Value[]) => Value
  return decode(result.values, result.dtype).flatMap((want, i) => {
    const operands = columns.map((column) => column[i])
    if (!isFloating(dtype) && undefinedForIntegers(name, operands)) return []
    const got = meaning(dtype, ...operands)
    return agree(got, want, operands) ? [] : [describeRow(name, dtype, operands, got, want)]
  })
}

test('there is a record of every function in the fixtures, under its own name', () => {
  for (const name of Object.keys(signatures)) expect(elementwise[name]?.name, name).toBe(name)
})

describe('dtypes of results are those of NumPy', () => {
  for (const name of Object.keys(signatures))
    test(name, () => {
      for (const dtype of dtypes)
        expect(elementwise[name].signature(dtype)?.output, `${name} of ${dtype}`).toBe(expectedOutput(name, dtype))
    })
})

describe('exact functions give the bits that NumPy gives', () => {
  const results = readFixture<Results>('exact')
  for (const name of Object.keys(results))
    test(name, () => {
      // NumPy leaves open which zero is the greater one.
      const zeros = name === 'maximum' || name === 'minimum'
      for (const dtype of Object.keys(results[name]) as RealDType[])
        expect(mismatches(name, dtype, results, (a, b) => same(a, b) || (zeros && a === b))).toEqual([])
    })
})

describe('inexact functions are within 2 units in the last place', () => {
  const results = readFixture<Results>('inexact')
  for (const name of Object.keys(results))
    test(name, () => {
      for (const dtype of Object.keys(results[name]) as RealDType[]) {
        const near = (a: Value, b: Value, operands: Value[]) =>
          isFloating(dtype)
            ? ulpsApart(a as number, b as number, dtype) <= 2 || cancels(name, a as number, b as number, operands)
            : same(a, b)
        expect(mismatches(name, dtype, results, near)).toEqual([])
      }
    })
})

test('integer powers with negative exponents are 0, but for the bases 1 and -1', () => {
  const pow = elementwise.pow.meaning as (dtype: RealDType, x: Value, y: Value) => Value
  expect([pow('int32', 2, -1), pow('int32', 0, -1), pow('int32', 1, -5)]).toEqual([0, 0, 1])
  expect([pow('int64', -1n, -5n), pow('int64', -1n, -4n)]).toEqual([-1n, 1n])
})

test('where takes x where the condition holds', () => {
  const where = elementwise.where.meaning as (dtype: RealDType, c: Value, x: Value, y: Value) => Value
  expect(where('float64', true, 1, Number.NaN)).toBe(1)
  expect(where('float64', false, 1, Number.NaN)).toBeNaN()
})

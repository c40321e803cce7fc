import { describe, expect, test } from 'vitest'
import { type Complex, type DType, isComplexValue, realOf, type Value } from '../../src/core/dtype.ts'
import { evaluator, type Typed } from '../../src/kernel/interpret.ts'
import { elementwise } from '../../src/ops/elementwise.ts'
import { decode, type Inputs, type Results, readFixture, ulpsApart } from './fixtures.ts'

const inputs = readFixture<Inputs>('inputs')
const results = readFixture<Results>('complex')

/** An element of a complex function, by its expansion. */
function evaluate(name: string, dtype: DType, operands: Complex[]): Value {
  const part = realOf(dtype)
  const pairs = operands.map(({ re, im }): [Typed, Typed] => [
    { dtype: part, value: re },
    { dtype: part, value: im },
  ])
  const [re, im] = elementwise[name].complex!(evaluator, ...pairs)
  return im ? { re: re.value as number, im: im.value as number } : re.value
}

const isOrdinary = (value: Complex): boolean => Number.isFinite(value.re) && Number.isFinite(value.im)
const epsilon = (dtype: DType): number => (realOf(dtype) === 'float32' ? 2 ** -23 : 2 ** -52)
/** Distance in units in the last place of the greater of the two parts. */
function distance(got: Complex, want: Complex, dtype: DType): number {
  const size = Math.max(Math.abs(want.re), Math.abs(want.im), realOf(dtype) === 'float32' ? 2 ** -126 : 2 ** -1022)
  return Math.max(Math.abs(got.re - want.re), Math.abs(got.im - want.im)) / (epsilon(dtype) * size)
}
/** A power multiplies the relative error of its exponent's product. */
function condition(name: string, [z, w]: Complex[]): number {
  if (name !== 'pow') return 1
  return 1 + Math.hypot(w.re, w.im) * Math.hypot(Math.log(Math.hypot(z.re, z.im) || 1), Math.PI)
}
const number = (x: number): string => (Object.is(x, -0) ? '-0' : `${x}`)
const show = (value: Value): string =>
  isComplexValue(value) ? `(${number(value.re)}, ${number(value.im)})` : String(value)

interface Row {
  readonly operands: Complex[]
  readonly got: Value
  readonly want: Value
}
const describeRow = ({ operands, got, want }: Row): string =>
  `${operands.map(show).join(' and ')}: ${show(got)}, NumPy ${show(want)}`
function rowsOf(name: string, dtype: DType): Row[] {
  const { unary, left, right } = inputs[dtype]
  const columns = (elementwise[name].arity === 1 ? [unary] : [left, right]).map(
    (hex) => decode(hex, dtype) as Complex[],
  )
  const { dtype: output, values } = results[name][dtype]!
  return decode(values, output).map((want, i) => {
    const operands = columns.map((column) => column[i])
    return { operands, got: evaluate(name, dtype, operands), want }
  })
}

describe('complex functions of ordinary numbers', () => {
  for (const name of Object.keys(results))
    for (const dtype of Object.keys(results[name]) as DType[])
      if (elementwise[name].signature(dtype))
        test(`${name} of ${dtype}`, () => {
          const wrong = rowsOf(name, dtype).filter(({ operands, got, want }) => {
            if (!operands.every(isOrdinary)) return false
            if (!isComplexValue(want))
              return typeof want === 'number' ? ulpsApart(got as number, want, realOf(dtype)) > 2 : got !== want
            return isOrdinary(want) && !(distance(got as Complex, want, dtype) <= 6 * condition(name, operands))
          })
          expect(wrong.map(describeRow)).toEqual([])
        })
})

/** Where NumPy is no reference: its products use fused multiply-add here, its expm1 and pow leave the standard's values. */
const ownSpecials = ['square', 'multiply', 'expm1', 'pow']

describe('complex functions beside NaN, infinities and zeros are as in C and the standard', () => {
  const near = (a: number, b: number, dtype: DType) =>
    Object.is(a, b) || Math.abs(a - b) <= 6 * epsilon(dtype) * Math.abs(b)
  for (const name of Object.keys(results).filter((each) => !ownSpecials.includes(each)))
    for (const dtype of Object.keys(results[name]) as DType[])
      if (elementwise[name].signature(dtype))
        test(`${name} of ${dtype}`, () => {
          const wrong = rowsOf(name, dtype).filter(({ operands, got, want }) => {
            if (operands.every(isOrdinary) && (!isComplexValue(want) || isOrdinary(want))) return false
            if (!isComplexValue(want)) return !Object.is(got, want)
            return !(near((got as Complex).re, want.re, dtype) && near((got as Complex).im, want.im, dtype))
          })
          expect(wrong.map(describeRow)).toEqual([])
        })
})

test('expm1 at infinities is as in the standard', () => {
  const inf = Number.POSITIVE_INFINITY
  expect(evaluate('expm1', 'complex128', [{ re: inf, im: 0 }])).toEqual({ re: inf, im: 0 })
  expect(evaluate('expm1', 'complex128', [{ re: -inf, im: 1 }])).toEqual({ re: -1, im: 0 })
  expect(evaluate('expm1', 'complex128', [{ re: Number.NaN, im: 0 }])).toEqual({ re: Number.NaN, im: 0 })
})

test("the sine of a real number has a zero of the cosine's sign as imaginary part", () => {
  for (const dtype of ['complex64', 'complex128'] as const) {
    expect(evaluate('sin', dtype, [{ re: -2, im: 0 }])).toMatchObject({ im: -0 })
    expect(evaluate('sin', dtype, [{ re: -2, im: -0 }])).toMatchObject({ im: 0 })
    expect(evaluate('sinh', dtype, [{ re: 0, im: -2 }])).toMatchObject({ re: -0 })
    expect(evaluate('sinh', dtype, [{ re: 0, im: Infinity }])).toMatchObject({ re: 0, im: NaN })
  }
})

test('whole powers are products, and 0 and 1 are special', () => {
  const power = (re: number, im: number, u: number, v: number) =>
    evaluate('pow', 'complex128', [
      { re, im },
      { re: u, im: v },
    ])
  expect(power(1, 1, 2, 0)).toEqual({ re: 0, im: 2 })
  expect(power(2, 0, -3, 0)).toEqual({ re: 0.125, im: 0 })
  expect(power(Number.NaN, 3, 0, 0)).toEqual({ re: 1, im: 0 })
  expect(power(0, 0, 2, 1)).toEqual({ re: 0, im: 0 })
  expect(power(0, 0, -1, 0)).toEqual({ re: Number.NaN, im: Number.NaN })
})

test('where takes both parts', () => {
  const part = (value: number): Typed => ({ dtype: 'float64', value })
  const truth = { dtype: 'bool', value: true } as const
  const picked = elementwise.where.complex!(evaluator, [truth, truth], [part(1), part(2)], [part(3), part(4)])
  expect(picked.map(({ value }) => value)).toEqual([1, 2])
})

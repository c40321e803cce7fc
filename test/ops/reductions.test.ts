import { describe, expect, test } from 'vitest'
import {
  type Complex,
  type DType,
  dtypes,
  isComplex,
  type RealDType,
  realOf,
  type Value,
} from '../../src/core/dtype.ts'
import { castValue } from '../../src/kernel/cast.ts'
import { evaluator, type Typed } from '../../src/kernel/interpret.ts'
import { reductions } from '../../src/ops/reductions.ts'
import { scans } from '../../src/ops/scans.ts'
import { decode, type Result, readFixture, same } from './fixtures.ts'

type Case = { input: string; results: Record<string, Result> }
const cases = readFixture<Record<DType, Case[]>>('reductions')

/** The parts of an element in the loop dtype; to bool, whether a part is not zero. */
function partsOf(value: Value, from: DType, loop: DType): Typed[] {
  const dtype = realOf(loop)
  const real = realOf(from)
  const parts = isComplex(from) ? [(value as Complex).re, (value as Complex).im] : [value]
  if (isComplex(from) && !isComplex(loop)) return [{ dtype, value: parts.some((part) => part !== 0) }]
  return parts.map((part) => ({ dtype, value: castValue(part, real, dtype) }))
}
const joined = (parts: Typed[], output: DType): Value =>
  isComplex(output)
    ? { re: parts[0].value as number, im: parts[1].value as number }
    : castValue(parts[0].value, parts[0].dtype, realOf(output))

/** How far rounding in another order may lead. */
function close(got: Value, want: Value, dtype: DType, size: number): boolean {
  if (isComplex(dtype)) {
    const [a, b] = [got as Complex, want as Complex]
    return close(a.re, b.re, realOf(dtype), size) && close(a.im, b.im, realOf(dtype), size)
  }
  if (typeof want !== 'number' || !Number.isFinite(want) || !Number.isFinite(got as number)) return same(got, want)
  const epsilon = dtype === 'float32' ? 2 ** -23 : dtype === 'float64' ? 2 ** -52 : 0
  return Math.abs((got as number) - want) <= 32 * epsilon * size
}
const magnitude = (value: Value): number =>
  typeof value === 'object' ? Math.hypot(value.re, value.im) : Math.abs(Number(value))

type Tree = (runs: { state: Typed[]; count: number }[]) => { state: Typed[]; count: number }
function reduce(name: string, from: DType, values: Value[], correction: number, tree: 'left' | 'halves'): Value {
  const record = reductions[name]
  const { loop, output } = record.signature(from)!
  const runs = values.map((value, i) => {
    const parts = partsOf(value, from, loop)
    const index: Typed | undefined = record.indexed ? { dtype: 'int64', value: BigInt(i) } : undefined
    return { state: record.lift(evaluator, parts, index), count: 1 }
  })
  const counted = (n: number): Typed => ({ dtype: 'float64', value: n })
  const merge = (a: (typeof runs)[0], c: (typeof runs)[0]) => ({
    state: record.merge(evaluator, a.state, c.state, counted(a.count), counted(c.count)),
    count: a.count + c.count,
  })
  const halves: Tree = (list) => {
    if (list.length === 1) return list[0]
    const half = list.length >> 1
    return merge(halves(list.slice(0, half)), halves(list.slice(half)))
  }
  const { state, count } = tree === 'left' ? runs.reduce(merge) : halves(runs)
  return joined(record.finalize(evaluator, state, counted(count), counted(correction)), output)
}

describe('reductions agree with NumPy, merged one by one or by halves', () => {
  for (const key of Object.keys(reductions))
    test(key, () => {
      for (const dtype of dtypes)
        for (const { input, results } of cases[dtype])
          for (const [name, want] of Object.entries(results)) {
            const [reduction, correction = '0'] = name.split(' ')
            if (reduction !== key) continue
            expect(reductions[reduction].signature(dtype)?.output, `${name} of ${dtype}`).toBe(want.dtype)
            const values = decode(input, dtype)
            const [expected] = decode(want.values, want.dtype)
            // A variance is as exact as the squares it adds up.
            const largest = Math.max(1, ...values.map(magnitude))
            const size = ['sum', 'mean'].includes(key)
              ? largest * values.length
              : Math.max(magnitude(expected), key === 'var' ? largest ** 2 : 0, key === 'std' ? largest : 0)
            for (const tree of ['left', 'halves'] as const) {
              const got = reduce(reduction, dtype, values, Number(correction), tree)
              if (!close(got, expected, want.dtype, size))
                expect.soft(got, `${name} of ${dtype} ${tree}: ${values.map(String)}`).toEqual(expected)
            }
          }
    })
})

describe('cumulative functions agree with NumPy', () => {
  for (const key of Object.keys(scans))
    test(key, () => {
      for (const dtype of dtypes)
        for (const { input, results } of cases[dtype]) {
          const want = results[key]
          const { loop, output } = scans[key].signature(dtype)!
          expect(output, dtype).toBe(want.dtype)
          const expected = decode(want.values, want.dtype)
          let accumulator: Typed[] | undefined
          let size = 1
          for (const [i, value] of decode(input, dtype).entries()) {
            const element = partsOf(value, dtype, loop)
            accumulator ??= element.map((part, k) => ({
              ...part,
              value: castValue(scans[key].identity[k], 'float64', part.dtype as RealDType),
            }))
            accumulator = scans[key].step(evaluator, accumulator, element)
            size = Math.max(size, magnitude(expected[i]))
            const got = joined(accumulator, output)
            if (!close(got, expected[i], output, size))
              expect.soft(got, `${key} of ${dtype} at ${i}`).toEqual(expected[i])
          }
        }
    })
})

describe('positions of extremes', () => {
  const index = (name: string, values: number[], order: number[]): Value => {
    const record = reductions[name]
    const states = order.map((i) =>
      record.lift(evaluator, [{ dtype: 'float64', value: values[i] }], { dtype: 'int64', value: BigInt(i) }),
    )
    const count: Typed = { dtype: 'float64', value: 1 }
    return states.reduce((a, c) => record.merge(evaluator, a, c, count, count))[1].value
  }
  const orders = [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [2, 0, 3, 1],
  ]
  test('are the lowest of equal ones in any order of merging', () => {
    for (const order of orders) {
      expect(index('argmax', [1, 5, 5, 2], order)).toBe(1n)
      expect(index('argmin', [3, 0, 5, -0], order)).toBe(1n)
    }
  })
  test('are the same over elements in registers', () => {
    const inRegisters = (name: string, values: number[]): Value =>
      reductions[name].leaf!(
        evaluator,
        values.map((value, i): Typed[] => [
          { dtype: 'float64', value },
          { dtype: 'int64', value: BigInt(i) },
        ]),
      )[1].value
    expect(inRegisters('argmax', [1, 5, 5, 2])).toBe(1n)
    expect(inRegisters('argmin', [3, 0, 5, -0])).toBe(1n)
    expect(inRegisters('argmax', [1, Number.NaN, 9, Number.NaN])).toBe(1n)
    expect(inRegisters('argmin', [Number.NaN, 0, -1, Number.NaN])).toBe(0n)
  })
  test('are those of the first NaN', () => {
    for (const order of orders) expect(index('argmax', [1, Number.NaN, 9, Number.NaN], order)).toBe(1n)
  })
})

test('results over no elements', () => {
  const empty = Object.fromEntries(Object.entries(reductions).map(([name, record]) => [name, record.empty]))
  expect(empty).toMatchObject({
    sum: 0,
    prod: 1,
    mean: { re: Number.NaN, im: Number.NaN },
    var: Number.NaN,
    any: false,
    all: true,
    countNonzero: 0n,
  })
  expect([empty.min, empty.argmax]).toEqual([undefined, undefined])
})

test('two passes over elements in registers give the moments that merging gives', () => {
  const values = [3, 1, 4, 1, 5, 9, 2, 6]
  const [center, squares] = reductions.var.leaf!(
    evaluator,
    values.map((value): Typed[] => [{ dtype: 'float64', value }]),
  )
  expect(center.value).toBeCloseTo(3.875, 12)
  expect(squares.value).toBeCloseTo(
    values.reduce((sum, x) => sum + (x - 3.875) ** 2, 0),
    12,
  )
})

import { readFileSync } from 'node:fs'
import ndarray from 'ndarray'
import { expect, test } from 'vitest'
import { allocate, type DType, isBig, isComplex, type TypedArray, type Value } from '../../src/core/dtype.ts'
import { type FormatOptions, format } from '../../src/diagnostics/format.ts'
import { asResult } from '../../src/run/results.ts'
import { ndarrayOver } from '../../src/storage/ndarray.ts'

interface Case {
  readonly name: string
  readonly dtype: DType
  readonly shape: number[]
  readonly values: (string | [string, string])[]
  readonly options: FormatOptions
  readonly text: string
}
const fixtures = new URL('../fixtures/format.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(fixtures, 'utf8')) as { cases: Case[] }

const numberOf = (text: string): number => Number(text.replace('inf', 'Infinity').replace('nan', 'NaN'))
function dataOf({ dtype, values }: Case): TypedArray {
  const data = allocate(dtype, values.length)
  const parts = values.flat()
  for (let i = 0; i < parts.length; i++) data[i] = isBig(dtype) ? BigInt(parts[i]) : numberOf(parts[i])
  return data
}

test.each(cases)('$name: the text of numpy.array2string', (each) => {
  const result = asResult(dataOf(each), each.dtype, each.shape)
  expect(format(result, { ...each.options, dtype: each.dtype })).toBe(each.text)
  if (each.shape.length > 0) expect(format(result, each.options)).toBe(each.text)
})
test('there are cases of every dtype', () => {
  expect(new Set(cases.map(({ dtype }) => dtype)).size).toBe(13)
})

test('a strided ndarray is read through its strides', () => {
  const array = ndarray(new Float64Array([0, 1, 2, 3, 4, 5]), [2, 3])
  expect(format(array.transpose(1, 0).step(-1, 1))).toBe('[[2. 5.]\n [1. 4.]\n [0. 3.]]')
})
test('an ndarray over other stores than ours', () => {
  expect(format(ndarray([1.5, 2]))).toBe('[1.5 2. ]')
  expect(format(ndarray(new Uint8ClampedArray([1, 2]), [2]) as never)).toBe('[1 2]')
  expect(format(ndarrayOver(new Uint8Array([0, 1]), 'bool', [2]), { dtype: 'bool' })).toBe('[False  True]')
})
test('plain values are written as 0-d arrays', () => {
  const values: [Value, string][] = [
    [1, '1.'],
    [7n, '7'],
    [true, 'True'],
    [{ re: 1, im: -0.5 }, '1.-0.5j'],
  ]
  for (const [value, text] of values) expect(format(value)).toBe(text)
})
test('what is no array, and options that are none, are refused', () => {
  expect(() => format('text' as never)).toThrow("format: got 'text', want a result of compute")
  expect(() => format(Promise.resolve(1) as never)).toThrow('format: got a Promise, want a result')
  expect(() => format(1, { precision: -1 })).toThrow('format: got precision -1, want an integer from 0 to 70')
  expect(() => format(1, { sign: 'x' as '+' })).toThrow("format: got sign 'x', want '-', '+' or ' '")
  expect(() => format(1, { width: 3 } as never)).toThrow('format: there is no option width')
  expect(() => format(1, { separator: 7 as never })).toThrow('format: got separator 7')
})
test('complex results keep their parts', () => {
  expect(isComplex('complex64')).toBe(true)
  expect(format(asResult(new Float32Array([1, 2, 3, -4]), 'complex64', [2]))).toBe('[1.+2.j 3.-4.j]')
})

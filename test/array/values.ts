import type { NdArray } from 'ndarray'
import { afterAll, expect, test } from 'vitest'
import { type DType, isComplexValue, type Value } from '../../src/core/dtype.ts'
import { sizeOf, unravel } from '../../src/core/shape.ts'
import * as nd from '../../src/index.ts'
import { evaluate } from './evaluate.ts'

/** What nested lists of values look like. */
export type Tree = Value | readonly Tree[]

/** Elements in row-major order as nested lists. */
export function nest(values: readonly Value[], shape: readonly number[]): Tree {
  if (shape.length === 0) return values[0]
  const row = sizeOf(shape.slice(1))
  return Array.from({ length: shape[0] }, (_, i) => nest(values.slice(i * row, (i + 1) * row), shape.slice(1)))
}

/** The elements by the plain meaning of the expression, as nested lists. */
export const plain = ({ expr }: nd.ChunkedArray): Tree => nest(evaluate(expr), expr.shape)

const checked: { readonly x: nd.ChunkedArray; readonly where: string }[] = []

/** Checks the elements by their plain meaning, and the dtype if it is given; `testEngine` has the engine compute them too. */
export function expectArray(x: nd.ChunkedArray, elements: Tree, dtype?: string): void {
  expect(plain(x)).toEqual(elements)
  if (dtype !== undefined) expect(x.dtype).toBe(dtype)
  checked.push({ x, where: new Error().stack?.split('\n')[2]?.trim() ?? '' })
}

/** The last test of a file: the engine gives for every array that was checked what its plain meaning is. */
export function testEngine(): void {
  test('the engine computes every array of these tests as its plain meaning is', async () => {
    const wrong: string[] = []
    for (const { x, where } of checked) {
      const found = await computed(x)
      if (!sameElements(found, plain(x))) wrong.push(`${where}: got ${show(found)}, want ${show(plain(x))}`)
    }
    expect(wrong).toEqual([])
  })
  afterAll(() => nd.shutdown())
}

/** What the engine makes of an array, as nested lists. */
export async function computed(x: nd.ChunkedArray, options: nd.ComputeOptions = { scheduler: 'local' }): Promise<Tree> {
  return treeOf(await x.compute(options), x.dtype, x.shape)
}

export function treeOf(result: nd.Result, dtype: DType, shape: readonly number[]): Tree {
  const value = (v: unknown): Value => (dtype === 'bool' ? Boolean(v) : (v as Value))
  if (shape.length === 0) return value(result)
  const found = result as NdArray
  expect(found.shape).toEqual([...shape])
  return nest(
    Array.from({ length: sizeOf(shape) }, (_, i) => value(found.get(...unravel(i, shape)))),
    shape,
  )
}

const show = (tree: Tree): string =>
  JSON.stringify(tree, (_, v) => (typeof v === 'bigint' ? `${v}n` : typeof v === 'number' ? `${v}` : v))

/** Equal but for the last bits of a floating number: sums of another order, functions rounded otherwise. */
export function sameElements(a: Tree, b: Tree, relative = 1e-13): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((x, i) => sameElements(x, b[i], relative))
  if (isComplexValue(a) && isComplexValue(b))
    return sameElements(a.re, b.re, relative) && sameElements(a.im, b.im, relative)
  if (typeof a !== 'number' || typeof b !== 'number') return a === b
  return Object.is(a, b) || (Math.abs(a - b) <= relative * Math.max(Math.abs(a), Math.abs(b)) && !(a === 0 && b === 0))
}

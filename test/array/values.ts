import { expect } from 'vitest'
import type { ChunkedArray } from '../../src/array/chunked-array.ts'
import type { Value } from '../../src/core/dtype.ts'
import { sizeOf } from '../../src/core/shape.ts'
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
export const plain = ({ expr }: ChunkedArray): Tree => nest(evaluate(expr), expr.shape)

/** Checks the elements by their plain meaning, and the dtype if it is given. */
export function expectArray(x: ChunkedArray, elements: Tree, dtype?: string): void {
  expect(plain(x)).toEqual(elements)
  if (dtype !== undefined) expect(x.dtype).toBe(dtype)
}

import type { Box } from '../core/chunks.ts'
import { rowMajorStrides, type Shape } from '../core/shape.ts'

/** What lies together of a box in a row-major array: `count` runs of `length` elements each, in the box's own order. */
export interface Runs {
  readonly length: number
  readonly count: number
  /** Where each run starts in the array, in elements, one after the other. */
  readonly starts: () => Iterable<number>
}

/** The runs of a box: whole inner axes grow a run, the axes outside are walked. */
export function runsOf(shape: Shape, box: Box): Runs {
  const extents = box.map(([start, stop]) => stop - start)
  let inner = shape.length
  let length = 1
  while (inner > 0) {
    inner--
    length *= extents[inner]
    if (extents[inner] !== shape[inner]) break
  }
  const strides = rowMajorStrides(shape)
  const first = box.reduce((sum, [start], axis) => sum + start * strides[axis], 0)
  const outer = extents.slice(0, inner)
  const count = length === 0 ? 0 : outer.reduce((a, b) => a * b, 1)
  return { length, count, starts: () => walk(first, outer, strides, count) }
}

/** The positions of an array's elements in row-major order, `count` of them, from `first` on. */
export function* walk(first: number, extents: Shape, strides: readonly number[], count: number): Iterable<number> {
  const position = extents.map(() => 0)
  let start = first
  for (let run = 0; run < count; run++) {
    yield start
    for (let axis = extents.length - 1; axis >= 0; axis--) {
      start += strides[axis]
      if (++position[axis] < extents[axis]) break
      start -= position[axis] * strides[axis]
      position[axis] = 0
    }
  }
}

import { promoteAll } from '../core/dtype.ts'
import { formatGiven, ShapeError } from '../core/errors.ts'
import {
  broadcastShapes as broadcast,
  checkAxis,
  checkShape,
  formatShape,
  type Shape,
  sameShape,
} from '../core/shape.ts'
import * as build from '../graph/build.ts'
import type { Expr } from '../graph/expr.ts'
import { ChunkedArray } from './chunked-array.ts'
import { expandDims, ravel } from './manipulation.ts'
import { exprOf, type Operand } from './operands.ts'
import { type AxisOption, axisOf, withBare } from './options.ts'

function join(exprs: readonly Expr[], axis: number, operation: string): ChunkedArray {
  const [first] = exprs
  for (const { shape } of exprs)
    if (!sameShape(shape.toSpliced(axis, 1), first.shape.toSpliced(axis, 1)))
      throw new ShapeError(
        `${operation}: shapes ${formatShape(first.shape)} and ${formatShape(shape)} differ in more than axis ${axis}; make the other extents equal`,
      )
  const dtype = promoteAll(exprs.map((expr) => expr.dtype))
  return new ChunkedArray(
    build.concat(
      exprs.map((expr) => build.cast(expr, dtype)),
      axis,
    ),
  )
}

function operandsOf(arrays: readonly Operand[], operation: string): Expr[] {
  if (!Array.isArray(arrays))
    throw new ShapeError(`${operation}: got ${formatGiven(arrays)}, want a list of arrays such as [x, y]`)
  if (arrays.length === 0) throw new ShapeError(`${operation}: got no arrays, want one or more`)
  return [...arrays].map((array) => exprOf(array, operation))
}

/**
 * Arrays one after the other along an existing axis (0 unless given; null: each flattened first). dtypes promote.
 * Errors: ShapeError when other extents differ.
 * @example nd.concat([x, y], { axis: 1 })
 */
export function concat(arrays: readonly Operand[], given?: number | null | AxisOption): ChunkedArray {
  const options = withBare<AxisOption>(['axis'], given, 'concat')
  const exprs = operandsOf(arrays, 'concat')
  if (options.axis === null)
    return join(
      exprs.map((expr) => ravel(new ChunkedArray(expr)).expr),
      0,
      'concat',
    )
  if (exprs[0].shape.length === 0)
    throw new ShapeError('concat: got a 0-d array, which has no axis to join along; use stack')
  const other = exprs.find((expr) => expr.shape.length !== exprs[0].shape.length)
  if (other)
    throw new ShapeError(
      `concat: shapes ${formatShape(exprs[0].shape)} and ${formatShape(other.shape)} have unlike numbers of axes; use expandDims`,
    )
  return join(exprs, checkAxis(options.axis ?? 0, exprs[0].shape.length, 'concat'), 'concat')
}

/** Arrays of one shape along a new axis (0 unless given). dtypes promote. Errors: ShapeError when shapes differ. */
export function stack(arrays: readonly Operand[], given?: number | AxisOption): ChunkedArray {
  const exprs = operandsOf(arrays, 'stack')
  const other = exprs.find((expr) => !sameShape(expr.shape, exprs[0].shape))
  if (other)
    throw new ShapeError(
      `stack: shapes ${formatShape(exprs[0].shape)} and ${formatShape(other.shape)} differ; make them equal, or use concat`,
    )
  const axis = checkAxis(axisOf(given, 'stack') ?? 0, exprs[0].shape.length + 1, 'stack')
  return join(
    exprs.map((expr) => expandDims(new ChunkedArray(expr), axis).expr),
    axis,
    'stack',
  )
}

/** The shape that shapes broadcast to. Errors: ShapeError. */
export const broadcastShapes = (...shapes: readonly Shape[]): number[] =>
  broadcast(
    shapes.map((shape) => checkShape(shape, 'broadcastShapes')),
    'broadcastShapes',
  )

/** The arrays, each stretched to the shape that they broadcast to. Errors: ShapeError. */
export function broadcastArrays(...arrays: readonly Operand[]): ChunkedArray[] {
  const exprs = arrays.map((array) => exprOf(array, 'broadcastArrays'))
  const shape = broadcast(
    exprs.map((expr) => expr.shape),
    'broadcastArrays',
  )
  return exprs.map((expr) => new ChunkedArray(build.broadcastTo(expr, shape)))
}

import { formatGiven, ShapeError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import { checkAxes, checkAxis, checkShape, formatShape, sizeOf } from '../core/shape.ts'
import { permuteView, type View, type ViewAxis } from '../core/view.ts'
import * as build from '../graph/build.ts'
import type { Expr } from '../graph/expr.ts'
import { ChunkedArray } from './chunked-array.ts'
import { exprOf, type Operand } from './operands.ts'
import { type Axes, type AxesOption, type CopyOption, withBare } from './options.ts'

const whole = (from: number): ViewAxis => ({ from, start: 0, step: 1 })
const viewOf = (expr: Expr, map: View): ChunkedArray => new ChunkedArray(build.view(expr, map))

/**
 * The axes in another order: axis i of the result is axis `axes[i]` of x. Errors: ShapeError unless each axis stands there once.
 * @example nd.ones([2, 3, 4]).permuteDims([2, 0, 1]).shape // -> [ 4, 2, 3 ]
 */
export function permuteDims(x: Operand, axes: readonly number[]): ChunkedArray {
  const expr = exprOf(x, 'permuteDims')
  const ndim = expr.shape.length
  const order = Array.isArray(axes) ? [...axes].map((axis) => checkAxis(axis, ndim, 'permuteDims')) : []
  if (!Array.isArray(axes) || order.length !== ndim || new Set(order).size !== ndim)
    throw new ShapeError(`permuteDims: got axes ${formatGiven(axes)} for ${ndim} dimensions; name each axis once`)
  return viewOf(expr, permuteView(expr.shape, order))
}

/** Axes moved to other places; the rest keep their order. Errors: ShapeError. */
export function moveaxis(
  x: Operand,
  source: number | readonly number[],
  destination: number | readonly number[],
): ChunkedArray {
  const expr = exprOf(x, 'moveaxis')
  const [from, to] = [source, destination].map((axes) =>
    [axes].flat().map((axis) => checkAxis(axis, expr.shape.length, 'moveaxis')),
  )
  if (from.length !== to.length || new Set(from).size !== from.length || new Set(to).size !== to.length)
    throw new ShapeError(
      `moveaxis: got source ${formatGiven(source)} and destination ${formatGiven(destination)}; want as many of both, each axis once`,
    )
  const order = expr.shape.map((_, axis) => axis).filter((axis) => !from.includes(axis))
  for (const i of to.map((_, k) => k).sort((a, b) => to[a] - to[b])) order.splice(to[i], 0, from[i])
  return viewOf(expr, permuteView(expr.shape, order))
}

/** Two axes exchanged. Errors: ShapeError. */
export function swapaxes(x: Operand, axis1: number, axis2: number): ChunkedArray {
  const expr = exprOf(x, 'swapaxes')
  const [a, b] = [axis1, axis2].map((axis) => checkAxis(axis, expr.shape.length, 'swapaxes'))
  return permuteDims(
    new ChunkedArray(expr),
    expr.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis)),
  )
}

/**
 * The same elements in row-major order under another shape; one extent may be -1, worked out from the others.
 * Errors: ShapeError when the number of elements differs.
 */
export function reshape(x: Operand, shape: number | readonly number[], options?: CopyOption): ChunkedArray {
  if (typeof options === 'number')
    throw new ShapeError(`reshape: got extents one by one, want one list such as [${shape}, ${options}]`)
  checkOptions<CopyOption>(options, ['copy'], 'reshape')
  const expr = exprOf(x, 'reshape')
  const given = Array.isArray(shape) ? [...shape] : [shape]
  const size = sizeOf(expr.shape)
  const free = given.indexOf(-1)
  const known = checkShape(
    given.filter((_, i) => i !== free),
    'reshape',
  )
  const extents = free < 0 ? known : known.toSpliced(free, 0, sizeOf(known) === 0 ? 0 : size / sizeOf(known))
  if (extents.some((n) => !Number.isInteger(n)) || sizeOf(extents) !== size || (free >= 0 && sizeOf(known) === 0))
    throw new ShapeError(
      `reshape: shape ${formatShape(expr.shape)} of ${size} elements does not fill ${formatShape(given)}; give extents whose product is ${size}`,
    )
  return new ChunkedArray(build.reshape(expr, extents))
}

/** All elements in row-major order, as one axis. */
export const ravel = (x: Operand): ChunkedArray => reshape(new ChunkedArray(exprOf(x, 'ravel')), -1)

/**
 * New axes of extent 1 at the places that they have in the result (0 unless given). Errors: ShapeError.
 * @example x.expandDims(-1)
 */
export function expandDims(x: Operand, given?: Axes | AxesOption): ChunkedArray {
  const expr = exprOf(x, 'expandDims')
  const axis = withBare<AxesOption>(['axis'], given, 'expandDims').axis ?? 0
  const ndim = expr.shape.length + [axis].flat().length
  const added = checkAxes(axis, ndim, 'expandDims')
  const kept = Array.from({ length: ndim }, (_, i) => i).filter((i) => !added.includes(i))
  const shape = new Array<number>(ndim).fill(1)
  for (const [k, i] of kept.entries()) shape[i] = expr.shape[k]
  return viewOf(expr, { shape, axes: kept.map(whole) })
}

/** Axes of extent 1 dropped: those named, or all of them. Errors: ShapeError for a named one that is longer. */
export function squeeze(x: Operand, given?: Axes | AxesOption): ChunkedArray {
  const expr = exprOf(x, 'squeeze')
  const { axis } = withBare<AxesOption>(['axis'], given, 'squeeze')
  const named = axis !== undefined && axis !== null
  const ones = expr.shape.map((_, i) => i).filter((i) => expr.shape[i] === 1)
  const dropped = named ? checkAxes(axis, expr.shape.length, 'squeeze') : ones
  const long = dropped.find((i) => expr.shape[i] !== 1)
  if (long !== undefined)
    throw new ShapeError(
      `squeeze: axis ${long} has extent ${expr.shape[long]}, want 1; leave it out, or index it with at`,
    )
  const kept = expr.shape.map((_, i) => i).filter((i) => !dropped.includes(i))
  return viewOf(expr, {
    shape: kept.map((i) => expr.shape[i]),
    axes: expr.shape.map((_, i) => (dropped.includes(i) ? { from: -1, start: 0, step: 0 } : whole(kept.indexOf(i)))),
  })
}

/** x stretched to a shape; extents of 1 repeat, no element is copied. Errors: ShapeError. */
export const broadcastTo = (x: Operand, shape: number | readonly number[]): ChunkedArray =>
  new ChunkedArray(build.broadcastTo(exprOf(x, 'broadcastTo'), checkShape(shape, 'broadcastTo')))

/** The elements in reverse order along axes (all unless given). Errors: ShapeError. */
export function flip(x: Operand, given?: Axes | AxesOption): ChunkedArray {
  const expr = exprOf(x, 'flip')
  const axes = checkAxes(withBare<AxesOption>(['axis'], given, 'flip').axis, expr.shape.length, 'flip')
  return viewOf(expr, {
    shape: expr.shape,
    axes: expr.shape.map((extent, from) =>
      axes.includes(from) && extent > 0 ? { from, start: extent - 1, step: -1 } : whole(from),
    ),
  })
}

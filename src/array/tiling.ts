import { formatGiven, ShapeError } from '../core/errors.ts'
import { checkAxis } from '../core/shape.ts'
import { identityView } from '../core/view.ts'
import * as build from '../graph/build.ts'
import type { Expr } from '../graph/expr.ts'
import { ChunkedArray } from './chunked-array.ts'
import { expandDims, ravel, reshape } from './manipulation.ts'
import { exprOf, type Operand } from './operands.ts'
import { type Axes, type AxesOption, type AxisOption, axisOf, withBare } from './options.ts'

/** The elements [start, stop) along one axis. */
const part = (expr: Expr, axis: number, start: number, stop: number): Expr => {
  const { shape, axes } = identityView(expr.shape)
  return build.view(expr, {
    shape: shape.map((n, i) => (i === axis ? stop - start : n)),
    axes: axes.map((a, i) => (i === axis ? { ...a, start } : a)),
  })
}

/** The arrays that lie along an axis (0 unless given), without it. Errors: ShapeError. */
export function unstack(x: Operand, given?: number | AxisOption): ChunkedArray[] {
  const expr = exprOf(x, 'unstack')
  const axis = checkAxis(axisOf(given, 'unstack') ?? 0, expr.shape.length, 'unstack')
  return Array.from({ length: expr.shape[axis] }, (_, start) => {
    const axes = expr.shape.map((_n, i) => ({ from: i < axis ? i : i - 1, start: 0, step: 1 }))
    return new ChunkedArray(
      build.view(expr, { shape: expr.shape.toSpliced(axis, 1), axes: axes.with(axis, { from: -1, start, step: 0 }) }),
    )
  })
}

const integers = (values: readonly number[], operation: string, least = Number.MIN_SAFE_INTEGER): readonly number[] => {
  const bad = values.findIndex((value) => !Number.isSafeInteger(value) || value < least)
  if (bad < 0) return values
  throw new ShapeError(
    `${operation}: got ${formatGiven(values[bad])}, want ${least === 0 ? 'integers from 0 on' : 'integers'}`,
  )
}

/**
 * The elements moved on by `shift` places along axes, round the end; without an axis, in row-major order.
 * Errors: ShapeError.
 * @example x.roll(1, { axis: 0 }); x.roll([1, -1], { axis: [0, 1] })
 */
export function roll(x: Operand, shift: number | readonly number[], given?: Axes | AxesOption): ChunkedArray {
  const expr = exprOf(x, 'roll')
  const { axis } = withBare<AxesOption>(['axis'], given, 'roll')
  const shifts = integers([shift].flat(), 'roll')
  if (axis === undefined || axis === null) {
    const total = shifts.reduce((a, b) => a + b, 0)
    return reshape(new ChunkedArray(rollAxis(ravel(new ChunkedArray(expr)).expr, total, 0)), expr.shape)
  }
  const axes = [axis].flat().map((a) => checkAxis(a, expr.shape.length, 'roll'))
  if (shifts.length !== axes.length && shifts.length !== 1 && axes.length !== 1)
    throw new ShapeError(`roll: got ${shifts.length} shifts for ${axes.length} axes; give one an axis`)
  const length = Math.max(shifts.length, axes.length)
  let rolled = expr
  for (let i = 0; i < length; i++) rolled = rollAxis(rolled, shifts[i % shifts.length], axes[i % axes.length])
  return new ChunkedArray(rolled)
}

function rollAxis(expr: Expr, shift: number, axis: number): Expr {
  const extent = expr.shape[axis]
  const places = extent === 0 ? 0 : ((shift % extent) + extent) % extent
  if (places === 0) return expr
  return build.concat([part(expr, axis, extent - places, extent), part(expr, axis, 0, extent - places)], axis)
}

/** The array laid side by side, `repetitions[i]` times along axis i (counted from the last axes). Errors: ShapeError. */
export function tile(x: Operand, repetitions: number | readonly number[]): ChunkedArray {
  const expr = exprOf(x, 'tile')
  const given = integers([repetitions].flat(), 'tile', 0)
  const ndim = Math.max(given.length, expr.shape.length)
  const shape = [...new Array<number>(ndim - expr.shape.length).fill(1), ...expr.shape]
  const counts = [...new Array<number>(ndim - given.length).fill(1), ...given]
  const tiled = counts.reduce((tiles, count, axis) => tileAxis(tiles, count, axis), build.reshape(expr, shape))
  return new ChunkedArray(tiled)
}

/** More repetitions than this are not joined one by one. */
const mostParts = 1024

/** An axis of the repetitions before the tiled one, joined with it. */
function tileByReshape(expr: Expr, count: number, axis: number): Expr {
  const apart = build.reshape(expr, expr.shape.toSpliced(axis, 0, 1))
  return build.reshape(
    build.broadcastTo(apart, apart.shape.with(axis, count)),
    expr.shape.with(axis, count * expr.shape[axis]),
  )
}

function tileAxis(expr: Expr, count: number, axis: number): Expr {
  if (count === 0) return part(expr, axis, 0, 0)
  if (count > mostParts) return tileByReshape(expr, count, axis)
  if (expr.shape[axis] === 1) return build.broadcastTo(expr, expr.shape.with(axis, count))
  return build.concat(new Array<Expr>(count).fill(expr), axis)
}

/**
 * Each element `repeats` times (or repeats[i] times the i-th one) along an axis; without one, of all in row-major order.
 * Errors: ShapeError.
 */
export function repeat(
  x: Operand,
  repeats: number | readonly number[],
  given?: number | null | AxisOption,
): ChunkedArray {
  const axisGiven = axisOf(given, 'repeat')
  const expr = axisGiven === null ? ravel(x).expr : exprOf(x, 'repeat')
  const axis = checkAxis(axisGiven ?? 0, expr.shape.length, 'repeat')
  const extent = expr.shape[axis]
  const counts = integers([repeats].flat(), 'repeat', 0)
  if (counts.length !== 1 && counts.length !== extent)
    throw new ShapeError(
      `repeat: got ${counts.length} repeats for the ${extent} elements of axis ${axis}; give one number, or one an element`,
    )
  if (counts.length === 0) return new ChunkedArray(expr)
  if (counts.length !== 1) {
    const runs = counts.map((count, i) => build.broadcastTo(part(expr, axis, i, i + 1), expr.shape.with(axis, count)))
    return new ChunkedArray(build.concat(runs, axis))
  }
  const shape = expr.shape.with(axis, extent * counts[0])
  const apart = expandDims(new ChunkedArray(expr), axis + 1).expr
  return new ChunkedArray(build.reshape(build.broadcastTo(apart, apart.shape.with(axis + 1, counts[0])), shape))
}

import { formatGiven, ShapeError } from '../core/errors.ts'
import { checkAxis, formatShape, sameShape } from '../core/shape.ts'
import type { Expr } from '../graph/expr.ts'
import type { ZarrArray } from '../storage/zarr/array.ts'
import { type IndexEntry, indexView } from './indexing.ts'

/** Where an array goes in which array of a store. */
export interface Place {
  readonly array: ZarrArray
  readonly origin: readonly number[]
}

/** A part of an array that is there. Errors: ShapeError. */
export function regionOf(expr: Expr, array: ZarrArray, region: IndexEntry | readonly IndexEntry[]): Place {
  const view = indexView(array.shape, [region].flat() as IndexEntry[], 'toZarr')
  const isBox = view.axes.every(({ from, step }, axis) => from === axis && step === 1)
  if (!isBox || !sameShape(view.shape, expr.shape))
    throw new ShapeError(
      `toZarr: the region ${formatGiven(region)} of an array of shape ${formatShape(array.shape)} has shape ${formatShape(view.shape)}, ` +
        `want slices of step 1 that give ${formatShape(expr.shape)}`,
    )
  return { array, origin: view.axes.map(({ start }) => start) }
}

/** What lies behind an array that grows along an axis. Errors: ShapeError. */
export function behind(expr: Expr, array: ZarrArray, given: unknown): Place {
  const axis = checkAxis(given, array.shape.length, 'toZarr')
  const fits =
    expr.shape.length === array.shape.length && expr.shape.every((n, k) => k === axis || n === array.shape[k])
  if (!fits)
    throw new ShapeError(
      `toZarr: an array of shape ${formatShape(expr.shape)} cannot go behind one of shape ${formatShape(array.shape)} along axis ${axis}; make the other axes alike`,
    )
  const shape = array.shape.map((n, k) => (k === axis ? n + expr.shape[k] : n))
  return { array: { ...array, shape }, origin: array.shape.map((n, k) => (k === axis ? n : 0)) }
}

import type { DType } from '../core/dtype.ts'
import { formatGiven, ShapeError } from '../core/errors.ts'
import { checkFlag } from '../core/options.ts'
import { checkAxes, checkAxis, type Shape } from '../core/shape.ts'
import { reduce, view } from '../graph/build.ts'
import type { Expr } from '../graph/expr.ts'
import { ChunkedArray } from './chunked-array.ts'
import { dtypeOption, exprOf, type Operand } from './operands.ts'
import { type Axes, withBare } from './options.ts'

export interface ReductionOptions {
  /** The axis or axes to reduce; all unless given. */
  axis?: Axes
  /** Whether reduced axes stay, with extent 1. */
  keepdims?: boolean
}
export interface SumOptions extends ReductionOptions {
  /** The dtype to compute in and of the result. */
  dtype?: DType
}
export interface VarianceOptions extends SumOptions {
  /** The divisor is the number of elements less this (0 unless given). */
  correction?: number
}

/** Options, or the axes bare, with the other options after them: `x.sum(0, { keepdims: true })`. */
export type Reduction<O> = (x: Operand, options?: Axes | O, others?: Omit<O, 'axis'>) => ChunkedArray

/** The reduced axes put back with extent 1. */
function keepAxes(reduced: Expr, shape: Shape, axes: readonly number[]): Expr {
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis))
  return view(reduced, {
    shape: shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)),
    axes: kept.map((from) => ({ from, start: 0, step: 1 })),
  })
}

/** Options of the reductions that have more than `axis` and `keepdims`. */
const withDType = ['axis', 'keepdims', 'dtype'] as const
const withCorrection = [...withDType, 'correction'] as const
const optionNames: Readonly<Record<string, readonly (keyof VarianceOptions)[]>> = {
  sum: withDType,
  prod: withDType,
  mean: withDType,
  var: withCorrection,
  std: withCorrection,
}

function reduceBy(name: string, x: Operand, given: Axes | VarianceOptions | undefined, others?: object): ChunkedArray {
  const options = withBare<VarianceOptions>(optionNames[name] ?? ['axis', 'keepdims'], given, name, others)
  const expr = exprOf(x, name)
  const axes = checkAxes(options.axis, expr.shape.length, name)
  const dtype = dtypeOption(options.dtype, expr, name)
  const reduced = reduce(name, expr, axes, { dtype, correction: checkCorrection(options.correction, name) })
  return new ChunkedArray(checkFlag(options.keepdims, 'keepdims', name) ? keepAxes(reduced, expr.shape, axes) : reduced)
}

function checkCorrection(correction: number | undefined, name: string): number | undefined {
  if (correction === undefined || Number.isFinite(correction)) return correction
  throw new ShapeError(`${name}: got correction ${formatGiven(correction)}, want a finite number such as 0 or 1`)
}

const reduction =
  <O extends ReductionOptions>(name: string): Reduction<O> =>
  (x, options, others) =>
    reduceBy(name, x, options as Axes | VarianceOptions | undefined, others)

/** Of one axis, or of the array in row-major order. */
const indexReduction =
  (
    name: string,
  ): ((
    x: Operand,
    options?: number | null | IndexReductionOptions,
    others?: Omit<IndexReductionOptions, 'axis'>,
  ) => ChunkedArray) =>
  (x, given, others) => {
    const options = withBare<IndexReductionOptions>(['axis', 'keepdims'], given, name, others)
    if (options.axis !== undefined && options.axis !== null) checkAxis(options.axis, exprOf(x, name).shape.length, name)
    return reduceBy(name, x, options)
  }
export interface IndexReductionOptions {
  /** The axis; all elements in row-major order unless given. */
  axis?: number | null
  keepdims?: boolean
}

/**
 * The sum over axes, pairwise in a fixed order. Integers and bool sum to int64, unsigned ones to uint64, with wrap-around.
 * @example x.sum(); x.sum(0); x.sum({ axis: [0, 1], keepdims: true, dtype: 'float64' })
 */
export const sum: Reduction<SumOptions> = reduction('sum')
/** The product over axes; dtypes as for `sum`. */
export const prod: Reduction<SumOptions> = reduction('prod')
/** The arithmetic mean over axes; of integers float64, NaN over no elements. */
export const mean: Reduction<SumOptions> = reduction('mean')
/** The variance over axes: the sum of squared distances from the mean over (count - correction). */
const variance: Reduction<VarianceOptions> = reduction('var')

export { variance as var }
/** The standard deviation over axes: the square root of the variance. */
export const std: Reduction<VarianceOptions> = reduction('std')
/** The least element over axes; NaN if there is one. Errors: ShapeError over no elements. */
export const min: Reduction<ReductionOptions> = reduction('min')
/** The greatest element over axes; NaN if there is one. Errors: ShapeError over no elements. */
export const max: Reduction<ReductionOptions> = reduction('max')
/** Whether any element over axes is nonzero. */
export const any: Reduction<ReductionOptions> = reduction('any')
/** Whether all elements over axes are nonzero. */
export const all: Reduction<ReductionOptions> = reduction('all')
/** How many elements over axes are nonzero, int64. */
export const countNonzero: Reduction<ReductionOptions> = reduction('countNonzero')
/** The index (int64) of the first least element along an axis, or of all in row-major order; of a NaN if there is one. */
export const argmin = indexReduction('argmin')
/** The index (int64) of the first greatest element along an axis, or of all in row-major order; of a NaN if there is one. */
export const argmax = indexReduction('argmax')

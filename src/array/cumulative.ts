import { regular } from '../core/chunks.ts'
import type { DType, Value } from '../core/dtype.ts'
import { ShapeError } from '../core/errors.ts'
import { checkFlag } from '../core/options.ts'
import { checkAxis } from '../core/shape.ts'
import { concat, constant, scan } from '../graph/build.ts'
import { ChunkedArray } from './chunked-array.ts'
import { dtypeOption, exprOf, type Operand } from './operands.ts'
import { withBare } from './options.ts'

export interface CumulativeOptions {
  /** The axis to run along; may be left out for an array of one axis. */
  axis?: number
  /** The dtype to compute in and of the result; integers accumulate in int64 or uint64 unless given. */
  dtype?: DType
  /** Whether the value of no elements comes first, which makes the axis one longer. */
  includeInitial?: boolean
}

const cumulative =
  (name: string, initial: Value) =>
  (x: Operand, given?: number | CumulativeOptions, others?: Omit<CumulativeOptions, 'axis'>): ChunkedArray => {
    const options = withBare<CumulativeOptions>(['axis', 'dtype', 'includeInitial'], given, name, others)
    const { axis: wanted, dtype } = options
    const expr = exprOf(x, name)
    if (expr.shape.length === 0)
      throw new ShapeError(`${name}: got a 0-d array, want an axis to run along; use expandDims`)
    if (wanted === undefined && expr.shape.length > 1)
      throw new ShapeError(
        `${name}: got ${expr.shape.length} axes and no axis option; say along which, as in { axis: 0 }`,
      )
    const axis = checkAxis(wanted ?? 0, expr.shape.length, name)
    const scanned = scan(name, expr, axis, dtypeOption(dtype, expr, name))
    if (!checkFlag(options.includeInitial, 'includeInitial', name)) return new ChunkedArray(scanned)
    const first = constant(
      initial,
      scanned.dtype,
      scanned.grid.map((chunks, i) => (i === axis ? regular(1, 1) : chunks)),
    )
    return new ChunkedArray(concat([first, scanned], axis))
  }

/**
 * The sums of the elements up to each one along an axis. Errors: ShapeError, DTypeError.
 * @example nd.array([1, 2, 3]).cumulativeSum() // [1, 3, 6]
 */
export const cumulativeSum = cumulative('cumulativeSum', 0)
/** The products of the elements up to each one along an axis. Errors: ShapeError, DTypeError. */
export const cumulativeProd = cumulative('cumulativeProd', 1)

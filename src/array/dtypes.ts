import {
  canCastTo,
  checkDType,
  type DType,
  integerRange,
  isBig,
  isInteger,
  itemsize,
  type Kind,
  kindOf,
  realOf,
  resultTypeOf,
  type Value,
} from '../core/dtype.ts'
import { DTypeError, formatGiven } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import { cast } from '../graph/build.ts'
import { ChunkedArray } from './chunked-array.ts'
import { isValue } from './data.ts'
import { checkCast, exprOf, type Operand } from './operands.ts'
import type { CopyOption } from './options.ts'

export { dtypes } from '../core/dtype.ts'

const dtypeOf = (of: ChunkedArray | DType, operation: string): DType =>
  of instanceof ChunkedArray ? of.dtype : checkDType(of, operation)

/**
 * The dtype that arrays, dtypes and JavaScript scalars (weak beside the others) promote to. Errors: DTypeError.
 * @example nd.resultType('int8', 'uint8') // -> 'int16'
 */
export function resultType(...of: readonly (ChunkedArray | DType | Value)[]): DType {
  if (of.length === 0) throw new DTypeError('resultType: got nothing; give an array, a dtype or a scalar')
  const arrays = of.filter((entry): entry is ChunkedArray | DType => !isValue(entry))
  return resultTypeOf(
    arrays.map((entry) => dtypeOf(entry, 'resultType')),
    of.filter(isValue),
  )
}

/** The dtype that two dtypes promote to. Errors: DTypeError. */
export const promoteTypes = (type1: DType, type2: DType): DType => resultType(type1, type2)

/** Whether an array or a dtype casts to another dtype without loss of kind or range. Errors: DTypeError. */
export const canCast = (from: ChunkedArray | DType, to: DType): boolean =>
  canCastTo(dtypeOf(from, 'canCast'), checkDType(to, 'canCast'))

/**
 * The array cast to a dtype: to integers towards zero, to bool whether nonzero. Errors: DTypeError for an unknown dtype, or from a
 * complex to a real one (take `real` or `abs`).
 * @example x.astype('float32')
 */
export function astype(x: Operand, dtype: DType, options?: CopyOption): ChunkedArray {
  checkOptions<CopyOption>(options, ['copy'], 'astype')
  const expr = exprOf(x, 'astype')
  const wanted = checkDType(dtype, 'astype')
  checkCast(expr.dtype, wanted, 'astype')
  return new ChunkedArray(cast(expr, wanted))
}

export interface FloatInfo {
  bits: number
  eps: number
  max: number
  min: number
  smallestNormal: number
  dtype: DType
}
/** The limits of a floating dtype (of a complex one: of its parts). Errors: DTypeError for other dtypes. */
export function finfo(type: ChunkedArray | DType): FloatInfo {
  const given = dtypeOf(type, 'finfo')
  const dtype = realOf(given)
  if (kindOf(dtype) !== 'float')
    throw new DTypeError(`finfo: got ${given}, want a floating dtype; use iinfo for integers`)
  const bits = itemsize(dtype) * 8
  return dtype === 'float32'
    ? {
        bits,
        eps: 2 ** -23,
        max: (2 - 2 ** -23) * 2 ** 127,
        min: -(2 - 2 ** -23) * 2 ** 127,
        smallestNormal: 2 ** -126,
        dtype,
      }
    : { bits, eps: 2 ** -52, max: Number.MAX_VALUE, min: -Number.MAX_VALUE, smallestNormal: 2 ** -1022, dtype }
}

export interface IntegerInfo {
  bits: number
  /** A bigint for int64 and uint64. */
  max: number | bigint
  min: number | bigint
  dtype: DType
}
/** The limits of an integer dtype. Errors: DTypeError for other dtypes. */
export function iinfo(type: ChunkedArray | DType): IntegerInfo {
  const dtype = dtypeOf(type, 'iinfo')
  if (!isInteger(dtype)) throw new DTypeError(`iinfo: got ${dtype}, want an integer dtype; use finfo for floating ones`)
  const [min, max] = integerRange(dtype).map((limit) => (isBig(dtype) ? limit : Number(limit)))
  return { bits: itemsize(dtype) * 8, max, min, dtype }
}

const kinds: Record<string, readonly Kind[]> = {
  bool: ['bool'],
  'signed integer': ['int'],
  'unsigned integer': ['uint'],
  integral: ['int', 'uint'],
  'real floating': ['float'],
  'complex floating': ['complex'],
  numeric: ['int', 'uint', 'float', 'complex'],
}
/**
 * Whether a dtype is another dtype, of a kind ('bool', 'signed integer', 'unsigned integer', 'integral', 'real floating',
 * 'complex floating', 'numeric'), or any of a list of these. Errors: DTypeError.
 */
export function isdtype(dtype: DType, kind: string | readonly string[]): boolean {
  checkDType(dtype, 'isdtype')
  if (Array.isArray(kind)) return kind.some((entry) => isdtype(dtype, entry))
  if (typeof kind !== 'string')
    throw new DTypeError(
      `isdtype: got ${formatGiven(kind)} as kind, want a dtype, a kind such as 'integral', or a list`,
    )
  if (Object.hasOwn(kinds, kind)) return kinds[kind].includes(kindOf(dtype))
  return checkDType(kind, 'isdtype') === dtype
}

export const pi = Math.PI
export const e = Math.E
export const inf = Number.POSITIVE_INFINITY
export const nan = Number.NaN

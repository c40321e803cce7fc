import type { ChunksOption } from '../core/chunks.ts'
import { checkDType, type DType, type Value } from '../core/dtype.ts'
import { checkOptions } from '../core/options.ts'
import { cast, constant, rechunk } from '../graph/build.ts'
import { ChunkedArray } from './chunked-array.ts'
import { type ArrayData, type DataOptions, exprFromData, filled, gridOf, valueDType } from './data.ts'
import { exprOf, type Operand } from './operands.ts'

export interface CreationOptions {
  /** The dtype (float64 unless said otherwise). */
  dtype?: DType
  /**
   * How the array is cut into blocks: 'auto' (blocks of about 32 MiB; the default), a number for all axes, one number an axis
   * (-1: the whole axis), or a list of block lengths for each axis.
   */
  chunks?: ChunksOption
}
export const creationOptions = ['dtype', 'chunks'] as const
const dataOptions = ['dtype', 'chunks', 'shape'] as const
export type ShapeLike = number | readonly number[]

/**
 * An array of data: a JavaScript value, nested arrays, a typed array or a (strided) scijs ndarray. Numbers are float64, bigints
 * int64, booleans bool, `{ re, im }` complex128. The data is copied, unless it lies in a SharedArrayBuffer.
 * Errors: ShapeError for ragged rows, DTypeError, ChunkError, StorageError for a detached buffer.
 * @example nd.array([[1, 2], [3, 4]], { dtype: 'float32', chunks: [1, 2] })
 */
export const array = (data: Operand, options: DataOptions = {}): ChunkedArray => arrayOf(data, options, 'array')

function arrayOf(data: Operand, given: DataOptions, operation: string): ChunkedArray {
  const options = checkOptions<DataOptions>(given, dataOptions, operation)
  if (!(data instanceof ChunkedArray)) return new ChunkedArray(exprFromData(data, options, operation))
  const { expr } = data
  const dtype = checkDType(options.dtype ?? expr.dtype, operation)
  const typed = cast(expr, dtype)
  return new ChunkedArray(
    options.chunks === undefined ? typed : rechunk(typed, gridOf(expr.shape, options.chunks, dtype, operation)),
  )
}

/** The array itself, or the array of data, as `nd.array`. */
export const asarray = (data: Operand, options: DataOptions = {}): ChunkedArray => arrayOf(data, options, 'asarray')

/**
 * An array of the elements of a typed array or ndarray, of another shape if one is given. Errors: as for `nd.array`.
 * @example nd.fromArray(new Float32Array(6), { shape: [2, 3], chunks: [1, 3] })
 */
export const fromArray = (data: ArrayData, options: DataOptions = {}): ChunkedArray =>
  new ChunkedArray(exprFromData(data, checkOptions<DataOptions>(options, dataOptions, 'fromArray'), 'fromArray'))

function fill(shape: unknown, value: Value, given: CreationOptions, dtype: DType, operation: string): ChunkedArray {
  const options = checkOptions<CreationOptions>(given, creationOptions, operation)
  const checked = options.dtype === undefined ? dtype : checkDType(options.dtype, operation)
  return new ChunkedArray(filled(shape, value, checked, options.chunks, operation))
}
/** Zeros. Errors: ShapeError, DTypeError, ChunkError. */
export const zeros = (shape: ShapeLike, options: CreationOptions = {}): ChunkedArray =>
  fill(shape, 0, options, 'float64', 'zeros')
/** Ones. Errors: ShapeError, DTypeError, ChunkError. */
export const ones = (shape: ShapeLike, options: CreationOptions = {}): ChunkedArray =>
  fill(shape, 1, options, 'float64', 'ones')
/** An array whose values do not matter; they are zeros. Errors: ShapeError, DTypeError, ChunkError. */
export const empty = (shape: ShapeLike, options: CreationOptions = {}): ChunkedArray =>
  fill(shape, 0, options, 'float64', 'empty')
/** One value everywhere; its dtype unless another is given. Errors: ShapeError, DTypeError, ChunkError. */
export const full = (shape: ShapeLike, value: Value, options: CreationOptions = {}): ChunkedArray =>
  fill(shape, value, options, valueDType(value, 'full'), 'full')

/** An array of one value with the shape, blocks and dtype of x where the options say nothing else. */
function fillLike(x: Operand, value: Value, given: CreationOptions, operation: string): ChunkedArray {
  const options = checkOptions<CreationOptions>(given, creationOptions, operation)
  valueDType(value, operation)
  const expr = exprOf(x, operation)
  if (options.chunks !== undefined) return fill(expr.shape, value, options, expr.dtype, operation)
  const scalar = fill([], value, options, expr.dtype, operation).expr
  return new ChunkedArray(scalar.kind === 'constant' ? constant(scalar.value, scalar.dtype, expr.grid) : scalar)
}
/** Zeros of the shape, blocks and dtype of x. Errors: DTypeError, ChunkError. */
export const zerosLike = (x: Operand, options: CreationOptions = {}): ChunkedArray =>
  fillLike(x, 0, options, 'zerosLike')
/** Ones of the shape, blocks and dtype of x. Errors: DTypeError, ChunkError. */
export const onesLike = (x: Operand, options: CreationOptions = {}): ChunkedArray => fillLike(x, 1, options, 'onesLike')
/** An array of the shape, blocks and dtype of x whose values do not matter. Errors: DTypeError, ChunkError. */
export const emptyLike = (x: Operand, options: CreationOptions = {}): ChunkedArray =>
  fillLike(x, 0, options, 'emptyLike')
/** One value, of the shape, blocks and dtype of x. Errors: DTypeError, ChunkError. */
export const fullLike = (x: Operand, value: Value, options: CreationOptions = {}): ChunkedArray =>
  fillLike(x, value, options, 'fullLike')

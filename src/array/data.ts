import { type ChunksOption, type Grid, normalizeChunks } from '../core/chunks.ts'
import { config } from '../core/config.ts'
import {
  allocate,
  checkDType,
  type DType,
  dtypeOfValue,
  integerRange,
  isBig,
  isComplex,
  isComplexValue,
  isInteger,
  itemsize,
  promoteAll,
  type TypedArray,
  toValue,
  type Value,
  viewBytes,
} from '../core/dtype.ts'
import { DTypeError, formatGiven, ShapeError, StorageError } from '../core/errors.ts'
import { checkShape, formatShape, rowMajorStrides, type Shape, sizeOf } from '../core/shape.ts'
import { cast, constant, fromSource } from '../graph/build.ts'
import type { Expr } from '../graph/expr.ts'
import { isInHeap } from '../storage/sent.ts'

/** Values in arrays in arrays; a row may be a typed array. */
export type Nested = readonly (Value | TypedArray | Nested)[]
/** A strided array, as scijs `ndarray` is: element [i, j] is data[offset + i * stride[0] + j * stride[1]]. */
export interface Strided {
  readonly data:
    | TypedArray
    | Uint8ClampedArray
    | readonly Value[]
    | { get(index: number): Value; readonly length: number }
  readonly shape: readonly number[]
  readonly stride: readonly number[]
  readonly offset: number
}
/** Data that an array can be made of. */
export type ArrayData = Value | TypedArray | Uint8ClampedArray | Strided | Nested
export interface DataOptions {
  /** The dtype of the array; else that of the data. */
  dtype?: DType
  /** How it is cut into blocks, see `nd.zeros`. */
  chunks?: ChunksOption
  /** The shape of data that has none (a typed array); else it has one axis. */
  shape?: number | readonly number[]
}

export const isValue = (data: unknown): data is Value =>
  typeof data === 'number' || typeof data === 'bigint' || typeof data === 'boolean' || isComplexValue(data)

/** The dtype of what a user gave as a value. Errors: DTypeError. */
export function valueDType(value: unknown, operation: string): DType {
  if (isValue(value)) return dtypeOfValue(value)
  throw new DTypeError(`${operation}: got ${formatGiven(value)}, want a number, bigint, boolean or { re, im }`)
}

const isTypedArray = (data: unknown): data is TypedArray => ArrayBuffer.isView(data) && !(data instanceof DataView)
const isStrided = (data: unknown): data is Strided =>
  typeof data === 'object' && data !== null && 'data' in data && 'stride' in data && 'offset' in data

/** The blocks that the `chunks` option means, 'auto' unless given. */
export const gridOf = (shape: Shape, chunks: ChunksOption | undefined, dtype: DType, operation: string): Grid =>
  normalizeChunks(chunks ?? 'auto', shape, itemsize(dtype), config().chunkBytes, operation)

/** A value in the form of a dtype. Errors: DTypeError for an integer dtype that does not hold it (fractions are cut off). */
export function exactValue(value: Value, dtype: DType, operation: string): Value {
  if (isComplexValue(value) && !isComplex(dtype))
    throw new DTypeError(`${operation}: got a complex value for dtype ${dtype}; use dtype 'complex128', or give its re`)
  if (isInteger(dtype)) {
    const whole = typeof value === 'number' ? Math.trunc(value) : Number(value)
    const [low, high] = integerRange(dtype)
    if (
      !Number.isFinite(whole) ||
      BigInt(typeof value === 'bigint' ? value : whole) < low ||
      BigInt(typeof value === 'bigint' ? value : whole) > high
    )
      throw new DTypeError(
        `${operation}: got ${String(value)}, which ${dtype} does not hold (${low} to ${high}); use a wider dtype`,
      )
  }
  return toValue(value, dtype)
}

/** A constant array. Errors: ShapeError, ChunkError, DTypeError. */
export function filled(
  shape: unknown,
  value: Value,
  dtype: DType,
  chunks: ChunksOption | undefined,
  operation: string,
): Expr {
  const extents = checkShape(shape, operation)
  return constant(exactValue(value, dtype, operation), dtype, gridOf(extents, chunks, dtype, operation))
}

/**
 * The array of data that exists. Data in an ordinary buffer is copied, into a SharedArrayBuffer, so that workers can read it and
 * a later change of it does not reach the array; what lies in a SharedArrayBuffer of the user's, row-major, is used as it is.
 * Errors: ShapeError (ragged rows, a shape of another size), DTypeError, ChunkError, StorageError (a detached buffer).
 */
export function exprFromData(data: ArrayData, options: DataOptions, operation: string): Expr {
  const dtype = options.dtype === undefined ? undefined : checkDType(options.dtype, operation)
  if (isValue(data)) {
    const own = dtype ?? valuesDType([data], [], operation)
    return filled(options.shape ?? [], data, own, options.chunks, operation)
  }
  const held = hold(data, dtype, operation)
  const shape = options.shape === undefined ? held.shape : checkShape(options.shape, operation)
  if (sizeOf(shape) !== sizeOf(held.shape))
    throw new ShapeError(
      `${operation}: shape ${formatShape(shape)} has ${sizeOf(shape)} elements, the data has ${sizeOf(held.shape)}; make them equal`,
    )
  const grid = gridOf(shape, options.chunks, dtype ?? held.dtype, operation)
  const source = fromSource({ type: 'memory', data: held.data, dtype: held.dtype, shape }, grid)
  return cast(source, dtype ?? held.dtype)
}

interface Held {
  readonly data: TypedArray
  readonly dtype: DType
  readonly shape: Shape
}

function hold(data: Exclude<ArrayData, Value>, dtype: DType | undefined, operation: string): Held {
  if (isTypedArray(data))
    return { data: holdTyped(data, operation), dtype: typedDType(data, operation), shape: [data.length] }
  if (isStrided(data)) return holdStrided(data, dtype, operation)
  if (Array.isArray(data)) return holdNested(data, dtype, operation)
  throw new DTypeError(
    `${operation}: got ${formatGiven(data)}, want a number, bigint, boolean, { re, im }, nested arrays of them, a typed array or an ndarray`,
  )
}

const dtypeOfTag: Record<string, DType> = {
  Int8Array: 'int8',
  Int16Array: 'int16',
  Int32Array: 'int32',
  BigInt64Array: 'int64',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
  Uint16Array: 'uint16',
  Uint32Array: 'uint32',
  BigUint64Array: 'uint64',
  Float32Array: 'float32',
  Float64Array: 'float64',
}
/** The dtype of a typed array, of any realm. Errors: DTypeError. */
export function typedDType(data: ArrayBufferView, operation: string): DType {
  const tag = (data as TypedArray)[Symbol.toStringTag] as string
  if (Object.hasOwn(dtypeOfTag, tag)) return dtypeOfTag[tag]
  throw new DTypeError(`${operation}: a ${tag} has no dtype here; copy it to a Float32Array or Float64Array`)
}

/** Room for elements that workers can read; an ordinary buffer where the platform shares none. */
function allocateShared(dtype: DType, length: number): TypedArray {
  if (typeof SharedArrayBuffer === 'undefined') return allocate(dtype, length)
  return viewBytes(dtype, new SharedArrayBuffer(length * itemsize(dtype)), 0, length)
}

const isShared = (data: TypedArray): boolean =>
  typeof SharedArrayBuffer !== 'undefined' && data.buffer instanceof SharedArrayBuffer

function holdTyped(data: TypedArray, operation: string): TypedArray {
  checkAttached(data, operation)
  if (isShared(data) && !isInHeap(data)) return data
  const copy = allocateShared(typedDType(data, operation), data.length)
  ;(copy as Float64Array).set(data as Float64Array)
  return copy
}

/** A detached buffer looks like an empty one, but no new view of it can be made. */
function checkAttached(data: TypedArray, operation: string): void {
  if (data.length > 0) return
  try {
    new Uint8Array(data.buffer, 0, 0)
  } catch (cause) {
    const error = new StorageError(
      `${operation}: the buffer of the typed array is detached (it was transferred elsewhere); make the array before that, or of a copy`,
    )
    error.cause = cause
    throw error
  }
}

/** The elements of an ndarray in row-major order. */
function holdStrided(source: Strided, dtype: DType | undefined, operation: string): Held {
  const shape = checkShape(source.shape, operation)
  const size = sizeOf(shape)
  const { data, offset, stride } = source
  checkStrides(source, operation)
  if (!isTypedArray(data)) {
    const values: Value[] = new Array(size)
    const read = 'get' in data ? (i: number) => data.get(i) : (i: number) => data[i]
    eachStrided(shape, stride, offset, (from, to) => {
      values[to] = read(from)
    })
    const isComplex64 = 'parts' in data && data.parts instanceof Float32Array
    return holdValues(
      values,
      shape,
      dtype ?? (isComplex64 ? 'complex64' : valuesDType(values, [], operation)),
      operation,
    )
  }
  const own = typedDType(data, operation)
  const wanted = rowMajorStrides(shape)
  if (shape.every((n, axis) => n <= 1 || stride[axis] === wanted[axis]))
    return { data: holdTyped(data.subarray(offset, offset + size), operation), dtype: own, shape }
  const copy = allocateShared(own, size) as Float64Array
  const from = data as Float64Array
  eachStrided(shape, stride, offset, (i, to) => {
    copy[to] = from[i]
  })
  return { data: copy, dtype: own, shape }
}

/** Errors: ShapeError when strides and offset are no integers, one an axis, or lead out of the data. */
function checkStrides({ data, shape, stride, offset }: Strided, operation: string): void {
  const isList = Array.isArray(stride) && stride.length === shape.length
  if (!isList || ![offset, ...stride].every(Number.isSafeInteger))
    throw new ShapeError(
      `${operation}: got stride ${formatGiven(stride)} and offset ${formatGiven(offset)} for shape ${formatShape(shape)}, want an integer an axis`,
    )
  if (isTypedArray(data)) checkAttached(data, operation)
  const ends = shape.map((extent, axis) => (extent - 1) * stride[axis])
  const [first, last] = [Math.min, Math.max].map((pick) => ends.reduce((sum, end) => sum + pick(0, end), offset))
  if (sizeOf(shape) > 0 && !(first >= 0 && last < data?.length))
    throw new ShapeError(
      `${operation}: shape ${formatShape(shape)}, stride ${formatShape(stride)} and offset ${offset} reach elements ${first} to ${last}, the data has ${data?.length}; make them fit`,
    )
}

/** Calls `visit` with the strided and the row-major position of each element. */
function eachStrided(
  shape: Shape,
  stride: readonly number[],
  offset: number,
  visit: (from: number, to: number) => void,
): void {
  let to = 0
  const walk = (axis: number, from: number): void => {
    if (axis === shape.length) visit(from, to++)
    else for (let i = 0; i < shape[axis]; i++) walk(axis + 1, from + i * stride[axis])
  }
  walk(0, offset)
}

/** Nested arrays: every row of an axis has the same length, and all values stand at the same depth. */
function holdNested(data: Nested, dtype: DType | undefined, operation: string): Held {
  const shape: number[] = []
  const values: Value[] = []
  const rowDTypes: DType[] = []
  const isRows: boolean[] = []
  const gather = (row: Nested | TypedArray, depth: number): void => {
    if (shape.length <= depth) shape.push(row.length)
    if (shape[depth] !== row.length)
      throw new ShapeError(
        `${operation}: rows of axis ${depth} have ${shape[depth]} and ${row.length} elements; give every row the same length`,
      )
    if (isTypedArray(row)) rowDTypes.push(typedDType(row, operation))
    for (const item of row) {
      const isRow = Array.isArray(item) || isTypedArray(item)
      isRows[depth] ??= isRow
      if (isRows[depth] !== isRow)
        throw new ShapeError(
          `${operation}: values and rows are mixed at axis ${depth + 1}; put all values at the same depth`,
        )
      if (isRow) gather(item, depth + 1)
      else values.push(checkedValue(item, operation))
    }
  }
  gather(data, 0)
  return holdValues(values, shape, dtype ?? valuesDType(values, rowDTypes, operation), operation)
}

function checkedValue(item: unknown, operation: string): Value {
  if (isValue(item)) return item
  const cure =
    typeof item === 'object' && item !== null && 'expr' in item
      ? 'join lazy arrays with nd.stack or nd.concat'
      : 'use numbers, bigints, booleans or { re, im }'
  throw new DTypeError(`${operation}: got the element ${formatGiven(item)}; ${cure}`)
}

/** The dtype that holds all values; integers above int64's are uint64. `rows` are dtypes of typed rows, whose values do not count. */
function valuesDType(values: readonly Value[], rows: readonly DType[], operation: string): DType {
  if (rows.length > 0) return promoteAll(rows)
  if (values.length === 0) return 'float64'
  const dtype = promoteAll([...new Set(values.map((value) => dtypeOfValue(value)))])
  const [low, high] = integerRange('int64')
  if (dtype !== 'int64' || values.every((v) => typeof v !== 'bigint' || (v >= low && v <= high))) return dtype
  for (const value of values) exactValue(value, 'uint64', operation)
  return 'uint64'
}

function holdValues(values: readonly Value[], shape: Shape, dtype: DType, operation: string): Held {
  const data = allocateShared(dtype, values.length)
  values.forEach((value, i) => {
    const element = exactValue(value, dtype, operation)
    if (isComplexValue(element)) (data as Float64Array).set([element.re, element.im], 2 * i)
    else if (isBig(dtype)) (data as BigInt64Array)[i] = element as bigint
    else (data as Float64Array)[i] = Number(element)
  })
  return { data, dtype, shape }
}

import ndarray, { type NdArray } from 'ndarray'
import { type Complex, type DType, isComplex, type TypedArray } from '../core/dtype.ts'

/** Complex numbers that lie as re, im pairs in a typed array, as the store of an ndarray: elements are { re, im }. */
export interface ComplexStore {
  readonly length: number
  /** The pairs themselves. */
  readonly parts: Float32Array | Float64Array
  get(index: number): Complex
  set(index: number, value: Complex | number): Complex | number
}

export function complexStore(parts: Float32Array | Float64Array): ComplexStore {
  return {
    length: parts.length / 2,
    parts,
    get: (index) => ({ re: parts[2 * index], im: parts[2 * index + 1] }),
    set(index, value) {
      parts[2 * index] = typeof value === 'number' ? value : value.re
      parts[2 * index + 1] = typeof value === 'number' ? 0 : value.im
      return value
    },
  }
}

/** The scijs ndarray over row-major elements. bool elements are 0 and 1, int64 bigint, complex { re, im }. */
export const ndarrayOver = (data: TypedArray, dtype: DType, shape: readonly number[]): NdArray =>
  ndarray((isComplex(dtype) ? complexStore(data as Float64Array) : data) as Float64Array, [...shape]) as NdArray

/** An ndarray as it can be sent to another thread: without its methods. */
export interface SentNdArray {
  readonly data: TypedArray
  readonly shape: readonly number[]
  readonly stride: readonly number[]
  readonly offset: number
  /** Elements are complex: `data` holds re, im pairs. */
  readonly isComplex?: true
}
/** Gives back its methods to an ndarray that has come from another thread; any other value stays as it is. */
export function revive(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('stride' in value) || 'get' in value) return value
  const { data, shape, stride, offset, isComplex: hasPairs } = value as SentNdArray
  if (!ArrayBuffer.isView(data) || !Array.isArray(shape) || !Array.isArray(stride)) return value
  const store = hasPairs ? complexStore(data as Float64Array) : data
  return ndarray(store as Float64Array, shape, stride, offset)
}
/** A copy of a result to be sent to another thread, which shares nothing with it. */
export function sendable({ data, shape, stride, offset }: NdArray): SentNdArray {
  const pairs = (data as unknown as Partial<ComplexStore>).parts
  return {
    data: (pairs ?? (data as TypedArray)).slice(),
    shape,
    stride,
    offset,
    ...(pairs ? { isComplex: true } : {}),
  }
}

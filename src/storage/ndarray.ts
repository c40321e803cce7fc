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

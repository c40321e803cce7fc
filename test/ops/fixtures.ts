import { readFileSync } from 'node:fs'
import { type DType, isComplex, type RealDType, realOf, type Value, viewBytes } from '../../src/core/dtype.ts'

/** The fixtures that scripts/fixtures-ops.py writes: arrays as hex strings of their little-endian bytes. */
export interface Result {
  readonly dtype: DType
  readonly values: string
}
export type Inputs = Record<DType, { unary: string; left: string; right: string }>
export type Results = Record<string, Partial<Record<DType, Result>>>

export const readFixture = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../fixtures/ops/${name}.json`, import.meta.url), 'utf8'))

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

/** The elements in their JavaScript form. */
export function decode(hex: string, dtype: DType): Value[] {
  const bytes = bytesOf(hex)
  if (isComplex(dtype)) {
    const parts = decode(hex, realOf(dtype)) as number[]
    return Array.from({ length: parts.length / 2 }, (_, i) => ({ re: parts[2 * i], im: parts[2 * i + 1] }))
  }
  const array = viewBytes(dtype, bytes.buffer, 0, bytes.length / viewBytes(dtype, bytes.buffer, 0, 0).BYTES_PER_ELEMENT)
  return Array.from(array as ArrayLike<number | bigint>, (x) => (dtype === 'bool' ? x !== 0 : x))
}

/** Whether values are the same: NaN is NaN, and the signs of zeros count. */
export const same = (a: Value, b: Value): boolean => Object.is(a, b)

const bits = new DataView(new ArrayBuffer(8))
/** Where a number stands in the row of all numbers of its dtype. */
function ordinal(x: number, dtype: RealDType): bigint {
  const width = dtype === 'float32' ? 32 : 64
  if (width === 32) bits.setFloat32(4, x)
  else bits.setFloat64(0, x)
  const pattern = BigInt.asUintN(width, bits.getBigUint64(0))
  const magnitude = BigInt.asUintN(width - 1, pattern)
  return pattern === magnitude ? magnitude : -magnitude
}
/** How many numbers of a floating dtype lie between two; NaN is near NaN only. */
export function ulpsApart(a: number, b: number, dtype: RealDType): number {
  if (Object.is(a, b) || a === b) return 0
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.POSITIVE_INFINITY
  const apart = ordinal(a, dtype) - ordinal(b, dtype)
  return Number(apart < 0n ? -apart : apart)
}

import { facts, isBig, isFloating, kindOf, type RealDType, type Value } from '../core/dtype.ts'

const least64 = -(2n ** 63n)
const most64 = 2n ** 63n - 1n
const mostUnsigned64 = 2n ** 64n - 1n
const clampTo = (low: bigint, high: bigint, value: bigint): bigint => (value < low ? low : value > high ? high : value)

/** The fraction is dropped, what int64 (from 2^63 on as uint64: uint64) cannot hold is brought to its end, and NaN is 0. */
function integerOf(value: number, to: RealDType): bigint {
  if (Number.isNaN(value)) return 0n
  const whole = Number.isFinite(value) ? BigInt(Math.trunc(value)) : value > 0 ? mostUnsigned64 : least64
  return to === 'uint64' && value >= 0 ? clampTo(0n, mostUnsigned64, whole) : clampTo(least64, most64, whole)
}

/**
 * What a cast from one real dtype to another gives, as the kernels do it. Anything but zero is true, NaN too. Integers wrap. A float
 * to an integer loses its fraction; it saturates as an int64 first (positive values to uint64 as that), then wraps to the dtype; NaN
 * gives 0. float64 to float32 rounds to nearest even.
 */
export function castValue(value: Value, from: RealDType, to: RealDType): Value {
  const kind = kindOf(to)
  if (kind === 'bool') return typeof value === 'bigint' ? value !== 0n : typeof value === 'number' ? value !== 0 : value
  if (kind === 'float') return to === 'float32' ? roundToFloat32(value as number | bigint | boolean) : Number(value)
  const whole = isFloating(from) ? integerOf(value as number, to) : BigInt(value as number | bigint | boolean)
  const bits = facts[to].itemsize * 8
  const wrapped = kind === 'int' ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole)
  return isBig(to) ? wrapped : Number(wrapped)
}

/** Rounds once: a 64-bit integer must not go through float64. */
function roundToFloat32(value: number | bigint | boolean): number {
  if (typeof value !== 'bigint') return Math.fround(Number(value))
  const magnitude = value < 0n ? -value : value
  const excess = BigInt(Math.max(0, magnitude.toString(2).length - 26))
  // Two bits more than float32 holds, the last of which is set when anything below was: no tie is made or lost.
  const sticky = magnitude & ((1n << excess) - 1n) ? 1n : 0n
  const rounded = Math.fround(Number((magnitude >> excess) | sticky)) * 2 ** Number(excess)
  return value < 0n ? -rounded : rounded
}

import type { RealDType } from '../core/dtype.ts'
import { type Emitter, integerLane, ones, signBits, splat, zero } from './wat.ts'

/**
 * The neighbour of a floating number by its bits: as integers, the bits of numbers of one sign are in the order of their
 * magnitudes, so the next one is the bits plus or minus one. From zero it is the least subnormal with the sign of y.
 */
export function nextAfter(dtype: RealDType, x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN
  if (x === y) return y
  const bits = new DataView(new ArrayBuffer(8))
  const away = y > x === x > 0
  if (dtype === 'float32') {
    if (x === 0) return y > 0 ? 2 ** -149 : -(2 ** -149)
    bits.setFloat32(0, x)
    bits.setInt32(0, bits.getInt32(0) + (away ? 1 : -1))
    return bits.getFloat32(0)
  }
  if (x === 0) return y > 0 ? Number.MIN_VALUE : -Number.MIN_VALUE
  bits.setFloat64(0, x)
  bits.setBigInt64(0, bits.getBigInt64(0) + (away ? 1n : -1n))
  return bits.getFloat64(0)
}

export const nextAfterEmitter: Emitter = () => (t, x, y) => {
  const lane = integerLane(t.lane)
  const towardsZero = `(v128.xor (${t.lane}.gt ${y} ${x}) (${t.lane}.gt ${x} ${zero}))`
  const neighbour = `(${lane}.add ${x} (v128.or ${towardsZero} ${splat(lane, 1)}))`
  const least = `(v128.or (v128.and ${y} ${signBits(t.lane)}) ${splat(lane, 1)})`
  const differ = `(v128.bitselect ${least} ${neighbour} (${t.lane}.eq ${x} ${zero}))`
  const ordered = `(v128.bitselect ${y} ${differ} (${t.lane}.eq ${x} ${y}))`
  const nan = `(v128.or (${t.lane}.ne ${x} ${x}) (${t.lane}.ne ${y} ${y}))`
  return `(v128.bitselect ${ones} ${ordered} ${nan})`
}

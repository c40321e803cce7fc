import { isFloating, itemsize, kindOf, type RealDType } from '../core/dtype.ts'
import {
  fromScalars,
  integerLane,
  laneBytes,
  laneType,
  resizeLanes,
  resizeMask,
  shuffle,
  splatConstant,
  vectorBytes,
  zeros,
} from './lanes.ts'

/** Where a cast stands. A uniform value is the same in all the lanes its type has, and must stay so. */
export interface CastPlace {
  readonly width: number
  readonly uniform: boolean
}

/** The WebAssembly of castValue (cast.ts) on vectors: `x` is a local and may be repeated. */
export function castLanes(x: string, from: RealDType, to: RealDType, place: CastPlace): string {
  if (from === to) return x
  if (from === 'bool') return fromMask(x, to, place)
  if (to === 'bool') return toMask(x, from, place)
  if (isFloating(from)) return isFloating(to) ? floatToFloat(x, to, place) : floatToInteger(x, from, to, place)
  if (to === 'float64') return integerToFloat64(x, from)
  if (to === 'float32') return integerToFloat32(x, from, place)
  return resizeLanes(x, itemsize(from), itemsize(to), signOf(from))
}

const signOf = (dtype: RealDType): string => (kindOf(dtype) === 'int' ? 's' : 'u')

const fromMask = (x: string, to: RealDType, { width, uniform }: CastPlace): string =>
  `(v128.and ${resizeMask(x, laneBytes('bool', width), itemsize(to), uniform)} ${splatConstant(to === 'int64' || to === 'uint64' ? 1n : 1, to)})`

const toMask = (x: string, from: RealDType, { width, uniform }: CastPlace): string =>
  resizeMask(`(${laneType(from, width)}.ne ${x} ${zeros})`, itemsize(from), laneBytes('bool', width), uniform)

/** The low float64 and float32 lanes; a uniform narrow one is spread again. */
function floatToFloat(x: string, to: RealDType, { uniform }: CastPlace): string {
  if (to === 'float64') return `(f64x2.promote_low_f32x4 ${x})`
  const narrow = `(f32x4.demote_f64x2_zero ${x})`
  return uniform ? `(f32x4.splat (f32x4.extract_lane 0 ${narrow}))` : narrow
}

function integerToFloat64(x: string, from: RealDType): string {
  if (itemsize(from) === 8) return wideToFloat64(x, from === 'int64')
  return `(f64x2.convert_low_i32x4_${signOf(from)} ${resizeLanes(x, itemsize(from), 4, signOf(from))})`
}

/** The halves become floats by their bits (2^52 + low, 2^84 + high * 2^32); one addition joins them, so it rounds once. */
function wideToFloat64(x: string, signed: boolean): string {
  const twice = (bits: string) => `(v128.const i64x2 ${bits} ${bits})`
  const lowBytes = [0, 1, 2, 3, 20, 21, 22, 23, 8, 9, 10, 11, 28, 29, 30, 31]
  const low = shuffle(lowBytes, x, twice('0x4330000000000000'))
  // Flipping the sign bit of a signed one adds 2^63, which the subtraction takes off again.
  const high = `(v128.xor (i64x2.shr_u ${x} (i32.const 32)) ${twice(signed ? '0x4530000080000000' : '0x4530000000000000')})`
  return `(f64x2.add (f64x2.sub ${high} ${twice(signed ? '0x4530000080100000' : '0x4530000000100000')}) ${low})`
}

function integerToFloat32(x: string, from: RealDType, { width, uniform }: CastPlace): string {
  const sign = signOf(from)
  if (itemsize(from) < 8) return `(f32x4.convert_i32x4_${sign} ${resizeLanes(x, itemsize(from), 4, sign)})`
  const each = (lane: number) => `(f32.convert_i64_${sign} (i64x2.extract_lane ${lane} ${x}))`
  return fromScalars('f32x4', uniform ? 1 : width, each)
}

/** Lane by lane, unless all values are so small that vector instructions saturate nowhere. */
function floatToInteger(x: string, from: RealDType, to: RealDType, place: CastPlace): string {
  const slow = floatToIntegerLanes(x, from, to, place)
  if (place.uniform) return slow
  const single = from === 'float32'
  const limit = splatConstant(itemsize(to) === 8 ? 2 ** 51 : 2 ** 31, from)
  const lane = laneType(from, place.width)
  const small = `(${single ? 'i32x4' : 'i64x2'}.all_true (${lane}.lt (${lane}.abs ${x}) ${limit}))`
  const whole = single ? `(i32x4.trunc_sat_f32x4_s ${x})` : `(i32x4.trunc_sat_f64x2_s_zero ${x})`
  const fast =
    itemsize(to) === 8
      ? smallToInt64(single ? `(f64x2.promote_low_f32x4 ${x})` : x)
      : resizeLanes(whole, 4, itemsize(to), 's')
  return `(if (result v128) ${small} (then ${fast}) (else ${slow}))`
}
/** Adding 1.5 * 2^52 leaves a small integer in the low bits. */
const smallToInt64 = (x: string): string =>
  `(i64x2.sub (f64x2.add (f64x2.trunc ${x}) ${splatConstant(6755399441055744, 'float64')}) ${splatConstant(0x4338000000000000n, 'int64')})`

function floatToIntegerLanes(x: string, from: RealDType, to: RealDType, { width, uniform }: CastPlace): string {
  const scalar = from === 'float64' ? 'f64' : 'f32'
  const each = (lane: number) => {
    const value = `(${laneType(from, width)}.extract_lane ${lane} ${x})`
    const signed = `(i64.trunc_sat_${scalar}_s ${value})`
    if (to === 'uint64')
      return `(select (i64.trunc_sat_${scalar}_u ${value}) ${signed} (${scalar}.ge ${value} (${scalar}.const 0)))`
    return itemsize(to) === 8 ? signed : `(i32.wrap_i64 ${signed})`
  }
  return fromScalars(integerLane(itemsize(to)), uniform ? 1 : Math.min(width, vectorBytes / itemsize(from)), each)
}

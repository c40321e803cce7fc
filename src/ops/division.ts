import { facts, kindOf, type RealDType } from '../core/dtype.ts'
import { byKind } from './meaning.ts'
import type { ElementwiseRecord } from './record.ts'
import { keepsNumbers, real } from './signature.ts'
import { type Emitter, emitByKind, mathCall, product, splat, zero } from './wat.ts'

/** 1.5 * 2^52: adding it to a small integer in float64 leaves the integer in the low bits, and back. */
const magic = splat('f64x2', '6755399441055744')
const magicBits = splat('i64x2', '0x4338000000000000')

/** As Python and NumPy: the remainder has the divisor's sign, and the quotient is put to the nearest integer last. */
function divideFloats(dtype: RealDType, x: number, y: number): { quotient: number; remainder: number } {
  const round = dtype === 'float32' ? Math.fround : (value: number) => value
  let remainder = x % y
  if (y === 0) return { quotient: round(x / y), remainder }
  let quotient = round(round(x - remainder) / y)
  if (remainder === 0) remainder = y < 0 ? -0 : 0
  else if (y < 0 !== remainder < 0) {
    remainder = round(remainder + y)
    quotient = round(quotient - 1)
  }
  if (quotient === 0) return { quotient: x / y < 0 || Object.is(x / y, -0) ? -0 : 0, remainder }
  const floor = Math.floor(quotient)
  return { quotient: quotient - floor > 0.5 ? floor + 1 : floor, remainder }
}
const floorQuotient = (x: bigint, y: bigint): bigint => {
  if (y === 0n) return 0n
  const quotient = x / y
  return quotient * y !== x && x < 0n !== y < 0n ? quotient - 1n : quotient
}

const swapHalves = (x: string): string => `(i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 ${x} ${x})`
/** The low half of every lane of two vectors of twice the width. */
const narrow32 = (low: string, high: string): string =>
  `(i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 ${low} ${high})`
const narrow16 = (low: string, high: string): string =>
  `(i8x16.shuffle 0 1 4 5 8 9 12 13 16 17 20 21 24 25 28 29 ${low} ${high})`
const narrow8 = (low: string, high: string): string =>
  `(i8x16.shuffle 0 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 ${low} ${high})`

/**
 * Quotients rounded down of integers in the narrow lanes, by floating division, which is exact for them: a quotient of
 * integers below 2^n that is no integer differs from one by more than 2^-n of itself, more than the rounding where the
 * significand has two bits more. Division by zero gives what it may.
 */
const quotient32 = (sign: string, x: string, y: string): string => {
  const half = (x: string, y: string) =>
    `(f64x2.add (f64x2.floor (f64x2.div (f64x2.convert_low_i32x4_${sign} ${x}) (f64x2.convert_low_i32x4_${sign} ${y}))) ${magic})`
  return narrow32(half(x, y), half(swapHalves(x), swapHalves(y)))
}
const quotient16 = (sign: string, x: string, y: string): string => {
  const half = (part: string) => {
    const [a, b] = [x, y].map((v) => `(f32x4.convert_i32x4_s (i32x4.extend_${part}_i16x8_${sign} ${v}))`)
    return `(i32x4.trunc_sat_f32x4_s (f32x4.floor (f32x4.div ${a} ${b})))`
  }
  return narrow16(half('low'), half('high'))
}
const quotient8 = (sign: string, x: string, y: string): string => {
  const half = (part: string) =>
    quotient16('s', `(i16x8.extend_${part}_i8x16_${sign} ${x})`, `(i16x8.extend_${part}_i8x16_${sign} ${y})`)
  return narrow8(half('low'), half('high'))
}

const narrowQuotient = (dtype: RealDType, x: string, y: string): string => {
  const sign = kindOf(dtype) === 'int' ? 's' : 'u'
  return { 1: quotient8, 2: quotient16, 4: quotient32 }[facts[dtype].itemsize as 1 | 2 | 4](sign, x, y)
}

const narrowRemainder: Emitter = (dtype) => (t, x, y) =>
  `(${t.lane}.sub ${x} ${product(t.lane, narrowQuotient(dtype, x, y), y)})`

/** An i64 lane as float64, and back, exact between -2^51 and 2^51. */
const toFloat = (x: string): string => `(f64x2.sub (i64x2.add ${x} ${magicBits}) ${magic})`
const fromFloat = (x: string): string => `(i64x2.sub (f64x2.add ${x} ${magic}) ${magicBits})`
/** Whether a lane of x lies outside the range of `toFloat`. */
const outside = (dtype: RealDType, x: string): string =>
  dtype === 'int64'
    ? `(i64x2.shr_u (i64x2.add ${x} ${splat('i64x2', '0x8000000000000')}) (i32.const 52))`
    : `(i64x2.shr_u ${x} (i32.const 51))`

/** 64-bit lanes: by floating division where both operands are small, as they nearly always are, else one by one. */
const wide = (
  fast: (x: string, y: string, quotient: string) => string,
  signed: (x: string, y: string) => string,
  unsigned: (x: string, y: string) => string,
): Emitter => {
  return (dtype) => (t, x, y) => {
    const [a, b] = [toFloat(x), toFloat(y)]
    const inRange = fromFloat(fast(a, b, `(f64x2.floor (f64x2.div ${a} ${b}))`))
    return `(if (result v128) (v128.any_true (v128.or ${outside(dtype, x)} ${outside(dtype, y)}))
      (then ${t.scalar(dtype === 'int64' ? signed : unsigned)})
      (else ${inRange}))`
  }
}

const one = '(i64.const 1)'
/** The divisor, or 1 where it is 0, or also where it is -1: WebAssembly traps there. */
const nonzero = (y: string): string => `(select ${one} ${y} (i64.eqz ${y}))`
const harmless = (y: string): string => `(select ${one} ${y} (i64.le_u (i64.add ${y} ${one}) ${one}))`
/** 1 where a remainder is to be put to the other side: it is not zero and its sign is not the divisor's. */
const offside = (x: string, y: string): string =>
  `(i32.and (i64.ne (i64.rem_s ${x} ${y}) (i64.const 0)) (i64.lt_s (i64.xor ${x} ${y}) (i64.const 0)))`

const wideQuotient = wide(
  (_x, _y, quotient) => quotient,
  (x, y) => {
    const floor = `(i64.sub (i64.div_s ${x} ${harmless(y)}) (i64.extend_i32_u ${offside(x, harmless(y))}))`
    return `(select (i64.sub (i64.const 0) ${x}) ${floor} (i64.eq ${y} (i64.const -1)))`
  },
  (x, y) => `(i64.div_u ${x} ${nonzero(y)})`,
)
const wideRemainder = wide(
  (x, y, quotient) => `(f64x2.sub ${x} (f64x2.mul ${quotient} ${y}))`,
  (x, y) => `(i64.add (i64.rem_s ${x} ${nonzero(y)}) (select ${y} (i64.const 0) ${offside(x, nonzero(y))}))`,
  (x, y) => `(i64.rem_u ${x} ${nonzero(y)})`,
)

/** 0 where the divisor is 0. */
const guarded =
  (emit: Emitter): Emitter =>
  (dtype) =>
  (t, x, y) =>
    `(v128.and ${emit(dtype)(t, x, y)} (${t.lane}.ne ${y} ${zero}))`
const isWide = (dtype: RealDType): boolean => facts[dtype].itemsize === 8

export const division: Record<string, ElementwiseRecord> = {
  floorDivide: {
    name: 'floorDivide',
    arity: 2,
    doc: 'x / y rounded down, in their dtype (bool as int8). Integers: 0 where y is 0, and the least integer by -1 wraps.',
    signature: keepsNumbers(real.concat('bool')),
    meaning: (dtype: RealDType, x: number, y: number) =>
      byKind({ float: (x, y) => divideFloats(dtype, x, y).quotient, integer: floorQuotient })(
        dtype,
        x as never,
        y as never,
      ),
    emit: emitByKind({
      float: mathCall('floorDivide'),
      integer: guarded((dtype) => (isWide(dtype) ? wideQuotient(dtype) : (_, x, y) => narrowQuotient(dtype, x, y))),
    }),
    costNanoseconds: 2,
  },
  remainder: {
    name: 'remainder',
    arity: 2,
    doc: 'x - y * floorDivide(x, y): it has the sign of y. Of integers 0 where y is 0, of floats NaN.',
    signature: keepsNumbers(real.concat('bool')),
    meaning: (dtype: RealDType, x: number, y: number) =>
      byKind({
        float: (x, y) => divideFloats(dtype, x, y).remainder,
        integer: (x, y) => (y === 0n ? 0n : x - y * floorQuotient(x, y)),
      })(dtype, x as never, y as never),
    emit: emitByKind({
      float: mathCall('remainder'),
      integer: guarded((dtype) => (isWide(dtype) ? wideRemainder(dtype) : narrowRemainder(dtype))),
    }),
    costNanoseconds: 2,
  },
}

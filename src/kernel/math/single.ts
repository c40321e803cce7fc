/** float32: the most used functions natively, four lanes at once; the others by way of two halves of doubles. */
import { estrin } from './arithmetic.ts'
import type { Scope } from './build.ts'
import { log1pRestSingle } from './coefficients.ts'
import { and, type Expression, f32 } from './lanes.ts'

const { add, sub, mul, splat, bits } = f32

/** ln 2 in two parts: the first has 12 bits, so that k times it is exact. */
const ln2High = 0.693115234375
const ln2Low = 0.000031946184

const rootHalf = 0x3f35_04f3n

/** log(x) for positive normal x: 2^k (1 + f), log(1 + f) = f - f^2/2 + f^3 P(f). */
export function logOfOrdinarySingle(scope: Scope, x: Expression, extra?: Expression): Expression {
  const moved = scope.keep(`(i32x4.sub ${x} ${bits(rootHalf)})`)
  const exponent = `(f32x4.convert_i32x4_s (i32x4.shr_s ${moved} (i32.const 23)))`
  const k = scope.keep(extra === undefined ? exponent : add(exponent, extra))
  const m = `(i32x4.add ${and(moved, bits(0x007f_ffffn))} ${bits(rootHalf)})`
  const f = scope.keep(sub(m, splat(1)))
  const square = scope.keep(mul(f, f))
  const cubic = mul(mul(square, f), estrin(scope, f32, log1pRestSingle, f))
  const rest = scope.keep(sub(add(cubic, mul(k, splat(Math.fround(ln2Low)))), mul(square, splat(0.5))))
  return add(add(f, rest), mul(k, splat(ln2High)))
}

/** sin, cos and tan from r = x - n pi/2, |r| <= pi/4: minimax polynomials for sin and cos, Lambert's continued fraction for tan. */
import { estrin, horner, quickTwoSum, split } from './arithmetic.ts'
import { type Definition, define, type Scope } from './build.ts'
import { cosRest, sinRest } from './coefficients.ts'
import { type Expression, f64, select, xor } from './lanes.ts'
import { oddMask, reduceByHalfPi, secondBitAsSign, type Turned } from './reduction.ts'

const { add, sub, mul, div, splat, bits } = f64

/** sin and cos of high - negativeLow. */
function sinAndCos(scope: Scope, { high, negativeLow }: Turned): { sin: Expression; cos: Expression } {
  const z = scope.keep(mul(high, high))
  const cube = mul(high, z)
  const sin = scope.keep(sub(high, sub(negativeLow, mul(cube, estrin(scope, f64, sinRest, z)))))
  const rest = add(mul(mul(z, z), estrin(scope, f64, cosRest, z)), mul(high, negativeLow))
  const cos = scope.keep(sub(splat(1), sub(mul(z, splat(0.5)), rest)))
  return { sin, cos }
}

/** sin((n + quarters) pi/2 + r). */
function sineOfTurned(scope: Scope, turned: Turned, quarters: bigint): Expression {
  const { sin, cos } = sinAndCos(scope, turned)
  const n = quarters === 0n ? turned.shifted : scope.keep(`(i64x2.add ${turned.shifted} ${bits(quarters)})`)
  return xor(select(oddMask(n), cos, sin), secondBitAsSign(n))
}

const sin = define('sin_f64', ['x'], (scope, x) => sineOfTurned(scope, reduceByHalfPi(scope, x), 0n))
const cos = define('cos_f64', ['x'], (scope, x) => sineOfTurned(scope, reduceByHalfPi(scope, x), 1n))

/**
 * tan(r) = r / (1 - z/(3 - z/(5 - ... /17))), z = r^2 (Lambert 1761), written as r + r z P(z)/Q(z); what is left out is below 2^-60.
 */
const tanNumerator = [11486475, -810810, 12870, -44]
const tanDenominator = [34459425, -16216200, 945945, -13860, 45]

/** -1 / (t + low): the quotient of doubles, corrected by what its upper half leaves of 1. */
function negativeInverse(scope: Scope, t: Expression, low: Expression): Expression {
  const parts = split(scope, t)
  const quotient = scope.keep(div(splat(-1), t))
  const upper = split(scope, quotient).high
  const left = add(splat(1), mul(upper, parts.high), mul(upper, add(parts.low, low)))
  return add(upper, mul(quotient, left))
}

const tan = define('tan_f64', ['x'], (scope, x) => {
  const { shifted, high, negativeLow } = reduceByHalfPi(scope, x)
  const z = scope.keep(mul(high, high))
  const quotient = div(horner(f64, tanNumerator, z), horner(f64, tanDenominator, z))
  const rest = sub(mul(high, z, quotient), mul(negativeLow, add(splat(1), z)))
  const even = quickTwoSum(scope, high, scope.keep(rest))
  return select(oddMask(shifted), negativeInverse(scope, even.high, even.low), even.high)
})

export const trigonometricFunctions: readonly Definition[] = [sin, cos, tan]

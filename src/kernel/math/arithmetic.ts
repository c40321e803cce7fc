import type { Scope } from './build.ts'
import { and, type Expression, f64, type Lanes } from './lanes.ts'

const { add, sub, mul } = f64

/** c0 + c1 x + c2 x^2 + ... one step after the other: the fewest operations. */
export function horner(lanes: Lanes, coefficients: readonly number[], x: Expression): Expression {
  const [last, ...rest] = coefficients.map(lanes.splat).toReversed()
  return rest.reduce((sum, coefficient) => lanes.add(coefficient, lanes.mul(sum, x)), last)
}

/** The same sum in pairs of pairs (Estrin): a few operations more, a quarter of the waiting. */
export function estrin(scope: Scope, lanes: Lanes, coefficients: readonly number[], x: Expression): Expression {
  let terms = coefficients.map(lanes.splat)
  let power = x
  while (terms.length > 1) {
    const pairs = terms.filter((_, index) => index % 2 === 0)
    const odd = terms.filter((_, index) => index % 2 === 1)
    terms = pairs.map((term, index) =>
      index < odd.length ? scope.keep(lanes.add(term, lanes.mul(odd[index], power))) : term,
    )
    if (terms.length > 1) power = scope.keep(lanes.mul(power, power))
  }
  return terms[0]
}

/** An unevaluated sum high + low of two doubles, |low| at most half a unit in the last place of high. */
export interface Pair {
  readonly high: Expression
  readonly low: Expression
}

/** a + b without error (Knuth 1969). */
export function twoSum(scope: Scope, a: Expression, b: Expression): Pair {
  const high = scope.keep(add(a, b))
  const rest = scope.keep(sub(high, a))
  return { high, low: scope.keep(add(sub(a, sub(high, rest)), sub(b, rest))) }
}

/** a + b without error where |a| >= |b| or a = 0 (Dekker 1971). */
export function quickTwoSum(scope: Scope, a: Expression, b: Expression): Pair {
  const high = scope.keep(add(a, b))
  return { high, low: scope.keep(sub(b, sub(high, a))) }
}

/** `a` cut to 26 bits, so that products of two such are exact. */
export const upperOf = (a: Expression) => and(a, f64.bits(0xffff_ffff_f800_0000n))

/** a = high + low with 26 bits in high. */
export function split(scope: Scope, a: Expression): Pair {
  const high = scope.keep(upperOf(a))
  return { high, low: scope.keep(sub(a, high)) }
}

/** a * b and its rounding error (Dekker 1971; exact but for the last bit of low * low). */
export function twoProduct(scope: Scope, a: Expression, b: Expression): Pair {
  const high = scope.keep(mul(a, b))
  const left = split(scope, a)
  const right = a === b ? left : split(scope, b)
  const exact = sub(mul(left.high, right.high), high)
  const crossed = add(exact, mul(left.high, right.low), mul(left.low, right.high))
  return { high, low: scope.keep(add(crossed, mul(left.low, right.low))) }
}

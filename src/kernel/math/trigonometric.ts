/** sin, cos and tan from r = x - n pi/2, |r| <= pi/4: minimax polynomials for sin and cos, Lambert's continued fraction for tan. */
import { estrin, horner, quickTwoSum, split } from './arithmetic.ts'
import { type Definition, define, type Scope } from './build.ts'
import { cosRest, sinHalfTurn, sinRest } from './coefficients.ts'
import { shifter } from './exp.ts'
import { type Expression, f64, select, xor } from './lanes.ts'
import { oddMask, reduceFully, reduceQuickly, secondBitAsSign, type Turned } from './reduction.ts'

const { add, sub, mul, div, splat, bits, all } = f64

/** sin and cos of high - negativeLow. */
function sinAndCos(scope: Scope, { high, negativeLow }: Turned): { sin: Expression; cos: Expression } {
  const z = scope.keep(mul(high, high))
  const cube = mul(high, z)
  const sin = scope.keep(sub(high, sub(negativeLow, mul(cube, estrin(scope, f64, sinRest, z)))))
  const rest = add(mul(mul(z, z), estrin(scope, f64, cosRest, z)), mul(high, negativeLow))
  const cos = scope.keep(sub(splat(1), sub(mul(z, splat(0.5)), rest)))
  return { sin, cos }
}

/**
 * sin, and cos as sin(x + pi/2). The quick way is by half turns: x = n pi + r with n whole for sin, n + 1/2 whole for cos, |r| <= pi/2,
 * so that one polynomial and a sign are all: sin(r) = r + r T, T in powers of w = r^2 - 3/2, which keeps its terms small at both ends.
 * The first two terms come last, so that little is rounded at their size. The slow way is by quarter turns.
 */
function sineDefinitions(name: 'sin' | 'cos'): readonly Definition[] {
  const half = name === 'cos' ? 0.5 : 0
  const [mean, slope, ...terms] = sinHalfTurn
  const quick = define(`${name}_f64`, ['x'], (scope, x) => {
    const turns = mul(x, splat(1 / Math.PI))
    const shifted = scope.keep(add(half > 0 ? add(turns, splat(half)) : turns, splat(shifter)))
    const whole = sub(shifted, splat(shifter))
    const n = scope.keep(half > 0 ? sub(whole, splat(half)) : whole)
    const { high, good } = reduceQuickly(scope, x, n, 'half turn', half === 0)
    const w = scope.keep(sub(mul(high, high), splat(1.5)))
    const upper = add(splat(slope), mul(w, estrin(scope, f64, terms, w)))
    const sine = add(high, mul(high, add(splat(mean), mul(w, upper))))
    const result = scope.keep(xor(sine, `(i64x2.shl ${shifted} (i32.const 63))`))
    return scope.choose(
      all(good),
      () => result,
      () => select(good, result, scope.call(`${name}_edge_f64`, x)),
    )
  })
  const edge = define(`${name}_edge_f64`, ['x'], (scope, x) => {
    const turned = reduceFully(scope, x)
    const { sin, cos } = sinAndCos(scope, turned)
    const n = half > 0 ? scope.keep(`(i64x2.add ${turned.shifted} ${bits(1n)})`) : turned.shifted
    return xor(select(oddMask(n), cos, sin), secondBitAsSign(n))
  })
  return [quick, edge]
}

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

function tangent(scope: Scope, { shifted, high, negativeLow }: Turned): Expression {
  const z = scope.keep(mul(high, high))
  const quotient = div(horner(f64, tanNumerator, z), horner(f64, tanDenominator, z))
  const rest = sub(mul(high, z, quotient), mul(negativeLow, add(splat(1), z)))
  const even = quickTwoSum(scope, high, scope.keep(rest))
  return select(oddMask(shifted), negativeInverse(scope, even.high, even.low), even.high)
}

const tan = define('tan_f64', ['x'], (scope, x) => {
  const shifted = scope.keep(add(mul(x, splat(2 / Math.PI)), splat(shifter)))
  const n = scope.keep(sub(shifted, splat(shifter)))
  const { high, first, second, good } = reduceQuickly(scope, x, n, 'quarter turn')
  const negativeLow = scope.keep(sub(second, sub(first, high)))
  const result = scope.keep(tangent(scope, { shifted, high, negativeLow }))
  return scope.choose(
    all(good),
    () => result,
    () => select(good, result, scope.call('tan_edge_f64', x)),
  )
})
const tanEdge = define('tan_edge_f64', ['x'], (scope, x) => tangent(scope, reduceFully(scope, x)))

export const trigonometricFunctions: readonly Definition[] = [
  ...sineDefinitions('sin'),
  ...sineDefinitions('cos'),
  tan,
  tanEdge,
]

/**
 * exp(x) = 2^n exp(r) with n = nearest(x / ln 2) and r = x - n ln 2, |r| <= ln(2)/2; ln 2 is subtracted in two parts of which the
 * first has so few bits that n times it is exact (Cody and Waite, Software Manual for the Elementary Functions, 1980).
 * exp(r) - 1 = 2r/(r coth(r/2) - r); with r coth(r/2) = 2 + z P(z), z = r^2, and c = r - z P(z) that is r + r c/(2 - c): as exact
 * as a polynomial of degree 11, with fewer operations (the form of Sun's fdlibm; the polynomial P is our own).
 */
import { estrin } from './arithmetic.ts'
import { type Definition, define, type Scope } from './build.ts'
import { expQuotient } from './coefficients.ts'
import { type Expression, f64, select } from './lanes.ts'

const { add, sub, mul, div, splat, bits, min, max, abs, le, gt, all, nearest, withSignOf } = f64

/** Adding it to a small number leaves the nearest integer in the low bits of the sum. */
export const shifter = 1.5 * 2 ** 52
/** ln 2 in two parts: the first has 33 bits. */
export const ln2High = 0.6931471804855391
export const ln2Low = 7.440617110012397e-11

/** 2^n from `shifter` + n; n from -1022 to 1023. */
export const powerOfTwo = (shifted: Expression) => `(i64x2.shl (i64x2.add ${shifted} ${bits(1023n)}) (i32.const 52))`
/** 2^-n. */
export const inversePowerOfTwo = (shifted: Expression) =>
  `(i64x2.shl (i64x2.sub ${bits(1023n)} ${shifted}) (i32.const 52))`

export interface Reduced {
  readonly n: Expression
  /** `shifter` + n. */
  readonly shifted: Expression
  readonly r: Expression
}

export function reduceByLn2(scope: Scope, x: Expression): Reduced {
  const shifted = scope.keep(add(mul(x, splat(Math.LOG2E)), splat(shifter)))
  const n = scope.keep(sub(shifted, splat(shifter)))
  const r = scope.keep(sub(sub(x, mul(n, splat(ln2High))), mul(n, splat(ln2Low))))
  return { n, shifted, r }
}

/** The same with what the rounding of r leaves out: the true rest is r - negativeLow. */
export function reduceByLn2Finely(scope: Scope, x: Expression): Reduced & { readonly negativeLow: Expression } {
  const shifted = scope.keep(add(mul(x, splat(Math.LOG2E)), splat(shifter)))
  const n = scope.keep(sub(shifted, splat(shifter)))
  const first = scope.keep(sub(x, mul(n, splat(ln2High))))
  const second = scope.keep(mul(n, splat(ln2Low)))
  const r = scope.keep(sub(first, second))
  return { n, shifted, r, negativeLow: sub(second, sub(first, r)) }
}

/** exp(r - negativeLow) - 1 for |r| <= ln(2)/2. */
export function expMinusOne(scope: Scope, r: Expression, negativeLow?: Expression): Expression {
  const z = scope.keep(mul(r, r))
  const c = scope.keep(sub(r, mul(z, estrin(scope, f64, expQuotient, z))))
  const rest = div(mul(r, c), sub(splat(2), c))
  return add(r, negativeLow === undefined ? rest : sub(rest, negativeLow))
}

/** value * 2^(n + extra) in two steps, so that the last rounding alone meets the ends of the range. */
export function scaleTwice(scope: Scope, value: Expression, n: Expression, extra = 0): Expression {
  const half = scope.keep(nearest(mul(n, splat(0.5))))
  const rest = sub(n, half)
  const first = powerOfTwo(add(half, splat(shifter)))
  const second = powerOfTwo(add(rest, splat(shifter + extra)))
  return mul(mul(value, first), second)
}

/** exp(x) * 2^extra for every x. */
export function expAnywhere(scope: Scope, x: Expression, extra = 0): Expression {
  const bounded = scope.keep(min(max(x, splat(-746)), splat(711)))
  const { n, r } = reduceByLn2(scope, bounded)
  return scaleTwice(scope, add(splat(1), expMinusOne(scope, r)), n, extra)
}

const exp = define('exp_f64', ['x'], (scope, x) =>
  scope.choose(
    all(le(abs(x), splat(708))),
    () => {
      const { shifted, r } = reduceByLn2(scope, x)
      return mul(add(splat(1), expMinusOne(scope, r)), powerOfTwo(shifted))
    },
    () => scope.call('exp_edge_f64', x),
  ),
)

const expEdge = define('exp_edge_f64', ['x'], (scope, x) => expAnywhere(scope, x))

/** 2^x = 2^n exp(r ln 2), n = nearest(x), r = x - n exactly. */
function reduceInteger(scope: Scope, x: Expression): Reduced {
  const shifted = scope.keep(add(x, splat(shifter)))
  const n = scope.keep(sub(shifted, splat(shifter)))
  return { n, shifted, r: scope.keep(mul(sub(x, n), splat(Math.LN2))) }
}

const exp2 = define('exp2_f64', ['x'], (scope, x) =>
  scope.choose(
    all(le(abs(x), splat(1021))),
    () => {
      const { shifted, r } = reduceInteger(scope, x)
      return mul(add(splat(1), expMinusOne(scope, r)), powerOfTwo(shifted))
    },
    () => scope.call('exp2_edge_f64', x),
  ),
)

const exp2Edge = define('exp2_edge_f64', ['x'], (scope, x) => {
  const { n, r } = reduceInteger(scope, scope.keep(min(max(x, splat(-1077)), splat(1025))))
  return scaleTwice(scope, add(splat(1), expMinusOne(scope, r)), n)
})

/** 2^n (exp(r) - 1) + (2^n - 1): both terms nearly exact, and together they do not cancel. The sign is that of x, also of a zero. */
function expm1Bounded(scope: Scope, x: Expression): Expression {
  const { shifted, r, negativeLow } = reduceByLn2Finely(scope, x)
  const power = scope.keep(powerOfTwo(shifted))
  return withSignOf(add(mul(power, expMinusOne(scope, r, negativeLow)), sub(power, splat(1))), x)
}

const expm1 = define('expm1_f64', ['x'], (scope, x) =>
  scope.choose(
    all(le(abs(x), splat(40))),
    () => expm1Bounded(scope, x),
    () => scope.call('expm1_edge_f64', x),
  ),
)

const expm1Edge = define('expm1_edge_f64', ['x'], (scope, x) => {
  const bounded = scope.keep(min(max(x, splat(-40)), splat(40)))
  const small = scope.keep(expm1Bounded(scope, bounded))
  return select(gt(x, splat(40)), scope.call('exp_edge_f64', x), small)
})

export const expFunctions: readonly Definition[] = [exp, expEdge, exp2, exp2Edge, expm1, expm1Edge]

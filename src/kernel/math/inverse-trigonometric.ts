/** asin, acos, atan and atan2 by minimax polynomials after the usual reductions of the argument. */
import { estrin } from './arithmetic.ts'
import { type Definition, define, type Scope } from './build.ts'
import { asinRest, atanRest } from './coefficients.ts'
import { and, andNot, type Expression, f64, or, select, xor } from './lanes.ts'

const { add, sub, mul, div, abs, sqrt, splat, bits, eq, lt, gt, signOf, withSignOf } = f64

const halfPi = Math.PI / 2
/** pi/2 less its nearest double. */
const halfPiLow = 6.123233995736766e-17

interface ArcParts {
  /** asin(|small|) = root + root * rest, where small is |x| up to 1/2 and sqrt((1 - |x|)/2) beyond. */
  readonly big: Expression
  readonly root: Expression
  readonly rest: Expression
  /** What the rounded square root leaves out. */
  readonly lost: Expression
}

/** asin(x) = pi/2 - 2 asin(sqrt((1-x)/2)) carries the argument to at most 1/2. */
function arcParts(scope: Scope, x: Expression): ArcParts {
  const size = scope.keep(abs(x))
  const big = scope.keep(gt(size, splat(0.5)))
  const halved = scope.keep(mul(sub(splat(1), size), splat(0.5)))
  const z = scope.keep(select(big, halved, mul(x, x)))
  const square = scope.keep(sqrt(halved))
  const upper = scope.keep(and(square, bits(0xffff_ffff_0000_0000n)))
  const correction = div(sub(halved, mul(upper, upper)), add(square, upper))
  const zero = scope.keep(eq(square, splat(0)))
  const root = scope.keep(select(big, upper, size))
  const lost = scope.keep(andNot(and(correction, big), zero))
  const rest = scope.keep(mul(z, estrin(scope, f64, asinRest, z)))
  return { big, root, rest, lost }
}

const asin = define('asin_f64', ['x'], (scope, x) => {
  const { big, root, rest, lost } = arcParts(scope, x)
  const tail = scope.keep(add(lost, mul(add(root, lost), rest)))
  const small = add(root, tail)
  // pi/4 is split off, as the root is close to it where the result is close to zero.
  const quarter = sub(splat(halfPi / 2), mul(splat(2), root))
  const large = add(splat(halfPi / 2), sub(quarter, sub(mul(splat(2), tail), splat(halfPiLow))))
  return withSignOf(select(big, large, small), x)
})

const acos = define('acos_f64', ['x'], (scope, x) => {
  const { big, root, rest, lost } = arcParts(scope, x)
  const tail = scope.keep(add(lost, mul(add(root, lost), rest)))
  const sign = scope.keep(signOf(x))
  const twice = scope.keep(mul(splat(2), add(root, tail)))
  const fromPi = sub(splat(Math.PI), sub(mul(splat(2), root), sub(splat(2 * halfPiLow), mul(splat(2), tail))))
  const negative = scope.keep(lt(x, splat(0)))
  const middle = sub(splat(halfPi), sub(xor(root, sign), sub(splat(halfPiLow), xor(tail, sign))))
  return select(big, select(negative, fromPi, twice), middle)
})

/** Where the argument moves to another centre, and what the centre's arctangent is: high and low part. */
const centres = [
  { from: 7 / 16, centre: 0.5, high: 0.4636476090008061, low: 2.2698777452961687e-17 },
  { from: 11 / 16, centre: 1, high: halfPi / 2, low: halfPiLow / 2 },
  { from: 19 / 16, centre: 1.5, high: 0.982793723247329, low: 1.3903311031230998e-17 },
] as const
const farFrom = 39 / 16

/** atan of t >= 0: atan(c) + atan((t - c)/(1 + c t)), c = 0, 1/2, 1, 3/2 or without end. */
function arctangent(scope: Scope, t: Expression): Expression {
  const far = scope.keep(gt(t, splat(farFrom)))
  let centre = splat(0)
  let high = splat(0)
  let low = splat(0)
  for (const each of centres) {
    const beyond = scope.keep(gt(t, splat(each.from)))
    centre = scope.keep(select(beyond, splat(each.centre), centre))
    high = scope.keep(select(beyond, splat(each.high), high))
    low = scope.keep(select(beyond, splat(each.low), low))
  }
  const numerator = select(far, splat(-1), sub(t, centre))
  const denominator = select(far, t, add(splat(1), mul(centre, t)))
  const y = scope.keep(div(numerator, denominator))
  const z = scope.keep(mul(y, y))
  const rest = mul(y, z, estrin(scope, f64, atanRest, z))
  const base = select(far, splat(halfPi), high)
  return add(base, add(y, add(rest, select(far, splat(halfPiLow), low))))
}

const atan = define('atan_f64', ['x'], (scope, x) => withSignOf(arctangent(scope, scope.keep(abs(x))), x))

const atan2 = define('atan2_f64', ['y', 'x'], (scope, y, x) => {
  const up = scope.keep(abs(y))
  const right = scope.keep(abs(x))
  const bothZero = scope.keep(and(eq(up, splat(0)), eq(right, splat(0))))
  const bothInfinite = and(eq(up, splat(Infinity)), eq(right, splat(Infinity)))
  const ratio = andNot(div(up, right), bothZero)
  const angle = scope.keep(arctangent(scope, scope.keep(select(bothInfinite, splat(1), ratio))))
  const left = `(i64x2.shr_s ${x} (i32.const 63))`
  const other = sub(splat(Math.PI), sub(angle, splat(2 * halfPiLow)))
  const nan = or(f64.ne(x, x), f64.ne(y, y))
  return select(nan, add(x, y), withSignOf(select(left, other, angle), y))
})

export const inverseTrigonometricFunctions: readonly Definition[] = [asin, acos, atan, atan2]

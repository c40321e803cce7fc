/**
 * pow(x, y) = exp(y log(x)): log(x) as a sum of two doubles with 65 good bits, so that y log(x), at most 745, is good to 2^-55.
 * hypot and logaddexp, the other functions of two numbers, are here too.
 */
import { estrin, type Pair, quickTwoSum, twoProduct } from './arithmetic.ts'
import { type Definition, define, type Scope } from './build.ts'
import { logRestAfterCubic } from './coefficients.ts'
import { expMinusOne, ln2High, ln2Low, powerOfTwo, reduceByLn2, scaleTwice } from './exp.ts'
import { and, type Expression, f64, or, select, xor } from './lanes.ts'
import { decompose } from './log.ts'

const { add, sub, mul, div, abs, sqrt, splat, eq, ne, lt, le, gt, ge, min, max, all, trunc, signOf } = f64

/** 2/3 less its nearest double. */
const twoThirdsLow = 3.700743415417188e-17

/**
 * log of positive normal x as a pair: k ln 2 + 2s + s z (2/3 + z Q(z)), s = f/(2 + f) and z = s^2, with s, z and the first two terms
 * in pairs of doubles.
 */
function logAsPair(scope: Scope, x: Expression, extra?: Expression): Pair {
  const parts = decompose(scope, x)
  const { f } = parts
  const k = extra === undefined ? parts.k : scope.keep(add(parts.k, extra))
  const d = quickTwoSum(scope, splat(2), f)
  const s = scope.keep(div(f, d.high))
  const back = twoProduct(scope, s, d.high)
  const sLow = scope.keep(div(sub(sub(sub(f, back.high), back.low), mul(s, d.low)), d.high))
  const z = twoProduct(scope, s, s)
  const zLow = scope.keep(add(z.low, mul(splat(2), mul(s, sLow))))
  const series = scope.keep(mul(z.high, estrin(scope, f64, logRestAfterCubic, z.high)))
  const c = quickTwoSum(scope, splat(2 / 3), series)
  const cLow = scope.keep(add(c.low, splat(twoThirdsLow)))
  const g = twoProduct(scope, z.high, c.high)
  const gLow = scope.keep(add(g.low, add(mul(z.high, cLow), mul(zLow, c.high))))
  const h = twoProduct(scope, s, g.high)
  const hLow = scope.keep(add(h.low, add(mul(s, gLow), mul(sLow, g.high))))
  const m = quickTwoSum(scope, scope.keep(mul(splat(2), s)), h.high)
  const mLow = scope.keep(add(m.low, add(hLow, mul(splat(2), sLow))))
  const sum = quickTwoSum(scope, scope.keep(mul(k, splat(ln2High))), m.high)
  return quickTwoSum(scope, sum.high, scope.keep(add(sum.low, add(mLow, mul(k, splat(ln2Low))))))
}

/** y log(x) as a pair. */
function exponentAsPair(scope: Scope, y: Expression, log: Pair): Pair {
  const product = twoProduct(scope, y, log.high)
  return { high: product.high, low: scope.keep(add(product.low, mul(y, log.low))) }
}

const pow = define('pow_f64', ['x', 'y'], (scope, x, y) => {
  const exponent = exponentAsPair(scope, y, logAsPair(scope, x))
  const normal = and(ge(x, splat(2 ** -1022)), lt(x, splat(Infinity)))
  return scope.choose(
    all(and(normal, le(abs(exponent.high), splat(708)))),
    () => {
      const { shifted, r } = reduceByLn2(scope, exponent.high)
      const sum = scope.keep(add(r, exponent.low))
      return mul(add(splat(1), expMinusOne(scope, sum)), powerOfTwo(shifted))
    },
    () => scope.call('pow_edge_f64', x, y),
  )
})

/** |x|^y for finite x other than zero, with the ends of the range. */
function powerOfSize(scope: Scope, size: Expression, y: Expression): Expression {
  const small = scope.keep(lt(size, splat(2 ** -1022)))
  const normal = scope.keep(select(small, mul(size, splat(2 ** 54)), size))
  const bounded = scope.keep(min(max(y, splat(-(2 ** 66))), splat(2 ** 66)))
  const exponent = exponentAsPair(scope, bounded, logAsPair(scope, normal, scope.keep(and(small, splat(-54)))))
  const inRange = scope.keep(min(max(exponent.high, splat(-746)), splat(711)))
  const { n, r } = reduceByLn2(scope, inRange)
  const sum = scope.keep(add(r, and(exponent.low, eq(inRange, exponent.high))))
  return scaleTwice(scope, add(splat(1), expMinusOne(scope, sum)), n)
}

/** Every case of C99, F.10.4.4. */
const powEdge = define('pow_edge_f64', ['x', 'y'], (scope, x, y) => {
  const size = scope.keep(abs(x))
  const ordinary = scope.keep(powerOfSize(scope, size, y))
  const zero = scope.keep(eq(size, splat(0)))
  const ends = or(zero, eq(size, splat(Infinity)))
  const vanishes = xor(gt(y, splat(0)), eq(size, splat(Infinity)))
  const positive = scope.keep(select(ends, select(vanishes, splat(0), splat(Infinity)), ordinary))
  const whole = eq(trunc(y), y)
  const half = scope.keep(mul(y, splat(0.5)))
  const odd = and(whole, ne(trunc(half), half))
  const signed = or(positive, and(signOf(x), odd))
  const negative = and(and(lt(x, splat(0)), gt(x, splat(-Infinity))), ne(trunc(y), y))
  const real = select(negative, splat(Number.NaN), signed)
  const defined = select(or(ne(x, x), ne(y, y)), splat(Number.NaN), real)
  return select(or(eq(y, splat(0)), eq(x, splat(1))), splat(1), defined)
})

/** sqrt(x^2 + y^2), both scaled by a power of two where a square could leave the range. Infinity wins over NaN (C99). */
const hypot = define('hypot_f64', ['x', 'y'], (scope, x, y) => {
  const a = scope.keep(abs(x))
  const b = scope.keep(abs(y))
  const large = scope.keep(max(a, b))
  const fits = and(ge(large, splat(2 ** -450)), le(large, splat(2 ** 510)))
  return scope.choose(
    all(fits),
    () => sqrt(add(mul(a, a), mul(b, b))),
    () => {
      const down = select(gt(large, splat(1)), splat(2 ** -600), splat(2 ** 600))
      const factor = scope.keep(down)
      const [p, q] = [scope.keep(mul(a, factor)), scope.keep(mul(b, factor))]
      const back = select(gt(large, splat(1)), splat(2 ** 600), splat(2 ** -600))
      const scaled = mul(sqrt(add(mul(p, p), mul(q, q))), back)
      const direct = sqrt(add(mul(a, a), mul(b, b)))
      const finite = scope.keep(select(fits, direct, scaled))
      const infinite = or(eq(a, splat(Infinity)), eq(b, splat(Infinity)))
      return select(infinite, splat(Infinity), finite)
    },
  )
})

/** max + log1p(exp(-|a - b|)); equal numbers, also infinite ones, give a + ln 2. */
const logaddexp = define('logaddexp_f64', ['a', 'b'], (scope, a, b) => {
  const distance = scope.keep(abs(sub(a, b)))
  const exponential = scope.keep(scope.call('exp_f64', f64.neg(distance)))
  const sum = add(max(a, b), scope.call('log1p_f64', exponential))
  return select(eq(a, b), add(a, splat(Math.LN2)), sum)
})

export const powFunctions: readonly Definition[] = [pow, powEdge, hypot, logaddexp]

/**
 * pow(x, y) = exp(y log(x)): log(x) as a sum of two doubles with 65 good bits, so that y log(x), at most 745, is good to 2^-55.
 * hypot and logaddexp, the other functions of two numbers, are here too.
 */
import { estrin, type Pair, quickTwoSum, upperOf } from './arithmetic.ts'
import { type Definition, define, type Scope } from './build.ts'
import { logRestAfterCubic } from './coefficients.ts'
import { expMinusOne, ln2High, ln2Low, powerOfTwo, reduceByLn2, scaleTwice } from './exp.ts'
import { and, type Expression, f64, or, select, xor } from './lanes.ts'
import { decompose } from './log.ts'

const { add, sub, mul, div, abs, sqrt, splat, eq, ne, lt, le, gt, ge, min, max, all, trunc, signOf } = f64

/** 2/3 in two parts; the first has 26 bits. */
const twoThirds = [0.6666666567325592, 9.934107462565104e-9] as const

/**
 * log of positive normal x as a pair, the first part of 26 bits: k ln 2 + (2/3) s (3 + z + r), s = f/(2 + f), z = s^2, r = z^2 Q(z).
 * Where a product must be exact both factors are cut to 26 bits and the rest goes to the low part (as in Sun's fdlibm).
 */
function logAsPair(scope: Scope, x: Expression, extra?: Expression): Pair {
  const parts = decompose(scope, x)
  const { f } = parts
  const k = extra === undefined ? parts.k : scope.keep(add(parts.k, extra))
  const d = scope.keep(add(f, splat(2)))
  const dHigh = scope.keep(upperOf(d))
  const inverse = scope.keep(div(splat(1), d))
  const s = scope.keep(mul(f, inverse))
  const sHigh = scope.keep(upperOf(s))
  const dLow = sub(f, sub(dHigh, splat(2)))
  const sLow = scope.keep(mul(inverse, sub(sub(f, mul(sHigh, dHigh)), mul(sHigh, dLow))))
  const z = scope.keep(mul(s, s))
  const series = mul(mul(z, z), estrin(scope, f64, logRestAfterCubic, z))
  const r = scope.keep(add(series, mul(sLow, add(sHigh, s))))
  const square = scope.keep(mul(sHigh, sHigh))
  const sum = scope.keep(upperOf(add(add(splat(3), square), r)))
  const sumLow = sub(r, sub(sub(sum, splat(3)), square))
  const u = scope.keep(mul(sHigh, sum))
  const v = scope.keep(add(mul(sLow, sum), mul(scope.keep(sumLow), s)))
  const p = scope.keep(upperOf(add(u, v)))
  const pLow = scope.keep(sub(v, sub(p, u)))
  const high = scope.keep(mul(p, splat(twoThirds[0])))
  const low = add(mul(p, splat(twoThirds[1])), mul(pLow, splat(2 / 3)))
  const whole = scope.keep(mul(k, splat(ln2High)))
  const lows = scope.keep(add(low, mul(k, splat(ln2Low))))
  const total = scope.keep(upperOf(add(add(high, lows), whole)))
  return { high: total, low: scope.keep(sub(lows, sub(sub(total, whole), high))) }
}

/** y log(x) as a pair. */
function exponentAsPair(scope: Scope, y: Expression, log: Pair): Pair {
  const yHigh = scope.keep(upperOf(y))
  const low = scope.keep(add(mul(sub(y, yHigh), log.high), mul(y, log.low)))
  return quickTwoSum(scope, scope.keep(mul(yHigh, log.high)), low)
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

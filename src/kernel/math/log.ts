/**
 * log(x) = k ln 2 + log(m), m in [sqrt(1/2), sqrt(2)). With f = m - 1 and s = f / (2 + f), log(m) = log((1+s)/(1-s)) =
 * 2s + s z R(z), z = s^2, R a minimax polynomial; as 2s = f - s f that is f - s (f - z R(z)), which loses nothing for small f (Tang
 * 1990; Sun's fdlibm has the same idea).
 */
import { estrin, type Pair, twoSum } from './arithmetic.ts'
import { type Definition, define, type Scope } from './build.ts'
import { logRest } from './coefficients.ts'
import { ln2High, ln2Low } from './exp.ts'
import { and, type Expression, f64, or, select } from './lanes.ts'

const { add, sub, mul, div, splat, bits, eq, lt, gt, ge, le, all, withSignOf } = f64

const smallestNormal = 2 ** -1022
const rootHalf = 0x3fe6_a09e_0000_0000n
const offset = 1024n
const exponentOfTwo52 = 0x4330_0000_0000_0000n

export interface Decomposed {
  /** The exponent as a double. */
  readonly k: Expression
  /** k + 1024 as an integer. */
  readonly raised: Expression
  /** m - 1, in [-0.2929, 0.4143], exact. */
  readonly f: Expression
}

/** x = 2^k m for positive normal x. */
export function decompose(scope: Scope, x: Expression): Decomposed {
  const moved = scope.keep(`(i64x2.add ${x} ${bits((offset << 52n) - rootHalf)})`)
  const raised = scope.keep(`(i64x2.shr_u ${moved} (i32.const 52))`)
  const k = scope.keep(sub(or(raised, bits(exponentOfTwo52)), splat(2 ** 52 + Number(offset))))
  const m = `(i64x2.add ${and(moved, bits(0x000f_ffff_ffff_ffffn))} ${bits(rootHalf)})`
  return { k, raised, f: scope.keep(sub(m, splat(1))) }
}

/** s, z = s^2 and z R(z): log(1 + f) = 2s + s z R(z). */
function series(scope: Scope, f: Expression): { s: Expression; rest: Expression } {
  const s = scope.keep(div(f, add(f, splat(2))))
  const z = scope.keep(mul(s, s))
  return { s, rest: scope.keep(mul(z, estrin(scope, f64, logRest, z))) }
}

/** log(2^k (1 + f) (1 + small)); `small` is a correction far below f. */
function assemble(scope: Scope, k: Expression, f: Expression, small?: Expression): Expression {
  const { s, rest } = series(scope, f)
  const low = mul(k, splat(ln2Low))
  const lows = small === undefined ? low : add(low, small)
  return add(mul(k, splat(ln2High)), sub(f, sub(mul(s, sub(f, rest)), lows)))
}

/** Whether every lane is positive, finite and normal. */
export const ordinary = (x: Expression) => all(and(ge(x, splat(smallestNormal)), lt(x, splat(Infinity))))

/** What a logarithm is where x is not positive, finite and normal. `of` works on the normal number and the exponent to add. */
function edge(scope: Scope, x: Expression, of: (x: Expression, extra: Expression) => Expression): Expression {
  const small = scope.keep(lt(x, splat(smallestNormal)))
  const normal = scope.keep(select(small, mul(x, splat(2 ** 54)), x))
  const finite = of(normal, scope.keep(and(small, splat(-54))))
  const positive = select(lt(x, splat(Infinity)), finite, x)
  const known = select(lt(x, splat(0)), splat(Number.NaN), positive)
  return select(eq(x, splat(0)), splat(-Infinity), known)
}

function logDefinitions(
  name: string,
  of: (scope: Scope, x: Expression, extra?: Expression) => Expression,
): Definition[] {
  return [
    define(`${name}_f64`, ['x'], (scope, x) =>
      scope.choose(
        ordinary(x),
        () => of(scope, x),
        () => scope.call(`${name}_edge_f64`, x),
      ),
    ),
    define(`${name}_edge_f64`, ['x'], (scope, x) => edge(scope, x, (normal, extra) => of(scope, normal, extra))),
  ]
}

const raisedBy = (k: Expression, extra?: Expression) => (extra === undefined ? k : add(k, extra))

/** log(x) for positive normal x, where nothing else can be. */
export function logOfOrdinary(scope: Scope, x: Expression, extra?: Expression): Expression {
  const { k, f } = decompose(scope, x)
  return assemble(scope, scope.keep(raisedBy(k, extra)), f)
}

const log = logDefinitions('log', logOfOrdinary)

/** log(1 + f) as a pair whose high part has 21 bits, so that its product with a constant of 32 bits is exact. */
function logPair(scope: Scope, f: Expression): Pair {
  const { s, rest } = series(scope, f)
  const half = scope.keep(mul(f, f, splat(0.5)))
  const high = scope.keep(and(sub(f, half), bits(0xffff_ffff_0000_0000n)))
  return { high, low: scope.keep(add(sub(sub(f, high), half), mul(s, add(half, rest)))) }
}

const inverseLn2 = [1.4426950407214463, 1.6751713164886512e-10] as const
const log2 = logDefinitions('log2', (scope, x, extra) => {
  const { k, f } = decompose(scope, x)
  const { high, low } = logPair(scope, f)
  const whole = scope.keep(raisedBy(k, extra))
  const first = scope.keep(mul(high, splat(inverseLn2[0])))
  const second = add(mul(add(high, low), splat(inverseLn2[1])), mul(low, splat(inverseLn2[0])))
  const sum = scope.keep(add(whole, first))
  return add(sum, add(second, add(sub(whole, sum), first)))
})

const inverseLn10 = [0.4342944818781689, 2.5082946711645275e-11] as const
const log10Of2 = [0.30102999566383914, 1.42050232272661e-13] as const
const log10 = logDefinitions('log10', (scope, x, extra) => {
  const { k, f } = decompose(scope, x)
  const { high, low } = logPair(scope, f)
  const exponent = scope.keep(raisedBy(k, extra))
  const whole = scope.keep(mul(exponent, splat(log10Of2[0])))
  const first = scope.keep(mul(high, splat(inverseLn10[0])))
  const fromLow = add(mul(add(high, low), splat(inverseLn10[1])), mul(low, splat(inverseLn10[0])))
  const second = add(mul(exponent, splat(log10Of2[1])), fromLow)
  const sum = scope.keep(add(whole, first))
  return add(sum, add(second, add(sub(whole, sum), first)))
})

/** log(1 + x + low) for x > -1 with 1 + x normal; `low` is far below x. */
export function log1pBounded(scope: Scope, x: Expression, low?: Expression): Expression {
  const one = twoSum(scope, x, splat(1))
  const { k, raised, f } = decompose(scope, one.high)
  const rest = low === undefined ? one.low : add(one.low, low)
  const scale = `(i64x2.shl (i64x2.sub ${bits(1023n + offset)} ${raised}) (i32.const 52))`
  const scaled = scope.keep(mul(rest, scale))
  const sum = scope.keep(add(f, scaled))
  const lost = scope.keep(sub(scaled, sub(sum, f)))
  return assemble(scope, k, sum, sub(lost, mul(lost, sum)))
}

const log1pInside = (x: Expression) => and(gt(x, splat(-1)), le(x, splat(2 ** 1000)))

const log1p = define('log1p_f64', ['x'], (scope, x) =>
  scope.choose(
    all(log1pInside(x)),
    () => withSignOf(log1pBounded(scope, x), x),
    () => scope.call('log1p_edge_f64', x),
  ),
)

const log1pEdge = define('log1p_edge_f64', ['x'], (scope, x) => {
  const inside = scope.keep(log1pInside(x))
  const bounded = scope.keep(withSignOf(log1pBounded(scope, scope.keep(and(x, inside))), x))
  const large = scope.keep(gt(x, splat(1)))
  const logarithm = scope.call('log_edge_f64', scope.keep(select(large, x, add(x, splat(1)))))
  return select(inside, bounded, logarithm)
})

/** log(1 + x + low), for the inverse hyperbolic functions: x >= 0, or above -1 by far more than low. */
const log1pPair = define('log1p_pair_f64', ['x', 'low'], (scope, x, low) => log1pBounded(scope, x, low))

export const logFunctions: readonly Definition[] = [...log, ...log2, ...log10, log1p, log1pEdge, log1pPair]

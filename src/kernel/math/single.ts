/**
 * float32: exp, log, sin, cos and tanh on four lanes at once, by the same formulas as for float64 with shorter polynomials; lanes
 * out of the common range and all other functions go by way of two halves of doubles, rounded at the end.
 */
import { estrin } from './arithmetic.ts'
import { type Definition, define, type Scope } from './build.ts'
import { cosRestSingle, expRestSingle, log1pRestSingle, sinRestSingle, tanhRestSingle } from './coefficients.ts'
import { and, type Expression, f32, or, select, xor } from './lanes.ts'
import { oddMask, secondBitAsSign } from './reduction.ts'

const { add, sub, mul, div, abs, splat, bits, le, lt, ge, gt, eq, all, any, withSignOf } = f32

const shifter = 1.5 * 2 ** 23
/** ln 2 in two parts: the first has 15 bits, so that k times it is exact. */
const ln2High = 0.693145751953125
const ln2Low = 1.428606765330187e-6

/** `name`_f32 by way of doubles. */
function widened(name: string, parameters: number, as = name): Definition {
  const names = ['x', 'y'].slice(0, parameters)
  return define(`${as}_f32`, names, (scope, ...values) => {
    const upper = (value: Expression) => `(i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 ${value} ${value})`
    const half = (of: (value: Expression) => Expression) => {
      const wide = values.map((value) => scope.keep(`(f64x2.promote_low_f32x4 ${of(value)})`))
      return scope.keep(`(f32x4.demote_f64x2_zero ${scope.call(`${name}_f64`, ...wide)})`)
    }
    return `(i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 ${half((value) => value)} ${half(upper)})`
  })
}

/**
 * A native function with a mask of the lanes it is good for; the others go by way of doubles. Chosen lane by lane, so that a result
 * does not depend on its neighbours.
 */
function native(
  name: string,
  of: (scope: Scope, x: Expression) => { value: Expression; good: Expression },
): readonly Definition[] {
  const quick = define(`${name}_f32`, ['x'], (scope, x) => {
    const { value, good } = of(scope, x)
    const result = scope.keep(value)
    return scope.choose(
      all(good),
      () => result,
      () => select(good, result, scope.call(`${name}_edge_f32`, x)),
    )
  })
  return [quick, widened(name, 1, `${name}_edge`)]
}

/** exp(x) = 2^n exp(r) for |x| <= 87. */
function expBounded(scope: Scope, x: Expression): Expression {
  const shifted = scope.keep(add(mul(x, splat(Math.fround(Math.LOG2E))), splat(shifter)))
  const n = scope.keep(sub(shifted, splat(shifter)))
  const r = scope.keep(sub(sub(x, mul(n, splat(ln2High))), mul(n, splat(ln2Low))))
  const rest = mul(mul(r, r), estrin(scope, f32, expRestSingle, r))
  const power = `(i32x4.shl (i32x4.add ${shifted} ${bits(127n)}) (i32.const 23))`
  return mul(add(splat(1), add(r, rest)), power)
}

const rootHalf = 0x3f35_04f3n

/** log(x) for positive normal x: 2^k (1 + f), log(1 + f) = f - f^2/2 + f^3 P(f). */
export function logOfOrdinarySingle(scope: Scope, x: Expression): Expression {
  const moved = scope.keep(`(i32x4.sub ${x} ${bits(rootHalf)})`)
  const k = scope.keep(`(f32x4.convert_i32x4_s (i32x4.shr_s ${moved} (i32.const 23)))`)
  const m = `(i32x4.add ${and(moved, bits(0x007f_ffffn))} ${bits(rootHalf)})`
  const f = scope.keep(sub(m, splat(1)))
  const square = scope.keep(mul(f, f))
  const cubic = mul(mul(square, f), estrin(scope, f32, log1pRestSingle, f))
  const rest = scope.keep(sub(add(cubic, mul(k, splat(ln2Low))), mul(square, splat(0.5))))
  return add(mul(k, splat(ln2High)), add(f, rest))
}

/** pi/2 in three parts: n times one of the first two is exact for |n| < 2^11. */
const halfPi = [1.570556640625, 0.0002396702766418457, 1.5893254712295857e-8] as const
const largest = 2 ** 11

function sine(name: string, quarters: bigint): readonly Definition[] {
  return native(name, (scope, x) => {
    const shifted = scope.keep(add(mul(x, splat(Math.fround(2 / Math.PI))), splat(shifter)))
    const n = scope.keep(sub(shifted, splat(shifter)))
    const first = scope.keep(sub(x, mul(n, splat(halfPi[0]))))
    const second = scope.keep(mul(n, splat(halfPi[1])))
    const middle = scope.keep(sub(first, second))
    const lost = sub(mul(n, splat(halfPi[2])), sub(sub(first, middle), second))
    const negative = scope.keep(lost)
    const r = scope.keep(sub(middle, negative))
    const negativeLow = scope.keep(sub(negative, sub(middle, r)))
    const clear = or(ge(abs(r), splat(2 ** -13)), eq(n, splat(0)))
    const good = scope.keep(and(clear, le(abs(x), splat(largest))))
    const z = scope.keep(mul(r, r))
    const sin = scope.keep(sub(r, sub(negativeLow, mul(mul(r, z), estrin(scope, f32, sinRestSingle, z)))))
    const rest = add(mul(mul(z, z), estrin(scope, f32, cosRestSingle, z)), mul(r, negativeLow))
    const cos = scope.keep(sub(splat(1), sub(mul(z, splat(0.5)), rest)))
    const turn = quarters === 0n ? shifted : scope.keep(`(i32x4.add ${shifted} ${bits(quarters)})`)
    return { value: xor(select(oddMask(turn, f32), cos, sin), secondBitAsSign(turn, f32)), good }
  })
}

/** x + x^3 P(x^2) up to 5/8; beyond 1 - 2/(exp(2|x|) + 1), which from 10 on is 1 to the last bit. */
function tanhAnywhere(scope: Scope, x: Expression): Expression {
  const size = scope.keep(abs(x))
  const far = scope.keep(gt(size, splat(0.625)))
  const z = scope.keep(mul(x, x))
  const small = add(x, mul(mul(x, z), estrin(scope, f32, tanhRestSingle, z)))
  const near = scope.keep(withSignOf(abs(small), x))
  return scope.choose(
    any(far),
    () => {
      const exponential = expBounded(scope, scope.keep(mul(splat(2), f32.min(size, splat(10)))))
      const large = sub(splat(1), div(splat(2), add(exponential, splat(1))))
      return select(far, withSignOf(large, x), near)
    },
    () => near,
  )
}

const exp = native('exp', (scope, x) => ({ value: expBounded(scope, x), good: scope.keep(le(abs(x), splat(87))) }))
const log = native('log', (scope, x) => {
  const good = scope.keep(and(ge(x, splat(2 ** -126)), lt(x, splat(Infinity))))
  return { value: logOfOrdinarySingle(scope, x), good }
})

const oneArgument = 'exp2 expm1 log1p log2 log10 tan asin acos atan sinh cosh asinh acosh atanh'.split(' ')
const twoArguments = 'atan2 pow hypot logaddexp'.split(' ')

export const singleFunctions: readonly Definition[] = [
  ...exp,
  ...log,
  ...sine('sin', 0n),
  ...sine('cos', 1n),
  define('tanh_f32', ['x'], tanhAnywhere),
  ...oneArgument.map((name) => widened(name, 1)),
  ...twoArguments.map((name) => widened(name, 2)),
]

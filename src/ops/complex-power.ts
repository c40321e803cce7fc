import { divide, multiply, type Pair } from './complex.ts'
import { type Formula, formula } from './formula.ts'
import type { Builder } from './record.ts'

/** Complex square root, exponentials, logarithms and powers, from real functions. */

/**
 * sqrt(z) with a real part that is not negative: with t = sqrt((|x| + |z|) / 2), it is t + i y / 2t, or for x < 0
 * |y| / 2t + i t with the sign of y. Scaled, so that |z| neither overflows nor loses bits to subnormals.
 */
export function sqrt<V>(b: Builder<V>, [x0, y0]: Pair<V>): V[] {
  const { abs, add, mul, div, hypot, lt, gt, eq, or, and, isinf, isnan, where, copysign, max, number, ...f } = formula(
    b,
    x0,
  )
  const size = max(abs(x0), abs(y0))
  const [large, little] = f.wide ? [2 ** 1020, 2 ** -960] : [2 ** 124, 2 ** -80]
  const [tooLarge, tooSmall] = [gt(size, number(large)), lt(size, number(little))]
  const scale = where(tooLarge, number(2 ** -4), where(tooSmall, number(2 ** 60), number(1)))
  const back = where(tooLarge, number(2 ** 2), where(tooSmall, number(2 ** -30), number(1)))
  const [x, y] = [mul(x0, scale), mul(y0, scale)]
  const t = f.sqrt(mul(add(abs(x), hypot(x, y)), number(0.5)))
  const other = div(abs(y), mul(number(2), t))
  const left = lt(x, number(0))
  const re = mul(where(left, other, t), back)
  const im = mul(copysign(where(left, t, other), y), back)
  const origin = and(eq(x, number(0)), eq(y, number(0)))
  // Infinities by hand: beside an infinite imaginary part nothing counts; on the real axis the other part is 0, or NaN stays.
  const tall = isinf(y0)
  const flat = and(isinf(x0), f.not(tall))
  const rest = where(isnan(y0), y0, number(0))
  const reFlat = where(left, rest, x0)
  const imFlat = where(left, copysign(abs(x0), y0), where(isnan(y0), y0, copysign(number(0), y0)))
  return [
    where(tall, abs(y0), where(flat, reFlat, where(origin, number(0), where(or(isnan(x), isnan(y)), add(x, y), re)))),
    where(or(tall, origin), y0, where(flat, imFlat, where(or(isnan(x), isnan(y)), add(x, y), im))),
  ]
}

/** Where exp may overflow alone, e^x is computed as e^(x - shift) times e^shift, the second one last. */
export const expShift = (wide: boolean): number => (wide ? 700 : 80)

/** e^x (cos y + i sin y). */
export function exp<V>(b: Builder<V>, [x, y]: Pair<V>): V[] {
  const { call, sub, mul, eq, gt, and, isfinite, isinf, lt, not, where, number, ...f } = formula(b, x)
  const shift = expShift(f.wide)
  const large = gt(x, number(shift))
  const size = call('exp', where(large, sub(x, number(shift)), x))
  const scale = where(large, number(Math.exp(shift)), number(1))
  const part = (turn: V) => mul(mul(size, turn), scale)
  const real = eq(y, number(0))
  const lost = and(isinf(x), not(isfinite(y)))
  const vanish = and(lost, lt(x, number(0)))
  const re = where(lost, where(vanish, number(0), call('abs', x)), where(real, mul(size, scale), part(call('cos', y))))
  const im = where(vanish, number(0), where(real, y, part(call('sin', y))))
  return [re, im]
}

/** exp(z) - 1 = expm1(x) cos y - 2 sin(y / 2)^2 + i e^x sin y: no cancellation near 0. */
export function expm1<V>(b: Builder<V>, [x, y]: Pair<V>): V[] {
  const { call, sub, mul, eq, lt, and, not, isinf, where, number } = formula(b, x)
  const [grown, im] = exp(b, [x, y])
  const half = call('sin', mul(y, number(0.5)))
  const near = sub(mul(call('expm1', x), call('cos', y)), mul(number(2), mul(half, half)))
  const small = and(lt(x, number(1)), not(isinf(x)))
  return [where(eq(y, number(0)), call('expm1', x), where(small, near, sub(grown, number(1)))), im]
}

/** A product and its rounding error, by Veltkamp's split and Dekker's product (Numerische Mathematik 18, 1971, 224). */
function exactSquare<V>({ mul, add, sub, number, wide }: Formula<V>, x: V): Pair<V> {
  const stretched = mul(x, number(wide ? 2 ** 27 + 1 : 2 ** 12 + 1))
  const high = sub(stretched, sub(stretched, x))
  const low = sub(x, high)
  const product = mul(x, x)
  const twice = mul(number(2), mul(high, low))
  return [product, add(add(sub(mul(high, high), product), twice), mul(low, low))]
}

/** log |z|: near the unit circle from x^2 + y^2 - 1 with the squares' rounding errors, else from a scaled hypot. */
function logAbs<V>(b: Builder<V>, [x, y]: Pair<V>): V {
  const f = formula(b, x)
  const { abs, add, sub, mul, hypot, lt, gt, and, where, max, min, number, wide } = f
  const [most, least] = [max(abs(x), abs(y)), min(abs(x), abs(y))]
  const [p, pLow] = exactSquare(f, most)
  const [q, qLow] = exactSquare(f, least)
  const near = mul(number(0.5), f.call('log1p', add(add(sub(p, number(1)), q), add(pLow, qLow))))
  const exponent = wide ? 600 : 66
  const [tooLarge, tooSmall] = [gt(most, number(2 ** exponent)), lt(most, number(2 ** -exponent))]
  const scale = where(tooLarge, number(2 ** -exponent), where(tooSmall, number(2 ** exponent), number(1)))
  const shift = number(exponent * Math.LN2)
  const log = f.call('log', hypot(mul(x, scale), mul(y, scale)))
  const far = where(tooLarge, add(log, shift), where(tooSmall, sub(log, shift), log))
  const circle = add(p, q)
  return where(and(gt(circle, number(0.5)), lt(circle, number(2))), near, far)
}

/** log |z| + i arg z, the argument from -pi to pi. */
export const log = <V>(b: Builder<V>, [x, y]: Pair<V>): V[] => [logAbs(b, [x, y]), b.op('atan2', y, x)]

const scaledLog =
  (factor: number) =>
  <V>(b: Builder<V>, z: Pair<V>): V[] => {
    const { mul, number } = formula(b, z[0])
    return log(b, z).map((part) => mul(part, number(factor)))
  }
export const log2 = scaledLog(Math.LOG2E)
export const log10 = scaledLog(Math.LOG10E)

/** log(1 + z), for small z by log1p(x (2 + x) + y^2) / 2. */
export function log1p<V>(b: Builder<V>, [x, y]: Pair<V>): V[] {
  const { abs, add, mul, lt, max, where, call, number } = formula(b, x)
  const moved = add(x, number(1))
  const [far, angle] = log(b, [moved, y])
  const near = mul(number(0.5), call('log1p', add(mul(x, add(number(2), x)), mul(y, y))))
  return [where(lt(max(abs(x), abs(y)), number(0.5)), near, far), angle]
}

/** z to the power n for whole |n| below 128, by squaring; what is not whole gives what it may. */
function wholePower<V>(b: Builder<V>, z: Pair<V>, n: V): Pair<V> {
  const { abs, sub, mul, lt, gt, where, call, number } = formula(b, n)
  let power: Pair<V> = [number(1), number(0)]
  let square = z
  let rest = abs(n)
  for (let bit = 0; bit < 7; bit++) {
    const half = call('floor', mul(rest, number(0.5)))
    const odd = gt(sub(rest, mul(half, number(2))), number(0))
    const [re, im] = multiply(b, power, square)
    power = [where(odd, re, power[0]), where(odd, im, power[1])]
    if (bit < 6) square = multiply(b, square, square) as Pair<V>
    rest = half
  }
  const [re, im] = divide(b, [number(1), number(0)], power)
  const below = lt(n, number(0))
  return [where(below, re, power[0]), where(below, im, power[1])]
}

/** exp(w log z) by parts of float64: the error of log z is multiplied by w, which float32 has no bits for. */
function generalPower<V>(b: Builder<V>, z: Pair<V>, w: Pair<V>): V[] {
  const dtype = b.dtypeOf(z[0])
  const widen = (pair: Pair<V>): Pair<V> => [b.cast(pair[0], 'float64'), b.cast(pair[1], 'float64')]
  const exponent = multiply(b, widen(w), log(b, widen(z)) as Pair<V>) as Pair<V>
  return exp(b, exponent).map((part) => b.cast(part, dtype))
}

/**
 * z^w = exp(w log z); whole real w up to 100 by squaring. Anything to the power 0 is 1. 0 to a power with a positive real part is
 * 0, to any other NaN, as NumPy's.
 */
export function pow<V>(b: Builder<V>, z: Pair<V>, [u, v]: Pair<V>): V[] {
  const { abs, eq, gt, lt, and, where, call, number } = formula(b, u)
  const nothing = number(0)
  const real = eq(v, nothing)
  const whole = and(real, and(eq(call('floor', u), u), lt(abs(u), number(101))))
  const general = generalPower(b, z, [u, v])
  const short = wholePower(b, z, where(whole, u, nothing))
  const origin = and(eq(z[0], nothing), eq(z[1], nothing))
  const atOrigin = where(gt(u, nothing), nothing, number(Number.NaN))
  const one = and(real, eq(u, nothing))
  return [0, 1].map((part) => {
    const value = where(origin, atOrigin, where(whole, short[part], general[part]))
    return where(one, number(1 - part), value)
  })
}

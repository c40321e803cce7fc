import type { Pair } from './complex.ts'
import { expShift, sqrt } from './complex-power.ts'
import { type Formula, formula } from './formula.ts'
import type { Builder } from './record.ts'

/**
 * Complex hyperbolic and trigonometric functions and their inverses. The circular ones are the hyperbolic ones turned by a
 * right angle: sin z = -i sinh(i z), which only moves parts, so signs of zeros survive. The inverses follow W. Kahan, "Branch
 * cuts for complex elementary functions" (1987).
 */

const swap = <V>([x, y]: readonly V[]): Pair<V> => [y, x]

/** sinh and cosh of x times cos and sin of y, without overflow before the product: beyond the shift both are e^|x| / 2. */
function hyperbolic<V>(b: Builder<V>, [x, y]: Pair<V>, even: boolean): V[] {
  const { call, abs, sub, mul, eq, gt, and, not, isinf, isfinite, where, copysign, number, wide } = formula(b, x)
  const shift = expShift(wide)
  const large = gt(abs(x), number(shift))
  const growth = call('exp', sub(abs(x), number(shift)))
  const scale = number(Math.exp(shift) / 2)
  const [sinh, cosh] = [call('sinh', x), call('cosh', x)]
  const [sin, cos] = [call('sin', y), call('cos', y)]
  const part = (function_: V, turn: V, odd: boolean) => {
    const far = mul(mul(odd ? copysign(growth, x) : growth, turn), scale)
    return where(large, far, mul(function_, turn))
  }
  const [turned, im] = even
    ? [part(cosh, cos, false), part(sinh, sin, true)]
    : [part(sinh, cos, true), part(cosh, sin, false)]
  // An infinity without a direction is a real one, and a zero times an overflow is the zero.
  const re = where(and(isinf(x), not(isfinite(y))), abs(x), turned)
  const zero = number(0)
  const axis = even ? mul(copysign(number(1), x), y) : y
  const flatIm = where(eq(y, zero), axis, im)
  if (even) return [re, where(eq(x, zero), where(isfinite(y), im, zero), flatIm)]
  return [where(and(eq(x, zero), not(isfinite(y))), x, re), flatIm]
}
export const sinh = <V>(b: Builder<V>, z: Pair<V>): V[] => hyperbolic(b, z, false)
export const cosh = <V>(b: Builder<V>, z: Pair<V>): V[] => hyperbolic(b, z, true)
export const sin = <V>(b: Builder<V>, z: Pair<V>): V[] => swap(sinh(b, swap(z)))
export const cos = <V>(b: Builder<V>, [x, y]: Pair<V>): V[] => cosh(b, [b.op('negative', y), x])

/** tanh by Kahan's formula in t = tan y and s = sinh x; where e^-4|x| vanishes, 1 with a small imaginary part. */
export function tanh<V>(b: Builder<V>, [x, y]: Pair<V>): V[] {
  const { call, abs, add, mul, div, gt, eq, isinf, isfinite, and, or, not, where, copysign, number, ...f } = formula(
    b,
    x,
  )
  const one = number(1)
  const t = call('tan', y)
  const s = call('sinh', x)
  const beta = add(one, mul(t, t))
  const rho = f.sqrt(add(one, mul(s, s)))
  const denominator = add(one, mul(mul(beta, s), s))
  const near = [div(mul(mul(beta, rho), s), denominator), div(t, denominator)]
  const decay = call('exp', mul(number(-2), abs(x)))
  const turn = mul(mul(number(4), mul(call('sin', y), call('cos', y))), decay)
  const farIm = where(and(isinf(x), not(isfinite(y))), number(0), turn)
  const far = gt(abs(x), number(f.wide ? 20 : 9.5))
  const farRe = where(or(isinf(x), isfinite(y)), copysign(one, x), f.sub(y, y))
  const zero = number(0)
  return [
    where(far, farRe, where(and(eq(x, zero), not(isfinite(y))), x, near[0])),
    where(eq(y, zero), y, where(far, farIm, near[1])),
  ]
}
export const tan = <V>(b: Builder<V>, z: Pair<V>): V[] => swap(tanh(b, swap(z)))

/** Beyond this size 1 + z is z for these functions: their error is of the order of 1 / size^2. */
const farSize = (wide: boolean): number => (wide ? 2 ** 28 : 2 ** 13)
/** log(2 |z|) without overflow. */
const logTwice = <V>({ call, hypot, mul, add, number }: Formula<V>, x: V, y: V): V =>
  add(call('log', hypot(mul(x, number(0.25)), mul(y, number(0.25)))), number(3 * Math.LN2))

/** The square roots of 1 - z and 1 + z, and whether z is far from both or infinite or NaN beside an infinity. */
function branches<V>(b: Builder<V>, [x, y]: Pair<V>) {
  const f = formula(b, x)
  const { sub, add, neg, abs, gt, or, number } = f
  const minus = sqrt(b, [sub(number(1), x), neg(y)])
  const plus = sqrt(b, [add(number(1), x), y])
  const size = number(farSize(f.wide))
  return { f, minus, plus, far: or(gt(abs(x), size), gt(abs(y), size)) }
}

export function asin<V>(b: Builder<V>, [x, y]: Pair<V>): V[] {
  const { f, minus, plus, far } = branches(b, [x, y])
  const { atan2, abs, call, sub, mul, eq, where, copysign, number } = f
  const re = atan2(x, sub(mul(minus[0], plus[0]), mul(minus[1], plus[1])))
  const im = call('asinh', sub(mul(minus[0], plus[1]), mul(minus[1], plus[0])))
  // On the imaginary axis the real part is known beside NaN too, here and below.
  const known = where(eq(x, number(0)), x, where(far, atan2(x, abs(y)), re))
  return [known, copysign(where(far, logTwice(f, x, y), im), y)]
}
export const asinh = <V>(b: Builder<V>, z: Pair<V>): V[] => swap(asin(b, swap(z)))

export function acos<V>(b: Builder<V>, [x, y]: Pair<V>): V[] {
  const { f, minus, plus, far } = branches(b, [x, y])
  const { atan2, abs, neg, call, sub, mul, eq, where, copysign, number } = f
  const re = mul(number(2), atan2(minus[0], plus[0]))
  const im = call('asinh', sub(mul(plus[0], minus[1]), mul(plus[1], minus[0])))
  const known = where(eq(x, number(0)), number(Math.PI / 2), where(far, atan2(abs(y), x), re))
  return [known, copysign(where(far, logTwice(f, x, y), im), neg(y))]
}
/** acosh z is acos z turned to the right half plane. */
export function acosh<V>(b: Builder<V>, z: Pair<V>): V[] {
  const { abs, copysign } = formula(b, z[0])
  const [re, im] = acos(b, z)
  return [abs(im), copysign(re, z[1])]
}

/** atanh z = log1p(4 x / ((1 - x)^2 + y^2)) / 4 + i atan2(2 y, (1 - x) (1 + x) - y^2) / 2, for |x|, with the sign put back. */
export function atanh<V>(b: Builder<V>, [x0, y]: Pair<V>): V[] {
  const f = formula(b, x0)
  const { abs, add, sub, mul, div, hypot, atan2, call, eq, gt, lt, or, and, where, copysign, number } = f
  const one = number(1)
  const x = abs(x0)
  const rest = sub(one, x)
  const near = mul(number(0.25), call('log1p', div(mul(number(4), x), add(mul(rest, rest), mul(y, y)))))
  const angle = mul(number(0.5), atan2(mul(number(2), y), sub(mul(rest, add(one, x)), mul(y, y))))
  const size = number(farSize(f.wide))
  const far = or(gt(x, size), gt(abs(y), size))
  // Re(1 / z) = x / |z|^2 by two divisions, and 0 where a part is infinite.
  const distance = hypot(mul(x, number(0.5)), mul(y, number(0.5)))
  const inverse = where(or(f.isinf(x), f.isinf(y)), number(0), mul(number(0.25), div(div(x, distance), distance)))
  // At 1 + i y the squares of a small y vanish.
  const tiny = and(eq(x, one), lt(abs(y), number(f.wide ? 2 ** -28 : 2 ** -13)))
  const pole = mul(number(0.5), sub(number(Math.LN2), call('log', abs(y))))
  const re = where(far, inverse, where(tiny, pole, near))
  const lost = or(f.isnan(y), and(f.isnan(x), f.isfinite(y)))
  const im = where(far, number(Math.PI / 2), angle)
  return [where(eq(x, number(0)), x0, copysign(re, x0)), where(lost, add(x, y), copysign(im, y))]
}
export const atan = <V>(b: Builder<V>, z: Pair<V>): V[] => swap(atanh(b, swap(z)))

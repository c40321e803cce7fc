/**
 * All three are log(1 + u) with u as an unevaluated sum of two doubles, so that the rounding of u costs nothing:
 *   asinh(x) = log(1 + x + x^2/(1 + sqrt(1 + x^2))),  acosh(x) = log(1 + t + sqrt(2t + t^2)), t = x - 1,
 *   atanh(x) = log(1 + 2x/(1 - x))/2.
 */
import { quickTwoSum, twoProduct, twoSum } from './arithmetic.ts'
import { type Definition, define } from './build.ts'
import { and, f64, select } from './lanes.ts'

const { add, sub, mul, div, abs, sqrt, splat, eq, lt, gt, le, ge, all, withSignOf } = f64

/** From here on x^2 + 1 is x^2 to the last bit, and asinh(x) and acosh(x) are log(2x). */
const far = 2 ** 28

const asinh = define('asinh_f64', ['x'], (scope, x) => {
  const size = scope.keep(abs(x))
  const bounded = scope.keep(f64.min(size, splat(far)))
  const square = scope.keep(mul(bounded, bounded))
  const more = scope.keep(div(square, add(splat(1), sqrt(add(splat(1), square)))))
  const u = quickTwoSum(scope, bounded, more)
  const near = scope.keep(scope.call('log1p_pair_f64', u.high, u.low))
  const result = scope.choose(
    all(le(size, splat(far))),
    () => near,
    () => select(gt(size, splat(far)), add(scope.call('log_f64', size), splat(Math.LN2)), near),
  )
  return withSignOf(result, x)
})

const acosh = define('acosh_f64', ['x'], (scope, x) => {
  const bounded = scope.keep(f64.min(x, splat(far)))
  const t = scope.keep(sub(bounded, splat(1)))
  const squared = twoProduct(scope, t, t)
  const inside = twoSum(scope, scope.keep(mul(splat(2), t)), squared.high)
  const root = scope.keep(sqrt(inside.high))
  const check = twoProduct(scope, root, root)
  const left = add(sub(sub(inside.high, check.high), check.low), add(inside.low, squared.low))
  const correction = select(gt(root, splat(0)), div(left, mul(splat(2), root)), splat(0))
  const u = twoSum(scope, root, t)
  const near = scope.keep(scope.call('log1p_pair_f64', u.high, scope.keep(add(u.low, correction))))
  return scope.choose(
    all(and(gt(x, splat(1)), le(x, splat(far)))),
    () => near,
    () => {
      const large = scope.keep(add(scope.call('log_f64', x), splat(Math.LN2)))
      const known = scope.keep(select(gt(x, splat(far)), large, near))
      const one = select(eq(x, splat(1)), splat(0), known)
      return select(ge(x, splat(1)), one, splat(Number.NaN))
    },
  )
})

const atanh = define('atanh_f64', ['x'], (scope, x) => {
  const size = scope.keep(abs(x))
  const below = twoSum(scope, splat(1), f64.neg(size))
  const twice = scope.keep(mul(splat(2), size))
  const quotient = scope.keep(div(twice, below.high))
  const product = twoProduct(scope, quotient, below.high)
  const left = sub(sub(sub(twice, product.high), product.low), mul(quotient, below.low))
  const correction = scope.keep(div(left, below.high))
  const near = scope.keep(mul(splat(0.5), scope.call('log1p_pair_f64', quotient, correction)))
  const result = scope.choose(
    all(lt(size, splat(1))),
    () => near,
    () => {
      const edge = select(eq(size, splat(1)), splat(Infinity), splat(Number.NaN))
      return select(lt(size, splat(1)), near, edge)
    },
  )
  return withSignOf(result, x)
})

export const inverseHyperbolicFunctions: readonly Definition[] = [asinh, acosh, atanh]

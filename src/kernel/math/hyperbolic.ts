/**
 * With x = n ln 2 + r, S = sinh(r), C = cosh(r) - 1, a = (2^n - 2^-n)/2 and b = (2^n + 2^-n)/2:
 *   sinh(x) = a + (a C + b S),  cosh(x) = b + (b C + a S).
 * S and C are minimax polynomials; for n = 0 sinh(x) is S itself, so that nothing cancels near zero.
 */
import { estrin, horner } from './arithmetic.ts'
import { type Definition, define, type Scope } from './build.ts'
import { coshRest, sinhRest } from './coefficients.ts'
import { expAnywhere, expMinusOne, inversePowerOfTwo, powerOfTwo, reduceByLn2, reduceByLn2Finely } from './exp.ts'
import { type Expression, f64, select } from './lanes.ts'

const { add, sub, mul, div, abs, splat, le, gt, all, any, withSignOf } = f64

interface Parts {
  readonly a: Expression
  readonly b: Expression
  readonly sinh: Expression
  readonly coshMinusOne: Expression
}

function hyperbolicParts(scope: Scope, x: Expression): Parts {
  const { shifted, r, negativeLow } = reduceByLn2Finely(scope, x)
  const up = scope.keep(mul(splat(0.5), powerOfTwo(shifted)))
  const down = scope.keep(mul(splat(0.5), inversePowerOfTwo(shifted)))
  const z = scope.keep(mul(r, r))
  const sinh = scope.keep(add(r, sub(mul(mul(r, z), estrin(scope, f64, sinhRest, z)), negativeLow)))
  const cosh = mul(z, add(splat(0.5), mul(z, estrin(scope, f64, coshRest, z))))
  return { a: scope.keep(sub(up, down)), b: scope.keep(add(up, down)), sinh, coshMinusOne: scope.keep(cosh) }
}

const sinh = define('sinh_f64', ['x'], (scope, x) =>
  scope.choose(
    all(le(abs(x), splat(700))),
    () => {
      const parts = hyperbolicParts(scope, x)
      return withSignOf(add(parts.a, add(mul(parts.a, parts.coshMinusOne), mul(parts.b, parts.sinh))), x)
    },
    () => scope.call('sinh_edge_f64', x),
  ),
)

const cosh = define('cosh_f64', ['x'], (scope, x) =>
  scope.choose(
    all(le(abs(x), splat(700))),
    () => {
      const parts = hyperbolicParts(scope, x)
      return add(parts.b, add(mul(parts.b, parts.coshMinusOne), mul(parts.a, parts.sinh)))
    },
    () => scope.call('cosh_edge_f64', x),
  ),
)

/** Beyond 700 both are exp(|x|)/2, which is still finite where exp(|x|) is not. */
const edge = (name: 'sinh' | 'cosh') =>
  define(`${name}_edge_f64`, ['x'], (scope, x) => {
    const size = scope.keep(abs(x))
    const inside = scope.keep(le(size, splat(700)))
    const half = scope.keep(expAnywhere(scope, size, -1))
    const large = name === 'sinh' ? withSignOf(half, x) : half
    return select(inside, scope.call(`${name}_f64`, scope.keep(`(v128.and ${x} ${inside})`)), large)
  })

/** tanh(x) = x / (1 + z/(3 + z/(5 + ... /17))), z = x^2 (Lambert 1761), as x + x z P(z)/Q(z); 2^-66 is left out below 5/8. */
const tanhNumerator = [-11486475, -810810, -12870, -44]
const tanhDenominator = [34459425, 16216200, 945945, 13860, 45]
const tanhSplit = 0.625

const tanh = define('tanh_f64', ['x'], (scope, x) => {
  const size = scope.keep(abs(x))
  const far = scope.keep(gt(size, splat(tanhSplit)))
  const small = scope.choose(
    all(far),
    () => x,
    () => {
      const z = scope.keep(mul(x, x))
      const quotient = div(horner(f64, tanhNumerator, z), horner(f64, tanhDenominator, z))
      return withSignOf(abs(add(x, mul(mul(x, z), quotient))), x)
    },
  )
  return scope.choose(
    any(far),
    () => {
      // 1 - 2/(exp(2|x|) + 1); beyond 22 it is 1 to the last bit.
      const { shifted, r } = reduceByLn2(scope, scope.keep(mul(splat(2), f64.min(size, splat(22)))))
      const power = scope.keep(powerOfTwo(shifted))
      const exponential = add(power, mul(power, expMinusOne(scope, r)))
      const large = sub(splat(1), div(splat(2), add(exponential, splat(1))))
      return select(far, withSignOf(large, x), small)
    },
    () => small,
  )
})

export const hyperbolicFunctions: readonly Definition[] = [sinh, edge('sinh'), cosh, edge('cosh'), tanh]

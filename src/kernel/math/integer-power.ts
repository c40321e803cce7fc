import { product } from '../../ops/wat.ts'
import { type Definition, define } from './build.ts'
import { select } from './lanes.ts'

/** x to the power n of integer lanes, wrapped: a square and perhaps a product for each bit of the greatest n (n as unsigned). */
const integerPower = (name: string, lane: string): Definition =>
  define(name, ['x', 'n'], (scope, x, n) => {
    const one = `(${lane}.splat (${lane === 'i64x2' ? 'i64' : 'i32'}.const 1))`
    const result = scope.variable('v128', one)
    const square = scope.variable('v128', x)
    const rest = scope.variable('v128', n)
    scope.run(`(block $done (loop $next (br_if $done (i32.eqz (v128.any_true ${rest.get})))`)
    const odd = `(${lane}.eq (v128.and ${rest.get} ${one}) ${one})`
    result.set(select(odd, product(lane, result.get, square.get), result.get))
    square.set(product(lane, square.get, square.get))
    rest.set(`(${lane}.shr_u ${rest.get} (i32.const 1))`)
    scope.run('(br $next)))')
    return result.get
  })

export const integerPowerFunctions: readonly Definition[] = [
  integerPower('pow_i8', 'i8x16'),
  integerPower('pow_i16', 'i16x8'),
  integerPower('pow_i32', 'i32x4'),
  integerPower('pow_i64', 'i64x2'),
]

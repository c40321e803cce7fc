/**
 * The exact remainder of x / y (C's fmod), and from it the remainder and quotient of Python and NumPy.
 */
import { type Definition, define, type Scope } from './build.ts'
import { and, type Expression, f64, type Lanes, lanesOf, select, xor } from './lanes.ts'

const { sub, add, mul, div, lt, max, abs, all, nearest, splat, where, withSignOf } = f64

/** All but the low 27 bits of a significand. */
const upperBits = f64.bits(0xffff_ffff_f800_0000n)

/**
 * With n = nearest(|x| / |y|) below 2^24, both products of n with the halves of y are exact, and so are the differences: they are
 * multiples of y's last bit, and below 2^53 of it. What came out negative gets y once more, exactly too.
 */
const fmod = define('fmod_f64', ['x', 'y'], (scope, x, y) => {
  const [size, divisor] = [scope.keep(abs(x)), scope.keep(abs(y))]
  const quotient = scope.keep(div(size, divisor))
  const easy = all(and(lt(quotient, splat(2 ** 24)), lt(max(size, divisor), splat(2 ** 1000))))
  return scope.choose(
    easy,
    () => {
      const n = scope.keep(nearest(quotient))
      const high = scope.keep(and(divisor, upperBits))
      const rest = scope.keep(sub(sub(size, mul(n, high)), mul(n, sub(divisor, high))))
      return withSignOf(add(rest, where(lt(rest, splat(0)), divisor)), x)
    },
    () => {
      const lane = (index: number) =>
        scope.call('fmod_scalar', `(f64x2.extract_lane ${index} ${x})`, `(f64x2.extract_lane ${index} ${y})`)
      return `(f64x2.replace_lane 1 (f64x2.splat ${lane(0)}) ${lane(1)})`
    },
  )
})

const power = (exponent: Expression) =>
  `(f64.reinterpret_i64 (i64.shl (i64.add ${exponent} (i64.const 1023)) (i64.const 52)))`

/**
 * Long division: the significands as integers, 11 bits of the quotient at a time. The rest times 2^-1074 has the rest itself as its
 * bits; from there two powers of two, which are exact, bring it to the divisor's exponent.
 */
const fmodScalar = define(
  'fmod_scalar',
  [
    ['x', 'f64'],
    ['y', 'f64'],
  ],
  (scope, x, y) => {
    const size = scope.keep(`(f64.abs ${x})`, 'f64')
    const divisor = scope.keep(`(f64.abs ${y})`, 'f64')
    const defined = `(i32.and (f64.lt ${size} (f64.const inf)) (f64.gt ${divisor} (f64.const 0)))`
    const smaller = `(f64.lt ${size} ${divisor})`
    const nan = () => '(f64.const nan)'
    return scope.choose(
      defined,
      () =>
        scope.choose(
          smaller,
          () => x,
          () => longDivision(scope, x, size, divisor),
          'f64',
        ),
      nan,
      'f64',
    )
  },
  ['f64'],
)

function longDivision(scope: Scope, x: Expression, size: Expression, divisor: Expression): Expression {
  const bits = (value: Expression) => scope.keep(`(i64.reinterpret_f64 ${value})`, 'i64')
  const exponent = (value: Expression) => {
    const field = scope.keep(`(i64.shr_u ${value} (i64.const 52))`, 'i64')
    return scope.keep(`(select ${field} (i64.const 1) (i64.ne ${field} (i64.const 0)))`, 'i64')
  }
  const significand = (value: Expression) => {
    const fraction = `(i64.and ${value} (i64.const 0xfffffffffffff))`
    const hidden = `(i64.shl (i64.extend_i32_u (i64.ne (i64.shr_u ${value} (i64.const 52)) (i64.const 0))) (i64.const 52))`
    return scope.keep(`(i64.or ${fraction} ${hidden})`, 'i64')
  }
  const [sizeBits, divisorBits] = [bits(size), bits(divisor)]
  const unit = exponent(divisorBits)
  const by = significand(divisorBits)
  const rest = scope.variable('i64', `(i64.rem_u ${significand(sizeBits)} ${by})`)
  const gap = scope.variable('i64', `(i64.sub ${exponent(sizeBits)} ${unit})`)
  const step = scope.variable('i64')
  scope.run('(block $done (loop $next (br_if $done')
  scope.run(`(i32.or (i64.eqz ${gap.get}) (i64.eqz ${rest.get})))`)
  step.set(`(select ${gap.get} (i64.const 11) (i64.lt_u ${gap.get} (i64.const 11)))`)
  rest.set(`(i64.rem_u (i64.shl ${rest.get} ${step.get}) ${by})`)
  gap.set(`(i64.sub ${gap.get} ${step.get})`)
  scope.run('(br $next)))')
  const half = scope.keep(`(i64.shr_u ${unit} (i64.const 1))`, 'i64')
  const other = `(i64.sub (i64.sub ${unit} (i64.const 1)) ${half})`
  const scaled = `(f64.mul (f64.mul (f64.reinterpret_i64 ${rest.get}) ${power(half)}) ${power(other)})`
  return `(f64.copysign ${scaled} ${x})`
}

/** The exact remainder of float32 numbers is one of float64 numbers that float32 holds. */
const fmodNarrow = define('fmod_f32', ['x', 'y'], (scope, x, y) => {
  const upper = (value: Expression) => `(i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 ${value} ${value})`
  const promote = (value: Expression) => `(f64x2.promote_low_f32x4 ${value})`
  const half = (a: Expression, b: Expression) =>
    `(f32x4.demote_f64x2_zero ${scope.call('fmod_f64', promote(a), promote(b))})`
  return `(i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 ${half(x, y)} ${half(upper(x), upper(y))})`
})

/** The lanes where a remainder of x / y is not zero and lies on the other side of zero than y. */
const offside = (lanes: Lanes, rest: Expression, y: Expression): Expression =>
  and(lanes.ne(rest, lanes.splat(0)), xor(lanes.lt(rest, lanes.splat(0)), lanes.lt(y, lanes.splat(0))))

const remainder = (kind: 'f64' | 'f32') =>
  define(`remainder_${kind}`, ['x', 'y'], (scope, x, y) => {
    const lanes = lanesOf[kind]
    const rest = scope.keep(scope.call(`fmod_${kind}`, x, y))
    const moved = lanes.add(rest, lanes.where(offside(lanes, rest, y), y))
    return select(lanes.eq(rest, lanes.splat(0)), lanes.signOf(y), moved)
  })

/** As NumPy: (x - fmod(x, y)) / y, one less when the remainder was moved, brought to the nearest integer. */
const floorDivide = (kind: 'f64' | 'f32') =>
  define(`floorDivide_${kind}`, ['x', 'y'], (scope, x, y) => {
    const lanes = lanesOf[kind]
    const rest = scope.keep(scope.call(`fmod_${kind}`, x, y))
    const plain = scope.keep(lanes.div(x, y))
    const less = lanes.where(offside(lanes, rest, y), lanes.splat(1))
    const quotient = scope.keep(lanes.sub(lanes.div(lanes.sub(x, rest), y), less))
    const floor = scope.keep(`(${kind === 'f64' ? 'f64x2' : 'f32x4'}.floor ${quotient})`)
    const up = lanes.where(lanes.gt(lanes.sub(quotient, floor), lanes.splat(0.5)), lanes.splat(1))
    const whole = select(lanes.eq(quotient, lanes.splat(0)), lanes.signOf(plain), lanes.add(floor, up))
    return select(lanes.eq(y, lanes.splat(0)), plain, whole)
  })

export const remainderFunctions: readonly Definition[] = [
  fmod,
  fmodScalar,
  fmodNarrow,
  remainder('f64'),
  remainder('f32'),
  floorDivide('f64'),
  floorDivide('f32'),
]

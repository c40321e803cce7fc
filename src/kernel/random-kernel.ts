/**
 * Random numbers of each distribution and dtype from the words of Philox: what WebAssembly is made for each.
 */
import { estrin } from './math/arithmetic.ts'
import { type Definition, define, type Scope } from './math/build.ts'
import { cosQuarter, cosQuarterSingle, sinQuarter, sinQuarterSingle } from './math/coefficients.ts'
import { and, type Expression, f32, f64, type Lanes, or, xor } from './math/lanes.ts'
import { logOfOrdinary } from './math/log.ts'
import { logOfOrdinarySingle } from './math/single.ts'
import {
  countersPerGroup,
  interleaveHigh,
  interleaveLow,
  philoxWords,
  prepare,
  shuffle,
  type Words,
} from './philox-kernel.ts'

export type Distribution = 'uniform' | 'normal' | 'bits'
export type RandomDType = 'float64' | 'float32' | 'uint64'
/** Numbers a counter gives. */
export const perCounter: Readonly<Record<RandomDType, number>> = { float64: 2, float32: 4, uint64: 2 }

/** The counters' words in order, two or four numbers a vector. */
const inOrder = ({ even, odd }: Words) => [interleaveLow(even, odd), interleaveHigh(even, odd)]

/** 53 bits in [0, 1): the upper 52 bits as the fraction of a double in [1, 2), less 1 or, by the lowest bit, 1 - 2^-53. */
function fraction(scope: Scope, bits: Expression): Expression {
  const kept = scope.keep(bits)
  const one = f64.bits(0x3ff0_0000_0000_0000n)
  return f64.sub(or(`(i64x2.shr_u ${kept} (i32.const 12))`, one), `(i64x2.sub ${one} ${and(kept, f64.bits(1n))})`)
}

const fractionSingle = (bits: Expression) =>
  f32.mul(`(f32x4.convert_i32x4_s (i32x4.shr_u ${bits} (i32.const 8)))`, f32.splat(2 ** -24))

interface Circle {
  readonly lanes: Lanes
  /** A double or single in [1, 2) from bits: how far they go to the right, and the bits of 1. */
  readonly exponentBits: number
  readonly one: bigint
  readonly sin: readonly number[]
  readonly cos: readonly number[]
}
const doubles: Circle = { lanes: f64, exponentBits: 12, one: 0x3ff0_0000_0000_0000n, sin: sinQuarter, cos: cosQuarter }
const singles: Circle = { lanes: f32, exponentBits: 9, one: 0x3f80_0000n, sin: sinQuarterSingle, cos: cosQuarterSingle }

/**
 * A point on the circle of `radius`, every direction equally likely: r in [-1/2, 1/2) from the lower bits gives an angle up to pi/4
 * either way, the highest bit mirrors the point, the next exchanges its coordinates.
 */
function pointOnCircle(scope: Scope, circle: Circle, radius: Expression, bits: Expression): readonly Expression[] {
  const { lanes, exponentBits, one } = circle
  const { integer, width } = lanes
  const lower = `(${integer}.shr_u (${integer}.shl ${bits} (i32.const 2)) (i32.const ${exponentBits}))`
  const r = scope.keep(lanes.sub(or(lower, lanes.bits(one)), lanes.splat(1.5)))
  const z = scope.keep(lanes.mul(r, r))
  const sin = scope.keep(lanes.mul(r, estrin(scope, lanes, circle.sin, z)))
  const cos = lanes.add(lanes.splat(1), lanes.mul(z, estrin(scope, lanes, circle.cos, z)))
  const mirrored = scope.keep(xor(cos, lanes.signOf(bits)))
  const next = `(${integer}.shl ${bits} (i32.const 1))`
  const exchange = width === 64 ? `(i64x2.lt_s ${next} (v128.const i64x2 0 0))` : `(i32x4.shr_s ${next} (i32.const 31))`
  const difference = scope.keep(and(xor(sin, mirrored), exchange))
  return [mirrored, sin].map((each) => scope.keep(lanes.mul(radius, xor(each, difference))))
}

/** Box and Muller 1958: from u in (0, 1] and a direction two independent normal numbers. */
function normal(scope: Scope, { even, odd }: Words): readonly Expression[] {
  const u = scope.keep(f64.sub(f64.splat(2), or(`(i64x2.shr_u ${even} (i32.const 12))`, f64.bits(doubles.one))))
  const radius = scope.keep(f64.sqrt(f64.mul(f64.splat(-2), logOfOrdinary(scope, u))))
  const [x, y] = pointOnCircle(scope, doubles, radius, odd)
  return [shuffle([0, 1, 4, 5], x, y), shuffle([2, 3, 6, 7], x, y)]
}

function normalSingle(scope: Scope, { even, odd }: Words): readonly Expression[] {
  const positive = or(`(i32x4.shr_u ${even} (i32.const 1))`, f32.bits(1n))
  const u = scope.keep(f32.mul(`(f32x4.convert_i32x4_s ${positive})`, f32.splat(2 ** -31)))
  const radius = scope.keep(f32.sqrt(f32.mul(f32.splat(-2), logOfOrdinarySingle(scope, u))))
  const [x, y] = pointOnCircle(scope, singles, radius, odd)
  return [interleaveLow(x, y), interleaveHigh(x, y)]
}

/** The numbers of two counters, from their words: two vectors. */
const forms: Readonly<Record<string, (scope: Scope, words: Words) => readonly Expression[]>> = {
  bits_uint64: (_, words) => inOrder(words),
  uniform_float64: (scope, words) => inOrder(words).map((each) => fraction(scope, each)),
  uniform_float32: (_, words) => inOrder(words).map(fractionSingle),
  normal_float64: normal,
  normal_float32: normalSingle,
}
/** The names of what can be filled: distribution_dtype. */
export const formNames = Object.keys(forms)

const groups = 2
const countersPerPass = groups * countersPerGroup + 2
const vectorBytes = 16

/** The function `numbers`: the two vectors of numbers from the words of two counters, where that is too long to be repeated. */
const numbers = (form: string): Definition =>
  define('numbers', ['even', 'odd'], (scope, even, odd) => forms[form](scope, { even, odd }), ['v128', 'v128'])
const isLong = (form: string) => form.startsWith('normal')

/** Stores the lanes of a vector whose places among the numbers of a pass are in the run. */
function storeLanes(
  scope: Scope,
  form: string,
  vector: Expression,
  index: number,
  run: Record<string, Expression>,
): void {
  const [store, lanes, size] = form.endsWith('float32') ? ['i32.store', 'i32x4', 4] : ['i64.store', 'i64x2', 8]
  for (let lane = 0; lane < vectorBytes / Number(size); lane++) {
    const at = (index * vectorBytes) / Number(size) + lane
    const inside = `(i32.and (i32.le_s ${run.first} (i32.const ${at})) (i32.gt_s ${run.end} (i32.const ${at})))`
    scope.when(inside, () => {
      // Added, not an offset of the store: the place of a number before the run may be below address 0.
      const place = `(i32.add ${run.place} (i32.const ${at * Number(size)}))`
      scope.run(`(${store} ${place} (${lanes}.extract_lane ${lane} ${vector}))`)
    })
  }
}

const parameters = ['key0', 'key1', 'counterLow', 'counterHigh', 'address', 'first', 'end'] as const

/** Writes the numbers from `first` on, before `end`, counted from the first number of the counter; number 0 lies at `address`. */
function fill(form: string): Definition {
  const perPass = (countersPerPass * vectorBytes) / (form.endsWith('float32') ? 4 : 8)
  const body = (scope: Scope, ...[key0, key1, counterLow, counterHigh, address, first, end]: Expression[]) => {
    const prepared = prepare(scope, key0, key1, counterHigh)
    const counter = scope.variable('i32', counterLow)
    const place = scope.variable('i32', address)
    const from = scope.variable('i32', first)
    const until = scope.variable('i32', end)
    scope.run('(loop $next')
    const vectors = philoxWords(scope, prepared, counter.get, groups).flatMap((words) =>
      isLong(form)
        ? scope.callMany('numbers', ['v128', 'v128'], words.even, words.odd)
        : forms[form](scope, words).map((vector) => scope.keep(vector)),
    )
    const whole = `(i32.and (i32.le_s ${from.get} (i32.const 0)) (i32.ge_s ${until.get} (i32.const ${perPass})))`
    const run = { first: from.get, end: until.get, place: place.get }
    scope.branch(
      whole,
      () => {
        vectors.forEach((vector, index) => {
          scope.run(`(v128.store offset=${index * vectorBytes} ${place.get} ${vector})`)
        })
      },
      () => {
        vectors.forEach((vector, index) => {
          storeLanes(scope, form, vector, index, run)
        })
      },
    )
    counter.set(`(i32.add ${counter.get} (i32.const ${countersPerPass}))`)
    place.set(`(i32.add ${place.get} (i32.const ${vectorBytes * countersPerPass}))`)
    from.set(`(i32.sub ${from.get} (i32.const ${perPass}))`)
    until.set(`(i32.sub ${until.get} (i32.const ${perPass}))`)
    scope.run(`(br_if $next (i32.gt_s ${until.get} (i32.const 0))))`)
    return []
  }
  const typed = parameters.map((name) => [name, 'i32'] as const)
  return define('fill', typed, body, [])
}

/** The definitions of one form; `fill` is the one to call. */
export const formDefinitions = (form: string): readonly Definition[] =>
  isLong(form) ? [numbers(form), fill(form)] : [fill(form)]

/**
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3; SC 2011) as WebAssembly SIMD, four
 * counters to a group and two groups at a time (one group alone waits for its own multiplications). The four words of a counter go through ten rounds
 *   c0, c1, c2, c3 <- high(M1 c2) ^ c1 ^ k0, low(M1 c2), high(M0 c0) ^ c3 ^ k1, low(M0 c0)
 * and after each round the key words are raised by W0 and W1. Two counters share a pair of vectors, even = c0 c2 c0' c2' and
 * odd = c1 c3 c1' c3', so that one multiplication of two lanes serves both products of a counter. As c2 = c3 = 0 at the start and
 * c1 is the same for all, the first two rounds take one multiplication a counter each instead of two.
 */
import { estrin } from './math/arithmetic.ts'
import { type Definition, define, type Scope, type Variable } from './math/build.ts'
import { cosTurn, cosTurnSingle, sinTurn, sinTurnSingle } from './math/coefficients.ts'
import { shifter } from './math/exp.ts'
import { and, type Expression, f32, f64, type Lanes, or, select, xor } from './math/lanes.ts'
import { logOfOrdinary } from './math/log.ts'
import { oddMask, secondBitAsSign } from './math/reduction.ts'
import { logOfOrdinarySingle } from './math/single.ts'
import { keySteps, multipliers, rounds } from './philox.ts'

const countersPerGroup = 4
const groups = 2
/** Counters that one pass of the loop takes, and that one call of `part` takes. */
export const countersPerPass = groups * countersPerGroup
export const countersPerPart = countersPerGroup

export type Distribution = 'uniform' | 'normal' | 'bits'
export type RandomDType = 'float64' | 'float32' | 'uint64'
/** Numbers a counter gives. */
export const perCounter: Readonly<Record<RandomDType, number>> = { float64: 2, float32: 4, uint64: 2 }

const hexadecimal = (value: number) => `0x${(value >>> 0).toString(16)}`
const pairConstant = ([a, b]: readonly [number, number]) =>
  `(v128.const i32x4 ${[a, b, a, b].map(hexadecimal).join(' ')})`
const splatWord = (value: Expression) => `(i32x4.splat ${value})`

/** Lanes of 4 bytes from two vectors: 0 to 3 of a, 4 to 7 of b. */
function shuffle(order: readonly number[], a: Expression, b: Expression): Expression {
  const bytes = order.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte))
  return `(i8x16.shuffle ${bytes.join(' ')} ${a} ${b})`
}
const interleaveLow = (a: Expression, b: Expression) => shuffle([0, 4, 1, 5], a, b)
const interleaveHigh = (a: Expression, b: Expression) => shuffle([2, 6, 3, 7], a, b)
const multiplyLow = (a: Expression, b: Expression) => `(i64x2.extmul_low_i32x4_u ${a} ${b})`
const multiplyHigh = (a: Expression, b: Expression) => `(i64x2.extmul_high_i32x4_u ${a} ${b})`

/** What does not change from counter to counter. */
interface Prepared {
  readonly first: Expression
  readonly second: Expression
  readonly third: Expression
  readonly fixedLow: Expression
  readonly keys: readonly Expression[]
  readonly factors: readonly Expression[]
}

function prepare(scope: Scope, key0: Expression, key1: Expression, counterHigh: Expression): Prepared {
  const word = (value: Expression) => scope.keep(value, 'i32')
  const raised = (key: Expression, step: number, times: number) =>
    `(i32.add ${key} (i32.const ${hexadecimal(Math.imul(step, times))}))`
  const fixed = `(i64.extend_i32_u (i32.xor ${counterHigh} ${key0}))`
  const product = scope.keep(`(i64.mul ${fixed} (i64.const ${hexadecimal(multipliers[0])}))`, 'i64')
  const high = word(`(i32.wrap_i64 (i64.shr_u ${product} (i64.const 32)))`)
  const pair = scope.keep(`(i32x4.replace_lane 1 (i32x4.replace_lane 3 ${splatWord(key0)} ${key1}) ${key1})`)
  const keys = Array.from({ length: rounds }, (_, round) =>
    round < 2
      ? ''
      : scope.keep(
          `(i32x4.add ${pair} ${pairConstant([Math.imul(keySteps[0], round), Math.imul(keySteps[1], round)])})`,
        ),
  )
  return {
    first: scope.keep(splatWord(key1)),
    second: scope.keep(splatWord(raised(key0, keySteps[0], 1))),
    third: scope.keep(splatWord(`(i32.xor ${high} ${raised(key1, keySteps[1], 1)})`)),
    fixedLow: scope.keep(splatWord(`(i32.wrap_i64 ${product})`)),
    keys,
    factors: [
      scope.keep(splatWord(`(i32.const ${hexadecimal(multipliers[0])})`)),
      scope.keep(splatWord(`(i32.const ${hexadecimal(multipliers[1])})`)),
      scope.keep(pairConstant(multipliers)),
    ],
  }
}

interface Words {
  readonly even: Expression
  readonly odd: Expression
}

/** The words after two rounds of the four counters whose lowest words are the lanes of `counters`: two pairs of vectors. */
function twoRounds(scope: Scope, prepared: Prepared, counters: Expression): readonly Words[] {
  const { first, second, third, fixedLow, factors } = prepared
  const splitHalves = (a: Expression, b: Expression) => ({
    high: scope.keep(shuffle([1, 3, 5, 7], a, b)),
    low: scope.keep(shuffle([0, 2, 4, 6], a, b)),
  })
  const multiply = (a: Expression, factor: Expression) =>
    splitHalves(scope.keep(multiplyLow(a, factor)), scope.keep(multiplyHigh(a, factor)))
  const one = multiply(counters, factors[0])
  const two = multiply(scope.keep(xor(one.high, first)), factors[1])
  const c0 = scope.keep(xor(two.high, second))
  const c2 = scope.keep(xor(one.low, third))
  const start: Words[] = [
    { even: interleaveLow(c0, c2), odd: interleaveLow(two.low, fixedLow) },
    { even: interleaveHigh(c0, c2), odd: interleaveHigh(two.low, fixedLow) },
  ]
  return start.map(({ even, odd }) => ({ even: scope.keep(even), odd: scope.keep(odd) }))
}

/** The words of counters after all rounds; the groups go through each round side by side. */
function philox(scope: Scope, prepared: Prepared, counters: readonly Expression[]): readonly Words[] {
  const { keys, factors } = prepared
  let state = counters.flatMap((group) => twoRounds(scope, prepared, group))
  for (const key of keys.slice(2)) {
    state = state.map(({ even, odd }) => {
      const a = scope.keep(multiplyLow(even, factors[2]))
      const b = scope.keep(multiplyHigh(even, factors[2]))
      return {
        even: scope.keep(xor(shuffle([3, 1, 7, 5], a, b), xor(odd, key))),
        odd: scope.keep(shuffle([2, 0, 6, 4], a, b)),
      }
    })
  }
  return state
}

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

/** radius cos(2 pi t) and radius sin(2 pi t), t in [0, 1): t = k/4 + r exactly, so nothing is lost. */
function turned(scope: Scope, lanes: Lanes, radius: Expression, t: Expression): readonly [Expression, Expression] {
  const double = lanes === f64
  const shift = lanes.splat(double ? shifter : 1.5 * 2 ** 23)
  const shifted = scope.keep(lanes.add(lanes.mul(t, lanes.splat(4)), shift))
  const r = scope.keep(lanes.sub(t, lanes.mul(lanes.sub(shifted, shift), lanes.splat(0.25))))
  const z = scope.keep(lanes.mul(r, r))
  const sin = scope.keep(lanes.mul(r, estrin(scope, lanes, double ? sinTurn : sinTurnSingle, z)))
  const cosRest = lanes.mul(z, estrin(scope, lanes, double ? cosTurn : cosTurnSingle, z))
  const cos = scope.keep(lanes.add(lanes.splat(1), cosRest))
  const odd = scope.keep(oddMask(shifted, lanes))
  const next = double ? `(i64x2.add ${shifted} ${f64.bits(1n)})` : `(i32x4.add ${shifted} ${f32.bits(1n)})`
  const sine = xor(select(odd, cos, sin), secondBitAsSign(shifted, lanes))
  const cosine = xor(select(odd, sin, cos), secondBitAsSign(next, lanes))
  return [scope.keep(lanes.mul(radius, cosine)), scope.keep(lanes.mul(radius, sine))]
}

/** Box and Muller 1958: from u in (0, 1] and t in [0, 1) two independent normal numbers. */
function normal(scope: Scope, { even, odd }: Words): Expression[] {
  const u = scope.keep(f64.sub(f64.splat(1), fraction(scope, even)))
  const radius = scope.keep(f64.sqrt(f64.mul(f64.splat(-2), logOfOrdinary(scope, u))))
  const [cos, sin] = turned(scope, f64, radius, scope.keep(fraction(scope, odd)))
  return [shuffle([0, 1, 4, 5], cos, sin), shuffle([2, 3, 6, 7], cos, sin)]
}

function normalSingle(scope: Scope, { even, odd }: Words): Expression[] {
  const positive = or(`(i32x4.shr_u ${even} (i32.const 1))`, f32.bits(1n))
  const u = scope.keep(f32.mul(`(f32x4.convert_i32x4_s ${positive})`, f32.splat(2 ** -31)))
  const radius = scope.keep(f32.sqrt(f32.mul(f32.splat(-2), logOfOrdinarySingle(scope, u))))
  const [cos, sin] = turned(scope, f32, radius, scope.keep(fractionSingle(odd)))
  return [interleaveLow(cos, sin), interleaveHigh(cos, sin)]
}

const forms: Readonly<Record<string, (scope: Scope, words: Words) => Expression[]>> = {
  bits_uint64: (_, words) => inOrder(words),
  uniform_float64: (scope, words) => inOrder(words).map((each) => fraction(scope, each)),
  uniform_float32: (_, words) => inOrder(words).map(fractionSingle),
  normal_float64: normal,
  normal_float32: normalSingle,
}
/** The names of what can be filled: distribution_dtype. */
export const formNames = Object.keys(forms)

/** The numbers of the counters from `counter` on: four vectors a group. */
function numbers(scope: Scope, form: string, prepared: Prepared, counter: Variable, groupCount: number): Expression[] {
  const counters = Array.from({ length: groupCount }, (_, group) => {
    const lanes = Array.from({ length: countersPerGroup }, (_, lane) => group * countersPerGroup + lane)
    return scope.keep(`(i32x4.add ${splatWord(counter.get)} (v128.const i32x4 ${lanes.join(' ')}))`)
  })
  return philox(scope, prepared, counters).flatMap((words) => forms[form](scope, words))
}

const parameters = ['key0', 'key1', 'counterLow', 'counterHigh', 'address'] as const
const typed = (names: readonly string[]) => names.map((name) => [name, 'i32'] as const)

/** Fills whole passes. */
function passes(form: string): Definition {
  return define(
    'passes',
    typed([...parameters, 'passes']),
    (scope, key0, key1, counterLow, counterHigh, address, count) => {
      const prepared = prepare(scope, key0, key1, counterHigh)
      const counter = scope.variable('i32', counterLow)
      const place = scope.variable('i32', address)
      const left = scope.variable('i32', count)
      scope.run('(loop $next')
      numbers(scope, form, prepared, counter, groups).forEach((value, index) => {
        scope.run(`(v128.store offset=${16 * index} ${place.get} ${value})`)
      })
      counter.set(`(i32.add ${counter.get} (i32.const ${countersPerPass}))`)
      place.set(`(i32.add ${place.get} (i32.const ${64 * groups}))`)
      left.set(`(i32.sub ${left.get} (i32.const 1))`)
      scope.run(`(br_if $next ${left.get}))`)
      return []
    },
    [],
  )
}

/** Fills a part of one group: its numbers from `first` on, before `end`. */
function part(form: string): Definition {
  const double = !form.endsWith('float32')
  return define(
    'part',
    typed([...parameters, 'first', 'end']),
    (scope, key0, key1, counterLow, counterHigh, address, first, end) => {
      const prepared = prepare(scope, key0, key1, counterHigh)
      const place = scope.variable('i32', address)
      const [store, lanes, size] = double ? ['i64.store', 'i64x2', 8] : ['i32.store', 'i32x4', 4]
      numbers(scope, form, prepared, scope.variable('i32', counterLow), 1).forEach((value, vector) => {
        const kept = scope.keep(value)
        for (let lane = 0; lane < 16 / Number(size); lane++) {
          const at = `(i32.const ${(vector * 16) / Number(size) + lane})`
          scope.when(`(i32.and (i32.ge_u ${at} ${first}) (i32.lt_u ${at} ${end}))`, () => {
            scope.run(`(${store} ${place.get} (${lanes}.extract_lane ${lane} ${kept}))`)
            place.set(`(i32.add ${place.get} (i32.const ${size}))`)
          })
        }
      })
      return []
    },
    [],
  )
}

/** The definitions of one form: passes and part. */
export const formDefinitions = (form: string): readonly Definition[] => [passes(form), part(form)]

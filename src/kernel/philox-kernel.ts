/**
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3; SC 2011) as WebAssembly SIMD. The four
 * words of a counter go through ten rounds
 *   c0, c1, c2, c3 <- high(M1 c2) ^ c1 ^ k0, low(M1 c2), high(M0 c0) ^ c3 ^ k1, low(M0 c0)
 * and after each round the key words are raised by W0 and W1. Two counters share a pair of vectors, even = c0 c2 c0' c2' and
 * odd = c1 c3 c1' c3', so that one multiplication of two lanes serves both products of a counter. As c2 = c3 = 0 at the start and
 * c1 is the same for all, the first two rounds take one multiplication a counter each instead of two.
 */
import type { Scope } from './math/build.ts'
import { type Expression, xor } from './math/lanes.ts'
import { keySteps, multipliers, rounds } from './philox.ts'

export const countersPerGroup = 4

const hexadecimal = (value: number) => `0x${(value >>> 0).toString(16)}`
const pairConstant = ([a, b]: readonly [number, number]) =>
  `(v128.const i32x4 ${[a, b, a, b].map(hexadecimal).join(' ')})`
const factor = (index: 0 | 1) => `(i64.const ${hexadecimal(multipliers[index])})`
const highHalf = (product: Expression) => `(i32.wrap_i64 (i64.shr_u ${product} (i64.const 32)))`
const lowHalf = (product: Expression) => `(i32.wrap_i64 ${product})`
export const splatWord = (value: Expression) => `(i32x4.splat ${value})`

/** Lanes of 4 bytes from two vectors: 0 to 3 of a, 4 to 7 of b. */
export function shuffle(order: readonly number[], a: Expression, b: Expression): Expression {
  const bytes = order.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte))
  return `(i8x16.shuffle ${bytes.join(' ')} ${a} ${b})`
}
export const interleaveLow = (a: Expression, b: Expression) => shuffle([0, 4, 1, 5], a, b)
export const interleaveHigh = (a: Expression, b: Expression) => shuffle([2, 6, 3, 7], a, b)
const multiplyLow = (a: Expression, b: Expression) => `(i64x2.extmul_low_i32x4_u ${a} ${b})`
const multiplyHigh = (a: Expression, b: Expression) => `(i64x2.extmul_high_i32x4_u ${a} ${b})`

/** What does not change from counter to counter; key words are those of the rounds 0, 1 and 2. */
export interface Prepared {
  readonly first: Expression
  readonly second: Expression
  readonly third: Expression
  readonly fixedLow: Expression
  readonly factors: readonly Expression[]
  /** Both key words of round 2 twice, and what raises them. */
  readonly key: Expression
  readonly step: Expression
  readonly scalar: {
    readonly third: Expression
    readonly fixedLow: Expression
    readonly keys: readonly (readonly [Expression, Expression])[]
  }
}

const raisedKey = (key: Expression, word: 0 | 1, times: number) =>
  `(i32.add ${key} (i32.const ${hexadecimal(Math.imul(keySteps[word], times))}))`

export function prepare(scope: Scope, key0: Expression, key1: Expression, counterHigh: Expression): Prepared {
  const word = (value: Expression) => scope.keep(value, 'i32')
  const keys = [0, 1, 2].map((round) => [word(raisedKey(key0, 0, round)), word(raisedKey(key1, 1, round))] as const)
  const fixed = `(i64.extend_i32_u (i32.xor ${counterHigh} ${key0}))`
  const product = scope.keep(`(i64.mul ${fixed} ${factor(0)})`, 'i64')
  const third = word(`(i32.xor ${highHalf(product)} ${keys[1][1]})`)
  const fixedLow = word(lowHalf(product))
  const [even, odd] = keys[2]
  return {
    first: scope.keep(splatWord(key1)),
    second: scope.keep(splatWord(keys[1][0])),
    third: scope.keep(splatWord(third)),
    fixedLow: scope.keep(splatWord(fixedLow)),
    factors: [
      scope.keep(splatWord(`(i32.const ${hexadecimal(multipliers[0])})`)),
      scope.keep(splatWord(`(i32.const ${hexadecimal(multipliers[1])})`)),
      scope.keep(pairConstant(multipliers)),
    ],
    key: scope.keep(`(i32x4.replace_lane 1 (i32x4.replace_lane 3 ${splatWord(even)} ${odd}) ${odd})`),
    step: scope.keep(pairConstant(keySteps)),
    scalar: { third, fixedLow, keys },
  }
}

export interface Words {
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

const vectorRound = (scope: Scope, { even, odd }: Words, key: Expression, pair: Expression): Words => {
  const a = scope.keep(multiplyLow(even, pair))
  const b = scope.keep(multiplyHigh(even, pair))
  return {
    even: scope.keep(xor(shuffle([3, 1, 7, 5], a, b), xor(odd, key))),
    odd: scope.keep(shuffle([2, 0, 6, 4], a, b)),
  }
}

/** The four words of one counter. */
type Counter = readonly [Expression, Expression, Expression, Expression]

const product = (scope: Scope, word: Expression, index: 0 | 1) =>
  scope.keep(`(i64.mul (i64.extend_i32_u ${word}) ${factor(index)})`, 'i64')
const kept = (scope: Scope, words: Counter) => words.map((word) => scope.keep(word, 'i32')) as unknown as Counter

function scalarTwoRounds(scope: Scope, { scalar }: Prepared, counter: Expression): Counter {
  const one = product(scope, counter, 0)
  const two = product(scope, `(i32.xor ${highHalf(one)} ${scalar.keys[0][1]})`, 1)
  const c0 = `(i32.xor ${highHalf(two)} ${scalar.keys[1][0]})`
  return kept(scope, [c0, lowHalf(two), `(i32.xor ${lowHalf(one)} ${scalar.third})`, scalar.fixedLow])
}

function scalarRound(
  scope: Scope,
  [c0, c1, c2, c3]: Counter,
  [key0, key1]: readonly [Expression, Expression],
): Counter {
  const first = product(scope, c0, 0)
  const second = product(scope, c2, 1)
  const even = `(i32.xor (i32.xor ${highHalf(second)} ${c1}) ${key0})`
  const odd = `(i32.xor (i32.xor ${highHalf(first)} ${c3}) ${key1})`
  return kept(scope, [even, lowHalf(second), odd, lowHalf(first)])
}

/** Two counters as a pair of vectors. */
function together(scope: Scope, a: Counter, b: Counter): Words {
  const long = (low: Expression, high: Expression) =>
    `(i64.or (i64.shl (i64.extend_i32_u ${high}) (i64.const 32)) (i64.extend_i32_u ${low}))`
  const pair = (word: 0 | 1) =>
    scope.keep(`(i64x2.replace_lane 1 (i64x2.splat ${long(a[word], a[word + 2])}) ${long(b[word], b[word + 2])})`)
  return { even: pair(0), odd: pair(1) }
}

/** Rounds 2 to 9 as a loop, which is as fast as one after the other, and a text that is assembled sooner. */
function rolledRounds(
  scope: Scope,
  prepared: Prepared,
  vectors: readonly Words[],
  scalars: readonly Counter[],
): readonly Words[] {
  const vectorStates = vectors.map(({ even, odd }) => [scope.variable('v128', even), scope.variable('v128', odd)])
  const scalarStates = scalars.map((words) => words.map((word) => scope.variable('i32', word)))
  const key = scope.variable('v128', prepared.key)
  const scalarKeys = prepared.scalar.keys[2].map((word) => scope.variable('i32', word))
  const left = scope.variable('i32', `(i32.const ${rounds - 2})`)
  scope.run('(loop $round')
  for (const [even, odd] of vectorStates) {
    const next = vectorRound(scope, { even: even.get, odd: odd.get }, key.get, prepared.factors[2])
    even.set(next.even)
    odd.set(next.odd)
  }
  for (const state of scalarStates) {
    const next = scalarRound(scope, state.map((word) => word.get) as unknown as Counter, [
      scalarKeys[0].get,
      scalarKeys[1].get,
    ])
    state.forEach((word, index) => {
      word.set(next[index])
    })
  }
  key.set(`(i32x4.add ${key.get} ${prepared.step})`)
  scalarKeys.forEach((word, index) => {
    word.set(raisedKey(word.get, index as 0 | 1, 1))
  })
  left.set(`(i32.sub ${left.get} (i32.const 1))`)
  scope.run(`(br_if $round ${left.get}))`)
  const words = vectorStates.map(([even, odd]) => ({ even: even.get, odd: odd.get }))
  const [a, b] = scalarStates.map((state) => state.map((word) => word.get) as unknown as Counter)
  return [...words, together(scope, a, b)]
}

/**
 * The words of `groups` times four counters from `counter` on, and of two more that are worked on as scalars. All go through each
 * round side by side: a group alone waits for its own multiplications, and scalars use ports that vectors leave idle.
 */
export function philoxWords(scope: Scope, prepared: Prepared, counter: Expression, groups: number): readonly Words[] {
  const offsets = (count: number, from: number) => Array.from({ length: count }, (_, index) => from + index)
  const vectors = offsets(groups, 0).flatMap((group) => {
    const lanes = `(v128.const i32x4 ${offsets(countersPerGroup, group * countersPerGroup).join(' ')})`
    return twoRounds(scope, prepared, scope.keep(`(i32x4.add ${splatWord(counter)} ${lanes})`))
  })
  const scalars = offsets(2, groups * countersPerGroup).map((offset) =>
    scalarTwoRounds(scope, prepared, `(i32.add ${counter} (i32.const ${offset}))`),
  )
  return rolledRounds(scope, prepared, vectors, scalars)
}

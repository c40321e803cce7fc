/**
 * x = n pi/2 + r, |r| <= pi/4, for the trigonometric functions. Three ways, from quick to general:
 * two parts of pi/2 (Cody and Waite), good while |x| is moderate and r not tiny; four parts, for |x| up to 2^20 pi/2 and every r;
 * beyond, exact multiplication by enough bits of 2/pi, lane by lane (Payne and Hanek, SIGNUM Newsletter 18, 1983). No import of
 * Math.sin, so that the bits are the same on each platform.
 */
import { type Pair, twoProduct } from './arithmetic.ts'
import { type Definition, define, type Scope } from './build.ts'
import { shifter } from './exp.ts'
import { and, andNot, type Expression, f64, type Lanes, or, select } from './lanes.ts'

const { add, sub, mul, splat, abs, le, lt, ge, eq, any } = f64

/** pi/2 in parts of 33 bits: n times one is exact for |n| < 2^20. */
const halfPi = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32] as const
/** pi/2 less its first part. */
const halfPiAfterFirst = 6.077100506506192e-11
const largest = 2 ** 20

export interface Turned {
  /** `shifter` + n: the low bits of n are its low bits. */
  readonly shifted: Expression
  /** r = high - negativeLow: negated, so that the sign of a zero survives. */
  readonly high: Expression
  readonly negativeLow: Expression
}

/**
 * The quick way, x = n step + r for a step of pi/2 or pi and n from `shifter` + n. The error is below 2^-66: where r is not below
 * 2^-11, or n = 0 and r = x exactly, that is a fraction of a unit in the last place. r = high = first - second, rounded. `good` is the
 * mask of lanes this is enough for; n = 0 is not looked for unless `zeroPossible`.
 */
export function reduceQuickly(
  scope: Scope,
  x: Expression,
  n: Expression,
  step: 'half turn' | 'quarter turn',
  zeroPossible = true,
): { high: Expression; first: Expression; second: Expression; good: Expression } {
  const scale = step === 'half turn' ? 2 : 1
  const first = scope.keep(sub(x, mul(n, splat(scale * halfPi[0]))))
  const second = scope.keep(mul(n, splat(scale * halfPiAfterFirst)))
  const high = scope.keep(sub(first, second))
  const large = ge(abs(high), splat(2 ** -11))
  const clear = zeroPossible ? or(large, eq(n, splat(0))) : large
  return { high, first, second, good: scope.keep(and(clear, le(abs(x), splat(largest)))) }
}

/** a - b without error. */
function twoDifference(scope: Scope, a: Expression, b: Expression): Pair {
  const high = scope.keep(sub(a, b))
  const rest = scope.keep(sub(high, a))
  return { high, low: scope.keep(sub(sub(a, sub(high, rest)), add(b, rest))) }
}

/** Every x: answers shifter + n, r and minus its low part. */
const reduce = define(
  'reduce_f64',
  ['x'],
  (scope, x) => {
    const size = scope.keep(abs(x))
    const moderate = scope.keep(le(size, splat(largest)))
    const bounded = scope.keep(and(x, moderate))
    const n = scope.keep(sub(add(mul(bounded, splat(2 / Math.PI)), splat(shifter)), splat(shifter)))
    const a = twoDifference(scope, sub(bounded, mul(n, splat(halfPi[0]))), mul(n, splat(halfPi[1])))
    const b = twoDifference(scope, a.high, mul(n, splat(halfPi[2])))
    const low = scope.keep(add(a.low, sub(b.low, mul(n, splat(halfPi[3])))))
    const sum = scope.keep(add(b.high, low))
    const quarter = scope.variable('v128', n)
    const high = scope.variable('v128', sum)
    const negativeLow = scope.variable('v128', sub(sub(sum, b.high), low))
    const finite = scope.keep(lt(size, splat(Infinity)))
    const huge = scope.keep(andNot(finite, moderate))
    scope.when(any(huge), () => {
      for (const lane of [0, 1]) {
        scope.when(`(i32.wrap_i64 (i64x2.extract_lane ${lane} ${huge}))`, () => {
          const each = scope.callMany('reduce_huge_f64', ['f64', 'f64', 'f64'], `(f64x2.extract_lane ${lane} ${x})`)
          ;[quarter, high, negativeLow].forEach((target, index) => {
            target.set(`(f64x2.replace_lane ${lane} ${target.get} ${each[index]})`)
          })
        })
      }
    })
    return [add(quarter.get, splat(shifter)), select(finite, high.get, sub(x, x)), negativeLow.get]
  },
  ['v128', 'v128', 'v128'],
)

/** 64 zero bits, then the first 1280 bits of 2/pi after the point. */
const twoOverPi = [
  0n,
  0xa2f9836e4e441529n,
  0xfc2757d1f534ddc0n,
  0xdb6295993c439041n,
  0xfe5163abdebbc561n,
  0xb7246e3a424dd2e0n,
  0x06492eea09d1921cn,
  0xfe1deb1cb129a73en,
  0xe88235f52ebb4484n,
  0xe99c7026b45f7e41n,
  0x3991d639835339f4n,
  0x9c845f8bbdf9283bn,
  0x1ff897ffde05980fn,
  0xef2f118b5a0a6d1fn,
  0x6d367ecf27cb09b7n,
  0x4f463f669e5fea2dn,
  0x7527bac7ebe5f17bn,
  0x3d0739f78a5292ean,
  0x6bfb5fb11f8d5d08n,
  0x56033046fc7b6babn,
  0xf0cfbc209af4361dn,
]

/** A word of `twoOverPi`: a table without a memory. */
const word: Definition = {
  name: 'two_over_pi_word',
  text: `(func $two_over_pi_word (param $index i32) (result i64)
${twoOverPi.map((_, index) => `(block $w${twoOverPi.length - 1 - index}`).join(' ')}
(br_table ${twoOverPi.map((_, index) => `$w${index}`).join(' ')} (local.get $index)))
${twoOverPi.map((value, index) => `(return (i64.const 0x${value.toString(16)}))${index < twoOverPi.length - 1 ? ')' : ''}`).join('\n')})`,
  needs: [],
}

/** The upper 64 bits of a product of two unsigned words, from products of their halves. */
const multiplyHigh = define(
  'multiply_high_i64',
  [
    ['a', 'i64'],
    ['b', 'i64'],
  ],
  (scope, a, b) => {
    const upper = (value: Expression) => `(i64.shr_u ${value} (i64.const 32))`
    const lower = (value: Expression) => `(i64.and ${value} (i64.const 0xffffffff))`
    const product = (left: Expression, right: Expression) => scope.keep(`(i64.mul ${left} ${right})`, 'i64')
    const low = product(lower(a), lower(b))
    const left = product(upper(a), lower(b))
    const right = product(lower(a), upper(b))
    const middle = scope.keep(`(i64.add (i64.add ${upper(low)} ${lower(left)}) ${lower(right)})`, 'i64')
    const carried = `(i64.add (i64.add ${upper(left)} ${upper(right)}) ${upper(middle)})`
    return `(i64.add (i64.mul ${upper(a)} ${upper(b)}) ${carried})`
  },
  ['i64'],
)

/**
 * |x| = m 2^e with m of 53 bits. Of x 2/pi only what is below 4 matters: bits of 2/pi whose weight times 2^e is 4 or more drop out,
 * the next 192 give n in two bits and 126 bits of the fraction, of which at most 62 are lost where x is close to n pi/2.
 */
const reduceHuge = define(
  'reduce_huge_f64',
  [['x', 'f64']],
  (scope, x) => {
    const integer = (value: Expression) => scope.keep(value, 'i64')
    const scalar = (value: Expression) => scope.keep(value, 'f64')
    const raw = integer(`(i64.reinterpret_f64 ${x})`)
    const exponent = scope.keep(`(i32.wrap_i64 (i64.and (i64.shr_u ${raw} (i64.const 52)) (i64.const 0x7ff)))`, 'i32')
    const m = integer(`(i64.or (i64.and ${raw} (i64.const 0xfffffffffffff)) (i64.const 0x10000000000000))`)
    const start = scope.keep(`(i32.sub ${exponent} (i32.const ${1075 - 62}))`, 'i32')
    const index = scope.keep(`(i32.shr_u ${start} (i32.const 6))`, 'i32')
    const shift = integer(`(i64.extend_i32_u (i32.and ${start} (i32.const 63)))`)
    const words = [0, 1, 2, 3].map((step) =>
      integer(scope.call('two_over_pi_word', `(i32.add ${index} (i32.const ${step}))`)),
    )
    const window = [0, 1, 2].map((step) => {
      const next = `(i64.shr_u (i64.shr_u ${words[step + 1]} (i64.const 1)) (i64.sub (i64.const 63) ${shift}))`
      return integer(`(i64.or (i64.shl ${words[step]} ${shift}) ${next})`)
    })
    const carry = integer(scope.call('multiply_high_i64', m, window[2]))
    const low = integer(`(i64.add (i64.mul ${m} ${window[1]}) ${carry})`)
    const overflow = `(i64.extend_i32_u (i64.lt_u ${low} ${carry}))`
    const product = `(i64.add (i64.mul ${m} ${window[0]}) ${scope.call('multiply_high_i64', m, window[1])})`
    const top = integer(`(i64.add ${product} ${overflow})`)
    const n = integer(`(i64.shr_u (i64.add ${top} (i64.const 0x2000000000000000)) (i64.const 62))`)
    const signed = integer(`(i64.sub ${top} (i64.shl ${n} (i64.const 62)))`)
    const negative = integer(`(i64.shr_s ${signed} (i64.const 63))`)
    const high = integer(`(i64.xor ${signed} ${negative})`)
    const rest = integer(`(i64.xor ${low} ${negative})`)
    const zeros = integer(`(i64.clz ${high})`)
    const carriedIn = `(i64.shr_u (i64.shr_u ${rest} (i64.const 1)) (i64.sub (i64.const 63) ${zeros}))`
    const first = integer(`(i64.or (i64.shl ${high} ${zeros}) ${carriedIn})`)
    const second = integer(`(i64.shl ${rest} ${zeros})`)
    const big = scalar(`(f64.convert_i64_u (i64.and ${first} (i64.const -2048)))`)
    const tail = `(i64.or (i64.shl (i64.and ${first} (i64.const 2047)) (i64.const 52)) (i64.shr_u ${second} (i64.const 12)))`
    const small = scalar(`(f64.mul (f64.convert_i64_u ${tail}) (f64.const ${2 ** -52}))`)
    const sign = `(i64.xor ${negative} (i64.shr_s ${raw} (i64.const 63)))`
    const scaleBits = `(i64.shl (i64.sub (i64.const ${1023 - 62}) ${zeros}) (i64.const 52))`
    const scale = scalar(`(f64.reinterpret_i64 (i64.or ${scaleBits} (i64.and ${sign} (i64.const 0x8000000000000000))))`)
    const turned = twoProduct(scope, `(f64x2.splat ${big})`, splat(Math.PI / 2))
    const extra = mul(`(f64x2.splat ${small})`, splat(Math.PI / 2))
    const correction = add(turned.low, add(extra, mul(`(f64x2.splat ${big})`, splat(6.123233995736766e-17))))
    const lowPart = scope.keep(correction)
    const total = scope.keep(add(turned.high, lowPart))
    const left = sub(sub(total, turned.high), lowPart)
    const turns = scalar(`(f64.convert_i64_u ${n})`)
    return [
      `(f64.copysign ${turns} ${x})`,
      `(f64.mul (f64x2.extract_lane 0 ${total}) ${scale})`,
      `(f64.mul (f64x2.extract_lane 0 ${left}) ${scale})`,
    ]
  },
  ['f64', 'f64', 'f64'],
)

/** `shifter` + n and r for every x, by pi/2: what the slow ways of sin, cos and tan start with. */
export function reduceFully(scope: Scope, x: Expression): Turned {
  const [shifted, high, negativeLow] = scope.callMany('reduce_f64', ['v128', 'v128', 'v128'], x)
  return { shifted, high, negativeLow }
}

/** All bits where bit 0 of n is set. */
export const oddMask = (shifted: Expression, lanes: Lanes = f64) =>
  `(${lanes.integer}.neg ${and(shifted, lanes.bits(1n))})`
/** The sign bit where bit 1 of n is set. */
export const secondBitAsSign = (shifted: Expression, lanes: Lanes = f64) =>
  `(${lanes.integer}.shl ${and(shifted, lanes.bits(2n))} (i32.const ${lanes.width - 2}))`

export const reductionFunctions: readonly Definition[] = [word, multiplyHigh, reduceHuge, reduce]

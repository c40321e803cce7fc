/**
 * Random numbers of each distribution and dtype from the words of Philox: what WebAssembly is made for each.
 */
import { estrin } from './math/arithmetic.ts'
import { type Definition, define, type Scope } from './math/build.ts'
import { cosTurn, cosTurnSingle, sinTurn, sinTurnSingle } from './math/coefficients.ts'
import { shifter } from './math/exp.ts'
import { and, type Expression, f32, f64, type Lanes, or, select, xor } from './math/lanes.ts'
import { logOfOrdinary } from './math/log.ts'
import { oddMask, secondBitAsSign } from './math/reduction.ts'
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

/** The numbers of two counters, from their words: two vectors. */
const forms: Readonly<Record<string, (scope: Scope, words: Words) => Expression[]>> = {
  bits_uint64: (_, words) => inOrder(words),
  uniform_float64: (scope, words) => inOrder(words).map((each) => fraction(scope, each)),
  uniform_float32: (_, words) => inOrder(words).map(fractionSingle),
  normal_float64: normal,
  normal_float32: normalSingle,
}
/** The names of what can be filled: distribution_dtype. */
export const formNames = Object.keys(forms)

const groups = 2
/** Counters that one pass of the loop takes. */
export const countersPerPass = groups * countersPerGroup + 2
/** Counters that one call of `part` takes. */
export const countersPerPart = countersPerGroup
const bytesPerCounter = 16

const parameters = ['key0', 'key1', 'counterLow', 'counterHigh', 'address'] as const
const typed = (names: readonly string[]) => names.map((name) => [name, 'i32'] as const)

/** Fills whole passes. */
function passes(form: string): Definition {
  const body = (scope: Scope, ...[key0, key1, counterLow, counterHigh, address, count]: Expression[]) => {
    const prepared = prepare(scope, key0, key1, counterHigh)
    const counter = scope.variable('i32', counterLow)
    const place = scope.variable('i32', address)
    const left = scope.variable('i32', count)
    scope.run('(loop $next')
    const words = philoxWords(scope, prepared, counter.get, groups, true)
    words
      .flatMap((each) => forms[form](scope, each))
      .forEach((value, index) => {
        scope.run(`(v128.store offset=${16 * index} ${place.get} ${value})`)
      })
    counter.set(`(i32.add ${counter.get} (i32.const ${countersPerPass}))`)
    place.set(`(i32.add ${place.get} (i32.const ${bytesPerCounter * countersPerPass}))`)
    left.set(`(i32.sub ${left.get} (i32.const 1))`)
    scope.run(`(br_if $next ${left.get}))`)
    return []
  }
  return define('passes', typed([...parameters, 'passes']), body, [])
}

/** Fills a part of one group: its numbers from `first` on, before `end`. */
function part(form: string): Definition {
  const [store, lanes, size] = form.endsWith('float32') ? ['i32.store', 'i32x4', 4] : ['i64.store', 'i64x2', 8]
  const perVector = 16 / Number(size)
  const body = (scope: Scope, ...[key0, key1, counterLow, counterHigh, address, first, end]: Expression[]) => {
    const prepared = prepare(scope, key0, key1, counterHigh)
    const place = scope.variable('i32', address)
    const words = philoxWords(scope, prepared, counterLow, 1, false)
    const values = words.flatMap((each) => forms[form](scope, each))
    values.forEach((value, vector) => {
      const kept = scope.keep(value)
      for (let lane = 0; lane < perVector; lane++) {
        const at = `(i32.const ${vector * perVector + lane})`
        scope.when(`(i32.and (i32.ge_u ${at} ${first}) (i32.lt_u ${at} ${end}))`, () => {
          scope.run(`(${store} ${place.get} (${lanes}.extract_lane ${lane} ${kept}))`)
          place.set(`(i32.add ${place.get} (i32.const ${size}))`)
        })
      }
    })
    return []
  }
  return define('part', typed([...parameters, 'first', 'end']), body, [])
}

/** The definitions of one form: passes and part. */
export const formDefinitions = (form: string): readonly Definition[] => [passes(form), part(form)]

import { type Kind, kindOf, type RealDType } from '../core/dtype.ts'
import { internal } from '../core/errors.ts'
import type { Emit } from './record.ts'

/**
 * Pieces of WebAssembly text that the emitters share. A bool in a register is a mask, all ones or all zeros in each lane,
 * so its functions are bitwise and the same for every lane width.
 */
export type Emitter = (dtype: RealDType) => Emit

const laneCount = (lane: string): number => Number(lane.slice(lane.indexOf('x') + 1))
/** The integer lanes of the same width. */
export const integerLane = (lane: string): string => lane.replace('f', 'i')
/** One literal in every lane. */
export const splat = (lane: string, literal: string | number): string =>
  `(v128.const ${lane} ${new Array(laneCount(lane)).fill(literal).join(' ')})`
export const zero = '(v128.const i64x2 0 0)'
export const ones = '(v128.const i64x2 -1 -1)'
/** The sign bit alone in every lane. */
export const signBits = (lane: string): string =>
  ({
    x16: splat('i8x16', '0x80'),
    x8: splat('i16x8', '0x8000'),
    x4: splat('i32x4', '0x80000000'),
    x2: splat('i64x2', '0x8000000000000000'),
  })[lane.slice(lane.indexOf('x'))] ?? internal(`no sign bits for ${lane}`)

/** An instruction of the loop's lanes, `(f64x2.add a b)`. */
export const instruction =
  (name: string): Emitter =>
  () =>
  (t, ...operands) =>
    `(${t.lane}.${name} ${operands.join(' ')})`
/** An instruction on all 128 bits. */
export const bitwise =
  (name: string): Emitter =>
  () =>
  (_, ...operands) =>
    `(v128.${name} ${operands.join(' ')})`
/** An instruction that has a form for signed and one for unsigned lanes. */
export const signedOrNot =
  (name: string): Emitter =>
  (dtype) =>
    instruction(kindOf(dtype) === 'float' ? name : kindOf(dtype) === 'int' ? `${name}_s` : `${name}_u`)(dtype)
/** The operand itself. */
export const same: Emitter = () => (_, x) => x
/** A function of the maths library, by floating dtype. */
export const mathCall =
  (name: string): Emitter =>
  (dtype) =>
  (t, ...operands) =>
    t.call(`${name}_${dtype === 'float32' ? 'f32' : 'f64'}`, ...operands)

/** One emitter for each kind of loop dtype; `integer` stands for both kinds of integers. */
export const emitByKind =
  (emits: { [kind in Kind | 'integer']?: Emitter }): Emitter =>
  (dtype) => {
    const kind = kindOf(dtype)
    const found = emits[kind] ?? (kind === 'int' || kind === 'uint' ? emits.integer : undefined)
    return found ? found(dtype) : internal(`a function without an emitter for ${dtype} was compiled`)
  }

/** The product in integer lanes, wrapped. Bytes have no instruction: their even and odd ones are multiplied as 16-bit lanes. */
export function product(lane: string, x: string, y: string): string {
  if (lane !== 'i8x16') return `(${lane}.mul ${x} ${y})`
  const high = splat('i16x8', '0xff00')
  const even = `(v128.andnot (i16x8.mul ${x} ${y}) ${high})`
  const odd = `(i16x8.mul (i16x8.shr_u ${x} (i32.const 8)) (v128.and ${y} ${high}))`
  return `(v128.or ${even} ${odd})`
}

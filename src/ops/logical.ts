import { facts, kindOf, type RealDType, type Value } from '../core/dtype.ts'
import * as complex from './complex.ts'
import { always, byKind } from './meaning.ts'
import type { ElementwiseRecord } from './record.ts'
import { anyKind, integral, keeps, keepsNumbers, tells } from './signature.ts'
import { bitwise, type Emitter, zero } from './wat.ts'

/** NaN is falsy in JavaScript, and not zero. */
const isTrue = (x: number | bigint | boolean): boolean => Boolean(x) || Number.isNaN(x)

/** The mask of the lanes that are not zero (NaN is not); a bool is its mask already. */
const truth: Emitter = (dtype) => (t, x) => (dtype === 'bool' ? x : `(${t.lane}.ne ${x} ${zero})`)

const connective = (
  name: string,
  doc: string,
  meaning: (x: boolean, y: boolean) => boolean,
  wasm: string,
  expansion: ElementwiseRecord['complex'],
): ElementwiseRecord => ({
  name,
  arity: 2,
  doc,
  signature: tells(anyKind),
  meaning: always((x, y) => meaning(isTrue(x), isTrue(y))),
  emit: (dtype) => (t, x, y) => bitwise(wasm)(dtype)(t, truth(dtype)(t, x), truth(dtype)(t, y)),
  complex: expansion,
  costNanoseconds: 0.3,
})

const onBits = (
  name: string,
  arity: 1 | 2,
  doc: string,
  integer: (x: bigint, y: bigint) => bigint,
  bool: (x: boolean, y: boolean) => boolean,
  wasm: string,
): ElementwiseRecord => ({
  name,
  arity,
  doc,
  signature: keeps(['bool', ...integral]),
  meaning: byKind({ integer, bool }),
  emit: bitwise(wasm),
  costNanoseconds: 0.2,
})

const widthOf = (dtype: RealDType): number => facts[dtype].itemsize * 8

/** Lanes are shifted one by one: SIMD has one count for all lanes. `past` is the result for counts out of range. */
const shift = (
  name: string,
  doc: string,
  meaning: (x: bigint, count: bigint) => bigint,
  past: (x: bigint) => bigint,
  emit: Emitter,
): ElementwiseRecord => ({
  name,
  arity: 2,
  doc,
  signature: keepsNumbers(integral),
  meaning: (dtype: RealDType, x: Value, count: Value) =>
    byKind({ integer: (x, n) => (n >= 0n && n < BigInt(widthOf(dtype)) ? meaning(x, n) : past(x)) })(
      dtype,
      x as never,
      count as never,
    ),
  emit,
  costNanoseconds: 1,
})

/** The scalar that computes on a lane: i64 for 64-bit lanes, i32 for the narrower ones. */
const scalarOf = (dtype: RealDType): string => (facts[dtype].itemsize === 8 ? 'i64' : 'i32')
/** `within` where the count is in range, else `past`; as unsigned, a negative count is out of range too. */
const inRange = (dtype: RealDType, within: string, past: string, count: string): string => {
  const scalar = scalarOf(dtype)
  return `(select ${within} ${past} (${scalar}.lt_u ${count} (${scalar}.const ${widthOf(dtype)})))`
}
const shiftLeft: Emitter = (dtype) => (t) => {
  const scalar = scalarOf(dtype)
  return t.scalar((a, n) => inRange(dtype, `(${scalar}.shl ${a} ${n})`, `(${scalar}.const 0)`, n))
}
const shiftRight: Emitter = (dtype) => (t) => {
  const scalar = scalarOf(dtype)
  const signed = kindOf(dtype) === 'int'
  const past = (a: string) =>
    signed ? `(${scalar}.shr_s ${a} (${scalar}.const ${scalar === 'i64' ? 63 : 31}))` : `(${scalar}.const 0)`
  return t.scalar((a, n) => inRange(dtype, `(${scalar}.shr_${signed ? 's' : 'u'} ${a} ${n})`, past(a), n))
}

const shifts: Record<string, ElementwiseRecord> = {
  bitwiseLeftShift: shift(
    'bitwiseLeftShift',
    'x times 2 to the power of y, wrapped, of integers (bool as int8). Counts below 0 or beyond the width give 0.',
    (x, count) => x << count,
    () => 0n,
    shiftLeft,
  ),
  bitwiseRightShift: shift(
    'bitwiseRightShift',
    'x shifted right by y, keeping its sign, of integers (bool as int8). Counts below 0 or beyond the width give 0, or -1 where x < 0.',
    (x, count) => x >> count,
    (x) => (x < 0n ? -1n : 0n),
    shiftRight,
  ),
}

const where: ElementwiseRecord = {
  name: 'where',
  arity: 3,
  doc: 'x where the condition (bool) is true, else y, in the dtype x and y promote to.',
  signature: keeps(anyKind),
  meaning: (_dtype: RealDType, condition: boolean, x: Value, y: Value) => (condition ? x : y),
  emit: () => (_, condition, x, y) => `(v128.bitselect ${x} ${y} ${condition})`,
  complex: complex.where,
  costNanoseconds: 0.2,
}

export const logical: Record<string, ElementwiseRecord> = {
  logicalAnd: connective(
    'logicalAnd',
    'Whether both x and y are nonzero; NaN counts as true.',
    (x, y) => x && y,
    'and',
    complex.logicalAnd,
  ),
  logicalOr: connective(
    'logicalOr',
    'Whether x or y is nonzero; NaN counts as true.',
    (x, y) => x || y,
    'or',
    complex.logicalOr,
  ),
  logicalXor: connective(
    'logicalXor',
    'Whether just one of x and y is nonzero; NaN counts as true.',
    (x, y) => x !== y,
    'xor',
    complex.logicalXor,
  ),
  logicalNot: {
    name: 'logicalNot',
    arity: 1,
    doc: 'Whether x is zero.',
    signature: tells(anyKind),
    meaning: always((x) => !isTrue(x)),
    emit: (dtype) => (t, x) => (dtype === 'bool' ? `(v128.not ${x})` : `(${t.lane}.eq ${x} ${zero})`),
    complex: complex.logicalNot,
    costNanoseconds: 0.2,
  },
  bitwiseAnd: onBits(
    'bitwiseAnd',
    2,
    'The bits set in both x and y. Integers and bool.',
    (x, y) => x & y,
    (x, y) => x && y,
    'and',
  ),
  bitwiseOr: onBits(
    'bitwiseOr',
    2,
    'The bits set in x or y. Integers and bool.',
    (x, y) => x | y,
    (x, y) => x || y,
    'or',
  ),
  bitwiseXor: onBits(
    'bitwiseXor',
    2,
    'The bits set in just one of x and y. Integers and bool.',
    (x, y) => x ^ y,
    (x, y) => x !== y,
    'xor',
  ),
  bitwiseInvert: onBits(
    'bitwiseInvert',
    1,
    'Every bit of x the other way. Integers and bool.',
    (x) => ~x,
    (x) => !x,
    'not',
  ),
  ...shifts,
  where,
}

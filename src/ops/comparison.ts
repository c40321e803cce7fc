import { kindOf } from '../core/dtype.ts'
import * as complex from './complex.ts'
import { always } from './meaning.ts'
import type { ElementwiseRecord } from './record.ts'
import { anyKind, real, type Signature, tells } from './signature.ts'
import { bitwise, type Emitter, emitByKind, instruction, ones, signBits, signedOrNot, splat, zero } from './wat.ts'

type Scalar = number | bigint | boolean

/** Order of two numbers; SIMD has none for unsigned 64-bit lanes, so their sign bits are flipped and they compare as signed. */
const order = (name: string, bool: Emitter): Emitter =>
  emitByKind({
    bool,
    float: instruction(name),
    int: signedOrNot(name),
    uint: (dtype) => (t, x, y) => {
      if (dtype !== 'uint64') return signedOrNot(name)(dtype)(t, x, y)
      const flipped = [x, y].map((operand) => `(v128.xor ${operand} ${signBits(t.lane)})`)
      return `(${t.lane}.${name}_s ${flipped.join(' ')})`
    },
  })

const compare = (
  name: string,
  doc: string,
  signature: Signature,
  meaning: (x: Scalar, y: Scalar) => boolean,
  emit: Emitter,
): ElementwiseRecord => ({
  name,
  arity: 2,
  doc,
  signature,
  meaning: always(meaning as never),
  emit,
  costNanoseconds: 0.2,
})

const test = (
  name: string,
  doc: string,
  meaning: (x: number) => boolean,
  float: Emitter,
  integer: string,
): ElementwiseRecord => ({
  name,
  arity: 1,
  doc,
  signature: tells(anyKind),
  // Integers need not fit a number to be finite and no NaN.
  meaning: always((x) => meaning(typeof x === 'number' ? x : 0)),
  emit: (dtype) => (kindOf(dtype) === 'float' ? float(dtype) : () => integer),
  costNanoseconds: 0.2,
})

export const comparison: Record<string, ElementwiseRecord> = {
  equal: {
    ...compare(
      'equal',
      'Whether x == y. NaN equals nothing, and -0 equals 0.',
      tells(anyKind),
      (x, y) => x === y,
      emitByKind({
        bool: () => (_, x, y) => `(v128.not (v128.xor ${x} ${y}))`,
        float: instruction('eq'),
        integer: instruction('eq'),
      }),
    ),
    complex: complex.equal,
  },
  notEqual: {
    ...compare(
      'notEqual',
      'Whether x != y. NaN differs from everything, itself too.',
      tells(anyKind),
      (x, y) => x !== y,
      emitByKind({ bool: bitwise('xor'), float: instruction('ne'), integer: instruction('ne') }),
    ),
    complex: complex.notEqual,
  },
  less: compare(
    'less',
    'Whether x < y; false beside NaN. Real dtypes and bool.',
    tells(['bool', ...real]),
    (x, y) => x < y,
    order('lt', () => (_, x, y) => `(v128.andnot ${y} ${x})`),
  ),
  lessEqual: compare(
    'lessEqual',
    'Whether x <= y; false beside NaN. Real dtypes and bool.',
    tells(['bool', ...real]),
    (x, y) => x <= y,
    order('le', () => (_, x, y) => `(v128.or ${y} (v128.not ${x}))`),
  ),
  greater: compare(
    'greater',
    'Whether x > y; false beside NaN. Real dtypes and bool.',
    tells(['bool', ...real]),
    (x, y) => x > y,
    order('gt', bitwise('andnot')),
  ),
  greaterEqual: compare(
    'greaterEqual',
    'Whether x >= y; false beside NaN. Real dtypes and bool.',
    tells(['bool', ...real]),
    (x, y) => x >= y,
    order('ge', () => (_, x, y) => `(v128.or ${x} (v128.not ${y}))`),
  ),
  isfinite: {
    ...test(
      'isfinite',
      'Whether x is neither NaN nor infinite; of a complex number, whether both parts are finite.',
      Number.isFinite,
      () => (t, x) => `(${t.lane}.lt (${t.lane}.abs ${x}) ${splat(t.lane, 'inf')})`,
      ones,
    ),
    complex: complex.isfinite,
  },
  isinf: {
    ...test(
      'isinf',
      'Whether x is infinite; of a complex number, whether a part is.',
      (x) => Math.abs(x) === Number.POSITIVE_INFINITY,
      () => (t, x) => `(${t.lane}.eq (${t.lane}.abs ${x}) ${splat(t.lane, 'inf')})`,
      zero,
    ),
    complex: complex.isinf,
  },
  isnan: {
    ...test(
      'isnan',
      'Whether x is NaN; of a complex number, whether a part is.',
      Number.isNaN,
      () => (t, x) => `(${t.lane}.ne ${x} ${x})`,
      zero,
    ),
    complex: complex.isnan,
  },
}

import { isFloating, kindOf, type RealDType } from '../core/dtype.ts'
import * as complex from './complex.ts'
import { pow, sqrt } from './complex-power.ts'
import { division } from './division.ts'
import { always, byKind, type Meanings } from './meaning.ts'
import { nextAfter, nextAfterEmitter } from './nextafter.ts'
import type { ElementwiseRecord } from './record.ts'
import {
  divides,
  floats,
  floatsOrComplex,
  keeps,
  keepsNumbers,
  numeric,
  real,
  type Signature,
  tells,
  toReal,
} from './signature.ts'
import {
  bitwise,
  type Emitter,
  emitByKind,
  instruction,
  integerLane,
  mathCall,
  product,
  same,
  signBits,
  signedOrNot,
  splat,
  zero,
} from './wat.ts'

type Complex = ElementwiseRecord['complex']
const numbers: Signature = keepsNumbers([...numeric, 'bool'])
const withBool: Signature = keeps(['bool', ...numeric])

const record = (
  name: string,
  arity: 1 | 2,
  doc: string,
  signature: Signature,
  meanings: Meanings,
  emit: Emitter,
  expansion?: Complex,
  costNanoseconds = 0.2,
): ElementwiseRecord => ({
  name,
  arity,
  doc,
  signature,
  meaning: byKind(meanings),
  emit,
  complex: expansion,
  costNanoseconds,
})

const multiplyEmitter: Emitter = emitByKind({
  float: instruction('mul'),
  integer: () => (t, x, y) => product(t.lane, x, y),
  bool: bitwise('and'),
})

/** The greater or smaller of two; there is no instruction for 64-bit integers. */
const choose = (name: 'max' | 'min', bool: Emitter): Emitter =>
  emitByKind({
    bool,
    float: instruction(name),
    integer: (dtype) => (t, x, y) => {
      if (t.lane !== 'i64x2') return signedOrNot(name)(dtype)(t, x, y)
      const [a, b] = dtype === 'uint64' ? [x, y].map((v) => `(v128.xor ${v} ${signBits(t.lane)})`) : [x, y]
      return `(v128.bitselect ${x} ${y} (i64x2.${name === 'max' ? 'gt_s' : 'lt_s'} ${a} ${b}))`
    },
  })

const signEmitter: Emitter = emitByKind({
  float: () => (t, x) => {
    const part = (order: string, unit: number) => `(v128.and (${t.lane}.${order} ${x} ${zero}) ${splat(t.lane, unit)})`
    return `(v128.or (v128.or ${part('gt', 1)} ${part('lt', -1)}) (v128.and ${x} (${t.lane}.ne ${x} ${x})))`
  },
  int: () => (t, x) =>
    `(v128.or (${t.lane}.lt_s ${x} ${zero}) (v128.and (${t.lane}.gt_s ${x} ${zero}) ${splat(t.lane, 1)}))`,
  uint: () => (t, x) => `(v128.and (${t.lane}.ne ${x} ${zero}) ${splat(t.lane, 1)})`,
})

const isUnit = (dtype: RealDType, lane: string, x: string): string =>
  `(${lane}.eq ${kindOf(dtype) === 'int' ? `(${lane}.abs ${x})` : x} ${splat(lane, 1)})`

/** x to the power of a count: wrapped products. A negative exponent leaves only the powers of 1 and -1. */
function integerPower(x: bigint, exponent: bigint): bigint {
  if (exponent < 0n) return x === 1n ? 1n : x === -1n ? (exponent % 2n === 0n ? 1n : -1n) : 0n
  let result = 1n
  let square = x
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(64, result * square)
    square = BigInt.asIntN(64, square * square)
  }
  return result
}
/** As C and NumPy, where JavaScript gives NaN: 1 to any power and -1 to an infinite one are 1. */
const floatPower = (x: number, y: number): number =>
  x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y
const powerEmitter: Emitter = emitByKind({
  float: mathCall('pow'),
  integer: (dtype) => (t, x, y) => {
    const power = t.call(`pow_${t.lane.slice(0, t.lane.indexOf('x'))}`, x, y)
    if (kindOf(dtype) === 'uint') return power
    return `(v128.and ${power} (v128.or (${t.lane}.ge_s ${y} ${zero}) ${isUnit(dtype, t.lane, x)}))`
  },
})

function logAddExp(x: number, y: number): number {
  if (x === y) return x + Math.LN2
  return Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)))
}
const copySign = (x: number, y: number): number => (y < 0 || Object.is(y, -0) ? -Math.abs(x) : Math.abs(x))
const absolute = (x: bigint): bigint => (x < 0n ? -x : x)

const basic: Record<string, ElementwiseRecord> = {
  add: record(
    'add',
    2,
    'x + y. Integers wrap; of bool, whether one is true.',
    withBool,
    { float: (x, y) => x + y, integer: (x, y) => x + y, bool: (x, y) => x || y },
    emitByKind({ float: instruction('add'), integer: instruction('add'), bool: bitwise('or') }),
    complex.add,
  ),
  subtract: record(
    'subtract',
    2,
    'x - y. Integers wrap; not defined for bool.',
    keeps(numeric),
    { float: (x, y) => x - y, integer: (x, y) => x - y },
    instruction('sub'),
    complex.subtract,
  ),
  multiply: record(
    'multiply',
    2,
    'x * y. Integers wrap; of bool, whether both are true.',
    withBool,
    { float: (x, y) => x * y, integer: (x, y) => x * y, bool: (x, y) => x && y },
    multiplyEmitter,
    complex.multiply,
  ),
  divide: record(
    'divide',
    2,
    'x / y in floating point; integers and bool as float64.',
    divides,
    { float: (x, y) => x / y },
    instruction('div'),
    complex.divide,
    0.5,
  ),
  ...division,
  negative: record(
    'negative',
    1,
    '-x. The least integer stays, unsigned integers wrap; not defined for bool.',
    keeps(numeric),
    { float: (x) => -x, integer: (x) => -x },
    instruction('neg'),
    complex.negative,
  ),
  positive: record(
    'positive',
    1,
    'x itself; not defined for bool.',
    keeps(numeric),
    { float: (x) => x, integer: (x) => x },
    same,
    complex.positive,
  ),
  abs: record(
    'abs',
    1,
    'The magnitude of x; of a complex number as its real dtype. The least integer stays.',
    toReal(['bool', ...numeric]),
    { float: Math.abs, integer: absolute, bool: (x) => x },
    emitByKind({ float: instruction('abs'), int: instruction('abs'), uint: same, bool: same }),
    complex.abs,
  ),
  square: record(
    'square',
    1,
    'x * x, in the dtype of x (bool as int8). Integers wrap.',
    numbers,
    { float: (x) => x * x, integer: (x) => x * x },
    (dtype) => (t, x) => multiplyEmitter(dtype)(t, x, x),
    complex.square,
  ),
}

const floating: Record<string, ElementwiseRecord> = {
  sqrt: record(
    'sqrt',
    1,
    'The square root; NaN below 0. Integers give floats (float32 up to 16 bits, else float64).',
    floatsOrComplex,
    { float: Math.sqrt },
    instruction('sqrt'),
    sqrt,
    1,
  ),
  reciprocal: record(
    'reciprocal',
    1,
    '1 / x, in the dtype of x (bool as int8). Of integers 1 for 1, -1 for -1 and else 0, for 0 too.',
    numbers,
    { float: (x) => 1 / x, integer: (x) => (absolute(x) === 1n ? x : 0n) },
    emitByKind({
      float: () => (t, x) => `(${t.lane}.div ${splat(t.lane, 1)} ${x})`,
      integer: (dtype) => (t, x) => `(v128.and ${x} ${isUnit(dtype, t.lane, x)})`,
    }),
    complex.reciprocal,
    0.5,
  ),
  pow: record(
    'pow',
    2,
    'x to the power of y (bool as int8). Integers wrap, and a negative exponent gives 0 (but 1 and -1 their powers).',
    numbers,
    { float: floatPower, integer: integerPower },
    powerEmitter,
    pow,
    8,
  ),
  hypot: record(
    'hypot',
    2,
    'The root of x * x + y * y without overflow; infinite if one is. Integers give floats.',
    floats,
    { float: Math.hypot },
    mathCall('hypot'),
    undefined,
    2,
  ),
  logaddexp: record(
    'logaddexp',
    2,
    'log(exp(x) + exp(y)) without overflow. Integers give floats.',
    floats,
    { float: logAddExp },
    mathCall('logaddexp'),
    undefined,
    6,
  ),
}

const signs: Record<string, ElementwiseRecord> = {
  sign: record(
    'sign',
    1,
    '-1, 0 or 1 by the sign of x; NaN of NaN; x / abs(x) of complex numbers. Not defined for bool.',
    keeps(numeric),
    {
      float: (x) => (x > 0 ? 1 : x < 0 ? -1 : x === 0 ? 0 : x),
      integer: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
    },
    signEmitter,
    complex.sign,
  ),
  signbit: {
    ...record(
      'signbit',
      1,
      'Whether the sign bit is set: of -0 too. Real dtypes.',
      tells(['bool', ...real]),
      {},
      (dtype) => (t, x) =>
        isFloating(dtype) || kindOf(dtype) === 'int' ? `(${integerLane(t.lane)}.lt_s ${x} ${zero})` : zero,
    ),
    meaning: always((x) => Number(x) < 0 || Object.is(x, -0)),
  },
  copysign: record(
    'copysign',
    2,
    'The magnitude of x with the sign of y, of -0 and NaN too. Integers give floats.',
    floats,
    { float: copySign },
    () => (t, x, y) => `(v128.bitselect ${y} ${x} ${signBits(t.lane)})`,
  ),
  nextafter: {
    ...record(
      'nextafter',
      2,
      'The floating number next to x in the direction of y; y where they are equal. Integers give floats.',
      floats,
      {},
      nextAfterEmitter,
    ),
    meaning: nextAfter,
  },
  maximum: record(
    'maximum',
    2,
    'The greater of x and y; NaN if one is NaN; 0 counts as greater than -0. Real dtypes and bool.',
    keeps(['bool', ...real]),
    { float: Math.max, integer: (x, y) => (x > y ? x : y), bool: (x, y) => x || y },
    choose('max', bitwise('or')),
  ),
  minimum: record(
    'minimum',
    2,
    'The smaller of x and y; NaN if one is NaN; -0 counts as smaller than 0. Real dtypes and bool.',
    keeps(['bool', ...real]),
    { float: Math.min, integer: (x, y) => (x < y ? x : y), bool: (x, y) => x && y },
    choose('min', bitwise('and')),
  ),
}

export const arithmetic: Record<string, ElementwiseRecord> = { ...basic, ...floating, ...signs }

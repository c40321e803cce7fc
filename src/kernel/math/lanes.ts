export type Expression = string

type Unary = (a: Expression) => Expression
type Binary = (a: Expression, b: Expression) => Expression

/** The operations of one lane type; comparisons answer masks (all bits of a lane set or none). */
export interface Lanes {
  /** The integer lanes of the same width, and that width in bits. */
  readonly integer: 'i64x2' | 'i32x4'
  readonly width: number
  readonly add: (...terms: readonly Expression[]) => Expression
  readonly mul: (...factors: readonly Expression[]) => Expression
  readonly sub: Binary
  readonly div: Binary
  readonly min: Binary
  readonly max: Binary
  readonly eq: Binary
  readonly ne: Binary
  readonly lt: Binary
  readonly le: Binary
  readonly gt: Binary
  readonly ge: Binary
  readonly neg: Unary
  readonly abs: Unary
  readonly sqrt: Unary
  readonly nearest: Unary
  readonly trunc: Unary
  /** The same value in each lane. */
  readonly splat: (value: number) => Expression
  /** The same bits in each lane. */
  readonly bits: (value: bigint) => Expression
  /** |a| with the sign of b; `a` must not be negative. */
  readonly withSignOf: Binary
  /** The sign bit of each lane and nothing else. */
  readonly signOf: Unary
  /** The value where the mask is set, else +0. */
  readonly where: (mask: Expression, value: Expression) => Expression
  /** Whether every lane, or any lane, of a mask is set (i32): one move and one comparison, where all_true takes six instructions. */
  readonly all: (mask: Expression) => Expression
  readonly any: (mask: Expression) => Expression
}

const hexadecimal = (value: bigint, bits: number) => `0x${BigInt.asUintN(bits, value).toString(16)}`

/** A number as WebAssembly text. */
export function number(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  return Object.is(value, -0) ? '-0' : String(value)
}

export const and: Binary = (a, b) => `(v128.and ${a} ${b})`
export const or: Binary = (a, b) => `(v128.or ${a} ${b})`
export const xor: Binary = (a, b) => `(v128.xor ${a} ${b})`
/** a and not b. */
export const andNot: Binary = (a, b) => `(v128.andnot ${a} ${b})`
/** a where the mask is set, else b. */
export const select = (mask: Expression, a: Expression, b: Expression) => `(v128.bitselect ${a} ${b} ${mask})`

/**
 * The global that holds `value` in each lane. V8 builds a v128.const anew where it stands, by three instructions on the ports that
 * shuffle; a load from a global costs one on a port with nothing else to do (exp: 2.9 ns a number instead of 4.7). The name says
 * what it holds, so that the definition follows from it: see `constantText`.
 */
const constant = (type: string, value: string) => `(global.get $${type}:${value})`

/** Matches the names of constants in a text. */
export const constantName = /\$(([fi]\d+x\d+):([-+.\w]+))/g

/** The definition of a constant, from its name without the dollar. */
export function constantText(name: string): string {
  const [type, value] = name.split(':')
  return `(global $${name} v128 (v128.const ${type}${` ${value}`.repeat(Number(type.split('x')[1]))}))`
}

function lanes(shape: 'f64x2' | 'f32x4'): Lanes {
  const [integer, bitsOfLane] = shape === 'f64x2' ? (['i64x2', 64] as const) : (['i32x4', 32] as const)
  const unary =
    (name: string): Unary =>
    (a) =>
      `(${shape}.${name} ${a})`
  const binary =
    (name: string): Binary =>
    (a, b) =>
      `(${shape}.${name} ${a} ${b})`
  const fold =
    (name: string) =>
    (...terms: readonly Expression[]) =>
      terms.reduce(binary(name))
  const bits = (value: bigint) => constant(integer, hexadecimal(value, bitsOfLane))
  const sign = bits(1n << BigInt(bitsOfLane - 1))
  return {
    integer,
    width: bitsOfLane,
    add: fold('add'),
    mul: fold('mul'),
    sub: binary('sub'),
    div: binary('div'),
    min: binary('min'),
    max: binary('max'),
    eq: binary('eq'),
    ne: binary('ne'),
    lt: binary('lt'),
    le: binary('le'),
    gt: binary('gt'),
    ge: binary('ge'),
    neg: unary('neg'),
    abs: unary('abs'),
    sqrt: unary('sqrt'),
    nearest: unary('nearest'),
    trunc: unary('trunc'),
    splat: (value) => constant(shape, number(value)),
    bits,
    signOf: (a) => and(a, sign),
    withSignOf: (a, b) => or(a, and(b, sign)),
    where: and,
    all: (mask) => `(i32.eq (${integer}.bitmask ${mask}) (i32.const ${shape === 'f64x2' ? 3 : 15}))`,
    any: (mask) => `(${integer}.bitmask ${mask})`,
  }
}

export const f64 = lanes('f64x2')
export const f32 = lanes('f32x4')

/** The lanes of a value of the dtype that a function's name ends in. */
export const lanesOf = { f64, f32 } as const

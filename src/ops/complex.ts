import { formula } from './formula.ts'
import { always } from './meaning.ts'
import type { Builder, ElementwiseRecord } from './record.ts'
import { anyKind, keepsNumbers, toReal } from './signature.ts'
import { same, zero } from './wat.ts'

/** A complex value in its parts. */
export type Pair<V> = [V, V]
type One = <V>(b: Builder<V>, z: Pair<V>) => V[]
type Two = <V>(b: Builder<V>, z: Pair<V>, w: Pair<V>) => V[]

const byParts =
  (name: string): One =>
  (b, [x, y]) => [b.op(name, x), b.op(name, y)]
const pairwise =
  (name: string): Two =>
  (b, [x, y], [u, v]) => [b.op(name, x, u), b.op(name, y, v)]

export const add = pairwise('add')
export const subtract = pairwise('subtract')
export const negative = byParts('negative')
export const positive = byParts('positive')
export const round = byParts('round')

/** The plain product, as NumPy's: an infinity times a number with a zero part has NaN parts. */
export const multiply: Two = (b, [x, y], [u, v]) => {
  const { add, sub, mul } = formula(b, x)
  return [sub(mul(x, u), mul(y, v)), add(mul(x, v), mul(y, u))]
}
export const square: One = (b, z) => multiply(b, z, z)

/** Smith's division (Communications of the ACM 5, 1962, 435), which scales by the divisor's greater part. */
export const divide: Two = (b, [x, y], [u, v]) => {
  const { abs, add, sub, mul, div, lt, eq, and, where, number } = formula(b, x)
  const turned = lt(abs(u), abs(v))
  const [large, small] = [where(turned, v, u), where(turned, u, v)]
  const [p, q] = [where(turned, y, x), where(turned, x, y)]
  const ratio = div(small, large)
  const scale = div(number(1), add(large, mul(small, ratio)))
  const re = mul(add(p, mul(q, ratio)), scale)
  const im = mul(where(turned, sub(mul(p, ratio), q), sub(q, mul(p, ratio))), scale)
  const byZero = and(eq(u, number(0)), eq(v, number(0)))
  return [where(byZero, div(x, abs(u)), re), where(byZero, div(y, abs(u)), im)]
}

export const reciprocal: One = (b, [x, y]) => {
  const { abs, add, mul, div, neg, lt, where, number } = formula(b, x)
  const turned = lt(abs(x), abs(y))
  const [large, small] = [where(turned, y, x), where(turned, x, y)]
  const ratio = div(small, large)
  const scale = div(number(1), add(large, mul(small, ratio)))
  const other = mul(ratio, scale)
  return [where(turned, other, scale), neg(where(turned, scale, other))]
}

export const abs: One = (b, [x, y]) => [b.op('hypot', x, y)]

/** z / abs(z); 0 for 0, and of an infinity with a finite other part the axis it lies on. */
export function sign<V>(b: Builder<V>, [x, y]: Pair<V>): V[] {
  const { hypot, div, isinf, eq, and, or, not, where, copysign, number } = formula(b, x)
  const magnitude = hypot(x, y)
  const vanishing = or(isinf(magnitude), eq(magnitude, number(0)))
  const unit = (part: V, other: V) => {
    const alone = and(isinf(part), not(isinf(other)))
    const both = and(isinf(part), isinf(other))
    const ordinary = where(and(vanishing, not(both)), number(0), div(part, magnitude))
    return where(alone, copysign(number(1), part), ordinary)
  }
  return [unit(x, y), unit(y, x)]
}

export const equal: Two = (b, [x, y], [u, v]) => [b.op('logicalAnd', b.op('equal', x, u), b.op('equal', y, v))]
export const notEqual: Two = (b, [x, y], [u, v]) => [b.op('logicalOr', b.op('notEqual', x, u), b.op('notEqual', y, v))]
export const isfinite: One = (b, [x, y]) => [b.op('logicalAnd', b.op('isfinite', x), b.op('isfinite', y))]
export const isinf: One = (b, [x, y]) => [b.op('logicalOr', b.op('isinf', x), b.op('isinf', y))]
export const isnan: One = (b, [x, y]) => [b.op('logicalOr', b.op('isnan', x), b.op('isnan', y))]

const truth = <V>(b: Builder<V>, [x, y]: Pair<V>): V => b.op('logicalOr', x, y)
export const logicalNot: One = (b, z) => [b.op('logicalNot', truth(b, z))]
const connective =
  (name: string): Two =>
  (b, z, w) => [b.op(name, truth(b, z), truth(b, w))]
export const logicalAnd = connective('logicalAnd')
export const logicalOr = connective('logicalOr')
export const logicalXor = connective('logicalXor')

/** The condition is the first part of its pair; the other is not looked at. */
export const where = <V>(b: Builder<V>, [condition]: Pair<V>, [x, y]: Pair<V>, [u, v]: Pair<V>): V[] => [
  b.op('where', condition, x, u),
  b.op('where', condition, y, v),
]

/** The functions that take complex numbers apart. */
export const parts: Record<string, ElementwiseRecord> = {
  real: {
    name: 'real',
    arity: 1,
    doc: 'The real part, in the real dtype; of real dtypes x itself.',
    signature: toReal(anyKind),
    meaning: always((x) => x),
    emit: same,
    complex: (_b, [x]) => [x],
    costNanoseconds: 0,
  },
  imag: {
    name: 'imag',
    arity: 1,
    doc: 'The imaginary part, in the real dtype; of real dtypes 0.',
    signature: toReal(anyKind),
    meaning: always((x) => (typeof x === 'bigint' ? 0n : typeof x === 'boolean' ? false : 0)),
    emit: () => () => zero,
    complex: (_b, [, y]) => [y],
    costNanoseconds: 0,
  },
  conj: {
    name: 'conj',
    arity: 1,
    doc: 'The complex conjugate; of real dtypes x itself (bool as int8).',
    signature: keepsNumbers(anyKind),
    meaning: always((x) => x),
    emit: same,
    complex: (b, [x, y]) => [x, b.op('negative', y)],
    costNanoseconds: 0,
  },
}

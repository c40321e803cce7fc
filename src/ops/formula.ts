import type { Builder } from './record.ts'

/** Short names for the formulas over a builder; numbers become constants of the dtype of `like`. */
export function formula<V>(b: Builder<V>, like: V) {
  const dtype = b.dtypeOf(like)
  const one = (name: string) => (x: V) => b.op(name, x)
  const two = (name: string) => (x: V, y: V) => b.op(name, x, y)
  const wide = dtype === 'float64'
  return {
    /** Whether numbers have 53 significant bits, not 24. */
    wide,
    number: (value: number): V => b.constant(value, dtype),
    add: two('add'),
    sub: two('subtract'),
    mul: two('multiply'),
    div: two('divide'),
    neg: one('negative'),
    abs: one('abs'),
    sqrt: one('sqrt'),
    max: two('maximum'),
    min: two('minimum'),
    copysign: two('copysign'),
    hypot: two('hypot'),
    atan2: two('atan2'),
    call: (name: string, ...operands: V[]): V => b.op(name, ...operands),
    eq: two('equal'),
    lt: two('less'),
    gt: two('greater'),
    ge: two('greaterEqual'),
    isinf: one('isinf'),
    isnan: one('isnan'),
    isfinite: one('isfinite'),
    and: two('logicalAnd'),
    or: two('logicalOr'),
    not: one('logicalNot'),
    where: (condition: V, x: V, y: V): V => b.op('where', condition, x, y),
  }
}
export type Formula<V> = ReturnType<typeof formula<V>>

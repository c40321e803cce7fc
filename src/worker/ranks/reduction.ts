import { formatGiven, internal, NdloomError, ShapeError } from '../../core/errors.ts'
import { isTypedArray, type NumberArray, typedArrayClass } from './copy.ts'

/**
 * The reductions that have names, those of MPI: of two elements a and b, with `zero` and `one` of their kind. Written as text so that
 * each kind of array gets a loop of its own, which the engine can specialise.
 */
const expressions = {
  sum: 'a + b',
  prod: 'a * b',
  min: 'a < b || a !== a ? a : b',
  max: 'a > b || a !== a ? a : b',
  land: 'a && b ? one : zero',
  lor: 'a || b ? one : zero',
  lxor: '!a !== !b ? one : zero',
  band: 'a & b',
  bor: 'a | b',
  bxor: 'a ^ b',
} as const
export type ReductionName = keyof typeof expressions

/** A reduction by its name, or a function of two values; it must be associative. */
export type Reduction = ReductionName | ((a: never, b: never) => unknown)

/** Errors: NdloomError for what is no reduction. */
export function checkReduction(op: unknown, operation: string): Reduction {
  if (typeof op === 'function' || (typeof op === 'string' && Object.hasOwn(expressions, op))) return op as Reduction
  throw new NdloomError(
    `${operation}: got ${formatGiven(op)} as the reduction, want a function (a, b) => ... or one of ${Object.keys(expressions).join(', ')}`,
  )
}

type Loop = (out: NumberArray, a: NumberArray, b: NumberArray, zero: unknown, one: unknown) => void
type Scalar = (a: unknown, b: unknown, zero: unknown, one: unknown) => unknown
const loops = new Map<string, Loop>()
const scalars = new Map<string, Scalar>()

/** out[i] = a[i] op b[i]; the three are of one class and length, and `out` may be one of the others. */
export function reduceInto(op: ReductionName, out: NumberArray, a: NumberArray, b: NumberArray): void {
  const kind = `${op} ${out[Symbol.toStringTag]}`
  if (!loops.has(kind)) {
    const body = `for (let i = 0; i < out.length; i++) { const a = x[i], b = y[i]; out[i] = ${expressions[op]} }`
    loops.set(kind, new Function('out', 'x', 'y', 'zero', 'one', body) as Loop)
  }
  const isBig = out instanceof BigInt64Array || out instanceof BigUint64Array
  loops.get(kind)!(out, a, b, isBig ? 0n : 0, isBig ? 1n : 1)
}

/** a op b: numbers, element by element in lists and typed arrays; a function is given the whole values. */
export async function reduceValues(op: Reduction, a: unknown, b: unknown, operation: string): Promise<unknown> {
  return typeof op === 'function' ? await op(a as never, b as never) : reduceNamed(op, a, b, operation)
}

function reduceNamed(op: ReductionName, a: unknown, b: unknown, operation: string): unknown {
  if (isTypedArray(a) && isTypedArray(b)) {
    if (a[Symbol.toStringTag] !== b[Symbol.toStringTag] || a.length !== b.length) refuse(a, b, operation)
    const out = new (typedArrayClass(a))(new ArrayBuffer(a.byteLength))
    reduceInto(op, out, a, b)
    return out
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) refuse(a, b, operation)
    return a.map((item, i) => reduceNamed(op, item, b[i], operation))
  }
  const kind = typeof a
  if (kind !== typeof b || (kind !== 'number' && kind !== 'bigint' && kind !== 'boolean'))
    throw new NdloomError(
      `${operation}: ${op} of ${formatGiven(a)} and ${formatGiven(b)} is not defined; give numbers, lists of them or typed arrays alike in all ranks, or a function (a, b) => ...`,
    )
  if (!scalars.has(op)) scalars.set(op, new Function('a', 'b', 'zero', 'one', `return ${expressions[op]}`) as Scalar)
  const apply = scalars.get(op) ?? internal(`no reduction ${op}`)
  if (kind === 'bigint') return apply(a, b, 0n, 1n)
  const result = apply(a, b, 0, 1)
  return kind === 'boolean' && op !== 'sum' && op !== 'prod' ? Boolean(result) : result
}

function refuse(a: NumberArray | unknown[], b: NumberArray | unknown[], operation: string): never {
  throw new ShapeError(
    `${operation}: got ${describe(a)} and ${describe(b)} from two ranks, want the same class and length in all ranks`,
  )
}
export const describe = (value: NumberArray | unknown[]): string =>
  `${isTypedArray(value) ? value[Symbol.toStringTag] : 'a list'} of ${value.length}`

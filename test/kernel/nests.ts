import fc from 'fast-check'
import { itemsize, kindOf, type RealDType, viewBytes } from '../../src/core/dtype.ts'
import type { Access } from '../../src/kernel/spec.ts'

/** Random data and random strided accesses in a memory, for kernels and the interpreter to run over. */

export const reals: RealDType[] = [
  'bool',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'float32',
  'float64',
]
const specials: Record<string, number[]> = {
  float: [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, -1, 0.5, 1e300, -3e9, 1e19, 5e-324],
  int: [0, 1, -1, 2, 127, -128, 32767, -32768, 2147483647, -2147483648],
  uint: [0, 1, 2, 255, 65535, 4294967295],
  bool: [0, 1, 1, 0, 2],
}

/** A generator of numbers that are the same for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return ((state >>> 8) & 0xffff) / 0x10000
  }
}

/** Fills bytes with elements of a dtype: small integers, or (`wild`) special values, fractions and extremes among them. */
export function fill(
  buffer: ArrayBufferLike,
  address: number,
  dtype: RealDType,
  count: number,
  seed: number,
  wild: boolean,
) {
  const next = randomNumbers(seed)
  const view = viewBytes(dtype, buffer, address, count)
  const kind = kindOf(dtype)
  for (let i = 0; i < count; i++) {
    const some = specials[kind][Math.floor(next() * specials[kind].length)]
    const small =
      Math.floor(next() * (kind === 'uint' || kind === 'bool' ? 4 : 9)) - (kind === 'uint' || kind === 'bool' ? 0 : 4)
    const value = wild && next() < 0.4 ? some : wild && kind === 'float' ? (next() - 0.5) * 100 : small
    if (dtype === 'int64' || dtype === 'uint64') view[i] = wild && next() < 0.2 ? BigInt(value) << 40n : BigInt(value)
    else view[i] = value
  }
}

/** How an array lies: the order of its axes in memory, gaps, axes that run backwards, axes that stay in place. */
export interface Lie {
  readonly order: readonly number[]
  readonly gaps: readonly number[]
  readonly flipped: readonly boolean[]
  readonly still: readonly boolean[]
}
export const lies = (ndim: number, still: boolean): fc.Arbitrary<Lie> =>
  fc.record({
    order: fc.shuffledSubarray(
      Array.from({ length: ndim }, (_, i) => i),
      { minLength: ndim },
    ),
    gaps: fc.array(fc.constantFrom(1, 1, 1, 2, 3), { minLength: ndim, maxLength: ndim }),
    flipped: fc.array(fc.constantFrom(false, false, false, true), { minLength: ndim, maxLength: ndim }),
    still: fc.array(still ? fc.constantFrom(false, false, false, true) : fc.constant(false), {
      minLength: ndim,
      maxLength: ndim,
    }),
  })

/** The access of an array that lies so from `address` on, and the bytes it spans. `skipped` axes stay in place. */
export function accessOf(
  lie: Lie,
  extents: readonly number[],
  dtype: RealDType,
  address: number,
  skipped: readonly boolean[] = [],
): { access: Access; bytes: number } {
  const strides = extents.map(() => 0)
  let start = address
  let step = itemsize(dtype)
  for (const axis of lie.order) {
    if (lie.still[axis] || skipped[axis]) continue
    step *= lie.gaps[axis]
    strides[axis] = lie.flipped[axis] ? -step : step
    if (lie.flipped[axis]) start += step * Math.max(0, extents[axis] - 1)
    step *= Math.max(1, extents[axis])
  }
  return { access: { address: start, strides }, bytes: step + 64 }
}

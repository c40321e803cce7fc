import type { NdArray } from 'ndarray'
import { type DType, dtypeOfValue, facts, isComplexValue, type TypedArray, type Value } from '../core/dtype.ts'
import { formatGiven, NdloomError } from '../core/errors.ts'

/** What is shown of an array in memory. */
export interface Elements {
  readonly dtype: DType
  readonly shape: readonly number[]
  at(index: readonly number[]): Value
}

/** Under this name an ndarray tells its dtype where its store does not: bool lies in a Uint8Array. */
export const dtypeName = Symbol.for('ndloom.dtype')

const isValue = (value: unknown): value is Value =>
  ['number', 'bigint', 'boolean'].includes(typeof value) || isComplexValue(value)

/** The elements of an ndarray, or of a plain value, which has no axes. Errors: NdloomError for anything else. */
export function elementsOf(values: unknown, given?: DType): Elements {
  if (isValue(values)) return { dtype: given ?? dtypeOfValue(values), shape: [], at: () => values }
  if (typeof values !== 'object' || values === null || !('shape' in values && 'stride' in values && 'data' in values))
    throw new NdloomError(
      `format: got ${formatGiven(values)}, want a result of compute, as nd.format(await x.compute()), or an ndarray`,
    )
  const { data, shape, stride, offset } = values as NdArray
  const store = data as unknown as TypedArray & { get?: (place: number) => Value }
  const read = (place: number): Value => (typeof store.get === 'function' ? store.get(place) : store[place])
  return {
    dtype: given ?? dtypeOfNdarray(values as NdArray, () => read(offset)),
    shape,
    at: (index) => read(index.reduce((sum, position, axis) => sum + position * stride[axis], offset)),
  }
}

/** The dtype it was marked with, or that of its store; of an untyped store that of its first element. */
function dtypeOfNdarray(array: NdArray, first: () => unknown): DType {
  const marked = (array as { [dtypeName]?: DType })[dtypeName]
  if (marked) return marked
  const store: object = array.data
  if ('parts' in store) return store.parts instanceof Float32Array ? 'complex64' : 'complex128'
  if (store instanceof Uint8ClampedArray) return 'uint8'
  for (const [dtype, { kind, array }] of Object.entries(facts))
    if (kind !== 'bool' && store instanceof array) return dtype as DType
  const value = first()
  return isValue(value) ? dtypeOfValue(value) : 'float64'
}

import type { NdArray } from 'ndarray'
import { ChunkedArray } from '../array/chunked-array.ts'
import { slice } from '../array/index-syntax.ts'
import { at } from '../array/indexing.ts'
import { fromSource } from '../array/storage.ts'
import { blockBox, gridShape } from '../core/chunks.ts'
import { checkDType, type DType, type TypedArray } from '../core/dtype.ts'
import { formatGiven, NdloomError, ShapeError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import { checkShape, formatShape, sameShape, sizeOf } from '../core/shape.ts'
import { ndarrayOver } from '../storage/ndarray.ts'
import { Delayed, lift } from './delayed.ts'

/** Delayed blocks in lists, one list an axis. */
export type DelayedBlocks = Delayed | DelayedBlocks[]

/**
 * The blocks of an array as delayed values, in lists nested as its axes: each comes as an ndarray where it is an argument.
 * @example
 * const [[corner]] = nd.toDelayed(nd.ones([4, 6], { chunks: 3 })) as nd.Delayed[][]
 * await nd.delayed((block) => block.shape)(corner).compute() // -> [ 3, 3 ]
 */
export function toDelayed(x: ChunkedArray): DelayedBlocks {
  if (!(x instanceof ChunkedArray))
    throw new NdloomError(`toDelayed: got ${formatGiven(x)}, want a lazy array; make one with nd.array`)
  const { grid } = x.expr
  const counts = gridShape(grid)
  const blocksFrom = (prefix: readonly number[]): DelayedBlocks => {
    if (prefix.length === counts.length)
      return lift(at(x, ...blockBox(grid, prefix).map(([low, high]) => slice(low, high))))
    return Array.from({ length: counts[prefix.length] }, (_, i) => blocksFrom([...prefix, i]))
  }
  return blocksFrom([])
}

export interface FromDelayedOptions {
  /** The dtype of the elements, float64 unless given. */
  dtype?: DType
}
/**
 * The array that a delayed value will be: an ndarray, or a typed array in row-major order. It is one block; `nd.concat` and `nd.stack` make
 * an array of many of them. The value is computed when the array is, once a run. Errors: ShapeError, DTypeError; when it runs, ShapeError for
 * a value of another shape, and those of Delayed.compute.
 * @example
 * const row = nd.delayed((n) => new Float64Array(4).fill(n))
 * await nd.stack([1, 2, 3].map((n) => nd.fromDelayed(row(n), [4]))).sum().compute() // -> 24
 */
export function fromDelayed(
  value: Delayed,
  givenShape: number | readonly number[],
  given: FromDelayedOptions = {},
): ChunkedArray {
  const { dtype: givenDtype = 'float64' } = checkOptions<FromDelayedOptions>(given, ['dtype'], 'fromDelayed')
  if (!(value instanceof Delayed))
    throw new NdloomError(`fromDelayed: got ${formatGiven(value)}, want a delayed value; make one with nd.delayed`)
  const dtype = checkDType(givenDtype, 'fromDelayed')
  const shape = checkShape(givenShape, 'fromDelayed')
  /** A run reads it in pieces, all with one signal. */
  const values = new WeakMap<AbortSignal, Promise<unknown>>()
  const read = async (box: [number, number][], signal: AbortSignal): Promise<NdArray> => {
    const computed = values.get(signal) ?? value.compute({ signal })
    values.set(signal, computed)
    const whole = asNdArray(await computed, shape, dtype)
    return whole.lo(...box.map(([low]) => low)).hi(...box.map(([low, high]) => high - low))
  }
  return fromSource({ shape, dtype, chunks: -1, read })
}

function asNdArray(value: unknown, shape: readonly number[], dtype: DType): NdArray {
  const isTyped = ArrayBuffer.isView(value) && (value as TypedArray).length === sizeOf(shape)
  if (isTyped) return ndarrayOver(value as TypedArray, dtype, shape)
  const array = value as NdArray
  if (typeof value === 'object' && value !== null && 'stride' in value && sameShape(array.shape, shape)) return array
  const got =
    typeof value === 'object' && value !== null && 'shape' in value
      ? `an ndarray of shape ${formatShape(array.shape)}`
      : formatGiven(value)
  throw new ShapeError(
    `fromDelayed: the value is ${got}, want an ndarray or a typed array of shape ${formatShape(shape)}; give the shape that it has`,
  )
}

declare module '../array/chunked-array.ts' {
  interface ChunkedArray {
    /** The blocks as delayed values, in lists nested as the axes; see nd.toDelayed. */
    toDelayed(): DelayedBlocks
  }
}
Object.defineProperty(ChunkedArray.prototype, 'toDelayed', {
  value(this: ChunkedArray): DelayedBlocks {
    return toDelayed(this)
  },
  writable: true,
  configurable: true,
  enumerable: false,
})

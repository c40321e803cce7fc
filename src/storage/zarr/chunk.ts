import { itemsize, realOf } from '../../core/dtype.ts'
import { rowMajorStrides, sizeOf } from '../../core/shape.ts'
import { swapBytes } from '../file.ts'
import type { Input } from '../store/input.ts'
import { copyStrided, type Strided } from '../strided.ts'
import type { Pipeline, ZarrArray } from './array.ts'
import { decode, encode } from './codecs.ts'

/** Strides, in elements, of the elements of a chunk as they lie in it. */
export function chunkStrides({ order }: Pipeline, shape: readonly number[]): number[] {
  const stored = rowMajorStrides(order.map((axis) => shape[axis]))
  const strides = new Array<number>(shape.length)
  order.forEach((axis, k) => {
    strides[axis] = stored[k]
  })
  return strides
}

/** The elements of a chunk that was decoded: machine byte order. `bytes` may be `into`. Errors: what the codecs throw. */
export async function decodeChunk(
  { dtype }: ZarrArray,
  pipeline: Pipeline,
  shape: readonly number[],
  encoded: Uint8Array | Input,
  into?: Uint8Array,
): Promise<Strided> {
  const size = itemsize(dtype)
  const wanted = sizeOf(shape) * size
  const target = into?.length === wanted ? into : undefined
  let bytes = await decode(pipeline.codecs, size, encoded, target)
  if (bytes.length !== wanted) throw new Error(`it has ${bytes.length} bytes when decoded, want ${wanted}`)
  if (pipeline.bigEndian && size > 1) {
    // They may be the user's own: of a store object, behind a checksum.
    if (bytes !== target && encoded instanceof Uint8Array && bytes.buffer === encoded.buffer)
      bytes = new Uint8Array(bytes)
    swapBytes(bytes, itemsize(realOf(dtype)))
  }
  return { bytes, start: 0, strides: chunkStrides(pipeline, shape) }
}

/** The encoded bytes of a chunk whose elements lie in `bytes` as in the chunk, in machine byte order; they may be changed. */
export async function encodeChunk({ dtype }: ZarrArray, pipeline: Pipeline, bytes: Uint8Array): Promise<Uint8Array> {
  const swapped = pipeline.bigEndian && itemsize(dtype) > 1 ? new Uint8Array(bytes) : bytes
  if (swapped !== bytes) swapBytes(swapped, itemsize(realOf(dtype)))
  return encode(pipeline.codecs, itemsize(dtype), swapped)
}

/** Puts the fill value everywhere in a part. */
export function fillPart({ fill }: ZarrArray, extents: readonly number[], target: Strided): void {
  const length = sizeOf(extents) * fill.length
  const isWhole = target.start === 0 && target.bytes.length === length
  if (isWhole && fill.every((byte) => byte === fill[0])) target.bytes.fill(fill[0])
  else copyStrided(fill.length, extents, { bytes: fill, start: 0, strides: extents.map(() => 0) }, target)
}

/** Whether bytes hold nothing but the fill value. */
export function isFill({ fill }: ZarrArray, bytes: Uint8Array): boolean {
  for (let i = 0, k = 0; i < bytes.length; i++, k = k + 1 === fill.length ? 0 : k + 1)
    if (bytes[i] !== fill[k]) return false
  return true
}

import { eachBlock } from '../../core/access.ts'
import { type Box, boxShape } from '../../core/chunks.ts'
import { itemsize } from '../../core/dtype.ts'
import { StorageError } from '../../core/errors.ts'
import { ravel, rowMajorStrides, sizeOf } from '../../core/shape.ts'
import { tied } from '../host.ts'
import { giveBuffer, takeBuffer } from '../store/buffers.ts'
import type { Input } from '../store/input.ts'
import { openStore } from '../store/open.ts'
import { type ByteRange, formatPlace, partOf, type Store } from '../store/store.ts'
import { copyStrided, type Strided } from '../strided.ts'
import { chunkKey, type Pipeline, type Shard, type ZarrArray, type ZarrSource } from './array.ts'
import { decodeChunk, fillPart } from './chunk.ts'
import { decode, takesInput } from './codecs.ts'
import { type Entry, indexBytes, readIndex } from './shard.ts'

/** The bytes of a chunk or shard, as a whole or in parts. */
interface Bytes {
  /** Gives all at once, without waiting. */
  readonly isLocal: boolean
  get(): Promise<Uint8Array | undefined>
  getRange(range: ByteRange): Promise<Uint8Array | undefined>
  /** All, or a part, to be read as it is needed: of what is there without waiting. */
  openNow?(range?: ByteRange): Input | undefined
}

/** Reads a box of an array in a store: the chunks that it touches, and of shards only the chunks in them. Errors: StorageError. */
export async function readZarr(source: ZarrSource, box: Box, target: Uint8Array, signal?: AbortSignal): Promise<void> {
  const { array } = source
  const store = await openStore(array.place, tied(source))
  const strides = rowMajorStrides(boxShape(box))
  const parts = partsOf(box, array.chunks)
  const read = (part: Part): Promise<void> =>
    readNamed(store, array, part, { bytes: target, start: startOf(part, box, strides), strides }, signal)
  await readEach(store.isLocal, parts, read)
}

/**
 * Reads parts side by side where that is worth it. It waits for all, so that none writes to memory that is used otherwise by then; the
 * first error is thrown.
 */
async function readEach(isLocal: boolean, parts: readonly Part[], read: (part: Part) => Promise<void>): Promise<void> {
  if (isLocal) for (const part of parts) await read(part)
  else
    for (const result of await Promise.allSettled(parts.map(read)))
      if (result.status === 'rejected') throw result.reason
}

/** What of a box lies in one chunk: the chunk's index, and the box within the chunk. */
export interface Part {
  readonly index: readonly number[]
  readonly box: Box
  /** The part of the box in the positions of the box's array. */
  readonly outer: Box
}

/** The parts of a box that lie in each chunk. */
export function partsOf(box: Box, chunks: readonly number[]): Part[] {
  const parts: Part[] = []
  if (box.some(([low, high]) => high <= low)) return parts
  const ranges = box.map(([low, high], k): [number, number] => [
    Math.floor(low / chunks[k]),
    Math.ceil(high / chunks[k]),
  ])
  eachBlock(ranges, (index) => {
    const outer = box.map(([low, high], k): [number, number] => [
      Math.max(low, index[k] * chunks[k]),
      Math.min(high, (index[k] + 1) * chunks[k]),
    ])
    parts.push({
      index: [...index],
      box: outer.map(([low, high], k) => [low - index[k] * chunks[k], high - index[k] * chunks[k]]),
      outer,
    })
  })
  return parts
}

/** Where a part begins in an array of the box. */
export const startOf = ({ outer }: Part, box: Box, strides: readonly number[]): number =>
  outer.reduce((sum, [low], k) => sum + (low - box[k][0]) * strides[k], 0)

/** Reads a part of a chunk; errors name it. */
export async function readNamed(
  store: Store,
  array: ZarrArray,
  part: Part,
  target: Strided,
  signal?: AbortSignal,
): Promise<void> {
  const key = chunkKey(array, part.index)
  const lent: Uint8Array[] = []
  const lend = async (value: Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> => {
    const bytes = await value
    // Where nobody waits any more another block may lie by now.
    signal?.throwIfAborted()
    if (bytes) lent.push(bytes)
    return bytes
  }
  const bytes: Bytes = {
    isLocal: store.isLocal,
    get: () => lend(store.get(key, signal)),
    getRange: (range) => lend(store.getRange(key, range, signal)),
    openNow: store.openNow && ((range) => store.openNow?.(key, range)),
  }
  try {
    const { pipeline, chunks, shape } = array
    const cell = { pipeline, shape: chunks, inArray: inArrayOf(shape, chunks, part.index) }
    await readPart(bytes, array, cell, part.box, target)
  } catch (error) {
    throw error instanceof StorageError || signal?.aborted ? error : damaged(array, key, error)
  } finally {
    lent.forEach(giveBuffer)
  }
}

const damaged = ({ place }: ZarrArray, key: string, error: unknown): StorageError =>
  new StorageError(
    `read: the chunk ${key} of ${formatPlace(place)} is damaged: ${error instanceof Error ? error.message : error}; ` +
      'get it again from where the store came from, or write it anew (without it the fill value is read)',
    { cause: error },
  )

/** What is decoded by itself: a chunk, a shard, or one in a shard. */
interface Cell {
  readonly pipeline: Pipeline
  readonly shape: readonly number[]
  /** How much of it lies in the array: less at its edge. */
  readonly inArray: readonly number[]
}
const inArrayOf = (extents: readonly number[], cell: readonly number[], index: readonly number[]): number[] =>
  cell.map((extent, k) => Math.min(extent, extents[k] - index[k] * extent))

async function readPart(bytes: Bytes, array: ZarrArray, cell: Cell, box: Box, target: Strided): Promise<void> {
  const { pipeline, shape } = cell
  if (pipeline.shard) return readShard(bytes, array, cell, pipeline.shard, box, target)
  const extents = boxShape(box)
  const size = itemsize(array.dtype)
  const isStreamed = takesInput(pipeline.codecs, size)
  const encoded = isStreamed && bytes.openNow ? bytes.openNow() : await bytes.get()
  if (!encoded) return fillPart(array, extents, target)
  const place = placeFor(array, pipeline, shape, box, target)
  const spare = place || !isStreamed ? undefined : takeBuffer(sizeOf(shape) * size)
  try {
    const chunk = await decodeChunk(array, pipeline, shape, encoded, place ?? spare)
    if (!sharesMemory(chunk, target)) {
      const start = box.reduce((sum, [low], k) => sum + low * chunk.strides[k], 0)
      copyStrided(size, extents, { ...chunk, start }, target)
    }
  } finally {
    if (!(encoded instanceof Uint8Array)) encoded.close()
    if (spare) giveBuffer(spare)
  }
}

const sharesMemory = (chunk: Strided, target: Strided): boolean => chunk.bytes.buffer === target.bytes.buffer

/** The bytes of the target that the whole chunk lies in as it is stored, if it does. */
function placeFor(
  { dtype }: ZarrArray,
  { order }: Pipeline,
  shape: readonly number[],
  box: Box,
  { bytes, start, strides }: Strided,
): Uint8Array | undefined {
  const steps = rowMajorStrides(shape)
  const fits = shape.every(
    (extent, k) => order[k] === k && box[k][1] - box[k][0] === extent && (extent === 1 || strides[k] === steps[k]),
  )
  const size = itemsize(dtype)
  return fits ? bytes.subarray(start * size, (start + sizeOf(shape)) * size) : undefined
}

async function readShard(
  bytes: Bytes,
  array: ZarrArray,
  { pipeline, shape, inArray }: Cell,
  shard: Shard,
  box: Box,
  target: Strided,
): Promise<void> {
  const grid = shape.map((extent, k) => extent / shard.chunks[k])
  const isWhole = pipeline.codecs.length > 0 || box.every(([low, high], k) => low === 0 && high >= inArray[k])
  const held = isWhole ? await inMemory(bytes, pipeline, itemsize(array.dtype)) : bytes
  const length = indexBytes(shard, sizeOf(grid))
  const index = await held?.getRange(shard.indexAtEnd ? { suffixLength: length } : { offset: 0, length })
  if (!held || !index) return fillPart(array, boxShape(box), target)
  const entries = readIndex(shard, sizeOf(grid), index)
  await readEach(held.isLocal, partsOf(box, shard.chunks), (part) => {
    const entry = entries[ravel(part.index, grid)]
    const inner: Bytes = {
      isLocal: held.isLocal,
      get: async () => (entry ? await held.getRange(entry) : undefined),
      getRange: async (range) => (entry ? await held.getRange(rangeIn(entry, range)) : undefined),
      openNow: held.openNow && ((range) => (entry ? held.openNow?.(range ? rangeIn(entry, range) : entry) : undefined)),
    }
    const start = target.start + startOf(part, box, target.strides)
    const cell = { pipeline: shard.inner, shape: shard.chunks, inArray: inArrayOf(inArray, shard.chunks, part.index) }
    return readPart(inner, array, cell, part.box, { ...target, start })
  })
}

/** The whole shard, of which parts are then taken. */
async function inMemory(bytes: Bytes, { codecs }: Pipeline, elementBytes: number): Promise<Bytes | undefined> {
  const encoded = await bytes.get()
  if (!encoded) return undefined
  const whole = await decode(codecs, elementBytes, encoded)
  return {
    isLocal: true,
    get: async () => whole,
    getRange: async (range) => partOf(whole, range),
  }
}

/** A part of what lies at an entry, as of a shard in a shard, in the positions of what that lies in. */
const rangeIn = (entry: NonNullable<Entry>, range: ByteRange): NonNullable<Entry> => {
  const { offset, length } =
    'suffixLength' in range ? { offset: entry.length - range.suffixLength, length: range.suffixLength } : range
  return { offset: entry.offset + offset, length }
}

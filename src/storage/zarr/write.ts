import { type Box, boxShape } from '../../core/chunks.ts'
import { itemsize } from '../../core/dtype.ts'
import { AbortError, StorageError } from '../../core/errors.ts'
import { rowMajorStrides, sizeOf, unravel } from '../../core/shape.ts'
import { tied } from '../host.ts'
import { openStore } from '../store/open.ts'
import { formatPlace, isWritable, type WritableStore } from '../store/store.ts'
import { copyStrided, type Strided } from '../strided.ts'
import { chunkKey, type Pipeline, type ZarrArray, type ZarrSink } from './array.ts'
import { chunkStrides, encodeChunk, fillPart, isFill } from './chunk.ts'
import { encode } from './codecs.ts'
import { type Part, partsOf, readNamed, startOf } from './read.ts'
import { joinShard } from './shard.ts'

/** Writes a box of whole chunks or shards; one that it covers in part (at the edge of a region) is read first. Errors: StorageError; AbortError
 * when the signal says that the bytes are not the box's any more. */
export async function writeZarr(sink: ZarrSink, box: Box, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  const { array } = sink
  const store = await openStore(array.place, tied(sink), array.path)
  if (!isWritable(store))
    throw new StorageError(
      `write: ${formatPlace(array.place)} can only be read; write to a folder, or to a store with set(key, bytes)`,
    )
  const from = { bytes, strides: rowMajorStrides(boxShape(box)) }
  for (const part of partsOf(box, array.chunks))
    await writePart(store, sink, part, { ...from, start: startOf(part, box, from.strides) }, box, signal)
}

/** Before bytes of the box are read, and before what was made of them is stored: another block may lie there by now. */
function checkWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AbortError('write: the block is not wanted any more', signal.reason)
}

async function writePart(
  store: WritableStore,
  { array, skipsEmpty }: ZarrSink,
  part: Part,
  from: Strided,
  box: Box,
  signal: AbortSignal | undefined,
): Promise<void> {
  checkWanted(signal)
  const key = chunkKey(array, part.index)
  const inArray = part.index.map((i, k) => Math.min(array.chunks[k], array.shape[k] - i * array.chunks[k]))
  const isAll = part.box.every(([low, high], k) => low === 0 && high === inArray[k])
  const elements = liesAlike(array, part, box) ? from.bytes : await gather(store, array, part, from, isAll, signal)
  if (skipsEmpty && isFill(array, elements) && !(await store.get(key))) return
  checkWanted(signal)
  const encoded = array.pipeline.shard
    ? await encodeShard(array, array.pipeline, array.chunks, elements, inArray, skipsEmpty)
    : await encodeChunk(array, array.pipeline, elements)
  checkWanted(signal)
  await store.set(key, encoded)
}

/** Whether the box is one whole chunk, its elements in the order of the chunk. */
const liesAlike = ({ chunks, pipeline }: ZarrArray, part: Part, box: Box): boolean =>
  chunks.every(
    (extent, k) =>
      pipeline.order[k] === k && part.box[k][1] - part.box[k][0] === extent && box[k][1] - box[k][0] === extent,
  )

/** The elements of a whole chunk: the part's, and round them those that are stored already, or the fill value. */
async function gather(
  store: WritableStore,
  array: ZarrArray,
  part: Part,
  from: Strided,
  isAll: boolean,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { chunks, pipeline } = array
  const size = itemsize(array.dtype)
  const whole = { bytes: new Uint8Array(sizeOf(chunks) * size), start: 0, strides: chunkStrides(pipeline, chunks) }
  if (isAll) fillPart(array, chunks, whole)
  else await readNamed(store, array, { ...part, box: chunks.map((extent) => [0, extent]) }, whole)
  checkWanted(signal)
  const start = part.box.reduce((sum, [low], k) => sum + low * whole.strides[k], 0)
  copyStrided(size, boxShape(part.box), from, { ...whole, start })
  return whole.bytes
}

/** A shard of the elements: chunks outside the array are left out, and empty ones if that is wanted. */
async function encodeShard(
  array: ZarrArray,
  pipeline: Pipeline,
  shape: readonly number[],
  elements: Uint8Array,
  inArray: readonly number[],
  skipsEmpty: boolean,
): Promise<Uint8Array> {
  const shard = pipeline.shard!
  const grid = shape.map((extent, k) => extent / shard.chunks[k])
  const strides = rowMajorStrides(shape)
  const size = itemsize(array.dtype)
  const encoded: (Uint8Array | undefined)[] = []
  for (let k = 0; k < sizeOf(grid); k++) {
    const first = unravel(k, grid).map((i, axis) => i * shard.chunks[axis])
    const start = first.reduce((sum, at, axis) => sum + at * strides[axis], 0)
    const chunk = new Uint8Array(sizeOf(shard.chunks) * size)
    const to = { bytes: chunk, start: 0, strides: chunkStrides(shard.inner, shard.chunks) }
    copyStrided(size, shard.chunks, { bytes: elements, start, strides }, to)
    const isOutside = first.some((at, axis) => at >= inArray[axis])
    if (isOutside || (skipsEmpty && isFill(array, chunk))) encoded.push(undefined)
    else if (shard.inner.shard) encoded.push(await encodeInner(array, shard.inner, shard.chunks, chunk, skipsEmpty))
    else encoded.push(await encodeChunk(array, shard.inner, chunk))
  }
  return encode(pipeline.codecs, size, joinShard(shard, encoded))
}

const encodeInner = (
  array: ZarrArray,
  pipeline: Pipeline,
  shape: readonly number[],
  elements: Uint8Array,
  skipsEmpty: boolean,
): Promise<Uint8Array> => encodeShard(array, pipeline, shape, elements, shape, skipsEmpty)

import { formatBytes } from '../core/bytes.ts'
import type { ChunksOption, Grid } from '../core/chunks.ts'
import { allocate, type DType, isComplexValue, itemsize, type Value } from '../core/dtype.ts'
import { ChunkError, formatGiven, StorageError } from '../core/errors.ts'
import { formatShape, sizeOf } from '../core/shape.ts'
import type { Expr } from '../graph/expr.ts'
import type { CodecConfig, Pipeline, ZarrArray, ZarrAttributes } from '../storage/zarr/array.ts'
import { formatJson, parseJson } from '../storage/zarr/json.ts'
import { areNames } from '../storage/zarr/metadata.ts'
import { exactValue, gridOf, valueDType } from './data.ts'
import { codecsOf, oneOf, type ZarrCodec } from './zarr-codecs.ts'

export type { ZarrCodec, ZarrCodecName } from './zarr-codecs.ts'

/** How a new array is laid out in a store. */
export interface ZarrLayout {
  /** The version of the format; else that of the group it goes into, or 3. */
  zarrFormat?: 2 | 3
  /** The store's chunks: lengths as in `nd.zeros`, all alike along an axis; else the array's own blocks. */
  chunks?: ChunksOption
  /** Version 3: how many elements of each axis go into one file of several chunks; whole multiples of the chunks. */
  shards?: readonly number[]
  /** What compresses a chunk, in turn; null: nothing. Blosc (lz4 and shuffle) unless given. */
  compressors?: ZarrCodec | readonly ZarrCodec[] | null
  /** 'C' (row-major, the default) or 'F' (column-major) inside a chunk. */
  order?: 'C' | 'F'
  /** 'little' unless given. */
  byteOrder?: 'little' | 'big'
  /** The element that missing chunks stand for; 0 unless given. */
  fillValue?: Value
  /** What is to be known of the array besides, as JSON has it. */
  attributes?: ZarrAttributes
  /** A name, or null, for each axis. */
  dimensionNames?: readonly (string | null)[]
}
export const layoutNames = [
  'zarrFormat',
  'chunks',
  'shards',
  'compressors',
  'order',
  'byteOrder',
  'fillValue',
  'attributes',
  'dimensionNames',
] as const

/** The facts of a new array for an expression. Errors: StorageError, ChunkError, DTypeError. */
export function layOutArray({ shape, dtype, grid }: Expr, layout: ZarrLayout): Omit<ZarrArray, 'place' | 'path'> {
  const version = oneOf(layout.zarrFormat ?? 3, [2, 3] as const, 'zarrFormat')
  const order = oneOf(layout.order ?? 'C', ['C', 'F'] as const, 'order')
  const bigEndian = oneOf(layout.byteOrder ?? 'little', ['little', 'big'] as const, 'byteOrder') === 'big'
  const chunks = regularChunks(
    layout.chunks === undefined ? grid : gridOf(shape, layout.chunks, dtype, 'toZarr'),
    layout,
  )
  const shards = layout.shards && checkShards(layout.shards, chunks, version)
  const codecs = codecsOf(layout.compressors, version, itemsize(dtype))
  checkChunkBytes(sizeOf(chunks) * itemsize(dtype), codecs)
  const axes = shape.map((_, axis) => axis)
  const inner: Pipeline = {
    order: order === 'C' ? axes : [...axes].reverse(),
    bigEndian,
    codecs,
  }
  const { attributes = {}, dimensionNames } = layout
  if (dimensionNames !== undefined && !areNames(dimensionNames, shape.length))
    throw new StorageError(
      `toZarr: got dimensionNames ${formatGiven(dimensionNames)}, want a name or null for each of ${shape.length} axes`,
    )
  return {
    version,
    dtype,
    shape,
    chunks: shards ?? chunks,
    keyPrefix: version === 3 ? 'c' : '',
    keySeparator: version === 3 ? '/' : '.',
    pipeline: shards ? sharded(chunks, inner, axes) : inner,
    fill: fillBytes(layout.fillValue ?? 0, dtype),
    attributes: checkAttributes(attributes),
    dimensionNames,
  }
}

const sharded = (chunks: readonly number[], inner: Pipeline, order: readonly number[]): Pipeline => ({
  order,
  bigEndian: false,
  codecs: [],
  shard: { chunks, inner, indexAtEnd: true, indexHasChecksum: true, indexIsBigEndian: false },
})

/** A store's chunks are all alike along an axis: of unequal blocks, the longest counts; blocks that a user gave must be equal. */
function regularChunks(grid: Grid, layout: ZarrLayout): number[] {
  if (layout.chunks !== undefined && grid.some((axis) => axis.bounds))
    throw new ChunkError(
      `toZarr: got chunks ${formatGiven(layout.chunks)}, want equal lengths along each axis, as Zarr has them`,
    )
  const given = layout.chunks
  const lengthOf = (axis: number): unknown => (Array.isArray(given) ? given[axis] : given)
  // A chunk may be longer than the array, which may grow.
  return grid.map(({ size }, axis) => Math.max(size, Number(lengthOf(axis)) || 0))
}

/** Encoders and decoders take no more at once. */
const mostChunkBytes = 2 ** 31 - 1024

function checkChunkBytes(bytes: number, codecs: readonly CodecConfig[]): void {
  if (bytes > mostChunkBytes && codecs.length > 0)
    throw new ChunkError(
      `toZarr: got chunks of ${formatBytes(bytes)}, want at most ${formatBytes(mostChunkBytes)}, which is what ${codecs[0].name} takes; ` +
        'give smaller chunks, and shards of them to have few files',
    )
}

function checkShards(shards: unknown, chunks: readonly number[], version: 2 | 3): number[] {
  if (version === 2)
    throw new StorageError('toZarr: version 2 of Zarr has no shards; leave out shards or give zarrFormat: 3')
  const fits =
    Array.isArray(shards) &&
    shards.length === chunks.length &&
    shards.every((n, k) => Number.isSafeInteger(n) && n > 0 && n % chunks[k] === 0)
  if (!fits)
    throw new ChunkError(
      `toZarr: got shards ${formatGiven(shards)}, want whole multiples of the chunks ${formatShape(chunks)}`,
    )
  return [...(shards as number[])]
}

function fillBytes(value: Value, dtype: DType): Uint8Array {
  valueDType(value, 'toZarr')
  const exact = exactValue(value, dtype, 'toZarr')
  const element = allocate(dtype, 1)
  if (isComplexValue(exact)) (element as Float64Array).set([exact.re, exact.im])
  else element[0] = typeof exact === 'boolean' ? Number(exact) : (exact as never)
  return new Uint8Array(element.buffer, 0, sizeOf([itemsize(dtype)]))
}

function checkAttributes(attributes: unknown): ZarrAttributes {
  try {
    const text = formatJson(attributes)
    if (text?.startsWith('{')) return parseJson(text) as ZarrAttributes
  } catch {
    // no JSON: refused below
  }
  throw new StorageError(`toZarr: got attributes ${formatGiven(attributes)}, want an object that JSON can hold`)
}

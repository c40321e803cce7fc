import type { ChunksOption, Grid } from '../core/chunks.ts'
import { allocate, type DType, isComplexValue, itemsize, type Value } from '../core/dtype.ts'
import { ChunkError, formatGiven, StorageError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import { formatShape, sizeOf } from '../core/shape.ts'
import type { Expr } from '../graph/expr.ts'
import type { CodecConfig, Pipeline, ZarrArray, ZarrAttributes } from '../storage/zarr/array.ts'
import { areNames } from '../storage/zarr/metadata.ts'
import { exactValue, gridOf, valueDType } from './data.ts'

/** A codec by its name, or with its configuration: `{ name: 'zstd', level: 3 }`. */
export type ZarrCodec = ZarrCodecName | ({ readonly name: ZarrCodecName } & Readonly<Record<string, unknown>>)
export type ZarrCodecName = 'blosc' | 'zstd' | 'gzip' | 'zlib' | 'lz4' | 'crc32c' | 'shuffle'

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

const oneOf = <T>(value: unknown, choices: readonly T[], name: string): T => {
  if (choices.includes(value as T)) return value as T
  throw new StorageError(`toZarr: got ${name} ${formatGiven(value)}, want ${choices.map(formatGiven).join(' or ')}`)
}

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
  const axes = shape.map((_, axis) => axis)
  const inner: Pipeline = {
    order: order === 'C' ? axes : [...axes].reverse(),
    bigEndian,
    codecs: codecsOf(layout.compressors, version, itemsize(dtype)),
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

/** Configurations by the names of codecs, with their defaults, as both versions of the format want them. */
const defaults = (version: 2 | 3, elementBytes: number): Record<ZarrCodecName, Record<string, unknown>> => ({
  blosc: {
    ...(version === 3 ? { typesize: elementBytes } : {}),
    cname: 'lz4',
    clevel: 5,
    shuffle: version === 3 ? 'shuffle' : 1,
    blocksize: 0,
  },
  zstd: version === 3 ? { level: 0, checksum: false } : { level: 0 },
  gzip: { level: 5 },
  zlib: { level: 1 },
  lz4: { acceleration: 1 },
  crc32c: {},
  shuffle: { elementsize: elementBytes },
})
/** Names that version 3 does not have of its own. */
const foreign: readonly string[] = ['zlib', 'lz4', 'shuffle']

function codecsOf(given: ZarrLayout['compressors'], version: 2 | 3, elementBytes: number): CodecConfig[] {
  const known = defaults(version, elementBytes)
  const list = given === undefined ? (['blosc'] as const) : given === null ? [] : Array.isArray(given) ? given : [given]
  return list.map((codec) => {
    const { name, ...configuration } = typeof codec === 'string' ? { name: codec } : codec
    if (!Object.hasOwn(known, name))
      throw new StorageError(
        `toZarr: got the compressor ${formatGiven(name)}, want one of ${Object.keys(known).join(', ')}`,
      )
    const base = known[name as ZarrCodecName]
    checkOptions(configuration, Object.keys(base) as never[], `toZarr: ${name}`)
    return {
      name: version === 3 && foreign.includes(name) ? `numcodecs.${name}` : name,
      configuration: { ...base, ...named(configuration, version) },
    }
  })
}

const shuffles = ['noshuffle', 'shuffle', 'bitshuffle']
/** Blosc's kind of shuffle is a number in version 2 and a name in version 3. */
function named(configuration: Record<string, unknown>, version: 2 | 3): Record<string, unknown> {
  const { shuffle } = configuration
  if (shuffle === undefined) return configuration
  const number = typeof shuffle === 'number' ? shuffle : shuffles.indexOf(oneOf(shuffle, shuffles, 'shuffle'))
  return { ...configuration, shuffle: version === 3 ? shuffles[number] : number }
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
    const text = JSON.stringify(attributes)
    if (text.startsWith('{')) return JSON.parse(text)
  } catch {
    // no JSON: refused below
  }
  throw new StorageError(`toZarr: got attributes ${formatGiven(attributes)}, want an object that JSON can hold`)
}

import type { DType } from '../../core/dtype.ts'
import type { StorePlace } from '../store/store.ts'

/** A codec as metadata name it. */
export interface CodecConfig {
  readonly name: string
  readonly configuration: Readonly<Record<string, unknown>>
}

/** How the elements of a chunk become the bytes under its key. */
export interface Pipeline {
  /** The array's axes, outermost first, as they lie in the chunk: 0, 1, ... is row-major. */
  readonly order: readonly number[]
  readonly bigEndian: boolean
  /** Codecs from bytes to bytes, in the order of encoding. */
  readonly codecs: readonly CodecConfig[]
  /** The chunk is a shard: chunks of its own, one after the other, with an index. */
  readonly shard?: Shard
}
export interface Shard {
  /** The shape of the chunks in the shard. */
  readonly chunks: readonly number[]
  readonly inner: Pipeline
  readonly indexAtEnd: boolean
  readonly indexHasChecksum: boolean
  readonly indexIsBigEndian: boolean
}

export type ZarrAttributes = Readonly<Record<string, unknown>>

/** An array in a store, as its metadata tell. Plain data. */
export interface ZarrArray {
  readonly place: StorePlace
  /** The array's path in the store, '' at its root. */
  readonly path: string
  readonly version: 2 | 3
  readonly dtype: DType
  readonly shape: readonly number[]
  /** The shape of what lies under one key: a chunk, or a shard. */
  readonly chunks: readonly number[]
  readonly keyPrefix: 'c' | ''
  readonly keySeparator: '/' | '.'
  readonly pipeline: Pipeline
  /** The bytes of the element that missing chunks are full of, in the machine's byte order. */
  readonly fill: Uint8Array
  readonly attributes: ZarrAttributes
  readonly dimensionNames: readonly (string | null)[] | undefined
}

/** The shape of the smallest part that is decoded by itself. */
export const innerChunks = ({ chunks, pipeline }: ZarrArray): readonly number[] => pipeline.shard?.chunks ?? chunks

/** The key of a chunk or shard in the store. */
export function chunkKey({ path, keyPrefix, keySeparator }: ZarrArray, index: readonly number[]): string {
  const parts = keyPrefix === 'c' ? ['c', ...index] : index.length > 0 ? index : [0]
  const name = parts.join(keySeparator)
  return path === '' ? name : `${path}/${name}`
}

export interface ZarrSource {
  readonly type: 'zarr'
  readonly array: ZarrArray
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly unit: readonly number[]
}
export interface ZarrSink {
  readonly type: 'zarr'
  readonly array: ZarrArray
  /** Chunks that hold nothing but the fill value are left out. */
  readonly skipsEmpty: boolean
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly unit: readonly number[]
}

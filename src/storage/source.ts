import type { Box, Grid } from '../core/chunks.ts'
import type { DType } from '../core/dtype.ts'
import type { ZarrSource } from './zarr/array.ts'

/**
 * Where data from outside comes from. A source is plain data, so that it can be sent to a worker; how its kind is read stands in
 * storage/read.ts. `grid` is how it is cut into blocks.
 */
export type Source =
  | UserSource
  | InflatedSource
  | Hdf5Source
  /** A typed array in this process, row-major and contiguous. With a SharedArrayBuffer workers read it themselves. */
  | {
      readonly type: 'memory'
      readonly data: ArrayBufferView
      readonly dtype: DType
      readonly shape: readonly number[]
    }
  /** A file of elements in row-major order (or column-major: `fortranOrder`) from byte `offset` on. */
  | {
      readonly type: 'file'
      readonly path: string
      readonly offset: number
      readonly byteOrder: 'little' | 'big'
      readonly fortranOrder: boolean
      readonly dtype: DType
      readonly shape: readonly number[]
    }
  | ZarrSource
  /** Blocks that persist() left with the scheduler, by their numbers there, in row-major order of the grid. */
  | {
      readonly type: 'kept'
      readonly blocks: readonly number[]
      readonly grid: Grid
      readonly dtype: DType
      readonly shape: readonly number[]
    }

/** Bytes of an entry in a zip file, before and after it is inflated, and the CRC-32 checksum of the latter. */
export interface CompressedEntry {
  readonly compressedBytes: number
  readonly bytes: number
  readonly checksum: number
}
/** A compressed array in a zip file: its elements, row-major, from byte `offset` of what the entry's bytes inflate to. */
export interface InflatedSource extends CompressedEntry {
  readonly type: 'inflated'
  readonly path: string
  /** Where the compressed bytes begin in the file. */
  readonly start: number
  readonly offset: number
  readonly byteOrder: 'little' | 'big'
  readonly dtype: DType
  readonly shape: readonly number[]
}
/** A dataset of an HDF5 or NetCDF-4 file. */
export interface Hdf5Source {
  readonly type: 'hdf5'
  readonly path: string
  readonly dataset: string
  readonly dtype: DType
  readonly shape: readonly number[]
}

/** What a function of the user's gives, which is tied to it (host.ts): it is read on this thread. */
export interface UserSource {
  readonly type: 'user'
  readonly dtype: DType
  readonly shape: readonly number[]
}

/**
 * Reads the box of a source into `target`, its bytes in row-major order and the machine's byte order. The signal is aborted when the
 * box is not wanted any more; nothing is written to `target` then. Errors: StorageError.
 */
export type ReadBox = (source: Source, box: Box, target: Uint8Array, signal?: AbortSignal) => Promise<void>

import type { Box } from '../core/chunks.ts'
import type { DType } from '../core/dtype.ts'
import type { ZarrSink } from './zarr/array.ts'

/**
 * Where the blocks of an array are written. A sink is plain data, so that it can be sent to a worker; how its kind is written stands
 * in storage/write.ts. What goes round it (a temporary name, metadata, clearing away after an error) is its maker's affair.
 */
export type Sink = FileSink | UserSink | ZarrSink

interface SinkFacts {
  readonly dtype: DType
  /** The extents of what is written to, which may be larger than the array that is stored. */
  readonly shape: readonly number[]
  /**
   * What is written as a whole, in elements an axis, counted from the sink's first element: no unit is ever written by two tasks.
   * 1 where any part can be written.
   */
  readonly unit: readonly number[]
}

/** A file that is there and long enough: elements in row-major order from byte `offset` on. */
export interface FileSink extends SinkFacts {
  readonly type: 'file'
  readonly path: string
  readonly offset: number
  readonly byteOrder: 'little' | 'big'
}

/** A function of the user's takes the blocks, which is tied to it (host.ts): it is called on this thread. */
export interface UserSink extends SinkFacts {
  readonly type: 'user'
}

/**
 * Writes a box of elements, their bytes in row-major order and the machine's byte order. The box is in the sink's own positions, and
 * no other box that is written touches the same units. The signal is aborted when it is not wanted
 * any more. Errors: StorageError.
 */
export type WriteBox = (sink: Sink, box: Box, bytes: Uint8Array, signal?: AbortSignal) => Promise<void>

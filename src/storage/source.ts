import type { Box, Grid } from '../core/chunks.ts'
import type { DType } from '../core/dtype.ts'

/**
 * Where data from outside comes from. A source is plain data, so that it can be sent to a worker; how its kind is read stands in
 * storage/read.ts. `grid` is how it is cut into blocks.
 */
export type Source =
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
  /** Blocks that persist() left in the heap, by their byte addresses in row-major order of the grid. */
  | {
      readonly type: 'heap'
      readonly addresses: readonly number[]
      readonly grid: Grid
      readonly dtype: DType
      readonly shape: readonly number[]
    }

/** Reads the box of a source into `target`, its bytes in row-major order and the machine's byte order. Errors: StorageError. */
export type ReadBox = (source: Source, box: Box, target: Uint8Array) => Promise<void>

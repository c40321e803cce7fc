import { randomUUID } from 'node:crypto'
import { closeSync, ftruncateSync, openSync, renameSync, writeSync } from 'node:fs'
import { type DType, itemsize } from '../core/dtype.ts'
import { type Shape, sizeOf } from '../core/shape.ts'
import { storageError } from './file.ts'
import { formatNpyHeader } from './npy.ts'
import type { FileSink } from './sink.ts'
import { addTemporary, keepTemporary, removeTemporary } from './temporaries.ts'

/** A sink that is being filled: `commit` puts what was written under its name, `abandon` leaves nothing behind. */
export interface Target {
  readonly sink: FileSink
  commit(): void
  abandon(): void
}

/**
 * A file of elements to be, after a header: written under another name in the same folder, then renamed, so that under its own name it
 * is either whole or not there. Errors: StorageError.
 */
export function openFileTarget(
  path: string,
  { dtype, shape, byteOrder }: { dtype: DType; shape: Shape; byteOrder: 'little' | 'big' },
  header: Uint8Array,
  operation: string,
): Target {
  const part = `${path}.${randomUUID().slice(0, 8)}.part`
  const abandon = (): void => removeTemporary(part)
  const guard = (action: () => void): void => {
    try {
      action()
    } catch (error) {
      abandon()
      throw storageError(path, operation, error)
    }
  }
  const commit = (): void => {
    renameSync(part, path)
    keepTemporary(part)
  }
  addTemporary(part)
  guard(() => {
    const file = openSync(part, 'w')
    try {
      ftruncateSync(file, header.length + sizeOf(shape) * itemsize(dtype))
      writeSync(file, header)
    } finally {
      closeSync(file)
    }
  })
  const unit = shape.map(() => 1)
  const sink: FileSink = { type: 'file', path: part, offset: header.length, byteOrder, dtype, shape, unit }
  return { sink, commit: () => guard(commit), abandon }
}

/** An NPY file to be. Errors: StorageError. */
export const openNpyTarget = (path: string, dtype: DType, shape: Shape, operation: string): Target =>
  openFileTarget(path, { dtype, shape, byteOrder: 'little' }, formatNpyHeader(dtype, shape), operation)

import type { Box } from '../core/chunks.ts'
import { itemsize } from '../core/dtype.ts'
import { StorageError } from '../core/errors.ts'
import { formatShape, sizeOf } from '../core/shape.ts'
import { runsOf } from './runs.ts'
import type { Source } from './source.ts'

/** Runs shorter than this many bytes are copied by a loop: a typed array's `set` costs as much as its call. */
const shortRunBytes = 128

/** Copies a box of a typed array of this process. Errors: StorageError when the array's buffer is gone. */
export function readMemory(source: Extract<Source, { type: 'memory' }>, box: Box, target: Uint8Array): void {
  const bytes = itemsize(source.dtype)
  const { buffer, byteOffset, byteLength } = source.data
  const wanted = sizeOf(source.shape) * bytes
  if (byteLength < wanted)
    throw new StorageError(
      `array in memory: got ${byteLength} bytes, want ${wanted} for the shape ${formatShape(source.shape)} of ${source.dtype}; ` +
        'its buffer was detached (transferred) or resized after the array was made: keep it, or make the array from a copy',
    )
  const from = new Uint8Array(buffer, byteOffset, byteLength)
  const runs = runsOf(source.shape, box)
  const runBytes = runs.length * bytes
  let at = 0
  for (const start of runs.starts()) {
    const begin = start * bytes
    if (runBytes < shortRunBytes) for (let i = 0; i < runBytes; i++) target[at + i] = from[begin + i]
    else target.set(from.subarray(begin, begin + runBytes), at)
    at += runBytes
  }
}

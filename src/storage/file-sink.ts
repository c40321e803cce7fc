import { closeSync, openSync, writeSync } from 'node:fs'
import type { Box } from '../core/chunks.ts'
import { itemsize, realOf } from '../core/dtype.ts'
import { storageError, swapBytes } from './file.ts'
import { runsOf } from './runs.ts'
import type { FileSink } from './sink.ts'

/** Writes a box into its places in a file. It blocks its thread, which is a worker's. Errors: StorageError. */
export function writeFileBox(sink: FileSink, box: Box, bytes: Uint8Array): void {
  try {
    const file = openSync(sink.path, 'r+')
    try {
      const size = itemsize(sink.dtype)
      const ordered = sink.byteOrder === 'big' ? swapped(bytes, itemsize(realOf(sink.dtype))) : bytes
      const runs = runsOf(sink.shape, box)
      let at = 0
      for (const start of runs.starts()) {
        writeFully(file, ordered.subarray(at, at + runs.length * size), sink.offset + start * size)
        at += runs.length * size
      }
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw storageError(sink.path, 'write', error)
  }
}

function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const copy = bytes.slice()
  swapBytes(copy, size)
  return copy
}

function writeFully(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(file, bytes, done, Math.min(bytes.length - done, 2 ** 30), position + done)
}

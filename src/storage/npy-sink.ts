import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import PQueue from 'p-queue'
import type { Box } from '../core/chunks.ts'
import { type DType, itemsize } from '../core/dtype.ts'
import { type Shape, sizeOf } from '../core/shape.ts'
import { storageError } from './file.ts'
import { formatNpyHeader } from './npy.ts'
import { runsOf } from './runs.ts'

/** Takes the blocks of an array in any order. Until `commit` nothing stands under its name; `abandon` leaves nothing behind. */
export interface Sink {
  /** Writes a box, its bytes in row-major order; settles when they are written. */
  write(box: Box, bytes: Uint8Array): Promise<void>
  commit(): Promise<void>
  abandon(): Promise<void>
}

/** How many writes are under way at once. */
const concurrency = 8
/** Shorter runs are written at once: a write that is waited for takes this thread longer than the write itself. */
const shortRunBytes = 64 * 1024
/** About how much one turn in the queue writes, and in how many runs at most. */
const batchBytes = 1024 * 1024
const longestBatch = 512

/** An NPY file to be: written under another name in the same folder, then renamed. Errors: StorageError. */
export async function openNpySink(path: string, dtype: DType, shape: Shape): Promise<Sink> {
  const part = `${path}.${randomUUID().slice(0, 8)}.part`
  const size = itemsize(dtype)
  const header = formatNpyHeader(dtype, shape)
  const queue = new PQueue({ concurrency })
  const guard = <T>(action: Promise<T>): Promise<T> =>
    action.catch((error) => {
      throw storageError(path, 'toNpy', error)
    })
  const file = await guard(open(part, 'w'))
  const sink: Sink = {
    async write(box, bytes) {
      const runs = runsOf(shape, box)
      const starts = [...runs.starts()]
      const runBytes = runs.length * size
      const write = runBytes < shortRunBytes ? writeNow : writeFully
      const batch = Math.max(1, Math.min(longestBatch, Math.floor(batchBytes / runBytes)))
      const writes: Promise<void>[] = []
      for (let first = 0; first < starts.length; first += batch)
        writes.push(
          queue.add(async () => {
            for (let i = first; i < Math.min(first + batch, starts.length); i++)
              await write(file, bytes.subarray(i * runBytes, (i + 1) * runBytes), header.length + starts[i] * size)
          }),
        )
      await guard(Promise.all(writes))
    },
    async commit() {
      await guard(file.close())
      await guard(rename(part, path))
    },
    async abandon() {
      queue.clear()
      await file.close().catch(() => {})
      await rm(part, { force: true })
    },
  }
  try {
    await guard(file.truncate(header.length + sizeOf(shape) * size))
    await guard(writeFully(file, header, 0))
  } catch (error) {
    await sink.abandon()
    throw error
  }
  return sink
}

async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(bytes.length - done, 2 ** 30), position + done)
    done += bytesWritten
  }
}

function writeNow(file: FileHandle, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(file.fd, bytes, done, bytes.length - done, position + done)
}

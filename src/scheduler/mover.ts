import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { formatBytes } from '../core/bytes.ts'
import { NdloomError, StorageError } from '../core/errors.ts'
import { ownFile } from '../core/own-file.ts'
import type { SpillAnswer, SpillRequest } from '../worker/spill-thread.ts'
import { fileFlags } from './flags.ts'
import { heapError, type SharedHeap } from './shared-heap.ts'
import { inFile, type Slot, slabBytes } from './slots.ts'
import { createSpillDirectory, removeSpillDirectory } from './spill-directory.ts'
import type { SchedulerAction, SchedulerEvent } from './types.ts'

type MoveAction = SchedulerAction & { type: 'spill' | 'reload' }

/** Performs spills and reloads on a thread of its own, which starts with the first. */
export interface Mover {
  move(action: MoveAction): void
  /** Gives back what a slab, or the file (-1), takes. */
  trim(slab: number): void
  /** Ends the thread once all moves are done; blocks that have left the heap stay where they are. */
  shutdown(): Promise<void>
}
export interface MoverOptions {
  readonly heap: SharedHeap
  /** Where the spill file's directory is made. */
  readonly spillDirectory: () => string
  readonly report: (event: SchedulerEvent) => void
}

export function createMover({ heap, spillDirectory, report }: MoverOptions): Mover {
  const pending = new Map<number, MoveAction>()
  const places = createPlaces(spillDirectory)
  let thread: Worker | undefined
  const whenIdle: (() => void)[] = []

  function start(): Worker {
    const workerData = { memory: heap.memory }
    const started = new Worker(ownFile('worker/spill-thread'), {
      workerData,
      name: 'ndloom-spill',
      execArgv: fileFlags(),
    })
    let cause: unknown = 'nobody knows why'
    started.on('message', (answer: SpillAnswer) => finish(answer))
    started.on('error', (error) => {
      cause = error
    })
    started.on('exit', () => {
      if (thread === started) thread = undefined
      for (const move of [...pending.keys()])
        finish({ move, error: { code: '', message: `the spill thread ended: ${cause}` } })
    })
    return started
  }
  function finish({ move, error }: SpillAnswer): void {
    const action = pending.get(move)
    pending.delete(move)
    if (pending.size === 0) {
      thread?.unref() // Only a thread that has something to do keeps the process from ending.
      for (const resume of whenIdle.splice(0)) resume()
    }
    if (action && error) report({ type: 'moveFailed', move, error: spillError(error, action, spillDirectory()) })
    else if (action) report({ type: 'moved', move })
  }
  return {
    move(action) {
      const { type, move, address, slot } = action
      pending.set(move, action)
      try {
        if (!heap.reach()) throw heapError(address + slot.bytes)
        const { offset, bytes } = slot
        thread ??= start()
        thread.postMessage({ type, move, address, bytes, offset, place: places.of(slot) } satisfies SpillRequest)
        thread.ref()
      } catch (error) {
        const { code = '', message } = error as NodeJS.ErrnoException
        finish({ move, error: { code, message } })
      }
    },
    trim(slab) {
      // Without a thread the file is closed; one that was started for this would not end.
      if (slab === inFile) thread?.postMessage({ type: 'close' } satisfies SpillRequest)
      places.remove(slab)
    },
    async shutdown() {
      if (pending.size > 0) await new Promise<void>((resolve) => whenIdle.push(resolve))
      await thread?.terminate()
    },
  }
}

interface Places {
  /** The slab, or the path of the file; made when it is first asked for. */
  of(slot: Slot): SharedArrayBuffer | string
  remove(slab: number): void
}

function createPlaces(spillDirectory: () => string): Places {
  const slabs = new Map<number, SharedArrayBuffer>()
  let directory: string | undefined
  return {
    of({ slab }) {
      if (slab === inFile) {
        directory ??= createSpillDirectory(spillDirectory())
        return join(directory, 'blocks')
      }
      const found = slabs.get(slab) ?? new SharedArrayBuffer(slabBytes)
      slabs.set(slab, found)
      return found
    },
    remove(slab) {
      slabs.delete(slab)
      if (slab !== inFile || !directory) return
      removeSpillDirectory(directory)
      directory = undefined
    },
  }
}

function spillError(
  { code, message }: { code: string; message: string },
  { type, slot }: MoveAction,
  folder: string,
): NdloomError {
  const block = `${type}: a block of ${formatBytes(slot.bytes)}`
  if (slot.slab !== inFile)
    return new NdloomError(`${block} found no memory outside the heap: ${message}; use a lower memoryLimit`)
  const cure =
    'point NDLOOM_SPILL_DIRECTORY (or configure({ spillDirectory })) at a disk with more room, or raise memoryLimit'
  const reason = code === 'ENOSPC' || code === 'EDQUOT' ? 'its disk is full' : message
  const what = type === 'spill' ? 'cannot be written to' : 'cannot be read from'
  return new StorageError(`${block} ${what} ${folder}: ${reason}; ${cure}`)
}

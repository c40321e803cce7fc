import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { internal } from '../core/errors.ts'

/** What the spill thread is asked for: to move bytes between the heap and a slab or the file, or to close the file. */
export type SpillRequest =
  | {
      readonly type: 'spill' | 'reload'
      readonly move: number
      /** Byte address in the heap. */
      readonly address: number
      readonly bytes: number
      /** Byte offset in the slab or the file. */
      readonly offset: number
      /** The slab, or the path of the file. */
      readonly place: SharedArrayBuffer | string
    }
  | { readonly type: 'close' }
/** `error`: why the move failed. */
export interface SpillAnswer {
  readonly move: number
  readonly error?: { readonly code: string; readonly message: string }
}

/** The most bytes that one system call moves. */
const largestCallBytes = 2 ** 30

let file: number | undefined
const openFile = (path: string): number => {
  file ??= openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  return file
}

function move({ type, address, bytes, offset, place }: SpillRequest & { type: 'spill' | 'reload' }): void {
  const { memory } = workerData as { memory: WebAssembly.Memory }
  const inHeap = new Uint8Array(memory.buffer, address, bytes)
  if (typeof place !== 'string') {
    const inSlab = new Uint8Array(place, offset, bytes)
    if (type === 'spill') inSlab.set(inHeap)
    else inHeap.set(inSlab)
    return
  }
  const descriptor = openFile(place)
  for (let done = 0; done < bytes; ) {
    const length = Math.min(bytes - done, largestCallBytes)
    const moved =
      type === 'spill'
        ? writeSync(descriptor, inHeap, done, length, offset + done)
        : readSync(descriptor, inHeap, done, length, offset + done)
    if (moved === 0)
      throw new Error(type === 'spill' ? 'the system writes no more' : `the file ends ${bytes - done} bytes early`)
    done += moved
  }
}

function close(): void {
  if (file !== undefined) closeSync(file)
  file = undefined
}

function serve(request: SpillRequest): SpillAnswer | undefined {
  if (request.type === 'close') {
    close()
    return undefined
  }
  try {
    move(request)
    return { move: request.move }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    return { move: request.move, error: { code, message } }
  }
}

const port = parentPort ?? internal('spill-thread: this is no worker')
port.on('message', (request: SpillRequest) => {
  const answer = serve(request)
  if (answer) port.postMessage(answer)
})

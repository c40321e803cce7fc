import { MemoryLimitError } from '../core/errors.ts'
import { scratchBytes } from '../kernel/spec.ts'
import type { Allocator } from './allocator.ts'

const pageBytes = 65536
const largestPages = 65536
/** Memory is grown in steps, as each makes new views in all threads necessary; it costs nothing before it is touched. */
const stepPages = 1024

/** The one memory that all threads share, and the blocks in it. */
export interface SharedHeap {
  readonly memory: WebAssembly.Memory
  /** A block's address, or undefined when there is no room. */
  allocate(bytes: number): number | undefined
  /** Makes the memory reach to the end of the last block. False when the process has no more address space. */
  reach(): boolean
  /** A region of scratchBytes for one executor. It comes on top of the heap's limit: blocks never have to make room for it. */
  takeScratch(): number
  giveScratch(address: number): void
  /** Bytes of all such regions. */
  readonly scratchBytes: number
}

/** `executors`: for so many there are regions at the start of the heap, where they are in no block's way. */
export function createSharedHeap(allocator: Allocator, executors = 0): SharedHeap {
  const memory = reserve()
  let takenBytes = 0
  let pages = 1

  const growTo = (wanted: number): boolean => {
    try {
      memory.grow(wanted - pages)
      pages = wanted
      return true
    } catch {
      return false
    }
  }
  const reach = (): boolean => {
    const needed = Math.ceil(allocator.heapBytes / pageBytes)
    if (needed <= pages) return true
    return (
      growTo(Math.min(Math.max(needed, pages + stepPages, Math.ceil(pages * 1.25)), largestPages)) || growTo(needed)
    )
  }
  const allocate = (bytes: number): number | undefined => {
    const address = allocator.allocate(bytes)
    if (address === undefined || reach()) return address
    allocator.free(address)
    return undefined
  }
  const newScratch = (): number => {
    allocator.limitBytes += scratchBytes
    const fresh = allocate(scratchBytes)
    if (fresh === undefined) {
      allocator.limitBytes -= scratchBytes
      throw heapError(allocator.heapBytes + scratchBytes)
    }
    takenBytes += scratchBytes
    return fresh
  }
  const freeScratch = Array.from({ length: executors }, newScratch)
  return {
    memory,
    allocate,
    reach,
    takeScratch: () => freeScratch.pop() ?? newScratch(),
    giveScratch: (address) => freeScratch.push(address),
    get scratchBytes() {
      return takenBytes
    },
  }
}

export const heapError = (neededBytes: number): MemoryLimitError =>
  new MemoryLimitError(
    `compute: the heap cannot grow to ${neededBytes} bytes, there is no more address space; use a lower memoryLimit`,
    neededBytes,
    largestPages * pageBytes,
  )

/** 4 GiB of addresses, or fewer where the process may not have so many. */
function reserve(): WebAssembly.Memory {
  let error: unknown
  for (let maximum = largestPages; maximum >= stepPages; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: 1, maximum, shared: true })
    } catch (failure) {
      error = failure
    }
  }
  throw error
}

import { internal } from '../core/errors.ts'
import { type Allocator, createAllocator } from './allocator.ts'

/** Where a block outside the heap lies: at a byte offset of a slab of ordinary memory, or of the file (`slab` is -1). */
export interface Slot {
  readonly slab: number
  readonly offset: number
  readonly bytes: number
}
export const inFile = -1

/** The places for blocks that have left the heap: slabs of memory while `slabLimitBytes` allow, then one file. */
export interface Slots {
  /** A free place; `mayUseSlabs`: else it lies in the file. */
  take(bytes: number, mayUseSlabs: boolean): Slot
  give(slot: Slot): void
  /** Bytes in use. */
  readonly slabBytes: number
  readonly fileBytes: number
  /** Slabs, or the file (-1), that have come to hold no block since this was last asked: what they take can be given back. */
  takeEmptied(): readonly number[]
  /** Bytes that slabs may take together. */
  slabLimitBytes: number
}

/** The most bytes of one slab. */
export const slabBytes = 2 ** 30
/** The file is cut into pages: numbers of units stay small up to 8 TiB, and reads and writes begin where the system's pages do. */
const pageBytes = 4096
const unitBytes = 64
const largestUnits = 2 ** 31 - 1

export function createSlots(slabLimitBytes: number): Slots {
  const slabs: Allocator[] = []
  const file = createAllocator(largestUnits * unitBytes, largestUnits * unitBytes)
  const emptied = new Set<number>()
  let limitBytes = slabLimitBytes

  const note = (slot: Slot): Slot => {
    emptied.delete(slot.slab)
    return slot
  }
  const takeInSlab = (bytes: number): Slot | undefined => {
    for (let slab = 0; ; slab++) {
      const roomBytes = limitBytes - slab * slabBytes
      if (roomBytes < bytes) return undefined
      slabs[slab] ??= createAllocator(0)
      slabs[slab].limitBytes = Math.min(slabBytes, roomBytes) - unitBytes
      const offset = slabs[slab].allocate(bytes)
      if (offset !== undefined) return note({ slab, offset, bytes })
    }
  }
  return {
    take(bytes, mayUseSlabs) {
      const inSlab = mayUseSlabs ? takeInSlab(bytes) : undefined
      if (inSlab) return inSlab
      const address = file.allocate(Math.ceil(bytes / pageBytes) * unitBytes)
      if (address === undefined) internal('the file for blocks out of memory has reached 8 TiB')
      return note({ slab: inFile, offset: (address / unitBytes) * pageBytes, bytes })
    },
    give({ slab, offset }) {
      const allocator = slab === inFile ? file : slabs[slab]
      allocator.free(slab === inFile ? (offset / pageBytes) * unitBytes : offset)
      if (allocator.usedBytes === 0) emptied.add(slab)
    },
    get slabBytes() {
      return slabs.reduce((sum, slab) => sum + slab.usedBytes, 0)
    },
    get fileBytes() {
      return (file.usedBytes / unitBytes) * pageBytes
    },
    takeEmptied() {
      const taken = [...emptied]
      emptied.clear()
      return taken
    },
    get slabLimitBytes() {
      return limitBytes
    },
    set slabLimitBytes(bytes) {
      limitBytes = Math.max(0, bytes)
    },
  }
}

import { internal } from '../core/errors.ts'
import { lowestBit } from './bits.ts'

/** Addresses and sizes of blocks are multiples of this many bytes. */
const blockAlignment = 64
/** The largest heap: 4 GiB less a page, so that every end address is a 32-bit number. */
export const largestHeapBytes = 2 ** 32 - 2 ** 16

/** Bytes that a block takes in the heap. */
export const blockSize = (bytes: number): number => Math.ceil(bytes / blockAlignment) * blockAlignment

/**
 * Blocks of one heap. `heapBytes` is how far memory has been handed out since the start; below it memory was used before and is
 * cheap to use again (the first touch of fresh memory costs more than the arithmetic on it), so it grows only when nothing fits.
 */
export interface Allocator {
  /** The byte address of a new block, or undefined when there is no room below `limitBytes`. Never 0; `bytes` is positive. */
  allocate(bytes: number): number | undefined
  free(address: number): void
  readonly usedBytes: number
  readonly heapBytes: number
  /** May be changed at any time; what is in use stays. */
  limitBytes: number
}

/** Classes of free blocks: sizes (in units of 64 bytes) below 32 have one each, every power of two above is cut into 32. */
const subdivisions = 32
const rowCount = 28
const none = -1
const inUse = -2

function classOf(units: number): number {
  if (units < subdivisions) return units
  const exponent = 31 - Math.clz32(units)
  return (exponent - 4) * subdivisions + ((units >>> (exponent - 5)) & (subdivisions - 1))
}

/** Blocks as a list in address order (next, previous), in typed arrays that grow; spare entries are chained through `next`. */
class BlockList {
  start = new Int32Array(64)
  units = new Int32Array(64)
  next = new Int32Array(64)
  previous = new Int32Array(64)
  /** Neighbours in the list of free blocks of one class; `freePrevious` is `inUse` for a block that is not free. */
  freeNext = new Int32Array(64)
  freePrevious = new Int32Array(64)
  last = none
  private spare = none
  private length = 0

  /** A new block behind `before`. */
  insert(before: number, start: number, units: number): number {
    const block = this.spare !== none ? this.spare : this.extend()
    if (block === this.spare) this.spare = this.next[block]
    this.start[block] = start
    this.units[block] = units
    this.previous[block] = before
    this.next[block] = before === none ? none : this.next[before]
    if (before !== none) this.next[before] = block
    if (this.next[block] !== none) this.previous[this.next[block]] = block
    else this.last = block
    return block
  }
  /** Joins a block with the one behind it. */
  absorbNext(block: number): void {
    const gone = this.next[block]
    this.units[block] += this.units[gone]
    this.next[block] = this.next[gone]
    if (this.next[block] !== none) this.previous[this.next[block]] = block
    else this.last = block
    this.next[gone] = this.spare
    this.spare = gone
  }
  private extend(): number {
    if (this.length === this.start.length) {
      for (const name of ['start', 'units', 'next', 'previous', 'freeNext', 'freePrevious'] as const) {
        const longer = new Int32Array(2 * this.length)
        longer.set(this[name])
        this[name] = longer
      }
    }
    return this.length++
  }
}

/** Free blocks by class, with a bit for each class that has any: the smallest class that surely fits is found at once. */
class FreeLists {
  private readonly first = new Int32Array(rowCount * subdivisions).fill(none)
  private readonly filled = new Int32Array(rowCount)
  private filledRows = 0
  private readonly blocks: BlockList
  constructor(blocks: BlockList) {
    this.blocks = blocks
  }
  add(block: number): void {
    const { freeNext, freePrevious, units } = this.blocks
    const index = classOf(units[block])
    const head = this.first[index]
    freeNext[block] = head
    freePrevious[block] = none
    if (head !== none) freePrevious[head] = block
    this.first[index] = block
    this.filled[index >>> 5] |= 1 << (index & 31)
    this.filledRows |= 1 << (index >>> 5)
  }
  remove(block: number): void {
    const { freeNext, freePrevious, units } = this.blocks
    const next = freeNext[block]
    const previous = freePrevious[block]
    freePrevious[block] = inUse
    if (next !== none) freePrevious[next] = previous
    if (previous !== none) {
      freeNext[previous] = next
      return
    }
    const index = classOf(units[block])
    this.first[index] = next
    if (next !== none) return
    this.filled[index >>> 5] &= ~(1 << (index & 31))
    if (this.filled[index >>> 5] === 0) this.filledRows &= ~(1 << (index >>> 5))
  }
  /** A free block of at least `units`: a few of its own class are tried, then the next class, at last all of its own class. */
  find(units: number): number {
    const index = classOf(units)
    const near = this.search(index, units, 8)
    if (near !== none) return near
    const row = index >>> 5
    const above = (index & 31) === 31 ? 0 : this.filled[row] & (-2 << (index & 31))
    if (above !== 0) return this.first[row * 32 + lowestBit(above)]
    const rows = this.filledRows & (-2 << row)
    if (rows !== 0) return this.first[lowestBit(rows) * 32 + lowestBit(this.filled[lowestBit(rows)])]
    return this.search(index, units, Number.POSITIVE_INFINITY)
  }
  private search(index: number, units: number, tries: number): number {
    let block = this.first[index]
    for (; block !== none && tries > 0; tries--) {
      if (this.blocks.units[block] >= units) return block
      block = this.blocks.freeNext[block]
    }
    return none
  }
}

/**
 * A two-level segregated fit allocator (M. Masmano et al., "TLSF: a new dynamic memory allocator for real-time systems", 2004):
 * constant time, blocks joined with their free neighbours at once, what was freed last is used first. No address lies beyond
 * `largestBytes`.
 */
export function createAllocator(limitBytes: number, largestBytes = largestHeapBytes): Allocator {
  const blocks = new BlockList()
  const free = new FreeLists(blocks)
  const blockAt = new Map<number, number>()
  let endUnits = 1
  let usedUnits = 0
  let limit = limitBytes

  /** The heap begins at the address 64 (no block has the address 0), so it ends that far behind its limit. */
  const end = (): number => Math.min(limit + blockAlignment, largestBytes)

  /** Grows the heap for a block of `units`, from the free block at its end if there is one. */
  function grow(units: number): number {
    const last = blocks.last
    const lastIsFree = last !== none && blocks.freePrevious[last] !== inUse
    const extra = lastIsFree ? units - blocks.units[last] : units
    if ((endUnits + extra) * blockAlignment > end()) return none
    const block = lastIsFree ? last : blocks.insert(last, endUnits, units)
    if (lastIsFree) free.remove(last)
    blocks.units[block] = units
    blocks.freePrevious[block] = inUse
    endUnits += extra
    return block
  }
  function take(units: number): number {
    const block = free.find(units)
    if (block === none) return grow(units)
    free.remove(block)
    const rest = blocks.units[block] - units
    if (rest > 0) {
      blocks.units[block] = units
      free.add(blocks.insert(block, blocks.start[block] + units, rest))
    }
    return block
  }
  return {
    allocate(bytes) {
      const units = Math.ceil(bytes / blockAlignment)
      if (!(units > 0)) internal(`allocate: ${bytes} bytes`)
      if (units * blockAlignment > end()) return undefined
      const block = take(units)
      if (block === none) return undefined
      const address = blocks.start[block] * blockAlignment
      blockAt.set(address, block)
      usedUnits += units
      return address
    },
    free(address) {
      let block = blockAt.get(address)
      if (block === undefined) internal(`free: there is no block at ${address}`)
      blockAt.delete(address)
      usedUnits -= blocks.units[block]
      const next = blocks.next[block]
      if (next !== none && blocks.freePrevious[next] !== inUse) {
        free.remove(next)
        blocks.absorbNext(block)
      }
      const previous = blocks.previous[block]
      if (previous !== none && blocks.freePrevious[previous] !== inUse) {
        free.remove(previous)
        blocks.absorbNext(previous)
        block = previous
      }
      free.add(block)
    },
    get usedBytes() {
      return usedUnits * blockAlignment
    },
    get heapBytes() {
      return endUnits * blockAlignment
    },
    get limitBytes() {
      return limit
    },
    set limitBytes(bytes) {
      limit = bytes
    },
  }
}

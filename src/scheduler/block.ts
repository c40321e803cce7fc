import type { Slot } from './slots.ts'

/** Where a block is. `leaving`: in the heap, being written out; `coming`: being read back to an address that is its own already. */
export const place = { heap: 0, leaving: 1, away: 2, coming: 3 } as const

/** The block of a finished or running task. */
export interface Block {
  /** Bytes that it takes in the heap. */
  readonly bytes: number
  /** Byte address in the heap; 0 while it is away. */
  address: number
  place: number
  /** Where it was written to. In the file the copy stays good when the block comes back, so that it need not be written again. */
  slot: Slot | undefined
  /** Somebody wants a block that is leaving: it stays. */
  wanted: boolean
  /** Nobody needs it any more: it is freed when its move is over. */
  unwanted: boolean
  /** The number of a block that outlived its job (persist); 0: it belongs to a job. */
  kept: number
  /** Of a kept block: its owner, and every job's task that stands for it. */
  holders: number
}

export const createBlock = (bytes: number, address: number): Block => ({
  bytes,
  address,
  place: place.heap,
  slot: undefined,
  wanted: false,
  unwanted: false,
  kept: 0,
  holders: 0,
})

import type { Budget } from '../plan/staged-reads.ts'
import { blockSize } from '../scheduler/allocator.ts'
import { allowedAheadBytes, memoryProfile } from '../scheduler/profile.ts'
import { type TaskTable, taskFlag } from '../scheduler/types.ts'
import type { Settings } from './options.ts'

/** What is known of the memory of a run before it begins, in bytes. */
export interface Needs {
  /** What blocks take when the tasks run one by one in order, and none is spilled. */
  readonly inOrderBytes: number
  /** All blocks together. */
  readonly allBytes: number
  readonly largestBlockBytes: number
  /** The largest block that goes to the reader of a stream, who has a copy of it; 0 where none does. */
  readonly deliveredBytes: number
  /** Whole results, in the heap or in arrays of their own. */
  readonly resultBytes: number
}

/** What a run may take, in bytes. It holds because the run is held to it. */
export interface Forecast {
  /** Blocks, results and what the reader of a stream has, together. */
  readonly peakBytes: number
  /** The limit of its blocks. */
  readonly blockBytes: number
}

/** Results that leave less than this part of the limit for blocks are not planned for. */
const leastShare = 1 / 8

/** What the planner may count on: the limit less whole results where these fit; each worker has a task under way, and two wait. */
export function budgetOf({ limitBytes, workers }: Settings, resultBytes: number): Budget {
  const besideResultBytes = limitBytes - resultBytes
  return {
    roomBytes: besideResultBytes >= leastShare * limitBytes ? besideResultBytes : limitBytes,
    concurrency: Math.max(1, workers) + 2,
  }
}

/** How many delivered blocks may wait for the reader. */
export const readAheadOf = (workers: number): number => Math.max(2, 2 * workers)

/**
 * What the tasks need in order, what may be made ahead of its turn, and what the run takes besides its blocks, but no more than the limit.
 */
export function forecast({ limitBytes, workers }: Settings, needs: Needs): Forecast {
  const { inOrderBytes, allBytes, largestBlockBytes, deliveredBytes, resultBytes } = needs
  const aheadBytes = allowedAheadBytes(largestBlockBytes, workers) + readAheadOf(workers) * deliveredBytes
  const wantedBytes = Math.min(allBytes, inOrderBytes + aheadBytes)
  const blockBytes = Math.min(wantedBytes, Math.max(0, limitBytes - deliveredBytes - resultBytes))
  return { peakBytes: blockBytes + deliveredBytes + resultBytes, blockBytes }
}

/** The needs of tasks that are laid out. */
export function needsOf(table: TaskTable, resultBytes: number): Needs {
  const { remainingPeakBytes, largestBlockBytes } = memoryProfile(table)
  let [deliveredBytes, allBytes] = [0, 0]
  for (let task = 0; task < table.count; task++) {
    const bytes = blockSize(table.outputBytes[task])
    allBytes += bytes
    if (table.flags[task] & taskFlag.deliver && bytes > deliveredBytes) deliveredBytes = bytes
  }
  return { inOrderBytes: remainingPeakBytes[0], allBytes, largestBlockBytes, deliveredBytes, resultBytes }
}

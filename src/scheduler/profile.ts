import { blockSize } from './allocator.ts'
import { type TaskTable, taskFlag } from './types.ts'

/**
 * What a job's blocks take when its tasks run one by one in the order of the table, every delivered block being taken at once: the
 * least that a run needs without spilling. Blocks that are given count while a task reads them. Kept for groups of 32 tasks, so it costs a quarter byte a task.
 */
export interface MemoryProfile {
  /** Most bytes at any task of the group. */
  readonly groupPeakBytes: Float64Array
  /** Most bytes at any task of the group or after it. */
  readonly remainingPeakBytes: Float64Array
  readonly largestBlockBytes: number
  /** Most bytes that one task needs at once: its inputs and its output. */
  readonly largestTaskBytes: number
}

const groupShift = 5

export function memoryProfile(table: TaskTable): MemoryProfile {
  const { count, inputStart, inputs, outputBytes, flags, given } = table
  const remaining = new Int32Array(count)
  for (let k = 0; k < inputStart[count]; k++) remaining[inputs[k]]++
  const lastReader = new Int32Array(count).fill(-1)
  const groupPeakBytes = new Float64Array((count >>> groupShift) + 1)
  let live = 0
  let largestBlockBytes = 0
  let largestTaskBytes = 0
  for (let task = 0; task < count; task++) {
    if (given?.has(task)) continue
    const bytes = blockSize(outputBytes[task])
    const group = task >>> groupShift
    let taskBytes = bytes
    live += bytes
    const liveBytes = live
    let givenBytes = 0
    for (let k = inputStart[task]; k < inputStart[task + 1]; k++) {
      const input = inputs[k]
      const inputBytes = blockSize(outputBytes[input])
      if (lastReader[input] !== task) {
        taskBytes += inputBytes
        if (given?.has(input)) givenBytes += inputBytes
      }
      lastReader[input] = task
      if (--remaining[input] === 0 && (flags[input] & taskFlag.keep) === 0 && !given?.has(input)) live -= inputBytes
    }
    if (liveBytes + givenBytes > groupPeakBytes[group]) groupPeakBytes[group] = liveBytes + givenBytes
    if (remaining[task] === 0 && (flags[task] & taskFlag.keep) === 0) live -= bytes
    if (bytes > largestBlockBytes) largestBlockBytes = bytes
    if (taskBytes > largestTaskBytes) largestTaskBytes = taskBytes
  }
  const remainingPeakBytes = groupPeakBytes.slice()
  for (let group = remainingPeakBytes.length - 2; group >= 0; group--) {
    remainingPeakBytes[group] = Math.max(remainingPeakBytes[group], remainingPeakBytes[group + 1])
  }
  return { groupPeakBytes, remainingPeakBytes, largestBlockBytes, largestTaskBytes }
}

/** Most bytes from a task on. */
export const remainingPeak = (profile: MemoryProfile, task: number): number =>
  profile.remainingPeakBytes[task >>> groupShift]

/** Most bytes (an upper bound) while the tasks from `first` to before `end` run. */
export function peakBetween(profile: MemoryProfile, first: number, end: number): number {
  let peak = 0
  for (let group = first >>> groupShift; group <= end >>> groupShift; group++) {
    if (profile.groupPeakBytes[group] > peak) peak = profile.groupPeakBytes[group]
  }
  return peak
}

/** Bytes that a run in order needs at least. */
export const sequentialPeakBytes = (table: TaskTable): number => memoryProfile(table).remainingPeakBytes[0]

/** Bytes of blocks made ahead of their turn that are always allowed, and how many such blocks there may be for each worker. */
const aheadBytes = 64 * 2 ** 20
const aheadBlocksPerWorker = 4

/** Bytes of blocks that may be made ahead of their turn, where there is room. */
export const allowedAheadBytes = (largestBlockBytes: number, workers: number): number =>
  Math.max(aheadBytes, aheadBlocksPerWorker * Math.max(1, workers) * largestBlockBytes)

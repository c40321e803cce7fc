import { type JobState, outputSize, taskState } from './job.ts'
import { foreignBytes, type SchedulerState } from './model.ts'
import { allowedAheadBytes, peakBetween, remainingPeak } from './profile.ts'
import { taskFlag } from './types.ts'

/*
 * Which tasks may start, so that memory never runs out for those that must.
 *
 * The order of a table is made so that running strictly in order needs least memory. Call the lowest unfinished task the frontier,
 * and blocks behind it "ahead". A state is safe when every task from the frontier on, run in order, finds room: what it needs in
 * order (memoryProfile) plus all blocks that are ahead stays below the limit. The frontier may always start; another task only when
 * the state is safe with its block counted as ahead (the banker's algorithm), or when it frees at least what it makes. So the frontier
 * always finds room once running tasks have ended and readers have given back their blocks, and no order of events ends in a deadlock.
 */

/** Starts to count a task's block: reserves its memory. False, and nothing changed, when it may not start now. */
export function admit(state: SchedulerState, job: JobState, task: number): boolean {
  const delivers = (job.table.flags[task] & taskFlag.deliver) !== 0
  if (delivers && !readerHasRoom(job, task)) return false
  const bytes = outputSize(job, task)
  if (bytes > 0) {
    if (task !== job.frontier && !mayRunAhead(state, job, task, bytes)) return false
    const address = job.usedBytes + bytes <= job.options.limitBytes ? state.heap.allocate(bytes) : undefined
    if (address === undefined) {
      if (task === job.frontier) deny(state, job, bytes)
      return false
    }
    job.address[task] = address
    changeBytes(state, job, task, bytes)
  }
  if (delivers) job.untaken++
  return true
}

/** Undoes `admit` for a task that has to run again. */
export function withdraw(state: SchedulerState, job: JobState, task: number): void {
  if (job.table.flags[task] & taskFlag.deliver) job.untaken--
  freeBlock(state, job, task)
}

/** Frees the block of a finished task if nobody needs it any more. */
export function releaseIfUnused(state: SchedulerState, job: JobState, task: number): void {
  if (job.readers[task] > 0 || job.state[task] !== taskState.finished || job.table.flags[task] & taskFlag.keep) return
  freeBlock(state, job, task)
}

export function freeBlock(state: SchedulerState, job: JobState, task: number): void {
  const address = job.address[task]
  if (address === 0) return
  job.address[task] = 0
  state.heap.free(address)
  changeBytes(state, job, task, -outputSize(job, task))
}

/** Moves the frontier over finished tasks: the blocks it passes are not ahead any more. */
export function advanceFrontier(state: SchedulerState, job: JobState): void {
  const { count } = job.table
  while (job.frontier < count && job.state[job.frontier] >= taskState.finished) {
    job.frontier++
    if (job.frontier < count && job.address[job.frontier] !== 0) {
      job.aheadBytes -= outputSize(job, job.frontier)
      state.aheadBytes -= outputSize(job, job.frontier)
    }
  }
  const needed = remainingPeak(job.profile, job.frontier)
  state.neededBytes += needed - job.neededBytes
  job.neededBytes = needed
}

/** Takes a job into the sums of the active ones, or out of them (its blocks that still are belong to others then). */
export function countActive(state: SchedulerState, job: JobState, sign: 1 | -1): void {
  job.active = sign > 0
  state.jobBytes += sign * job.usedBytes
  state.neededBytes += sign * job.neededBytes
  state.aheadBytes += sign * job.aheadBytes
}

/** Whether a job that waits fits beside the active ones, whatever they do. */
export const fitsBeside = (state: SchedulerState, job: JobState): boolean =>
  state.neededBytes + state.aheadBytes + foreignBytes(state) + job.neededBytes <= state.heap.limitBytes

function changeBytes(state: SchedulerState, job: JobState, task: number, bytes: number): void {
  job.usedBytes += bytes
  state.jobBytes += bytes
  if (job.usedBytes > job.peakBytes) job.peakBytes = job.usedBytes
  if (task > job.frontier) {
    job.aheadBytes += bytes
    state.aheadBytes += bytes
  }
}

function deny(state: SchedulerState, job: JobState, bytes: number): void {
  job.deniedStep = state.steps
  job.deniedBytes = bytes
}

/** Back-pressure: at most `readAhead` delivered blocks are being made or wait for the reader; with order kept, the next ones. */
function readerHasRoom(job: JobState, task: number): boolean {
  if (!job.options.ordered) return job.untaken < job.options.readAhead
  const end = job.nextTaken + job.options.readAhead
  return end >= job.deliveries.length || task < job.deliveries[end]
}

function mayRunAhead(state: SchedulerState, job: JobState, task: number, bytes: number): boolean {
  const allowed = allowedAheadBytes(job.profile.largestBlockBytes, job.options.workers)
  const frontierWaits = job.deniedStep === state.steps
  if (!frontierWaits && job.aheadBytes + bytes <= allowed && isSafe(state, job, task, bytes)) return true
  return bytes <= freedBytes(job, task, bytes)
}

function isSafe(state: SchedulerState, job: JobState, task: number, bytes: number): boolean {
  const ofOthers = state.neededBytes - job.neededBytes + state.aheadBytes - job.aheadBytes + foreignBytes(state)
  const room = Math.min(job.options.limitBytes, state.heap.limitBytes - ofOthers) - job.aheadBytes - bytes
  return job.neededBytes <= room || peakBetween(job.profile, job.frontier, task) <= room
}

/** Bytes that surely become free when the task has run: inputs that nothing else reads, and its own block if nobody needs it. */
function freedBytes(job: JobState, task: number, bytes: number): number {
  const { inputStart, inputs, flags } = job.table
  let freed = job.readers[task] === 0 && (flags[task] & (taskFlag.keep | taskFlag.deliver)) === 0 ? bytes : 0
  for (let k = inputStart[task]; k < inputStart[task + 1]; k++) {
    const input = inputs[k]
    if (job.readers[input] === 1 && job.state[input] === taskState.finished && !(flags[input] & taskFlag.keep)) {
      freed += outputSize(job, input)
    }
  }
  return freed
}

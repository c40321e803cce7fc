import { type Block, createBlock, place } from './block.ts'
import { type JobState, outputSize, takenBytes, taskState } from './job.ts'
import { foreignBytes, type SchedulerState } from './model.ts'
import { allowedAheadBytes, peakBetween, remainingPeak } from './profile.ts'
import { inFile, type Slot } from './slots.ts'
import { taskFlag } from './types.ts'

/*
 * Which tasks may start.
 *
 * The order of a table is made so that running strictly in order needs least memory. Call the lowest unfinished task the frontier,
 * and blocks behind it "ahead". The frontier may always start: where there is no room, blocks that nobody uses at the moment leave the
 * heap for it (eviction.ts). So a job ends as long as each single task fits, with its block and its inputs.
 *
 * Running ahead of the order should make nothing leave. A state is safe when every task from the frontier on, run in order, finds
 * room: what it needs in order (memoryProfile) plus all blocks that are ahead stays below the limit. Another task than the frontier may
 * start when the state is safe with its block counted as ahead (the banker's algorithm), or when it frees at least what it makes. A
 * job that does not fit without spilling runs ahead within a part of its memory.
 */

/** The part of its limit that blocks ahead may take when the job has to spill. */
const aheadPartOfSpilling = 1 / 4

/** Starts to count a task's block: reserves its memory. False, and nothing changed, when it may not start now. */
export function admit(state: SchedulerState, job: JobState, task: number): boolean {
  if (!mayDeliver(job, task)) return false
  if (state.awayCount > 0 && !hasInputs(job, task)) return false
  const bytes = outputSize(job, task)
  if (bytes > 0) {
    if (task > job.frontier && !mayRunAhead(state, job, task, bytes)) return false
    const address = allocate(state, job, task, bytes, true)
    if (address === undefined) return false
    job.blocks[task] = createBlock(bytes, address)
    changeBytes(state, job, task, bytes)
  }
  if (delivers(job, task)) job.untaken++
  return true
}

/** Whether the task's block goes to the reader when it is made. */
const delivers = ({ table, dropped }: JobState, task: number): boolean =>
  (table.flags[task] & taskFlag.deliver) !== 0 && !dropped.has(task)

/** Whether the reader can have the task's block, if it gets it. */
export const mayDeliver = (job: JobState, task: number): boolean => !delivers(job, task) || readerHasRoom(job, task)

/**
 * A place for a block that the job's task makes or reads, or undefined. A task that is next in order and finds none is noted, so that
 * room is made for it. `isOwn`: the block counts as the job's (a kept one does not).
 */
export function allocate(
  state: SchedulerState,
  job: JobState,
  task: number,
  bytes: number,
  isOwn: boolean,
): number | undefined {
  const isNext = task <= job.frontier
  if (isOwn && takenBytes(job) + bytes > job.options.limitBytes) {
    if (isNext) deny(state, job, bytes)
    if (isNext && state.hungry === job) state.hungry = undefined
    return undefined
  }
  if (state.hungry && !(state.hungry === job && isNext)) return undefined
  const mayTake = !state.compacting && (isNext || fitsBesideReaders(state, bytes))
  const address = mayTake ? state.heap.allocate(bytes) : undefined
  if (address === undefined && isNext) {
    deny(state, job, bytes)
    state.hungry = job
  }
  return address
}

const fitsBesideReaders = (state: SchedulerState, bytes: number): boolean =>
  state.heap.usedBytes + state.readerBytes + bytes <= state.heap.limitBytes

/** Whether all that the task reads is in the heap (or is made before it in its batch). */
export function hasInputs(job: JobState, task: number): boolean {
  const { inputStart, inputs } = job.table
  for (let k = inputStart[task]; k < inputStart[task + 1]; k++) if (!isInHeap(job, inputs[k])) return false
  return true
}
const isInHeap = (job: JobState, task: number): boolean => {
  const block = job.blocks[task]
  return block ? block.place === place.heap && !job.dropped.has(task) : outputSize(job, task) === 0
}

/** Whether the next task in order could start, if there is room for its block and for what it reads. */
export function mayStartNext(job: JobState): boolean {
  const { frontier, table } = job
  if (job.failure || frontier >= table.count || job.state[frontier] !== taskState.ready) return false
  return mayDeliver(job, frontier)
}
/** Whether the block that is to be delivered next has left the heap. */
export function awaitsDelivery({ options, failure, deliveries, nextDelivery, state, blocks }: JobState): boolean {
  const held = deliveries[nextDelivery]
  if (failure || !options.ordered || state[held] !== taskState.held) return false
  return blocks[held]?.place === place.away
}
/** Whether the next task in order could start but for what it reads, which has to come back. */
export const awaitsInputs = (job: JobState): boolean => mayStartNext(job) && !hasInputs(job, job.frontier)

/** Undoes `admit` for a task that has to run again. */
export function withdraw(state: SchedulerState, job: JobState, task: number): void {
  if (delivers(job, task)) job.untaken--
  freeBlock(state, job, task)
}

/** Frees the block of a finished task if nobody needs it any more: from now on a copy that the reader has not taken counts for it. */
export function releaseIfUnused(state: SchedulerState, job: JobState, task: number): void {
  if (job.readers[task] > 0 || job.state[task] === taskState.held || job.table.flags[task] & taskFlag.keep) return
  if (job.state[task] < taskState.finished) return
  freeBlock(state, job, task)
  if (job.state[task] !== taskState.delivered) return
  job.copies.add(task)
  changeReaderBytes(state, job, outputSize(job, task))
}

export function freeBlock(state: SchedulerState, job: JobState, task: number): void {
  const block = job.blocks[task]
  if (block === undefined) return
  job.blocks[task] = undefined
  if (block.kept) {
    letGo(state, block)
    return
  }
  if (block.address !== 0) changeBytes(state, job, task, -block.bytes)
  freeBytes(state, job, block)
}

/** One holder fewer of a kept block; without any it is freed. */
export function letGo(state: SchedulerState, block: Block): void {
  if (--block.holders > 0) return
  state.kept.delete(block.kept)
  if (block.address !== 0) state.keptBytes -= block.bytes
  freeBytes(state, undefined, block)
}

/** Gives back a block's places, when nothing is being written to or read from them. */
export function freeBytes(state: SchedulerState, owner: JobState | undefined, block: Block): void {
  if (block.place === place.leaving || block.place === place.coming) {
    block.unwanted = true
    return
  }
  if (block.place === place.away) state.awayCount--
  else state.heap.free(block.address)
  if (block.slot) giveSlot(state, owner, block.slot)
}

/** A place outside the heap for a block of the job's, or for a kept one. Slabs are memory: the job's limit holds for them too. */
export function takeSlot(state: SchedulerState, owner: JobState | undefined, bytes: number): Slot {
  const slot = state.slots.take(bytes, !owner || fitsInSlabs(state, owner, bytes))
  if (owner && slot.slab !== inFile) changeSlabBytes(owner, bytes)
  return slot
}

export function giveSlot(state: SchedulerState, owner: JobState | undefined, slot: Slot): void {
  state.slots.give(slot)
  if (owner && slot.slab !== inFile) changeSlabBytes(owner, -slot.bytes)
}

/** What the job's limit leaves beside a full heap is for slabs: so they are never in the way of its blocks in the heap. */
const fitsInSlabs = (state: SchedulerState, job: JobState, bytes: number): boolean =>
  job.slabBytes + job.readerBytes + bytes <= job.options.limitBytes - state.heap.limitBytes

/** Moves the frontier over finished tasks: the blocks it passes are not ahead any more. */
export function advanceFrontier(state: SchedulerState, job: JobState): void {
  const { count } = job.table
  job.compactions = 0
  while (job.frontier < count && job.state[job.frontier] >= taskState.finished) {
    job.frontier++
    const block = job.frontier < count ? job.blocks[job.frontier] : undefined
    if (block && block.address !== 0 && !block.kept) {
      job.aheadBytes -= block.bytes
      state.aheadBytes -= block.bytes
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
  state.readerBytes += sign * job.readerBytes
}

/** Whether a job that waits fits beside the active ones, whatever they do. */
export const fitsBeside = (state: SchedulerState, job: JobState): boolean =>
  state.neededBytes + state.aheadBytes + state.readerBytes + foreignBytes(state) + job.neededBytes <=
  state.heap.limitBytes

/** Bytes of the job's blocks in the heap have changed. */
export function changeBytes(state: SchedulerState, job: JobState, task: number, bytes: number): void {
  job.usedBytes += bytes
  state.jobBytes += bytes
  notePeak(job)
  if (task > job.frontier) {
    job.aheadBytes += bytes
    state.aheadBytes += bytes
  }
}

/** Bytes of the copies that the job's reader has not taken have changed. */
export function changeReaderBytes(state: SchedulerState, job: JobState, bytes: number): void {
  job.readerBytes += bytes
  state.readerBytes += bytes
  notePeak(job)
}

function changeSlabBytes(job: JobState, bytes: number): void {
  job.slabBytes += bytes
  notePeak(job)
}

function notePeak(job: JobState): void {
  job.counts.peakBytes = Math.max(job.counts.peakBytes, takenBytes(job))
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
  if (!frontierWaits && job.aheadBytes + bytes <= allowed) {
    if (isSafe(state, job, task, bytes) || mayRunAheadSpilling(state, job, task, bytes)) return true
  }
  return bytes <= freedBytes(job, task, bytes)
}

function isSafe(state: SchedulerState, job: JobState, task: number, bytes: number): boolean {
  const ofOthers = state.neededBytes - job.neededBytes + state.aheadBytes - job.aheadBytes + foreignBytes(state)
  const room = roomBeside(state, job, ofOthers) - job.aheadBytes - bytes
  return job.neededBytes <= room || peakBetween(job.profile, job.frontier, task) <= room
}

const roomBeside = (state: SchedulerState, job: JobState, ofOthers: number): number =>
  Math.min(job.options.limitBytes - job.readerBytes, state.heap.limitBytes - state.readerBytes - ofOthers)

/** Whether the job cannot do without spilling: run in order it needs more than there is. */
export const mustSpill = (state: SchedulerState, job: JobState): boolean =>
  job.neededBytes > roomBeside(state, job, foreignBytes(state))

/** With the order of delivery kept, a block that is made too soon would have to leave until its turn comes: none is made. */
function mayRunAheadSpilling(state: SchedulerState, job: JobState, task: number, bytes: number): boolean {
  if (job.options.ordered && job.table.flags[task] & taskFlag.deliver) return false
  const allowed = aheadPartOfSpilling * roomBeside(state, job, foreignBytes(state))
  return job.aheadBytes + bytes <= allowed && mustSpill(state, job)
}

/** Bytes that surely become free when the task has run: inputs that nothing else reads, and its own block if nobody needs it. */
function freedBytes(job: JobState, task: number, bytes: number): number {
  const { inputStart, inputs, flags } = job.table
  let freed = job.readers[task] === 0 && (flags[task] & (taskFlag.keep | taskFlag.deliver)) === 0 ? bytes : 0
  for (let k = inputStart[task]; k < inputStart[task + 1]; k++) {
    const input = inputs[k]
    const staysUsed = job.readers[input] !== 1 || flags[input] & taskFlag.keep || job.blocks[input]?.kept
    if (!staysUsed && job.state[input] === taskState.finished) freed += outputSize(job, input)
  }
  return freed
}

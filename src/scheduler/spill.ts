import { type Block, place } from './block.ts'
import { type JobState, makeReady, outputSize, taskState } from './job.ts'
import { allocate, changeBytes, freeBytes, giveSlot, hasInputs, mayDeliver, takeSlot } from './memory.ts'
import type { Move, SchedulerState } from './model.ts'
import type { OrderedSet } from './ordered-set.ts'
import { inFile } from './slots.ts'
import { type SchedulerAction, taskFlag } from './types.ts'

/*
 * Blocks leave the heap and come back. Of a block that its task can make again only the bytes are dropped; others are written to a slot
 * (`spill`) and read back (`reload`) beside the kernels. A block that is leaving keeps its address until it has been written.
 */

/** How many of a job's next tasks, for each worker, get what they read before their turn. */
const recallsPerWorker = 2

/** A finished block that may leave the heap; `owner` is undefined for a kept one. */
export interface Resident {
  readonly block: Block
  readonly owner: JobState | undefined
  readonly task: number
}

/** Whether the block leaves at once, without being written. */
export const leavesAtOnce = ({ block, owner, task }: Resident): boolean =>
  block.slot !== undefined || isRemakable(owner, task)

const isRemakable = (owner: JobState | undefined, task: number): boolean =>
  owner !== undefined &&
  (owner.table.flags[task] & (taskFlag.again | taskFlag.keep)) === taskFlag.again &&
  owner.state[task] === taskState.finished

/** Lets a block leave the heap for `wantedBy`. */
export function evict(state: SchedulerState, resident: Resident, wantedBy: JobState, actions: SchedulerAction[]): void {
  const { block, owner, task } = resident
  state.awayCount++
  if (block.slot === undefined && isRemakable(owner, task)) {
    drop(state, owner!, task, block)
    wantedBy.counts.droppedBlocks++
  } else if (block.slot) leave(state, resident)
  else startMove(state, 'spill', resident, wantedBy, actions)
}

function drop(state: SchedulerState, owner: JobState, task: number, block: Block): void {
  owner.blocks[task] = undefined
  owner.dropped.add(task)
  changeBytes(state, owner, task, -block.bytes)
  state.heap.free(block.address)
}

/** The block's bytes are in its slot: its place in the heap is free. */
function leave(state: SchedulerState, { block, owner, task }: Resident): void {
  block.place = place.away
  state.heap.free(block.address)
  block.address = 0
  if (block.kept) state.keptBytes -= block.bytes
  else changeBytes(state, owner!, task, -block.bytes)
}

function startMove(
  state: SchedulerState,
  kind: Move['kind'],
  { block, owner, task }: Resident,
  wantedBy: JobState,
  actions: SchedulerAction[],
): void {
  const slot = block.slot ?? takeSlot(state, owner, block.bytes)
  block.place = kind === 'spill' ? place.leaving : place.coming
  if (kind === 'spill') state.leavingBytes += block.bytes
  const move = { id: state.nextMove++, kind, block, slot, owner, task, wantedBy }
  state.moves.set(move.id, move)
  actions.push({ type: kind, move: move.id, address: block.address, slot })
}

/** Brings back what the job's next task in order reads. */
export function recallNext(state: SchedulerState, job: JobState, actions: SchedulerAction[]): void {
  if (state.awayCount === 0 || job.failure) return
  const held = job.deliveries[job.nextDelivery]
  if (job.options.ordered && job.state[held] === taskState.held) bringBack(state, job, held, job.frontier, actions)
  for (const set of [job.ready, job.readyMain]) recallReaders(state, job, set, job.frontier, 1, actions)
}

/** The same for those after it, where there is room; not while the next one waits for a worker, for which room has been made. */
export function recallSoon(state: SchedulerState, job: JobState, actions: SchedulerAction[]): void {
  if (state.awayCount === 0 || job.failure || state.hungry || job.deniedStep === state.steps) return
  if (job.state[job.frontier] === taskState.ready) return
  const readers = recallsPerWorker * job.options.workers + 1
  for (const set of [job.ready, job.readyMain]) recallReaders(state, job, set, job.table.count, readers, actions)
}

/** For the first so many readers of a set, none behind `last`. */
function recallReaders(
  state: SchedulerState,
  job: JobState,
  set: OrderedSet,
  last: number,
  readers: number,
  actions: SchedulerAction[],
): void {
  const { inputStart, inputs } = job.table
  let left = readers
  for (let task = set.next(0); task >= 0 && task <= last && left > 0; task = set.next(task + 1)) {
    if (job.dropped.has(task)) continue
    left--
    if (hasInputs(job, task) || !mayDeliver(job, task)) continue
    for (let k = inputStart[task]; k < inputStart[task + 1]; k++)
      if (!bringBack(state, job, inputs[k], task, actions)) return
  }
}

/** Starts to bring back a task's block for its reader, if it is not in the heap. False when there is no room now. */
function bringBack(
  state: SchedulerState,
  job: JobState,
  task: number,
  reader: number,
  actions: SchedulerAction[],
): boolean {
  const block = job.blocks[task]
  if (block === undefined) return remake(state, job, task, reader)
  if (block.place === place.leaving && reader <= job.frontier && !state.compacting) block.wanted = true
  if (block.place !== place.away) return true
  const address = allocate(state, job, reader, block.bytes, !block.kept)
  if (address === undefined) return false
  block.address = address
  if (block.kept) state.keptBytes += block.bytes
  else changeBytes(state, job, task, block.bytes)
  startMove(state, 'reload', { block, owner: block.kept ? undefined : job, task }, job, actions)
  return true
}

/** Puts a task whose block was dropped among those that can run: for the next reader in any case, for another where there is room. */
function remake(state: SchedulerState, job: JobState, task: number, reader: number): boolean {
  if (!job.dropped.has(task) || job.state[task] !== taskState.finished) return true
  const bytes = outputSize(job, task)
  if (reader > job.frontier && state.heap.usedBytes + bytes > state.heap.limitBytes) return false
  makeReady(job, task)
  return true
}

/** A move is over, well or not. */
export function endMove(state: SchedulerState, move: Move, failed: boolean): void {
  const { kind, block, slot, owner, wantedBy } = move
  state.moves.delete(move.id)
  if (kind === 'spill') state.leavingBytes -= block.bytes
  if (!failed) wantedBy.counts[kind === 'spill' ? 'spilledBytes' : 'reloadedBytes'] += block.bytes
  const stays = kind === 'spill' ? failed || block.wanted : !failed
  const hasCopy = kind === 'reload' || !failed
  block.slot = hasCopy && (!stays || slot.slab === inFile) ? slot : undefined
  if (!block.slot) giveSlot(state, owner, slot)
  block.wanted = false
  block.place = place.heap
  if (block.unwanted || stays) state.awayCount--
  if (block.unwanted) freeBytes(state, owner, block)
  else if (!stays) leave(state, move)
}

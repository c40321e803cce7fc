import { type Block, place } from './block.ts'
import { type JobState, outputSize, takenBytes, taskState } from './job.ts'
import { mustSpill } from './memory.ts'
import type { SchedulerState } from './model.ts'
import { evict, leavesAtOnce, type Resident } from './spill.ts'
import { type SchedulerAction, taskFlag } from './types.ts'

/*
 * Which blocks leave the heap when it is full: those whose next reader in order is furthest (L. A. Belady, "A study of replacement
 * algorithms for a virtual-storage computer", 1966: no choice needs fewer moves); kept blocks that no job reads come first. Never
 * one that a running task reads.
 */

/** So much more than the next task needs leaves at once, so that tasks beside it and after it find room too. */
const spareBytes = 64 * 2 ** 20
const sparePart = 1 / 8
/** Blocks that are so much smaller than what finds no room (partial sums) leave last: they are many, and give little. */
const smallPart = 1 / 64
/** A block that one of the next so many tasks for each worker reads does not leave only to make room in time. */
const soonPerWorker = 4
/** After so many compactions without any task having finished, what is left of the heap is in too small pieces. */
const mostCompactions = 4

/**
 * Makes room for the jobs whose next task found none in this step, and in time for those that cannot do without spilling. True when
 * room was made at once (without a move), so that tasks may start.
 */
export function makeRoom(state: SchedulerState, actions: SchedulerAction[]): boolean {
  let atOnce = false
  for (const job of state.active) {
    if (job.failure) continue
    if (job.deniedStep === state.steps) atOnce = makeRoomFor(state, job, actions) || atOnce
    else if (isShort(state, job)) evictSpare(state, job, actions)
  }
  return atOnce
}

/** Bytes that should be free for a job that spills. */
const spareFor = (state: SchedulerState, job: JobState): number =>
  Math.min(
    sparePart * limitOf(state, job),
    Math.max(spareBytes, 2 * job.options.workers * job.profile.largestBlockBytes),
  )
const limitOf = (state: SchedulerState, job: JobState): number =>
  Math.min(job.options.limitBytes, state.heap.limitBytes)

const freeInHeap = (state: SchedulerState): number => state.heap.limitBytes - state.heap.usedBytes + state.leavingBytes
const freeOfJob = (job: JobState): number => job.options.limitBytes - takenBytes(job)

/** Whether a job that has to spill will soon find no room. */
function isShort(state: SchedulerState, job: JobState): boolean {
  if (state.hungry || !mustSpill(state, job)) return false
  return Math.min(freeInHeap(state), freeOfJob(job) + state.leavingBytes) < spareFor(state, job) / 2
}

function makeRoomFor(state: SchedulerState, job: JobState, actions: SchedulerAction[]): boolean {
  const ofJob = state.hungry !== job
  // Free bytes of the heap are not one place for a block.
  const missing = (bytes: number): number => bytes - state.leavingBytes - (ofJob ? Math.max(0, freeOfJob(job)) : 0)
  const needed = inputsOfNext(job)
  const found = residents(state, ofJob ? [job] : state.active, !ofJob)
  const others = found.filter(({ block }) => !needed.has(block))
  const large = others.filter(({ block }) => block.bytes >= smallPart * job.deniedBytes)
  if (others.length > 0)
    return evictFirst(
      state,
      job,
      large.length > 0 ? large : others,
      missing(job.deniedBytes),
      missing(spareFor(state, job)),
      actions,
    )
  const isAtRest = state.batches.size === 0 && state.moves.size === 0
  // What its own limit leaves does not depend on where blocks lie.
  if (ofJob || found.length === 0 || !isAtRest || job.compactions >= mostCompactions) return false
  job.compactions++
  state.compacting = true
  return evictFirst(state, job, found, Number.POSITIVE_INFINITY, 0, actions)
}

/** Makes room in time. */
function evictSpare(state: SchedulerState, job: JobState, actions: SchedulerAction[]): void {
  const inHeap = freeInHeap(state)
  const ofJob = freeOfJob(job) + state.leavingBytes
  const found = residents(state, [job], inHeap < ofJob).filter(
    ({ block }) => block.bytes >= smallPart * job.profile.largestBlockBytes,
  )
  evictFirst(state, job, found, 0, spareFor(state, job) - Math.min(inHeap, ofJob), actions)
}

/**
 * Lets blocks leave, the furthest first, until so many bytes are on their way: `neededBytes` whatever they are, up to `spareBytes` only
 * those that are read late enough. True when one left at once.
 */
function evictFirst(
  state: SchedulerState,
  job: JobState,
  found: Candidate[],
  neededBytes: number,
  spareBytes: number,
  actions: SchedulerAction[],
): boolean {
  const soon = soonPerWorker * Math.max(1, job.options.workers)
  found.sort((a, b) => b.distance - a.distance || Number(leavesAtOnce(b)) - Number(leavesAtOnce(a)))
  let bytes = 0
  let atOnce = false
  for (const candidate of found) {
    if (bytes >= neededBytes && (bytes >= spareBytes || candidate.distance <= soon)) break
    bytes += candidate.block.bytes
    atOnce = leavesAtOnce(candidate) || atOnce
    evict(state, candidate, job, actions)
  }
  return atOnce
}

interface Candidate extends Resident {
  /** How many tasks there are in order before the next that reads it. */
  readonly distance: number
}

/** The blocks that may leave: of these jobs, and those that were kept. */
function residents(state: SchedulerState, jobs: readonly JobState[], withKept: boolean): Candidate[] {
  const pinned = pinnedBlocks(state)
  const mayLeave = (block: Block): boolean => block.place === place.heap && !pinned.has(block)
  const found: Candidate[] = []
  for (const owner of jobs) {
    if (owner.failure) continue
    for (let task = 0; task < owner.table.count; task++) {
      const block = owner.blocks[task]
      if (block === undefined || block.kept || owner.state[task] < taskState.finished || !mayLeave(block)) continue
      found.push({ block, owner, task, distance: distanceOf(owner, task) })
    }
  }
  if (!withKept || state.kept.size === 0) return found
  const distances = keptDistances(state)
  for (const block of state.kept.values()) {
    const distance = distances.get(block) ?? Number.POSITIVE_INFINITY
    if (mayLeave(block)) found.push({ block, owner: undefined, task: -1, distance })
  }
  return found
}

function distanceOf(job: JobState, task: number): number {
  if (job.state[task] === taskState.held) return 0
  for (let k = job.dependentStart[task]; k < job.dependentStart[task + 1]; k++) {
    const reader = job.dependents[k]
    if (job.state[reader] < taskState.finished) return Math.max(0, reader - job.frontier)
  }
  return job.table.flags[task] & taskFlag.keep ? Number.POSITIVE_INFINITY : 0
}

function keptDistances(state: SchedulerState): Map<Block, number> {
  const distances = new Map<Block, number>()
  for (const job of state.active) {
    for (const task of job.table.given?.keys() ?? []) {
      const block = job.blocks[task]
      if (block) distances.set(block, Math.min(distances.get(block) ?? Number.POSITIVE_INFINITY, distanceOf(job, task)))
    }
  }
  return distances
}

/** What running tasks read. */
function pinnedBlocks(state: SchedulerState): Set<Block | undefined> {
  const pinned = new Set<Block | undefined>()
  for (const { id, job, tasks } of state.batches.values()) {
    for (const task of tasks)
      if (job.state[task] === taskState.running && job.batch[task] === id) addInputs(job, task, pinned)
  }
  return pinned
}

/** What the job's next task in order reads. */
function inputsOfNext(job: JobState): Set<Block | undefined> {
  const needed = new Set<Block | undefined>()
  if (job.frontier < job.table.count) addInputs(job, job.frontier, needed)
  return needed
}

function addInputs(job: JobState, task: number, into: Set<Block | undefined>): void {
  const { inputStart, inputs } = job.table
  for (let k = inputStart[task]; k < inputStart[task + 1]; k++)
    if (outputSize(job, inputs[k]) > 0) into.add(job.blocks[inputs[k]])
}

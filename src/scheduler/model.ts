import { type Allocator, createAllocator } from './allocator.ts'
import type { JobState } from './job.ts'
import { type JobId, mainThread, type WorkerId } from './types.ts'

/** Tasks that were sent to one worker in one message; it runs them in order and stops at the first that fails. */
export interface Batch {
  readonly id: number
  readonly job: JobState
  readonly worker: WorkerState
  readonly tasks: readonly number[]
  /** One task flagged `alone`: nothing is queued behind it. */
  readonly alone: boolean
  /** Tasks that have not ended. */
  running: number
}

export interface WorkerState {
  readonly id: WorkerId
  /** Oldest first: the order in which the worker runs them. */
  batches: Batch[]
  /** How many tasks it may still be given; then it is replaced. */
  tasksLeft: number
}

/** All that the scheduler knows. Only `step` and the functions it calls change it. */
export interface SchedulerState {
  /** Its limit holds for the blocks of all jobs and the regions of others together. */
  readonly heap: Allocator
  readonly jobs: Map<JobId, JobState>
  /** Jobs whose tasks may run, and those that wait until memory is sure to suffice; both oldest first. */
  readonly active: JobState[]
  readonly waiting: JobState[]
  readonly workers: Map<WorkerId, WorkerState>
  readonly main: WorkerState
  readonly tasksPerWorker: number
  /** Workers that were asked for and are not ready; how many were lost before they were ready, one after the other. */
  spawning: number
  spawnFailures: number
  readonly batches: Map<number, Batch>
  /** Batches by worker of the jobs of each group together. */
  readonly groups: WeakMap<object, Map<WorkerId, number>>
  nextBatch: number
  /** Counts the events. */
  steps: number
  /** Sums over the active jobs: bytes of their blocks, bytes they need in order, bytes of blocks made ahead. */
  jobBytes: number
  neededBytes: number
  aheadBytes: number
  /** The turn of the job that was served last. */
  turn: number
}

export function createState(limitBytes: number, tasksPerWorker = Number.POSITIVE_INFINITY): SchedulerState {
  return {
    heap: createAllocator(limitBytes),
    jobs: new Map(),
    active: [],
    waiting: [],
    workers: new Map(),
    main: { id: mainThread, batches: [], tasksLeft: Number.POSITIVE_INFINITY },
    tasksPerWorker,
    spawning: 0,
    spawnFailures: 0,
    batches: new Map(),
    groups: new WeakMap(),
    nextBatch: 1,
    steps: 0,
    jobBytes: 0,
    neededBytes: 0,
    aheadBytes: 0,
    turn: 0,
  }
}

/** Bytes of the heap that belong to no job that runs: results, kept blocks, scratch. */
export const foreignBytes = (state: SchedulerState): number => state.heap.usedBytes - state.jobBytes

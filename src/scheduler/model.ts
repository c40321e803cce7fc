import { type Allocator, createAllocator } from './allocator.ts'
import type { Block } from './block.ts'
import type { JobState } from './job.ts'
import { createSeats, joinSeats, type Seating } from './seats.ts'
import { createSlots, type Slot, type Slots } from './slots.ts'
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
  /** Its part of the workers that may be at work at once, where it is not the only machine of the process. */
  readonly seating: Seating
  readonly tasksPerWorker: number
  /** Workers that were asked for and are not ready; how many were lost before they were ready, one after the other. */
  spawning: number
  spawnFailures: number
  readonly batches: Map<number, Batch>
  /** Batches by worker of the jobs of each group together. */
  readonly groups: WeakMap<object, Map<WorkerId, number>>
  nextBatch: number
  /** Places for blocks that have left the heap; blocks under way, by the number of their move; blocks that outlived their jobs. */
  readonly slots: Slots
  readonly moves: Map<number, Move>
  nextMove: number
  readonly kept: Map<number, Block>
  nextKept: number
  /** Blocks that tasks wait for may be missing from the heap: how many are away or under way, or were dropped. */
  awayCount: number
  /** The job whose next task found no room in the heap: no other takes any before it has some. */
  hungry: JobState | undefined
  /** All blocks are leaving, so that what comes next lies without gaps: nothing takes room before they have left. */
  compacting: boolean
  /** Counts the events. */
  steps: number
  /** Sums over the active jobs: bytes of their blocks in the heap, bytes they need in order, bytes of blocks made ahead, of readers' copies. */
  jobBytes: number
  neededBytes: number
  aheadBytes: number
  readerBytes: number
  /** Bytes of kept blocks in the heap, and of blocks that are leaving it. */
  keptBytes: number
  leavingBytes: number
  /** The turn of the job that was served last. */
  turn: number
}

/** A block on its way out of the heap or back into it. */
export interface Move {
  readonly id: number
  readonly kind: 'spill' | 'reload'
  readonly block: Block
  readonly slot: Slot
  /** The job whose block it is and the number of its task there; undefined for a kept block. */
  readonly owner: JobState | undefined
  readonly task: number
  /** The job that needs the room, or the block: it fails when the move does. */
  readonly wantedBy: JobState
}

export function createState(
  limitBytes: number,
  slabLimitBytes = 0,
  tasksPerWorker = Number.POSITIVE_INFINITY,
  seats = createSeats(Number.POSITIVE_INFINITY),
): SchedulerState {
  return {
    heap: createAllocator(limitBytes),
    jobs: new Map(),
    active: [],
    waiting: [],
    workers: new Map(),
    main: { id: mainThread, batches: [], tasksLeft: Number.POSITIVE_INFINITY },
    seating: joinSeats(seats),
    tasksPerWorker,
    spawning: 0,
    spawnFailures: 0,
    batches: new Map(),
    groups: new WeakMap(),
    nextBatch: 1,
    slots: createSlots(slabLimitBytes),
    moves: new Map(),
    nextMove: 1,
    kept: new Map(),
    nextKept: 1,
    awayCount: 0,
    hungry: undefined,
    compacting: false,
    steps: 0,
    jobBytes: 0,
    neededBytes: 0,
    aheadBytes: 0,
    readerBytes: 0,
    keptBytes: 0,
    leavingBytes: 0,
    turn: 0,
  }
}

/** Bytes of the heap that belong to no job and cannot leave it: results, scratch, and blocks that nobody needs but that are under way. */
export const foreignBytes = (state: SchedulerState): number => state.heap.usedBytes - state.jobBytes - state.keptBytes

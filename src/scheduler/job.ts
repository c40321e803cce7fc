import { internal } from '../core/errors.ts'
import { blockSize } from './allocator.ts'
import type { Block } from './block.ts'
import { OrderedSet } from './ordered-set.ts'
import { type MemoryProfile, memoryProfile, remainingPeak } from './profile.ts'
import { type JobCounts, type JobId, type JobOptions, type TaskTable, taskFlag, type WorkerId } from './types.ts'

/** Where a task stands. From `finished` on it has made its block; where that is now the block itself tells. */
export const taskState = {
  waiting: 0,
  ready: 1,
  running: 2,
  finished: 3,
  /** Finished; its block is held for the reader, whose turn has not come. */
  held: 4,
  /** Finished; the reader has copied its block and has not taken the copy. */
  delivered: 5,
} as const

/** One job. What is known of each task lies in flat arrays. */
export interface JobState {
  readonly id: JobId
  readonly table: TaskTable
  readonly options: JobOptions
  readonly profile: MemoryProfile
  readonly state: Uint8Array
  /** The task's block; undefined when it has none, has none yet, or when it was dropped or is not needed any more. */
  readonly blocks: (Block | undefined)[]
  /** Inputs that are not finished. */
  readonly missing: Int32Array
  /** Reads of the task's block that are not done. */
  readonly readers: Int32Array
  /** Readers of task t: dependents[dependentStart[t] .. dependentStart[t + 1]), ascending, one entry a read. */
  readonly dependentStart: Int32Array
  readonly dependents: Int32Array
  /** The batch in which the task runs. */
  readonly batch: Int32Array
  /** Inputs that run earlier in the batch which is being filled; all zero otherwise. */
  readonly inBatch: Int32Array
  /** Tasks that can run now: on workers (with `workers` 0: on the main thread), and those that only the main thread can run. */
  readonly ready: OrderedSet
  readonly readyMain: OrderedSet
  /** The same of those that only one worker may run, by its number. */
  readonly readyPinned: ReadonlyMap<WorkerId, OrderedSet>
  /** Tasks whose blocks are delivered, ascending. */
  readonly deliveries: Int32Array
  /** Ordered delivery: the first of `deliveries` that has not been delivered, and the first that has not been taken. */
  nextDelivery: number
  nextTaken: number
  /** Delivered tasks that have been started and not been taken; those that the reader has now. */
  untaken: number
  withReader: number
  /** The lowest task that is not finished. */
  frontier: number
  finishedCount: number
  /** Bytes of its blocks in the heap; of those behind the frontier (made ahead of their turn). */
  usedBytes: number
  aheadBytes: number
  /** Bytes of slabs that its blocks have, or had and are being read from. */
  slabBytes: number
  /** Delivered blocks of which only the reader's copy is left, and the bytes of these. */
  readonly copies: Set<number>
  readerBytes: number
  /** Finished tasks whose blocks were dropped: they run once more when a reader's turn comes. */
  readonly dropped: Set<number>
  readonly counts: { -readonly [key in keyof JobCounts]: JobCounts[key] }
  /** How often inputs of its next task had to leave too, to make room in one piece, since it found no room. */
  compactions: number
  /** Bytes that it needs from the frontier on, in order. */
  neededBytes: number
  /** Batches that run, in all and by worker; those by worker of its whole group, if it is of one. */
  batches: number
  workerBatches: Map<WorkerId, number>
  /** How many workers were lost while a task ran. */
  readonly losses: Map<number, number>
  /** Of calls: about how long one takes, by the last that have ended; NaN before the first has. */
  taskMilliseconds: number
  /** Its turn among the jobs: the lowest goes next. */
  turn: number
  /** Step in which the next task in order found no memory, and bytes it wanted; step in which nothing could be started (workers, main thread). */
  deniedStep: number
  deniedBytes: number
  idleStep: number
  idleMainStep: number
  /** Step in which it was made the hungry one in place of another. */
  fedStep: number
  /** Why it ends before it is done: set while its last tasks run. */
  failure: { readonly error: unknown } | undefined
  active: boolean
}

export function createJob(id: JobId, table: TaskTable, options: JobOptions): JobState {
  const { count, flags } = table
  const { missing, readers, dependentStart, dependents } = edges(table)
  const profile = memoryProfile(table)
  let mainTasks = 0
  const deliveries: number[] = []
  for (let task = 0; task < count; task++) {
    if (flags[task] & taskFlag.deliver) deliveries.push(task)
    if (flags[task] & taskFlag.main) mainTasks++
  }
  const job: JobState = {
    id,
    table,
    options: { ...options, readAhead: Math.max(1, options.readAhead) },
    profile,
    state: new Uint8Array(count),
    blocks: new Array<Block | undefined>(count),
    missing,
    readers,
    dependentStart,
    dependents,
    batch: new Int32Array(count),
    inBatch: new Int32Array(count),
    ready: new OrderedSet(count),
    readyMain: new OrderedSet(mainTasks > 0 ? count : 0),
    readyPinned: pinnedSets(table, options),
    deliveries: Int32Array.from(deliveries),
    nextDelivery: 0,
    nextTaken: 0,
    untaken: 0,
    withReader: 0,
    frontier: 0,
    finishedCount: 0,
    usedBytes: 0,
    aheadBytes: 0,
    slabBytes: 0,
    copies: new Set(),
    readerBytes: 0,
    dropped: new Set(),
    counts: { peakBytes: 0, spilledBytes: 0, reloadedBytes: 0, droppedBlocks: 0 },
    compactions: 0,
    neededBytes: remainingPeak(profile, 0),
    batches: 0,
    workerBatches: new Map(),
    losses: new Map(),
    taskMilliseconds: Number.NaN,
    turn: 0,
    deniedStep: -1,
    deniedBytes: 0,
    idleStep: -1,
    idleMainStep: -1,
    fedStep: -1,
    failure: undefined,
    active: false,
  }
  for (const task of table.given?.keys() ?? []) setGiven(job, task)
  while (job.frontier < count && job.state[job.frontier] === taskState.finished) job.frontier++
  for (let task = 0; task < count; task++) {
    if (missing[task] === 0 && job.state[task] === taskState.waiting) makeReady(job, task)
  }
  return job
}

/** A task whose block is there before the job begins. */
function setGiven(job: JobState, task: number): void {
  job.state[task] = taskState.finished
  job.finishedCount++
  for (let k = job.dependentStart[task]; k < job.dependentStart[task + 1]; k++) job.missing[job.dependents[k]]--
}

/** Who reads whom: counts and the lists the other way round. */
function edges(table: TaskTable): Pick<JobState, 'missing' | 'readers' | 'dependentStart' | 'dependents'> {
  const { count, inputStart, inputs } = table
  const missing = new Int32Array(count)
  const readers = new Int32Array(count)
  for (let task = 0; task < count; task++) {
    missing[task] = inputStart[task + 1] - inputStart[task]
    for (let k = inputStart[task]; k < inputStart[task + 1]; k++) {
      if (!(inputs[k] >= 0 && inputs[k] < task))
        internal(`submit: task ${task} has input ${inputs[k]}, wanted a lower number`)
      readers[inputs[k]]++
    }
  }
  const dependentStart = new Int32Array(count + 1)
  for (let task = 0; task < count; task++) dependentStart[task + 1] = dependentStart[task] + readers[task]
  const end = dependentStart.slice()
  const dependents = new Int32Array(dependentStart[count])
  for (let task = 0; task < count; task++) {
    for (let k = inputStart[task]; k < inputStart[task + 1]; k++) dependents[end[inputs[k]]++] = task
  }
  return { missing, readers, dependentStart, dependents }
}

/** Bytes that the task's block takes in the heap. */
export const outputSize = (job: JobState, task: number): number => blockSize(job.table.outputBytes[task])

/** Bytes of memory that the job takes: its blocks in the heap and in slabs, and copies of delivered ones. */
export const takenBytes = ({ usedBytes, slabBytes, readerBytes }: JobState): number =>
  usedBytes + slabBytes + readerBytes

/** Whether only the main thread may run the task while workers run the others. */
const isMainTask = (job: JobState, task: number): boolean =>
  job.options.workers > 0 && (job.table.flags[task] & taskFlag.main) !== 0

export const readySet = (job: JobState, task: number): OrderedSet =>
  isMainTask(job, task) ? job.readyMain : (job.readyPinned.get(job.table.pinned?.[task] ?? -1) ?? job.ready)

/** Empty where the main thread runs all. */
const pinnedSets = ({ pinned, count }: TaskTable, { workers }: JobOptions): Map<WorkerId, OrderedSet> =>
  new Map(
    workers > 0
      ? [...new Set(pinned)].filter((worker) => worker >= 0).map((worker) => [worker, new OrderedSet(count)])
      : [],
  )

export function makeReady(job: JobState, task: number): void {
  job.state[task] = taskState.ready
  readySet(job, task).add(task)
}

export const isComplete = (job: JobState): boolean => job.finishedCount === job.table.count && job.untaken === 0

import type { TaskCall } from '../worker/protocol.ts'
import type { Slot } from './slots.ts'

/**
 * One computation as the scheduler sees it: tasks are numbers 0..count-1 in the order in which they are best run (depth first), so a
 * lower number always goes first and a task's inputs have lower numbers. Everything is in flat arrays: a million tasks are a few
 * tens of megabytes. Each task makes one block of `outputBytes` (0: none; it writes to a region, or only has an effect).
 */
export interface TaskTable {
  readonly count: number
  /** Inputs of task t: inputs[inputStart[t] .. inputStart[t + 1]). One may stand there twice. */
  readonly inputStart: Int32Array
  readonly inputs: Int32Array
  /** Bytes of the block that the task makes. */
  readonly outputBytes: Float64Array
  /** Flags of each task, see taskFlag. */
  readonly flags: Uint8Array
  /** The worker that must run each task, or -1 where any may. Without it every task may run on any. */
  readonly pinned?: Int32Array
  /** Tasks that need not run, as their blocks are there: the numbers of the kept blocks. They have no inputs. */
  readonly given?: ReadonlyMap<number, number>
}

/** What happens to a task's block, and where the task runs. */
export const taskFlag = {
  /** The block goes to a reader, in order or as it comes; the reader copies it. */
  deliver: 1,
  /** The block outlives the computation (persist): its owner discards it. */
  keep: 2,
  /** The task runs on the main thread (its source is not shared with the workers). */
  main: 4,
  /**
   * How long the task takes cannot be told from its bytes (a user's function): it goes alone, to a worker that has nothing else to
   * do, and nothing is queued behind it.
   */
  alone: 8,
  /** The task reads no blocks and may run again (a load, random numbers): its block is dropped rather than written to the disk. */
  again: 16,
} as const

export type JobId = number
export type WorkerId = number

export interface JobOptions {
  /** Bytes that the job's blocks may take together; the state machine has a limit for all jobs besides. */
  readonly limitBytes: number
  /** The most workers that may run its tasks at once; 0: the main thread runs all (the local scheduler). */
  readonly workers: number
  /** Deliver blocks in task order rather than as they finish. */
  readonly ordered: boolean
  /** How many delivered blocks may wait for the reader. */
  readonly readAhead: number
  /** Calls of functions: how long they take is not known before some have ended, and is learnt. */
  readonly isCalls?: boolean
  /** A task that has lost its worker too often is given up alone, its readers run: the job goes on. */
  readonly independent?: boolean
  /** A task that was running when so many workers were lost is given up; 3 unless given. */
  readonly mostLosses?: number
  /** Jobs of one group run on at most `workers` workers together. */
  readonly group?: object
  /** Jobs with a higher one go first; 0 unless given. */
  readonly priority?: number
}

/** What the scheduler is told. */
export type SchedulerEvent =
  | { readonly type: 'submit'; readonly job: JobId; readonly table: TaskTable; readonly options: JobOptions }
  /** A job is about to come: the first worker may start meanwhile, those that sleep may wake. */
  | { readonly type: 'wake' }
  /** It has waited for a seat, and there is one. */
  | { readonly type: 'seatFree' }
  | { readonly type: 'workerReady'; readonly worker: WorkerId }
  /**
   * `cause`: the error that ended it, if there was one. `suspects`: the tasks of its first batch of which one has ended it; without them
   * it is the first one.
   */
  | {
      readonly type: 'workerLost'
      readonly worker: WorkerId
      readonly cause?: unknown
      readonly suspects?: readonly number[]
    }
  | {
      readonly type: 'finished'
      readonly job: JobId
      readonly worker: WorkerId
      readonly tasks: readonly number[]
      /** For those who observe: start and end of each task, in milliseconds on the main thread's performance.now(). */
      readonly times?: Float64Array
      /** Of calls: what the tasks took together. */
      readonly milliseconds?: number
    }
  | {
      readonly type: 'failed'
      readonly job: JobId
      readonly worker: WorkerId
      readonly task: number
      readonly error: unknown
    }
  | { readonly type: 'taken'; readonly job: JobId; readonly task: number }
  | { readonly type: 'cancel'; readonly job: JobId; readonly reason: unknown }
  | { readonly type: 'release'; readonly address: number }
  /** The owner of a kept block does not need it any more. */
  | { readonly type: 'discard'; readonly kept: number }
  /** A spill or reload is done, or has failed. */
  | { readonly type: 'moved'; readonly move: number }
  | { readonly type: 'moveFailed'; readonly move: number; readonly error: unknown }

interface MoveAction {
  readonly move: number
  readonly address: number
  readonly slot: Slot
}

/** What the scheduler wants done. `main` stands for the main thread where a worker's number would be. */
export type SchedulerAction =
  | { readonly type: 'run'; readonly job: JobId; readonly worker: WorkerId; readonly tasks: readonly TaskCall[] }
  /** The reader copies the block at once: its place is used again by what follows. */
  | { readonly type: 'deliver'; readonly job: JobId; readonly task: number; readonly address: number }
  /** Writes the bytes at the address of the heap to the slot, or reads them back. */
  | ({ readonly type: 'spill' } & MoveAction)
  | ({ readonly type: 'reload' } & MoveAction)
  /** The slab, or the file (-1), holds nothing: its bytes can be given back. */
  | { readonly type: 'trim'; readonly slab: number }
  | ({ readonly type: 'done'; readonly job: JobId; readonly kept: ReadonlyMap<number, number> } & JobCounts)
  | { readonly type: 'fail'; readonly job: JobId; readonly error: unknown }
  /** A task of an independent job counts as finished, as it was lost too often. */
  | { readonly type: 'lost'; readonly job: JobId; readonly task: number; readonly error: unknown }
  | { readonly type: 'spawn'; readonly count: number }
  /** The worker has nothing to do yet, but soon will. */
  | { readonly type: 'wake'; readonly worker: WorkerId }
  /** The worker has run as many tasks as one may: it has nothing to do and is to be ended. */
  | { readonly type: 'retire'; readonly worker: WorkerId }
export const mainThread: WorkerId = -1

/** What a job has taken. `kept` of its end are the numbers of the kept blocks, by task. */
export interface JobCounts {
  /** The most bytes that its blocks and what its reader has not taken took at any time. */
  readonly peakBytes: number
  /** Bytes that left the heap for the job, and that came back; blocks that were dropped to be made again. */
  readonly spilledBytes: number
  readonly reloadedBytes: number
  readonly droppedBlocks: number
}

/** After so long a task of a job that is not wanted any more is not waited for: its worker is ended. */
export const patienceMilliseconds = 2000

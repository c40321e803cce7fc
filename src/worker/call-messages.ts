import type { Encoded } from './errors.ts'
import type { SentFunction } from './functions.ts'

/** What a worker is told of a job of calls, once. */
export interface CallPlan {
  readonly kind: 'calls'
  readonly functions: readonly SentFunction[]
  /** A task that throws is tried so many times more. */
  readonly retries: number
  /** A task that fails fails alone; otherwise the rest of its batch is not run. */
  readonly independent: boolean
}

/**
 * A batch of calls as it is sent. `numbers` is laid out as a batch of blocks (see encodeBatch), but each task has a word for its
 * address and sources for its inputs. A source stands for one argument: 0 is the next of `args`, s > 0 the value that task s - 1 of this
 * batch gave. The word is `callWord`.
 */
export interface CallBatch {
  readonly numbers: Uint32Array
  readonly args: unknown[]
}

/** How a function is called: once with the arguments, or for each item of the list that is the first one, alone or spread. */
export const callModes = ['call', 'map', 'starmap'] as const
export type CallMode = (typeof callModes)[number]
/** [function, mode, whether the value is sent back] in one number. */
export const callWord = (fn: number, mode: CallMode, isSent: boolean): number =>
  8 * fn + 2 * callModes.indexOf(mode) + Number(isSent)

/** What has ended since the last message: one entry a task, undefined where the value is not wanted or the task failed. */
export interface CallEnds {
  readonly values: unknown[]
  readonly failures: readonly CallFailure[]
  /** What these tasks took together. */
  readonly milliseconds: number
}
export interface CallFailure {
  /** Which of `values` it stands for; which item of a list the function threw at. */
  readonly at: number
  readonly item: number | undefined
  readonly error: Encoded
}

/** What a task's function has as `this`. */
export interface TaskContext {
  /** The number of the worker that runs it; -1: the main thread. */
  readonly worker: number
}

export const isCallPlan = (plan: unknown): plan is CallPlan =>
  typeof plan === 'object' && plan !== null && (plan as CallPlan).kind === 'calls'

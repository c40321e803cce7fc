import type { Transferable } from 'node:worker_threads'
import { AbortError, TaskError, WorkerLostError } from '../core/errors.ts'
import type { CallMode } from '../worker/call-messages.ts'
import type { SentFunction } from '../worker/functions.ts'
import type { JobDescription } from './observe.ts'
import type { WorkerId } from './types.ts'

/*
 * Jobs of calls: tasks that call a function with values, beside the jobs of arrays, whose tasks read and write blocks of the heap. The
 * state machine is the same: to it a call is a task without a block. Values go between the threads by structured clone.
 *
 * `engine.submitCalls(request)` runs such a job. When a task is about to be sent, the request is asked what it calls (`call`); when
 * it has ended, `onValue` or `onError` is told, once for each task. Results that only other tasks read are kept here until the last
 * of them has run; tasks that follow each other on one worker do not send them at all.
 *
 * const calls = [{ fn: 0, args: [3] }, { fn: 0, args: [4] }, { fn: 1, args: [input, 10, input] }]
 * engine.submitCalls({
 *   count: 3, inputStart: Int32Array.of(0, 0, 0, 2), inputs: Int32Array.of(0, 1),   // task 2 reads tasks 0 and 1
 *   functions: [sentFunction((x) => x * x, 'demo'), sentFunction((a, n, b) => a + n + b, 'demo')],
 *   call: (task) => calls[task],
 *   isWanted: (task) => task === 2,
 *   independent: false, workers: 2,
 *   onValue: (task, value) => { },                                                  // task 2: 35
 * })
 */

/** Stands among the arguments of a call for the value of the task's next input, in the order of the table. */
export const input: unique symbol = Symbol('input')

/** What a task does. The same each time it is asked for: a task whose worker was lost is asked for again. */
export interface Call {
  /** Which of the request's functions. */
  readonly fn: number
  /**
   * Values, and `input` where an input's value is to stand (at the top, not inside of lists: a list of results is a task of its own).
   * Inputs of the table beyond those only have to end before the task begins.
   */
  readonly args: readonly unknown[]
  /**
   * 'map', 'starmap': the function is called for each item of the list args[0]; the value is the list of results (a
   * Float64Array, where all are numbers; the items may be one too).
   */
  readonly mode?: CallMode
  /** Ports and buffers among the arguments that move to the worker instead of being copied; not where the task may run again. */
  readonly moved?: readonly Transferable[]
}

export interface CallRequest {
  readonly count: number
  /** Inputs of task t: inputs[inputStart[t] .. inputStart[t + 1]), lower numbers than t. One may stand there twice. */
  readonly inputStart: Int32Array
  readonly inputs: Int32Array
  readonly functions: readonly SentFunction[]
  readonly call: (task: number) => Call
  /** Whether `onValue` is to be told the task's value (default: of all). The others' values stay with the workers where they can. */
  readonly isWanted?: (task: number) => boolean
  /**
   * True: a task that fails, or has lost its worker too often, fails alone, with those that read it. False: the first failure ends
   * the job, and is what its promise is rejected with.
   */
  readonly independent: boolean
  /** The most workers that may run its tasks at once; 0: the main thread runs them. */
  readonly workers: number
  /** Jobs of one group (any object) run on at most `workers` workers together. */
  readonly group?: object
  /** The worker of each task, from 0 on, or -1 where any will do. Workers up to the greatest number are started. */
  readonly pinned?: Int32Array
  /** Tasks of a job with a higher priority go first (default 0). Within a job lower numbers go first. */
  readonly priority?: number
  /** A task that throws is tried so many times more (default 0). */
  readonly retries?: number
  /** A task that was running when so many workers were lost fails with a WorkerLostError (default 3). */
  readonly mostLosses?: number
  /** Every task goes alone to a worker that has nothing else to do, and nothing is queued behind it: tasks that wait for each other. */
  readonly alone?: boolean
  /** The task is about to be sent. */
  readonly onStart?: (task: number, worker: WorkerId) => void
  readonly onValue?: (task: number, value: unknown) => void
  /** Of an independent job. `error` is what `nameError` made of it. */
  readonly onError?: (task: number, error: unknown) => void
  /**
   * Makes of what a task has thrown the error that is told: unless given a TaskError with the task's number. `item`: at which item of
   * a list it was thrown. It is also asked to name a WorkerLostError; `nameTask` does for both.
   */
  readonly nameError?: (task: number, error: unknown, item: number | undefined) => unknown
  /** Tells those who observe what the tasks are. */
  readonly describe?: () => JobDescription
  readonly onProgress?: (finishedTasks: number, totalTasks: number) => void
  readonly signal?: AbortSignal
}

export interface CallsHandle {
  /** Settles when all tasks have ended. */
  readonly result: Promise<void>
  isRunning(): boolean
  cancel(reason: unknown): void
  /** The task, and those that read it, fail with an AbortError unless they have been sent. */
  cancelTask(task: number, reason: unknown): void
}

/** What was thrown in a task, with its place: a TaskError around it; a WorkerLostError gets the place, other errors of the scheduler stay. */
export function nameTask(stage: string, block: readonly number[], error: unknown): unknown {
  const place = block.length > 0 ? `${stage}: task [${block.join(', ')}]` : stage
  if (error instanceof WorkerLostError) {
    const how = error.cause instanceof Error ? ` (${error.cause.message})` : ''
    const text = `${place} ${error.message.replace(/^compute: task \d+ /, '')}${how}`
    return new WorkerLostError(text, { stage, block, task: error.task, cause: error.cause })
  }
  if (error instanceof AbortError) return error
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new TaskError(`${place} failed: ${text}`, stage, block, error)
}

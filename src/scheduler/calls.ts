import { AbortError, NdloomError, TaskError, WorkerLostError } from '../core/errors.ts'
import { type CallBatch, type CallEnds, type CallMode, type CallPlan, callWord } from '../worker/calls.ts'
import { decodeError } from '../worker/errors.ts'
import type { SentFunction } from '../worker/functions.ts'
import type { Job, JobRequest } from './request.ts'
import type { AssignedTask, JobId, SchedulerEvent, TaskTable, WorkerId } from './types.ts'

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
  /** 'map', 'starmap': the function is called for each item of the list args[0]; the value is the list of results. */
  readonly mode?: CallMode
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
  /** The worker of each task, from 0 on; -1: any. Workers up to the greatest number are started. */
  readonly pinned?: Int32Array
  /** Tasks of a job with a higher priority go first (default 0). Within a job lower numbers go first. */
  readonly priority?: number
  /** A task that throws is tried so many times more (default 0). */
  readonly retries?: number
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
  if (error instanceof WorkerLostError)
    return new WorkerLostError(`${place}: ${error.message}`, { stage, block, task: error.task, cause: error.cause })
  if (error instanceof AbortError) return error
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new TaskError(`${place} failed: ${text}`, stage, block, error)
}

/** The values of one job, on the side of the main thread: what the runners ask and tell. */
export interface CallJob {
  /** Posts a batch of these tasks; gives those that were sent. The others have ended: an input of theirs has failed, for one. */
  send(worker: WorkerId, tasks: readonly AssignedTask[], post: (batch: CallBatch) => void): readonly number[]
  /** Tasks that were sent, in this order, have ended. */
  receive(worker: WorkerId, tasks: readonly number[], ends: CallEnds): void
  /** The scheduler has given the task up. */
  lose(task: number, error: unknown): void
  cancelTask(task: number, reason: unknown): void
}

export function createCallJob(request: CallRequest, job: JobId, report: (event: SchedulerEvent) => void): CallJob {
  const { count, inputStart, inputs, isWanted = () => true, independent } = request
  const nameError = request.nameError ?? ((task, error) => nameTask('task', [task], error))
  const values = new Map<number, unknown>()
  const errors = new Map<number, unknown>()
  const readersLeft = new Int32Array(count)
  for (const task of inputs) readersLeft[task]++
  const inputsOf = (task: number): Int32Array => inputs.subarray(inputStart[task], inputStart[task + 1])

  const end = (task: number): void => {
    for (const read of inputsOf(task)) if (--readersLeft[read] === 0) values.delete(read)
  }
  const fail = (task: number, error: unknown): void => {
    if (!errors.has(task)) request.onError?.(task, error)
    errors.set(task, error)
    end(task)
  }
  /** Of an input that has failed, or its own as it was cancelled. */
  const errorBefore = (task: number): { readonly error: unknown } | undefined => {
    const failed = errors.has(task) ? task : inputsOf(task).find((read) => errors.has(read))
    return failed === undefined ? undefined : { error: errors.get(failed) }
  }

  function encode(tasks: readonly number[]): CallBatch {
    const position = new Map(tasks.map((task, i) => [task, i]))
    const readsInBatch = new Int32Array(tasks.length)
    for (const task of tasks)
      for (const read of inputsOf(task)) if (position.has(read)) readsInBatch[position.get(read)!]++
    const numbers = [job, tasks.length]
    const args: unknown[] = []
    tasks.forEach((task, i) => {
      const { fn, args: given, mode = 'call' } = request.call(task)
      const isSent = isWanted(task) || readersLeft[task] > readsInBatch[i]
      numbers.push(task, callWord(fn, mode, isSent), given.length)
      let next = inputStart[task]
      for (const arg of given) {
        const read = arg === input ? inputs[next++] : -1
        numbers.push(read >= 0 ? (position.get(read) ?? -1) + 1 : 0)
        if (numbers[numbers.length - 1] === 0) args.push(read >= 0 ? values.get(read) : arg)
      }
    })
    return { numbers: Uint32Array.from(numbers), args }
  }
  /** Posts what can be: a task whose arguments cannot be cloned fails. */
  function post(tasks: readonly number[], postBatch: (batch: CallBatch) => void): { sent: readonly number[]; failed: [number, unknown][] } {
    try {
      if (tasks.length > 0) postBatch(encode(tasks))
      return { sent: tasks, failed: [] }
    } catch (error) {
      const failed = tasks.flatMap((task): [number, unknown][] => {
        const cause = cloneError(encode([task]).args)
        return cause ? [[task, cause]] : []
      })
      if (failed.length === 0) throw error
      const left = tasks.filter((task) => failed.every(([bad]) => bad !== task))
      const rest = post(left.filter((task) => !inputsOf(task).some((read) => failed.some(([bad]) => bad === read))), postBatch)
      return { sent: rest.sent, failed: [...failed, ...rest.failed] }
    }
  }

  return {
    send(worker, assigned, postBatch) {
      const ended: number[] = []
      const wanted: number[] = []
      const failing = new Set<number>()
      for (const { task } of assigned) {
        const before = errorBefore(task)
        if (before) {
          fail(task, before.error)
          ended.push(task)
        } else wanted.push(task)
      }
      let posted: ReturnType<typeof post>
      try {
        posted = post(wanted, postBatch)
      } catch (error) {
        report({ type: 'failed', job, worker, task: wanted[0], error })
        return []
      }
      for (const [task, cause] of posted.failed) {
        const error = nameError(task, cause, undefined)
        if (!independent) report({ type: 'failed', job, worker, task, error })
        fail(task, error)
        failing.add(task)
        ended.push(task)
      }
      // Readers of those, in the same batch, have not been sent either.
      const sent = new Set(posted.sent)
      for (const task of wanted) {
        if (sent.has(task) || failing.has(task)) continue
        fail(task, errorBefore(task)?.error)
        ended.push(task)
      }
      if (ended.length > 0) report({ type: 'finished', job, worker, tasks: ended })
      for (const task of posted.sent) request.onStart?.(task, worker)
      return posted.sent
    },
    receive(worker, tasks, { values: given, failures, milliseconds }) {
      const failedAt = new Map(failures.map((failure) => [failure.at, failure]))
      let failed: { task: number; error: unknown } | undefined
      for (let i = 0; i < tasks.length && !failed; i++) {
        const task = tasks[i]
        const failure = failedAt.get(i)
        if (failure) {
          const source = inputsOf(task).find((read) => errors.has(read))
          const error = source === undefined ? nameError(task, decodeError(failure.error), failure.item) : errors.get(source)
          if (independent) fail(task, error)
          else failed = { task, error }
          continue
        }
        if (readersLeft[task] > 0) values.set(task, given[i])
        end(task)
        if (!errors.has(task) && isWanted(task)) request.onValue?.(task, given[i])
      }
      const finished = failed ? tasks.slice(0, tasks.indexOf(failed.task)) : tasks
      if (finished.length > 0) report({ type: 'finished', job, worker, tasks: finished, milliseconds })
      if (failed) report({ type: 'failed', job, worker, ...failed })
    },
    lose: (task, error) => fail(task, nameError(task, error, undefined)),
    cancelTask(task, reason) {
      if (errors.has(task)) return
      const error = new AbortError('compute: the task was cancelled', reason)
      errors.set(task, error)
      request.onError?.(task, error)
    },
  }
}

function cloneError(args: unknown[]): Error | undefined {
  try {
    structuredClone(args)
    return undefined
  } catch (cause) {
    return new NdloomError(`an argument cannot be sent to another thread (${(cause as Error).message}); give plain data, no functions`, { cause })
  }
}

const planOf = ({ functions, retries = 0, independent }: CallRequest): CallPlan => ({ functions, retries, independent })

const tableOf = ({ count, inputStart, inputs, pinned }: CallRequest, flags: Uint8Array): TaskTable => ({
  count,
  inputStart,
  inputs,
  outputBytes: new Float64Array(count),
  flags,
  pinned,
})

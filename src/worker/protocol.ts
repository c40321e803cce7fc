import type { MessagePort } from 'node:worker_threads'
import type { CallBatch, CallEnds } from './call-messages.ts'
import type { Encoded } from './errors.ts'

/** A task with the byte addresses of its block and of its inputs' blocks, in the order of the table. */
export interface TaskCall {
  readonly task: number
  readonly address: number
  readonly inputs: readonly number[]
}

/** How many numbers of a batch come before its tasks. */
export const batchHead = 3

/**
 * A batch is one message on a raw port: numbers of 32 bits, [job, tasks, whether they are timed, then for each task: task, address,
 * inputs, each input's address]. Comlink's 6 microseconds a call would be more than a tiny task takes; it carries what is rare (WorkerApi).
 */
export function encodeBatch(job: number, tasks: readonly TaskCall[], isTimed: boolean): Uint32Array {
  let length = batchHead
  for (const { inputs } of tasks) length += 3 + inputs.length
  const numbers = new Uint32Array(length)
  numbers[0] = job
  numbers[1] = tasks.length
  numbers[2] = isTimed ? 1 : 0
  let at = batchHead
  for (const { task, address, inputs } of tasks) {
    numbers[at] = task
    numbers[at + 1] = address
    numbers[at + 2] = inputs.length
    at += 3
    for (const input of inputs) numbers[at++] = input
  }
  return numbers
}

/** Comes before the first batch of a job; with an error, which its tasks then fail with, where its plan could not be sent. */
export type Definition =
  | { readonly job: number; readonly plan: unknown }
  | { readonly job: number; readonly refused: Encoded }

/** What is sent on the raw port, in order. A number: the job has ended; `wake`: nothing but that it is awake when a batch comes. */
export type ToWorker = Definition | Uint32Array | CallBatch | number | 'wake'

/**
 * A worker's answers. A number: so many of all tasks it was ever given have ended (it counts them in the order in which they were
 * sent). The same with what calls gave. A failure: the task at that place failed, those before it have ended, the rest of its batch
 * will not be run.
 */
export type WorkerMessage =
  | 'ready'
  | number
  | { readonly ended: number; readonly ends: CallEnds }
  | { readonly position: number; readonly error: Encoded }

/** What a worker is started with. */
export interface WorkerStart {
  /** Its number, from 0 on. */
  readonly worker: number
  readonly memory: WebAssembly.Memory
  /** A region of scratchBytes that only this worker writes. */
  readonly scratchAddress: number
  readonly port: MessagePort
  /** Shared; [0] is the number of ended tasks at this moment, so that it is known which task a worker died of. */
  readonly progress: Int32Array
  /** Shared; start and end of each timed task, in milliseconds of the system's clock, where timedPlace says. */
  readonly times: Float64Array
  /** Shared; job j is not wanted any more when its number stands at j % length. Its tasks are then passed over. */
  readonly stopped: Int32Array
}

/** The rare calls, through comlink. */
export interface WorkerApi {
  /** Its tasks are not wanted any more: see Executor. */
  stop(job: number): void
}

/** Four times as many as a worker has at once: none is written over before it has been read. */
const timedTasks = 2048
export const createTimes = (): Float64Array => new Float64Array(new SharedArrayBuffer(16 * timedTasks))
/** Where the times of the task lie that ends next, when so many have ended. */
export const timedPlace = (ended: number): number => 2 * (ended & (timedTasks - 1))
/**
 * What turns performance.now() into milliseconds of the system's clock, which all threads share. A thread that is held up between the
 * two readings gets too little: the most of several is right.
 */
export function clockOffset(): number {
  let offset = Number.NEGATIVE_INFINITY
  for (let k = 0; k < 5; k++) offset = Math.max(offset, Number(process.hrtime.bigint()) / 1e6 - performance.now())
  return offset
}

export const isStopped = (stopped: Int32Array, job: number): boolean =>
  Atomics.load(stopped, job % stopped.length) === job

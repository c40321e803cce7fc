import type { MessagePort } from 'node:worker_threads'
import type { Encoded } from './errors.ts'

/** A task with the byte addresses of its block and of its inputs' blocks. */
export interface TaskCall {
  readonly task: number
  readonly address: number
  readonly inputs: readonly number[]
}

/**
 * A batch is one message on a raw port: numbers of 32 bits, [job, tasks, then for each task: task, address, inputs, each input's
 * address]. Comlink's 6 microseconds a call would be more than a tiny task takes; it carries what is rare (WorkerApi).
 */
export function encodeBatch(job: number, tasks: readonly TaskCall[]): Uint32Array {
  let length = 2
  for (const { inputs } of tasks) length += 3 + inputs.length
  const numbers = new Uint32Array(length)
  numbers[0] = job
  numbers[1] = tasks.length
  let at = 2
  for (const { task, address, inputs } of tasks) {
    numbers[at] = task
    numbers[at + 1] = address
    numbers[at + 2] = inputs.length
    at += 3
    for (const input of inputs) numbers[at++] = input
  }
  return numbers
}

/**
 * A worker's answers. A number: so many of all tasks it was ever given have ended (it counts them in the order in which they were
 * sent). A failure: the task at that place failed, those before it have ended, the rest of its batch will not be run.
 */
export type WorkerMessage = 'ready' | number | { readonly position: number; readonly error: Encoded }

/** What a worker is started with. */
export interface WorkerStart {
  readonly memory: WebAssembly.Memory
  /** A region of scratchBytes that only this worker writes. */
  readonly scratchAddress: number
  readonly port: MessagePort
  /** Shared; [0] is the number of ended tasks at this moment, so that it is known which task a worker died of. */
  readonly progress: Int32Array
  /** Shared; job j is not wanted any more when its number stands at j % length. Its tasks are then passed over. */
  readonly stopped: Int32Array
}

/** The rare calls, through comlink. */
export interface WorkerApi {
  define(job: number, plan: unknown): void
  /** Instead of `define` when the plan could not be sent: the job's tasks fail with the error. */
  refuse(job: number, error: Encoded): void
  forget(job: number): void
}

export const isStopped = (stopped: Int32Array, job: number): boolean =>
  Atomics.load(stopped, job % stopped.length) === job

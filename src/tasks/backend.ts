import { formatGiven, NdloomError } from '../core/errors.ts'
import type { CallRequest, CallsHandle } from '../scheduler/calls.ts'
import { getEngine } from '../scheduler/process.ts'

/** What kind of workers a pool has. */
export interface WorkerOptions {
  /** 'thread' (default): worker threads. 'process': processes, so that a task that crashes or takes all memory ends only its own. */
  kind?: 'thread' | 'process'
}
export const workerOptionNames = ['kind'] as const

/** What runs the tasks of a pool or a client. */
export interface Backend {
  /** The most of its tasks that run at once. */
  readonly workers: number
  submitCalls(request: CallRequest): CallsHandle
  /** Ends the workers that are its own; their tasks have ended or are lost. */
  close(): Promise<void>
}

/** On the process's own workers, which arrays use too: at most so many of them at once. */
export function sharedBackend(workers: number): Backend {
  const group = {}
  return {
    workers,
    submitCalls: (request) => getEngine().submitCalls({ ...request, workers, group }),
    close: async () => {},
  }
}

export function createBackend(workers: number, { kind = 'thread' }: WorkerOptions): Backend {
  if (kind !== 'thread' && kind !== 'process')
    throw new NdloomError(`Pool: got kind ${formatGiven(kind)}, want 'thread' or 'process'`)
  return sharedBackend(workers)
}

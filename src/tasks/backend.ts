import { parseBytes } from '../core/config.ts'
import { formatGiven, NdloomError } from '../core/errors.ts'
import type { CallRequest, CallsHandle } from '../scheduler/calls.ts'
import { createOwnWorkers, type OwnWorkersOptions } from '../scheduler/own-workers.ts'
import { getEngine } from '../scheduler/process.ts'
import { toSent } from '../storage/sent.ts'
import { sentFunction } from '../worker/functions.ts'
import { checkCount, type TaskFunction } from './options.ts'

/** Which workers a pool has. */
export interface PoolOptions {
  /**
   * The most workers that run its tasks at once (default: those of the configuration), of which there are never more than the process may
   * run; 0: the main thread runs them.
   */
  workers?: number
  /** 'thread' (default): worker threads. 'process': processes, so that a task that crashes or takes all memory ends only its own. */
  kind?: 'thread' | 'process'
  /** Called once in each worker before its first task; what it keeps in `globalThis` its tasks find there. */
  initializer?: TaskFunction
  /** The arguments of the initializer. */
  initargs?: readonly unknown[]
  /** A worker is replaced by a new one after so many tasks (chunks). */
  maxTasksPerWorker?: number
  /** Of each process: the most memory (resident, Node's own some 50 MB with it): a number of bytes, or text such as '512MiB'. */
  memoryLimit?: number | string
}
export const poolOptionNames = [
  'workers',
  'kind',
  'initializer',
  'initargs',
  'maxTasksPerWorker',
  'memoryLimit',
] as const

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

/** The process's workers, or for options that concern a worker itself workers of the pool's own. Errors: NdloomError. */
export function createBackend(workers: number, options: PoolOptions): Backend {
  const { kind = 'thread', initializer, initargs = [], maxTasksPerWorker, memoryLimit } = options
  if (kind !== 'thread' && kind !== 'process')
    throw new NdloomError(`Pool: got kind ${formatGiven(kind)}, want 'thread' or 'process'`)
  if (kind === 'process' && options.workers === 0)
    throw new NdloomError(`Pool: got workers 0 with kind 'process', want one or more processes`)
  if (memoryLimit !== undefined && kind !== 'process')
    throw new NdloomError(`Pool: threads share the memory of their process; a memoryLimit needs { kind: 'process' }`)
  if (!Array.isArray(initargs))
    throw new NdloomError(`Pool: got initargs ${formatGiven(initargs)}, want a list such as [1, 2]`)
  const tasksPerWorker = checkCount(maxTasksPerWorker, 'maxTasksPerWorker', 'Pool', 1, Number.POSITIVE_INFINITY)
  if (kind === 'thread' && initializer === undefined && maxTasksPerWorker === undefined) return sharedBackend(workers)
  const memoryLimitBytes = memoryLimit === undefined ? undefined : parseBytes(memoryLimit, 'Pool: memoryLimit')
  const fn = initializer === undefined ? undefined : sentFunction(initializer, 'Pool: initializer')
  return ownBackend({
    kind,
    workers,
    initializer: fn && { fn, args: initargs.map(toSent) },
    tasksPerWorker,
    memoryLimitBytes,
  })
}

function ownBackend(options: OwnWorkersOptions): Backend {
  const own = createOwnWorkers(options)
  return { workers: options.workers, submitCalls: own.submitCalls, close: own.shutdown }
}

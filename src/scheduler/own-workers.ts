import type { Initializer } from '../worker/call-server.ts'
import { createCallWorkers } from './call-workers.ts'
import { type CallRequest, type CallsHandle, submitCalls } from './calls.ts'
import type { Connection } from './connection.ts'
import { createDriver, type Runners } from './driver.ts'
import { type OpenLink, openLocal, openProcess, openThread } from './links.ts'
import { processSeats } from './seats.ts'
import { createState } from './state.ts'

export interface OwnWorkersOptions {
  readonly kind: 'thread' | 'process'
  /** 0: this thread runs all. */
  readonly workers: number
  readonly initializer: Initializer | undefined
  /** A worker is replaced by a new one after so many tasks. */
  readonly tasksPerWorker: number
  /** Of each process, in bytes. */
  readonly memoryLimitBytes: number | undefined
}
/**
 * Workers that run calls for one pool alone: a state machine of their own, as the process's workers have. All machines together have no
 * more workers at work than the process may run at once.
 */
export interface OwnWorkers {
  submitCalls(request: CallRequest): CallsHandle
  shutdown(): Promise<void>
}

/** A task that ends its process is not tried again: that is what the process is for. */
const lossesOfProcess = 1

let poolCount = 0

export function createOwnWorkers(options: OwnWorkersOptions): OwnWorkers {
  const { kind, workers, initializer, tasksPerWorker } = options
  const most = Math.max(1, workers)
  const connect = (connection: Connection): Runners => ({
    local: { run: () => {}, stop: () => {}, forget: () => {} },
    threads: createCallWorkers({ ...connection, open: opener(options), initializer }),
    mover: noMover,
  })
  const seats = workers === 0 ? undefined : processSeats()
  const state = createState(Number.MAX_SAFE_INTEGER, 0, tasksPerWorker, seats)
  const driver = createDriver(state, noHeap, connect, ++poolCount)
  return {
    submitCalls: (request) =>
      submitCalls(driver, {
        ...request,
        workers: Math.min(most, Math.max(1, request.workers)),
        mostLosses: kind === 'process' ? lossesOfProcess : undefined,
      }),
    shutdown: driver.shutdown,
  }
}

function opener({ kind, workers, memoryLimitBytes }: OwnWorkersOptions): OpenLink {
  if (workers === 0) return openLocal
  return kind === 'process' ? openProcess(memoryLimitBytes) : openThread
}

/** Calls have no blocks. */
const noHeap = { reach: () => true, scratchBytes: 0 }
const noMover = { move: () => {}, trim: () => {}, shutdown: async () => {} }

import { tmpdir } from 'node:os'
import { ownFile } from '../core/own-file.ts'
import { scratchBytes } from '../kernel/spec.ts'
import type { Executor } from '../worker/executor.ts'
import { largestHeapBytes } from './allocator.ts'
import { type CallRequest, type CallsHandle, submitCalls } from './calls.ts'
import { createDriver } from './driver.ts'
import { createLocal } from './local.ts'
import { createMover } from './mover.ts'
import type { Job, JobRequest } from './request.ts'
import type { Seats } from './seats.ts'
import { createSharedHeap } from './shared-heap.ts'
import { createState } from './state.ts'
import { createThreads } from './threads.ts'

export type { Job, JobRequest, JobResult } from './request.ts'

/** One process-wide heap with its workers. */
export interface Engine {
  readonly memory: WebAssembly.Memory
  /** Starts the first worker, if there is none, for a job that is about to come. */
  wake(): void
  submit(request: JobRequest): Job
  /** Starts a job whose tasks call functions with values: see calls.ts. */
  submitCalls(request: CallRequest): CallsHandle
  /** A region for a result, or undefined when the heap has no room for it. Bytes; the address is a multiple of 64. */
  allocate(bytes: number): number | undefined
  free(address: number): void
  /** Gives back a kept block. */
  discard(kept: number): void
  /** Bytes the heap has grown to, and bytes in use. */
  readonly heapBytes: number
  readonly usedBytes: number
  /** Bytes that blocks and regions may take together; may be changed at any time. What the heap does not hold of them slabs do. */
  memoryLimitBytes: number
  shutdown(): Promise<void>
}

export interface EngineOptions {
  /** Bytes that blocks and regions may take together. */
  readonly memoryLimitBytes: number
  /** How many workers there will be at most; memory for their scratch is set aside. */
  readonly workers: number
  /** The executor of the main thread, made when it first runs a task. */
  readonly createExecutor: (memory: WebAssembly.Memory, scratchAddress: number) => Executor | Promise<Executor>
  /** The folder in which the process's spill file lies, while there is one. */
  readonly spillDirectory?: () => string
  /** What limits the workers at work, of other machines too; unless given nothing does. */
  readonly seats?: Seats
  /** The workers' entry, where it is not the package's own. */
  readonly workerUrl?: URL
}

/**
 * The state machine with its runners: performs what it asks for and tells it what has happened.
 *
 * @example
 * const engine = createEngine({ memoryLimitBytes: 2 ** 30, workers: 2, createExecutor })
 * const { peakBytes } = await engine.submit({ table, plan, options }).result
 */
export function createEngine(options: EngineOptions): Engine {
  const { workers, createExecutor, workerUrl = ownFile('worker/main'), spillDirectory = tmpdir } = options
  const inHeap = (bytes: number): number => Math.min(bytes, largestHeapBytes - (workers + 2) * scratchBytes)
  let limitBytes = options.memoryLimitBytes
  const state = createState(inHeap(limitBytes), limitBytes - inHeap(limitBytes), undefined, options.seats)
  const heap = createSharedHeap(state.heap, workers + 1)
  const driver = createDriver(state, heap, (connection) => ({
    local: createLocal({ ...connection, createExecutor: () => createExecutor(heap.memory, heap.takeScratch()) }),
    threads: createThreads({ ...connection, heap, workerUrl }),
    mover: createMover({ ...connection, heap, spillDirectory }),
  }))
  return {
    memory: heap.memory,
    wake: () => driver.send({ type: 'wake' }),
    submit: driver.submit,
    submitCalls: (request) => submitCalls(driver, request),
    allocate: heap.allocate,
    free: (address) => driver.send({ type: 'release', address }),
    discard: (kept) => driver.send({ type: 'discard', kept }),
    get heapBytes() {
      return state.heap.heapBytes
    },
    get usedBytes() {
      return state.heap.usedBytes
    },
    get memoryLimitBytes() {
      return limitBytes
    },
    set memoryLimitBytes(bytes) {
      state.heap.limitBytes += inHeap(bytes) - inHeap(limitBytes)
      state.slots.slabLimitBytes = bytes - inHeap(bytes)
      limitBytes = bytes
    },
    shutdown: driver.shutdown,
  }
}

import { AbortError } from '../core/errors.ts'
import type { Executor } from '../worker/executor.ts'
import type { TaskCall } from '../worker/protocol.ts'
import type { Connection } from './connection.ts'
import { createLocalCalls, type LocalBatch } from './local-calls.ts'
import { isObserved } from './observe.ts'
import { type JobId, mainThread, patienceMilliseconds } from './types.ts'

export interface LocalOptions extends Connection {
  /** Called when the first task runs. */
  readonly createExecutor: () => Executor | Promise<Executor>
}

/** Runs tasks on the main thread. */
export interface Local {
  run(job: JobId, tasks: readonly TaskCall[]): void
  /** The job is not wanted any more: a task of it that waits (for a user's promise) is given up after some time. */
  stop(job: JobId): void
  forget(job: JobId): void
}

/** So long the event loop may have to wait. */
const sliceMilliseconds = 8

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve)
    else setTimeout(resolve, 0)
  })

/** Batches run one after the other; where a task waits (for a file), the next batch runs meanwhile. */
export function createLocal({ createExecutor, ...connection }: LocalOptions): Local {
  const { plan, calls, isWanted, report } = connection
  const waiting: LocalBatch[] = []
  const defined = new Set<JobId>()
  const waits = createWaits()
  const makeExecutor = once(createExecutor)
  let executor: Executor | undefined
  let isWorking = false
  let sliceEnd = 0

  const pause = async (): Promise<void> => {
    await nextTurn()
    sliceEnd = performance.now() + sliceMilliseconds
  }
  const localCalls = createLocalCalls(connection, {
    isOver: () => performance.now() > sliceEnd,
    pause,
    until: waits.until,
  })
  async function runBatch({ job, tasks }: LocalBatch): Promise<void> {
    let first = 0
    const times = isObserved() ? new Float64Array(2 * tasks.length) : undefined
    const tellFinished = (end: number): void => {
      const finished = tasks.slice(first, end).map(({ task }) => task)
      const taken = times?.slice(2 * first, 2 * end)
      first = end
      if (finished.length > 0) report({ type: 'finished', job, worker: mainThread, tasks: finished, times: taken })
    }
    for (let i = 0; i < tasks.length; i++) {
      const { task, address, inputs } = tasks[i]
      try {
        executor ??= await makeExecutor()
        if (times) times[2 * i] = performance.now()
        if (isWanted(job)) {
          if (!defined.has(job)) executor.define(job, plan(job))
          defined.add(job)
          const running = executor.run(job, task, address, inputs)
          if (running) await waits.until(job, running)
        }
        if (times) times[2 * i + 1] = performance.now()
      } catch (error) {
        tellFinished(i)
        report({ type: 'failed', job, worker: mainThread, task, error })
        return
      }
      if (i + 1 < tasks.length && performance.now() > sliceEnd) {
        tellFinished(i + 1)
        await pause()
      }
    }
    tellFinished(tasks.length)
  }
  async function work(): Promise<void> {
    isWorking = true
    while (waiting.length > 0) {
      await pause()
      do {
        const batch = waiting.shift()!
        const callJob = calls(batch.job)
        void (callJob ? localCalls.run(batch, callJob) : runBatch(batch))
      } while (waiting.length > 0 && performance.now() < sliceEnd)
    }
    isWorking = false
  }
  return {
    run(job, tasks) {
      waiting.push({ job, tasks })
      if (!isWorking) void work()
    },
    stop(job) {
      waits.stop(job)
      executor?.stop?.(job)
    },
    forget(job) {
      waits.forget(job)
      localCalls.forget(job)
      if (defined.delete(job)) executor?.forget(job)
    },
  }
}

/** Batches that begin side by side share what is made for the first of them. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

interface Waits {
  /** Settles as the promise does, or rejects some time after the job was stopped. */
  until(job: JobId, running: Promise<void>): Promise<void>
  stop(job: JobId): void
  forget(job: JobId): void
}

function createWaits(): Waits {
  const givingUp = new Map<JobId, Set<() => void>>()
  const timers = new Map<JobId, ReturnType<typeof setTimeout>>()
  return {
    until: (job, running) =>
      new Promise((resolve, reject) => {
        const ofJob = givingUp.get(job) ?? new Set()
        const giveUp = () => reject(new AbortError('compute: a task that does not end was given up'))
        givingUp.set(job, ofJob.add(giveUp))
        running.then(resolve, reject).finally(() => ofJob.delete(giveUp))
      }),
    stop(job) {
      if (timers.has(job)) return
      const giveUpAll = () => {
        for (const giveUp of givingUp.get(job) ?? []) giveUp()
      }
      timers.set(job, setTimeout(giveUpAll, patienceMilliseconds))
    },
    forget(job) {
      clearTimeout(timers.get(job))
      timers.delete(job)
      givingUp.delete(job)
    },
  }
}

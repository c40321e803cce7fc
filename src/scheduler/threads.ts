import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { type Remote, wrap } from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import { internal, NdloomError } from '../core/errors.ts'
import type { CallEnds } from '../worker/call-messages.ts'
import { decodeError, encodeError } from '../worker/errors.ts'
import {
  createTimes,
  type Definition,
  encodeBatch,
  type TaskCall,
  timedPlace,
  type WorkerApi,
  type WorkerMessage,
  type WorkerStart,
} from '../worker/protocol.ts'
import { ownTimes } from './clock.ts'
import type { Connection } from './connection.ts'
import { fileFlags } from './flags.ts'
import { isObserved } from './observe.ts'
import type { SharedHeap } from './shared-heap.ts'
import { type JobId, patienceMilliseconds, type WorkerId } from './types.ts'

export interface ThreadsOptions extends Connection {
  readonly heap: SharedHeap
  /** The workers' entry. */
  readonly workerUrl: URL
}

/** The pool of worker threads. */
export interface Threads {
  spawn(count: number): void
  /** Wakes a worker that sleeps, as a processor that does takes a while to begin. */
  wake(worker: WorkerId): void
  run(worker: WorkerId, job: JobId, tasks: readonly TaskCall[]): void
  /** Ends a worker that has nothing to do. */
  retire(worker: WorkerId): void
  /** The job's tasks are not wanted any more: those that have not begun are passed over. */
  stop(job: JobId): void
  /** The job has ended. */
  forget(job: JobId): void
  shutdown(): Promise<void>
}

interface Thread {
  readonly id: WorkerId
  readonly worker: Worker
  readonly port: MessagePort
  readonly api: Remote<WorkerApi>
  readonly scratchAddress: number
  readonly progress: Int32Array
  readonly times: Float64Array
  readonly defined: Set<JobId>
  /** What it has to do, in order; `next` is the first task of a batch that has not ended. */
  readonly batches: {
    readonly job: JobId
    readonly tasks: readonly number[]
    readonly isTimed: boolean
    next: number
  }[]
  /** How many tasks it has ended, all told (wraps around at 2^32, as the shared counter does). */
  ended: number
  hasEnded: boolean
  cause: unknown
}

export function createThreads(options: ThreadsOptions): Threads {
  const { report } = options
  const threads = new Map<WorkerId, Thread>()
  const stops = createStops((job) => {
    for (const thread of threads.values()) if (thread.batches[0]?.job === job) void thread.worker.terminate()
  })

  function spawnOne(): void {
    let id = 0
    while (threads.has(id)) id++
    try {
      const thread = startThread(options, id, stops.stopped)
      threads.set(id, thread)
      thread.port.on('message', (message: WorkerMessage) => receive(thread, message))
      thread.worker.on('error', (error) => {
        thread.cause = error
      })
      thread.worker.on('exit', (code) => lose(thread, code))
    } catch (cause) {
      report({ type: 'workerLost', worker: id, cause })
    }
  }
  function receive(thread: Thread, message: WorkerMessage): void {
    if (message === 'ready') {
      setBusy(thread, false)
      report({ type: 'workerReady', worker: thread.id })
    } else if (typeof message === 'number') advance(options, thread, message)
    else if ('ends' in message) advance(options, thread, message.ended, message.ends)
    else {
      advance(options, thread, message.position)
      const { job, tasks, next } = thread.batches.shift()!
      thread.ended += tasks.length - next
      report({ type: 'failed', job, worker: thread.id, task: tasks[next], error: decodeError(message.error) })
    }
    if (message !== 'ready' && thread.batches.length === 0) setBusy(thread, false)
  }
  function lose(thread: Thread, code: number): void {
    thread.hasEnded = true
    for (let got = receiveMessageOnPort(thread.port); got; got = receiveMessageOnPort(thread.port))
      receive(thread, got.message)
    const suspects = settleLost(options, thread)
    threads.delete(thread.id) // Not before: what these reports bring about must not go to a new thread of its number.
    thread.port.close()
    options.heap.giveScratch(thread.scratchAddress)
    const cause = thread.cause ?? new NdloomError(`a worker ended with exit code ${code}`)
    report({ type: 'workerLost', worker: thread.id, cause, suspects })
  }
  return {
    spawn(count) {
      for (let i = 0; i < count; i++) spawnOne()
    },
    wake: (worker) => threads.get(worker)?.port.postMessage('wake'),
    run(worker, job, tasks) {
      const thread = threads.get(worker)
      if (!thread || thread.hasEnded) return // It has just ended: the event is on its way.
      const isTimed = isObserved()
      const sent = post(options, thread, job, tasks, isTimed)
      if (sent.length > 0) thread.batches.push({ job, tasks: sent, isTimed, next: 0 })
      setBusy(thread, thread.batches.length > 0)
    },
    stop: (job) => stopJob(threads, stops, job),
    retire: (worker) => internal(`worker ${worker} of the process is not to be ended`),
    forget(job) {
      stops.forget(job)
      for (const { port, defined } of threads.values()) if (defined.delete(job)) port.postMessage(job)
    },
    async shutdown() {
      await Promise.all([...threads.values()].map(({ worker }) => worker.terminate()))
    },
  }
}

/**
 * Takes note of the tasks that have ended until the counter stood at `ended`; `ends`: what they gave, being calls. A worker that was ended
 * while it told of a failure has not counted all that it told.
 */
function advance({ report, calls, isWanted }: Connection, thread: Thread, ended: number, ends?: CallEnds): void {
  while (((ended - thread.ended) | 0) > 0) {
    const batch = thread.batches[0]
    const tasks = batch.tasks.slice(batch.next, batch.next + ((ended - thread.ended) | 0))
    const times = batch.isTimed ? takeTimes(thread, tasks.length) : undefined
    batch.next += tasks.length
    thread.ended += tasks.length
    if (batch.next === batch.tasks.length) thread.batches.shift()
    const callJob = ends && isWanted(batch.job) ? calls(batch.job) : undefined
    if (ends && callJob) callJob.receive(thread.id, tasks, ends, times)
    else report({ type: 'finished', job: batch.job, worker: thread.id, tasks, times })
  }
}

/** Gives the tasks that were sent. */
function post(
  { calls, plan }: Connection,
  thread: Thread,
  job: JobId,
  tasks: readonly TaskCall[],
  isTimed: boolean,
): readonly number[] {
  if (!thread.defined.has(job)) define(thread, job, plan(job))
  const callJob = calls(job)
  if (callJob) return callJob.send(thread.id, tasks, isTimed, (batch, moved) => thread.port.postMessage(batch, moved))
  thread.port.postMessage(encodeBatch(job, tasks, isTimed))
  return tasks.map(({ task }) => task)
}

/**
 * Of a thread that has ended, what the shared counter tells is done; the task at which it stands is the one it died of. Of calls that
 * have ended and not been told the values are lost: they have to run again.
 */
function settleLost(connection: Connection, thread: Thread): readonly number[] | undefined {
  const ended = Atomics.load(thread.progress, 0)
  const [batch] = thread.batches
  if (!batch || !connection.calls(batch.job)) {
    advance(connection, thread, ended)
    return undefined
  }
  const at = batch.next + Math.max(0, (ended - thread.ended) | 0)
  return [batch.tasks[Math.min(at, batch.tasks.length - 1)]]
}

/** Start and end of the next `count` tasks that have ended. */
function takeTimes({ times, ended }: Thread, count: number): Float64Array {
  const taken = new Float64Array(2 * count)
  for (let k = 0; k < count; k++) {
    const place = timedPlace(ended + k)
    taken[2 * k] = times[place]
    taken[2 * k + 1] = times[place + 1]
  }
  return ownTimes(taken)
}

/** What waits in a worker is told by a call, what does not sees it in shared memory. */
function stopJob(threads: ReadonlyMap<WorkerId, Thread>, stops: ReturnType<typeof createStops>, job: JobId): void {
  if (stops.stop(job)) for (const { api, defined } of threads.values()) if (defined.has(job)) void api.stop(job)
}

/** Jobs that are not wanted any more. Workers see them in shared memory; where that does not help, `lose` is called in the end. */
function createStops(lose: (job: JobId) => void): {
  stopped: Int32Array
  /** False when it was stopped before. */
  stop(job: JobId): boolean
  forget(job: JobId): void
} {
  const stopped = new Int32Array(new SharedArrayBuffer(4 * 1024))
  const timers = new Map<JobId, ReturnType<typeof setTimeout>>()
  return {
    stopped,
    stop(job) {
      if (timers.has(job)) return false
      Atomics.store(stopped, job % stopped.length, job)
      timers.set(job, setTimeout(() => lose(job), patienceMilliseconds).unref())
      return true
    },
    forget(job) {
      clearTimeout(timers.get(job))
      timers.delete(job)
    },
  }
}

function startThread({ heap, workerUrl }: ThreadsOptions, id: WorkerId, stopped: Int32Array): Thread {
  const scratchAddress = heap.takeScratch()
  const { port1: port, port2 } = new MessageChannel()
  const progress = new Int32Array(new SharedArrayBuffer(4))
  const times = createTimes()
  const workerData: WorkerStart = {
    worker: id,
    memory: heap.memory,
    scratchAddress,
    port: port2,
    progress,
    times,
    stopped,
  }
  try {
    const worker = new Worker(workerUrl, {
      workerData,
      transferList: [port2],
      name: `ndloom-${id}`,
      execArgv: fileFlags(),
    })
    const api = wrap<WorkerApi>(nodeEndpoint(worker))
    return {
      id,
      worker,
      port,
      api,
      scratchAddress,
      progress,
      times,
      defined: new Set(),
      batches: [],
      ended: 0,
      hasEnded: false,
      cause: undefined,
    }
  } catch (error) {
    heap.giveScratch(scratchAddress)
    throw error
  }
}

/** Sends the plan; when it cannot be sent, its tasks fail with the reason. */
function define({ port, defined }: Thread, job: JobId, plan: unknown): void {
  const post = (definition: Definition): void => port.postMessage(definition)
  defined.add(job)
  try {
    post({ job, plan })
  } catch (error) {
    post({ job, refused: encodeError(error) })
  }
}

/** Only a worker that has something to do keeps the process from ending. */
function setBusy({ worker, port }: Thread, isBusy: boolean): void {
  if (isBusy) {
    worker.ref()
    port.ref()
  } else {
    worker.unref()
    port.unref()
  }
}

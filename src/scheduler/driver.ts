import { AbortError } from '../core/errors.ts'
import type { CallJob } from './call-job.ts'
import type { Connection } from './connection.ts'
import type { Local } from './local.ts'
import type { Mover } from './mover.ts'
import { forgetRunning, tellStart } from './observe.ts'
import { describeJob, tellEnd, tellEvent, tellMemory } from './report.ts'
import type { Job, JobRequest, JobResult } from './request.ts'
import { tellTurns } from './seats.ts'
import { heapError, type SharedHeap } from './shared-heap.ts'
import { type SchedulerState, step } from './state.ts'
import type { Threads } from './threads.ts'
import { type JobId, mainThread, type SchedulerAction, type SchedulerEvent } from './types.ts'

export interface Runners {
  readonly local: Local
  readonly threads: Threads
  readonly mover: Mover
}

/** Lets events into the state machine, one after the other, and performs its actions. */
export interface Driver {
  submit(request: JobRequest): Job
  send(event: SchedulerEvent): void
  shutdown(): Promise<void>
}

interface DriverJob extends JobRequest {
  readonly end: (end: JobEnd) => void
  readonly callJob: CallJob | undefined
}
type JobEnd = Extract<SchedulerAction, { type: 'done' | 'fail' }>

/** After these events a job may have failed while tasks of it run. */
const mayFail: ReadonlySet<SchedulerEvent['type']> = new Set(['failed', 'cancel', 'workerLost', 'moveFailed'])

/** Counts the jobs of all drivers: to those who observe a number is one job. */
let nextJob = 1

/** `pool`: 0 for the process's workers, other numbers for workers that pools have of their own, without a heap. */
export function createDriver(
  state: SchedulerState,
  heap: Pick<SharedHeap, 'reach' | 'scratchBytes'>,
  connect: (to: Connection) => Runners,
  pool = 0,
): Driver {
  const jobs = new Map<JobId, DriverJob>()
  const { local, threads, mover } = connect({
    plan: (job) => jobs.get(job)?.plan,
    calls: (job) => jobs.get(job)?.callJob,
    isWanted: (job) => state.jobs.has(job) && !state.jobs.get(job)?.failure,
    report: (event) => send(event),
  })
  const send = oneByOne((event: SchedulerEvent): void => {
    tellEvent(state, event, pool)
    const actions = step(state, event)
    if (pool === 0) tellMemory(state, heap.scratchBytes)
    for (const action of actions) perform(action)
    if (event.type === 'finished') tellProgress(event.job)
    if (mayFail.has(event.type)) stopFailed()
    tellTurns(state.seating.seats)
  })
  state.seating.onTurn = () => send({ type: 'seatFree' })

  /** Those of which tasks still run: they wait for them. */
  function stopFailed(): void {
    for (const { id, failure } of state.jobs.values())
      if (failure) for (const runner of [local, threads]) runner.stop(id)
  }

  function perform(action: SchedulerAction): void {
    if (action.type === 'run') run(action)
    else if (action.type === 'spawn') threads.spawn(action.count)
    else if (action.type === 'wake') threads.wake(action.worker)
    else if (action.type === 'retire') threads.retire(action.worker)
    else if (action.type === 'deliver') deliver(action)
    else if (action.type === 'lost') jobs.get(action.job)?.callJob?.lose(action.task, action.error)
    else if (action.type === 'spill' || action.type === 'reload') mover.move(action)
    else if (action.type === 'trim') mover.trim(action.slab)
    else settle(action)
  }
  function run({ job, worker, tasks }: SchedulerAction & { type: 'run' }): void {
    if (!heap.reach())
      send({ type: 'failed', job, worker, task: tasks[0].task, error: heapError(state.heap.heapBytes) })
    else if (worker === mainThread) local.run(job, tasks)
    else threads.run(worker, job, tasks)
  }
  function deliver({ job, task, address }: SchedulerAction & { type: 'deliver' }): void {
    callBack(job, ({ onDeliver }) => (onDeliver ? onDeliver(task, address) : send({ type: 'taken', job, task })))
  }
  /** Calls what the request brought along; what that throws ends its job. */
  function callBack(id: JobId, call: (job: DriverJob) => void): void {
    const job = jobs.get(id)
    try {
      if (job) call(job)
    } catch (reason) {
      send({ type: 'cancel', job: id, reason })
    }
  }
  function tellProgress(id: JobId): void {
    const finished = state.jobs.get(id)?.finishedCount
    if (finished !== undefined) callBack(id, ({ onProgress, table }) => onProgress?.(finished, table.count))
  }
  function settle(end: JobEnd): void {
    const job = jobs.get(end.job)
    jobs.delete(end.job)
    for (const runner of [local, threads]) runner.forget(end.job)
    if (!job) return
    forgetRunning(job)
    tellEnd(end)
    job.end(end.type === 'done' ? lastProgress(job, end, (kept) => send({ type: 'discard', kept })) : end)
  }
  return {
    send,
    submit(request) {
      const job = nextJob++
      const cancel = (reason: unknown): void => send({ type: 'cancel', job, reason })
      const result = settled(request, cancel, (end) => {
        const started = { ...request, end, callJob: request.calls?.(job, send) }
        jobs.set(job, started)
        tellStart(started, () => describeJob(state, job, request))
        send({ type: 'submit', job, table: request.table, options: request.options })
      })
      // Whoever cancels may not care for the result any more: that alone must not end the process.
      result.catch(() => undefined)
      return { result, cancel, taken: (task) => send({ type: 'taken', job, task }), isRunning: () => jobs.has(job) }
    },
    async shutdown() {
      for (const job of [...jobs.keys()]) send({ type: 'cancel', job, reason: new Error('the pool was shut down') })
      await threads.shutdown()
      await mover.shutdown()
    },
  }
}

/** What its last call throws ends the job too: what it has kept is given back. */
function lastProgress(
  { onProgress, table }: DriverJob,
  end: JobEnd & { type: 'done' },
  discard: (kept: number) => void,
): JobEnd {
  try {
    onProgress?.(table.count, table.count)
    return end
  } catch (reason) {
    for (const kept of end.kept.values()) discard(kept)
    return { type: 'fail', job: end.job, error: new AbortError('compute: the computation was aborted', reason) }
  }
}

/** The promise of a job's end; its signal cancels it. */
function settled(
  { signal }: JobRequest,
  cancel: (reason: unknown) => void,
  start: (end: (end: JobEnd) => void) => void,
): Promise<JobResult> {
  if (signal?.aborted) {
    return Promise.reject(new AbortError('compute: the computation was aborted before it began', signal.reason))
  }
  return new Promise((resolve, reject) => {
    const onAbort = (): void => cancel(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    start((end) => {
      signal?.removeEventListener('abort', onAbort)
      if (end.type === 'done') resolve(end)
      else reject(end.error)
    })
  })
}

/** A handler that is never entered twice: what comes up while it works waits its turn. */
function oneByOne<T>(handle: (value: T) => void): (value: T) => void {
  const waiting: T[] = []
  let isHandling = false
  return (value) => {
    waiting.push(value)
    if (isHandling) return
    isHandling = true
    try {
      while (waiting.length > 0) handle(waiting.shift()!)
    } finally {
      isHandling = false
    }
  }
}

import { internal, NdloomError } from '../core/errors.ts'
import { isCallPlan } from '../worker/call-messages.ts'
import type { FromCallWorker, Initializer } from '../worker/call-server.ts'
import { decodeError } from '../worker/errors.ts'
import { ownTimes } from './clock.ts'
import type { Connection } from './connection.ts'
import type { Link, OpenLink } from './links.ts'
import { isObserved } from './observe.ts'
import type { Threads } from './threads.ts'
import { type JobId, mainThread, patienceMilliseconds, type WorkerId } from './types.ts'

export interface CallWorkersOptions extends Connection {
  readonly open: OpenLink
  readonly initializer: Initializer | undefined
}

interface CallWorker {
  readonly id: WorkerId
  readonly link: Link
  readonly defined: Set<JobId>
  /** What it has to do, in order; `next` is the first task of a batch that has not ended. */
  readonly batches: { readonly job: JobId; readonly tasks: readonly number[]; next: number }[]
  /** Why it ends, where it told. */
  cause: unknown
}

/** Runs calls on workers of its own: threads, processes, or this thread. */
export function createCallWorkers({ open, initializer, ...connection }: CallWorkersOptions): Threads {
  const { report, plan } = connection
  const workers = new Map<WorkerId, CallWorker>()
  const timers = new Map<JobId, ReturnType<typeof setTimeout>>()

  function spawnOne(): void {
    let id = 0
    while (workers.has(id)) id++
    try {
      const link = open({
        onMessage: (message) => receive(connection, worker, message),
        onEnd: (cause) => lose(worker, cause),
      })
      const worker: CallWorker = { id, link, defined: new Set(), batches: [], cause: undefined }
      workers.set(id, worker)
      link.post({ type: 'start', worker: link.isHere ? mainThread : id, initializer })
    } catch (cause) {
      report({ type: 'workerLost', worker: id, cause })
    }
  }
  /** Which of the tasks it had not told about has ended it cannot be known. */
  function lose(worker: CallWorker, cause: unknown): void {
    if (workers.get(worker.id) !== worker) return
    workers.delete(worker.id)
    const [batch] = worker.batches
    report({
      type: 'workerLost',
      worker: worker.id,
      cause: worker.cause ?? cause,
      suspects: batch?.tasks.slice(batch.next),
    })
  }
  return {
    spawn(count) {
      for (let i = 0; i < count; i++) spawnOne()
    },
    wake: (worker) => internal(`worker ${worker} is not to be woken`),
    run(id, job, tasks) {
      const worker = workers.get(id)
      const definition = plan(job)
      if (!worker || !isCallPlan(definition)) return // It has just ended: the event is on its way.
      const { link, defined, batches } = worker
      link.setBusy(true)
      if (!defined.has(job)) link.post({ type: 'define', job, plan: definition })
      defined.add(job)
      const sent = connection.calls(job)?.send(id, tasks, isObserved(), (batch) => link.post(batch)) ?? []
      if (sent.length > 0) batches.push({ job, tasks: sent, next: 0 })
      link.setBusy(batches.length > 0)
    },
    retire(id) {
      const worker = workers.get(id)
      workers.delete(id) // Its end is no loss.
      worker?.link.end()
    },
    stop(job) {
      if (timers.has(job)) return
      for (const { link, defined } of workers.values()) if (defined.has(job)) link.post({ type: 'stop', job })
      const giveUp = (): void => {
        for (const worker of workers.values()) if (worker.batches[0]?.job === job) worker.link.end()
      }
      timers.set(job, setTimeout(giveUp, patienceMilliseconds))
    },
    forget(job) {
      clearTimeout(timers.get(job))
      timers.delete(job)
      for (const { link, defined } of workers.values()) if (defined.delete(job)) link.post({ type: 'forget', job })
    },
    async shutdown() {
      for (const { link } of workers.values()) link.end()
    },
  }
}

function receive({ report, calls, isWanted }: Connection, worker: CallWorker, message: FromCallWorker): void {
  if (message.type === 'ready') {
    worker.link.setBusy(false)
    report({ type: 'workerReady', worker: worker.id })
  } else if (message.type === 'failed') {
    worker.cause = new NdloomError('the initializer of the pool failed', { cause: decodeError(message.error) })
    worker.link.end()
  } else {
    const [batch] = worker.batches
    const tasks = batch.tasks.slice(batch.next, batch.next + message.count)
    batch.next += tasks.length
    if (batch.next === batch.tasks.length) worker.batches.shift()
    if (worker.batches.length === 0) worker.link.setBusy(false)
    const times = message.times && ownTimes(message.times)
    if (isWanted(batch.job)) calls(batch.job)?.receive(worker.id, tasks, message.ends, times)
    else report({ type: 'finished', job: batch.job, worker: worker.id, tasks })
  }
}

import { AbortError } from '../core/errors.ts'
import { input, nameTask } from '../scheduler/calls.ts'
import { describeCalls } from '../scheduler/describe-calls.ts'
import type { CallMode } from '../worker/call-messages.ts'
import { keyOf, type SentFunction } from '../worker/functions.ts'
import { checkComputed, innerParts } from './arguments.ts'
import type { Backend } from './backend.ts'
import { afterAll, Future } from './future.ts'

/** A task to be run. Futures among its arguments (at the top or in lists and plain objects) stand for their values. */
export interface QueuedTask {
  readonly fn: SentFunction
  readonly args: readonly unknown[]
  readonly mode?: CallMode
  readonly name: string
  /** Where it stands among tasks of that name, for errors; [] for one of its own. Of a list: its first item. */
  readonly block?: readonly number[]
  readonly priority?: number
  readonly retries?: number
  /** The worker that must run it. */
  readonly worker?: number
}
interface Entry {
  readonly task: QueuedTask
  readonly future: Future
}

/** Tasks of one turn of the event loop become one job, which costs little more than one task does. */
export interface Queue {
  add(task: QueuedTask): Future
  /** Settles when all that was added has ended. */
  idle(): Promise<void>
  /** What has been added and not ended fails with an AbortError. */
  cancelAll(reason: unknown): void
}

export function createQueue(backend: Backend): Queue {
  const unsettled = new Set<Future>()
  let waiting: Entry[] = []
  const idleListeners: (() => void)[] = []

  const enqueue = (entry: Entry): void => {
    if (waiting.push(entry) === 1) setImmediate(flush)
  }
  function flush(): void {
    const groups = new Map<string, Entry[]>()
    for (const entry of waiting) {
      const key = `${entry.task.priority} ${entry.task.retries}`
      const group = groups.get(key)
      if (group) group.push(entry)
      else groups.set(key, [entry])
    }
    waiting = []
    const priorityOf = ([{ task }]: Entry[]): number => task.priority ?? 0
    const inOrder = [...groups.values()].sort((a, b) => priorityOf(b) - priorityOf(a))
    for (const group of inOrder) startJob(backend, group, enqueue)
  }
  const forget = (future: Future): void => {
    unsettled.delete(future)
    if (unsettled.size > 0) return
    for (const listener of idleListeners.splice(0)) listener()
  }
  return {
    add(task) {
      checkComputed(task.args, task.name)
      const future = new Future(task.name)
      unsettled.add(future)
      future.onEnd(() => forget(future))
      enqueue({ task, future })
      return future
    },
    idle: () =>
      new Promise((resolve) => {
        if (unsettled.size === 0) resolve()
        else idleListeners.push(resolve)
      }),
    cancelAll(reason) {
      for (const future of [...unsettled]) future.cancel(reason)
    },
  }
}

/** Starts what can be: a task that reads one that is not in the job waits for it (`enqueue`), one that reads a failed one fails. */
function startJob(backend: Backend, entries: readonly Entry[], enqueue: (entry: Entry) => void): void {
  const inJob = new Map<unknown, number>()
  const ready: Entry[] = []
  for (const entry of entries) {
    const { task, future } = entry
    const read = task.mode ? [] : futuresIn(task.args)
    const failed = read.find((one) => one.done && one.status !== 'finished')
    const missing = read.filter((one) => !one.done)
    if (failed) settleFailed(future, failed.outcome)
    else if (missing.every((one) => inJob.has(one)) && !missing.some((one) => isNested(one, task.args))) {
      if (!future.done) inJob.set(future, ready.push(entry) - 1)
    } else afterAll(missing, () => enqueue(entry))
  }
  if (ready.length > 0) runJob(backend, ready, inJob)
}

function runJob(backend: Backend, entries: readonly Entry[], inJob: ReadonlyMap<unknown, number>): void {
  const { priority, retries } = entries[0].task
  const inputStart = new Int32Array(entries.length + 1)
  const inputs: number[] = []
  const functions = new Map<string, { readonly fn: SentFunction; readonly index: number }>()
  const numbers = entries.map(({ task }, i) => {
    for (const arg of task.args) if (inJob.has(arg)) inputs.push(inJob.get(arg)!)
    inputStart[i + 1] = inputs.length
    const key = keyOf(task.fn)
    if (!functions.has(key)) functions.set(key, { fn: task.fn, index: functions.size })
    return functions.get(key)!.index
  })
  const hasPins = entries.some(({ task }) => task.worker !== undefined)
  const sent = Array.from(functions.values(), ({ fn }) => fn)
  const handle = backend.submitCalls({
    count: entries.length,
    inputStart,
    inputs: Int32Array.from(inputs),
    functions: sent,
    describe: () => describeCalls(sent, entries.length, (i) => numbers[i]),
    call: (i) => ({
      fn: numbers[i],
      mode: entries[i].task.mode,
      args: entries[i].task.mode
        ? entries[i].task.args
        : entries[i].task.args.map((arg) => (inJob.has(arg) ? input : settledValue(arg))),
    }),
    independent: true,
    workers: backend.workers,
    pinned: hasPins ? Int32Array.from(entries, ({ task }) => task.worker ?? -1) : undefined,
    priority,
    retries,
    onStart: (i) => entries[i].future.setRunning(),
    onValue: (i, value) => entries[i].future.settle('finished', value),
    onError: (i, error) => settleFailed(entries[i].future, error),
    nameError: (i, error, item) => {
      const { name, block = [] } = entries[i].task
      return nameTask(name, item === undefined ? block : [(block[0] ?? 0) + item], error)
    },
  })
  let left = entries.length
  let cancelled = 0
  entries.forEach(({ future }, i) => {
    future.start((reason) => handle.cancelTask(i, reason))
    // When nobody waits for any of them, what runs need not end: a worker that does not let go is ended.
    future.onEnd(() => {
      if (future.status === 'cancelled') cancelled++
      if (--left === 0 && cancelled > 0 && handle.isRunning()) handle.cancel('what is left of its tasks was cancelled')
    })
  })
  handle.result.catch((error: unknown) => {
    for (const { future } of entries) settleFailed(future, error)
  })
}

const settleFailed = (future: Future, error: unknown): void =>
  future.settle(error instanceof AbortError ? 'cancelled' : 'failed', error)

/** Futures in a list of arguments, and in lists and plain objects within it. */
function futuresIn(args: readonly unknown[], seen = new Set<unknown>()): Future[] {
  const found: Future[] = []
  for (const arg of args) {
    if (arg instanceof Future) found.push(arg)
    const parts = innerParts(arg)
    if (!parts || seen.has(arg)) continue
    seen.add(arg)
    found.push(...futuresIn(parts, seen))
  }
  return found
}
const hasFutures = (arg: unknown): boolean => innerParts(arg) !== undefined && futuresIn([arg]).length > 0
const isNested = (future: Future, args: readonly unknown[]): boolean =>
  args.some((arg) => innerParts(arg) !== undefined && futuresIn([arg]).includes(future))

/** The argument with values in place of its futures, which have ended. */
function settledValue(arg: unknown): unknown {
  if (arg instanceof Future) return arg.outcome
  if (!hasFutures(arg)) return arg
  if (Array.isArray(arg)) return arg.map(settledValue)
  return Object.fromEntries(Object.entries(arg as object).map(([key, value]) => [key, settledValue(value)]))
}

import type { Transferable } from 'node:worker_threads'
import { AbortError, NdloomError } from '../core/errors.ts'
import { fromSent } from '../storage/sent.ts'
import type { CallBatch, CallEnds } from '../worker/call-messages.ts'
import { decodeError } from '../worker/errors.ts'
import type { TaskCall } from '../worker/protocol.ts'
import { type CallRequest, nameTask } from './call-request.ts'
import { CallValues } from './call-values.ts'
import { isObserved, tell } from './observe.ts'
import type { JobId, SchedulerEvent, WorkerId } from './types.ts'

/** One job of calls on the side of the main thread: what the runners ask and tell. */
export interface CallJob {
  /** Posts a batch of these tasks; gives those that were sent. The others have ended: an input of theirs has failed, for one. */
  send(
    worker: WorkerId,
    tasks: readonly TaskCall[],
    isTimed: boolean,
    post: (batch: CallBatch, moved: readonly Transferable[]) => void,
  ): readonly number[]
  /** Tasks that were sent, in this order, have ended. */
  receive(worker: WorkerId, tasks: readonly number[], ends: CallEnds, times?: Float64Array): void
  /** The scheduler has given the task up. */
  lose(task: number, error: unknown): void
  cancelTask(task: number, reason: unknown): void
}

export function createCallJob(request: CallRequest, job: JobId, report: (event: SchedulerEvent) => void): CallJob {
  const values = new CallValues(request)
  const { independent, nameError = (task, error) => nameTask('task', [task], error) } = request

  const callBack = guarded((reason) => report({ type: 'cancel', job, reason }))
  const setFailed = (task: number, error: unknown): void => {
    if (values.setFailed(task, error) && independent) callBack(() => request.onError?.(task, error))
  }
  const fail = (task: number, error: unknown): void => {
    setFailed(task, error)
    values.end(task)
  }
  const failOwn = (task: number, error: unknown): void => {
    if (independent && !values.hasFailed(task)) tellFailed(job, error)
    fail(task, error)
  }
  /** Fails, before anything is sent, what cannot run: gives the tasks that can. */
  const withoutFailed = (tasks: readonly number[], ended: number[]): readonly number[] =>
    tasks.filter((task) => {
      const before = values.failureBefore(task)
      if (before) fail(task, before.error)
      if (before) ended.push(task)
      return !before
    })
  /** When a batch could not be cloned: the tasks whose arguments are to blame fail. False: there are none. */
  const failUncloneable = (tasks: readonly number[]): boolean => {
    const before = values.failedCount()
    for (const task of tasks) {
      const cause = cloneError(values.encode(job, [task], false).args)
      if (cause) setFailed(task, nameError(task, cause, undefined))
    }
    return values.failedCount() > before
  }

  return {
    send(worker, assigned, isTimed, post) {
      const ended: number[] = []
      let tasks: readonly number[] = assigned.map(({ task }) => task)
      for (let isPosted = false; !isPosted; ) {
        tasks = withoutFailed(tasks, ended)
        try {
          const moved: Transferable[] = []
          if (tasks.length > 0) post(values.encode(job, tasks, isTimed, moved), moved)
          isPosted = true
        } catch (error) {
          if (failUncloneable(tasks) && independent) continue
          const task = tasks.find((one) => values.hasFailed(one)) ?? tasks[0]
          report({ type: 'failed', job, worker, task, error: values.failureBefore(task)?.error ?? error })
          return []
        }
      }
      if (ended.length > 0) report({ type: 'finished', job, worker, tasks: ended })
      for (const task of tasks) callBack(() => request.onStart?.(task, worker))
      return tasks
    },
    receive(worker, tasks, { values: given, failures, milliseconds }, times) {
      const failedAt = new Map(failures.map((failure) => [failure.at, failure]))
      for (const [i, task] of tasks.entries()) {
        const failure = failedAt.get(i)
        if (!failure) {
          values.end(task, given[i])
          if (!values.hasFailed(task) && values.isWanted(task))
            callBack(() => request.onValue?.(task, fromSent(given[i])))
          continue
        }
        const before = values.failureBefore(task)
        const error = before ? before.error : nameError(task, decodeError(failure.error), failure.item)
        if (!independent) {
          if (i > 0) report({ type: 'finished', job, worker, tasks: tasks.slice(0, i), times })
          report({ type: 'failed', job, worker, task, error })
          return
        }
        ;(before ? fail : failOwn)(task, error)
      }
      report({ type: 'finished', job, worker, tasks, times, milliseconds })
    },
    lose: (task, error) => failOwn(task, nameError(task, error, undefined)),
    cancelTask: (task, reason) => setFailed(task, new AbortError('compute: the task was cancelled', reason)),
  }
}

/** Those who observe hear of what a task itself has done; one that was cancelled, or whose input failed, is told of elsewhere. */
function tellFailed(job: JobId, error: unknown): void {
  if (isObserved()) tell({ type: 'taskFailed', time: performance.now(), job, error })
}

/** Calls what the request brought along; what that throws ends the job. */
const guarded =
  (cancel: (reason: unknown) => void) =>
  (call: () => void): void => {
    try {
      call()
    } catch (reason) {
      cancel(reason)
    }
  }

function cloneError(args: unknown[]): Error | undefined {
  try {
    structuredClone(args)
    return undefined
  } catch (cause) {
    return new NdloomError(
      `an argument cannot be sent to another thread (${(cause as Error).message}); give plain data, no functions`,
      { cause },
    )
  }
}

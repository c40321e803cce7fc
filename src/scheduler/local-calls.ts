import { type CallBatch, isCallPlan } from '../worker/call-messages.ts'
import { createCalls } from '../worker/calls.ts'
import type { TaskCall } from '../worker/protocol.ts'
import type { CallJob } from './call-job.ts'
import type { Connection } from './connection.ts'
import { isObserved } from './observe.ts'
import { type JobId, mainThread } from './types.ts'

export interface LocalBatch {
  readonly job: JobId
  readonly tasks: readonly TaskCall[]
}
/** How the main thread shares its time. */
interface Turns {
  /** Whether others should have their turn now, and that. */
  isOver(): boolean
  pause(): Promise<void>
  /** Settles as the promise does, or rejects some time after the job was stopped. */
  until(job: JobId, running: Promise<void>): Promise<void>
}

/** Runs calls on the main thread. Values are cloned as on the way to another thread: a function sees nothing of what others hold. */
export function createLocalCalls({ plan, isWanted, report }: Connection, turns: Turns) {
  const calls = createCalls(mainThread)
  const defined = new Set<JobId>()

  async function run({ job, tasks }: LocalBatch, callJob: CallJob): Promise<void> {
    let batch: CallBatch | undefined
    const sent = callJob.send(mainThread, tasks, isObserved(), (message, moved) => {
      batch = structuredClone(message, { transfer: [...moved] })
    })
    if (!batch || sent.length === 0) return
    const definition = plan(job)
    if (!defined.has(job) && isCallPlan(definition)) calls.define(job, definition)
    defined.add(job)
    const running = calls.begin(batch)
    const times: number[] = []
    let first = 0
    const tell = (end: number): void => {
      const ended = sent.slice(first, end)
      first = end
      const all = Float64Array.from(times.splice(0))
      const taken = isObserved() ? all : undefined
      running.tell((ends) => {
        if (isWanted(job)) callJob.receive(mainThread, ended, structuredClone(ends), taken)
        else report({ type: 'finished', job, worker: mainThread, tasks: ended })
      })
    }
    for (let i = 0; i < sent.length; i++) {
      times.push(performance.now())
      try {
        const waits = running.next(isWanted(job))
        if (waits) await turns.until(job, waits)
      } catch (error) {
        report({ type: 'failed', job, worker: mainThread, task: sent[i], error })
        return
      }
      times.push(performance.now())
      if (i + 1 < sent.length && turns.isOver()) {
        tell(i + 1)
        await turns.pause()
      }
    }
    tell(sent.length)
  }
  return {
    run,
    forget(job: JobId): void {
      if (defined.delete(job)) calls.forget(job)
    },
  }
}

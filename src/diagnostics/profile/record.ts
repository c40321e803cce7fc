import { type JobStart, type Observation, observe } from '../../scheduler/observe.ts'
import { createSeries, type Sample } from '../series.ts'

/** Tasks that one worker has told of together. */
export interface Finished {
  readonly worker: number
  readonly tasks: readonly number[]
  readonly times: Float64Array
}
export interface RecordedJob {
  readonly start: JobStart
  readonly finished: Finished[]
  /** Tasks that failed alone, while the job went on. */
  failedTasks: number
  end?: { readonly time: number; readonly peakBytes?: number; readonly error?: unknown }
}
/** Bytes that left the memory for the disk, or came back. */
export interface Spill {
  readonly time: number
  readonly kind: 'spill' | 'reload'
  readonly bytes: number
}
/** What was observed; times as they were told. */
export interface Recording {
  readonly start: number
  readonly end: number
  readonly jobs: readonly RecordedJob[]
  readonly memory: readonly Sample[]
  /** The most there was at any time. */
  readonly peakBytes: number
  readonly limitBytes: number
  readonly spills: readonly Spill[]
}

/** Records all jobs from now on until the function that it gives is called. */
export function record(): () => Recording {
  const start = performance.now()
  const jobs: RecordedJob[] = []
  const running = new Map<number, RecordedJob>()
  const memory = createSeries()
  const spills: Spill[] = []
  let peakBytes = 0
  let limitBytes = 0
  const end = (job: number, ended: RecordedJob['end']): void => {
    const found = running.get(job)
    if (found) found.end = ended
    running.delete(job)
  }
  const note = (told: Observation): void => {
    if (told.type === 'jobStart') {
      const job = { start: told, finished: [], failedTasks: 0 }
      jobs.push(job)
      running.set(told.job, job)
    } else if (told.type === 'finished') {
      const { worker, tasks, times } = told
      if (times) running.get(told.job)?.finished.push({ worker, tasks, times })
    } else if (told.type === 'memory') {
      peakBytes = Math.max(peakBytes, told.usedBytes)
      limitBytes = told.limitBytes
      memory.add(told.time, told.usedBytes)
    } else if (told.type === 'jobEnd') end(told.job, { time: told.time, peakBytes: told.peakBytes })
    else if (told.type === 'jobFailed') end(told.job, { time: told.time, error: told.error })
    else if (told.type === 'moved') spills.push(told)
    else if (told.type === 'taskFailed') {
      const job = running.get(told.job)
      if (job) job.failedTasks++
    }
  }
  const stop = observe(note)
  return () => {
    stop()
    return { start, end: performance.now(), jobs, memory: memory.samples, peakBytes, limitBytes, spills }
  }
}

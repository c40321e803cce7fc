import type { CallJob } from './call-job.ts'
import type { JobId, SchedulerEvent } from './types.ts'

/** What a runner is given to know of the jobs and to tell what has happened. */
export interface Connection {
  readonly plan: (job: JobId) => unknown
  /** The values of a job of calls; undefined for a job of blocks. */
  readonly calls: (job: JobId) => CallJob | undefined
  /** False when the job has failed or was cancelled: its tasks need not run. */
  readonly isWanted: (job: JobId) => boolean
  readonly report: (event: SchedulerEvent) => void
}

import type { CallJob } from './call-job.ts'
import type { JobDescription } from './observe.ts'
import type { JobCounts, JobId, JobOptions, SchedulerEvent, TaskTable } from './types.ts'

/** What the driver asks for: a task table, and the plan that tells a worker what each task is (sent by structured clone, once). */
export interface JobRequest {
  readonly table: TaskTable
  readonly plan: unknown
  readonly options: JobOptions
  readonly signal?: AbortSignal
  /** Makes what holds the values of a job of calls. */
  readonly calls?: (job: JobId, report: (event: SchedulerEvent) => void) => CallJob
  /** Tells those who observe what the job is. */
  readonly describe?: () => JobDescription
  /** A delivered block is at the byte address until this returns: copy it. Call `taken` when the copy is not waiting any more. */
  readonly onDeliver?: (task: number, address: number) => void
  /** Told after every finished batch, for progress. */
  readonly onProgress?: (finishedTasks: number, totalTasks: number) => void
}
export interface JobResult extends JobCounts {
  /** Numbers of the kept blocks, by task. The owner discards them. */
  readonly kept: ReadonlyMap<number, number>
}
export interface Job {
  readonly result: Promise<JobResult>
  /** Whether it has not ended; when it has, its blocks are gone. */
  isRunning(): boolean
  taken(task: number): void
  cancel(reason: unknown): void
}

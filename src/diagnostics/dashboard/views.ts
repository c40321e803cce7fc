/*
 * What the dashboard shows, kept small whatever runs: of each job counts by stage, of the task stream cells of equal time, of memory and
 * throughput one sample a tick. Times are milliseconds since the dashboard began.
 */

export interface StageView {
  readonly name: string
  readonly kind: string
  readonly tasks: number
  readonly finished: number
  /** Bytes that its finished tasks read and wrote, and how long they took, added up (milliseconds). */
  readonly bytes: number
  readonly duration: number
}
export interface JobView {
  /** Counts the jobs, from 1. */
  readonly id: number
  readonly name: string
  readonly state: 'running' | 'done' | 'failed'
  readonly start: number
  readonly end: number | null
  readonly tasks: number
  readonly finished: number
  readonly stages: readonly StageView[]
  /** Stages that are not listed. */
  readonly moreStages: number
  readonly peakBytes: number | null
}
export interface WorkerView {
  /** -1: the main thread. */
  readonly id: number
  readonly isLost: boolean
  readonly tasks: number
}
/** Of one worker, in the span of time with that number: the place of the stage in its job that took most of it, and the busy share. */
export interface CellView {
  readonly worker: number
  readonly span: number
  readonly stage: number
  readonly share: number
}
export interface ErrorView {
  readonly id: number
  readonly time: number
  readonly text: string
}
export interface SampleView {
  readonly time: number
  readonly value: number
}
/** What has changed; the first that a page gets is all there is. */
export interface Update {
  readonly time: number
  readonly limitBytes: number
  /** Bytes that have left the memory for the disk, and that came back, since the dashboard began. */
  readonly spilledBytes: number
  readonly reloadedBytes: number
  readonly jobs: readonly JobView[]
  readonly workers: readonly WorkerView[]
  readonly cells: readonly CellView[]
  readonly memory: readonly SampleView[]
  /** Bytes a second. */
  readonly rates: readonly SampleView[]
  readonly errors: readonly ErrorView[]
}

export const cellMilliseconds = 50
/** How far back the task stream and the curves go. */
export const windowMilliseconds = 60_000

import type { JobCounts, JobId, WorkerId } from './types.ts'

/*
 * What the scheduler tells of all jobs of the process to whoever observes: progress, profiles, the dashboard. Where nobody does, nothing
 * is measured and nothing is made up. Times are milliseconds on the main thread's performance.now(); sizes are bytes.
 */

/** A stage of a job, for people. */
export interface ObservedStage {
  readonly name: string
  readonly kind: string
  readonly tasks: number
  /** What all its tasks read and write. */
  readonly bytesIn: number
  readonly bytesOut: number
}

/** What a job is. The scheduler itself knows only numbers. */
export interface JobDescription {
  readonly name: string
  readonly stages: readonly ObservedStage[]
  /** Of a task: its stage's number in `stages`, its block's coordinate, and the bytes it reads and writes. */
  stageOf(task: number): number
  blockOf(task: number): readonly number[]
  bytesOf(task: number): { readonly bytesIn: number; readonly bytesOut: number }
}

export interface JobStart extends JobDescription {
  readonly type: 'jobStart'
  readonly time: number
  readonly job: JobId
  readonly tasks: number
  /** Of each stage, how many tasks had ended already: not zero where the observer came later than the job. */
  readonly finishedTasks: readonly number[]
  /** The most workers that run it at once; 0: the main thread runs it. */
  readonly workers: number
  readonly limitBytes: number
}

export type Observation =
  | JobStart
  | {
      readonly type: 'finished'
      readonly time: number
      readonly job: JobId
      readonly worker: WorkerId
      readonly tasks: readonly number[]
      /** Start and end of each task, one after the other. Undefined where the tasks were sent before anybody observed. */
      readonly times: Float64Array | undefined
      /** Those that had ended before: their blocks were dropped and have been made again. */
      readonly repeated: readonly number[]
    }
  /** A task that failed alone: its job goes on. */
  | { readonly type: 'taskFailed'; readonly time: number; readonly job: JobId; readonly error: unknown }
  /** A block has left the memory for the disk, or has come back. */
  | { readonly type: 'moved'; readonly time: number; readonly kind: 'spill' | 'reload'; readonly bytes: number }
  /** Blocks, results and what else lies in the heap, whenever that may have changed. */
  | { readonly type: 'memory'; readonly time: number; readonly usedBytes: number; readonly limitBytes: number }
  | { readonly type: 'workerReady'; readonly time: number; readonly worker: WorkerId }
  | { readonly type: 'workerLost'; readonly time: number; readonly worker: WorkerId; readonly cause: unknown }
  | ({ readonly type: 'jobEnd'; readonly time: number; readonly job: JobId } & JobCounts)
  | { readonly type: 'jobFailed'; readonly time: number; readonly job: JobId; readonly error: unknown }

/** Workers of a pool's own come behind those of all pools before. */
const workersPerPool = 2 ** 16
export const observedWorker = (worker: WorkerId, pool: number): WorkerId =>
  worker < 0 ? worker : pool * workersPerPool + worker
/** A worker for people: 'main thread', 'worker 3', 'pool 1 worker 3'. */
export function workerName(worker: WorkerId): string {
  if (worker < 0) return 'main thread'
  const pool = Math.floor(worker / workersPerPool)
  return `${pool > 0 ? `pool ${pool} ` : ''}worker ${worker % workersPerPool}`
}

export type Observer = (observation: Observation) => void

const observers = new Set<Observer>()
/** The jobs that run, and how to describe each to an observer that comes later. */
const running = new Map<object, () => JobStart>()

/**
 * Tells the observer of all jobs from now on, and of those that run already. It must not throw. Gives what ends it.
 *
 * @example
 * const stop = observe((observation) => { if (observation.type === 'jobFailed') report(observation.error) })
 */
export function observe(observer: Observer): () => void {
  observers.add(observer)
  for (const describe of running.values()) observer(describe())
  return () => void observers.delete(observer)
}
export const isObserved = (): boolean => observers.size > 0

export function tell(observation: Observation): void {
  for (const observer of observers) observer(observation)
}
/** `key` stands for the job: numbers are only unique in one engine. */
export function tellStart(key: object, describe: () => JobStart): void {
  running.set(key, describe)
  if (isObserved()) tell(describe())
}
export const forgetRunning = (key: object): void => void running.delete(key)

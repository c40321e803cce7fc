import type { Sample } from '../series.ts'
import type { Finished, RecordedJob, Recording, Spill } from './record.ts'

/** One task as it ran. Times in milliseconds since the profile began. */
export interface ProfiledTask {
  /** Its job's and its stage's place in `jobs` and `stages`. */
  readonly job: number
  readonly stageIndex: number
  /** The stage's name. */
  readonly stage: string
  /** The coordinate of its block in the grid. */
  readonly block: readonly number[]
  /** The worker's number; -1 is the main thread. */
  readonly worker: number
  readonly start: number
  readonly end: number
  /** Bytes of the blocks that it read and of what it wrote. */
  readonly bytesIn: number
  readonly bytesOut: number
}
/** What all tasks of the same name and kind did, over all jobs. */
export interface ProfiledStage {
  readonly name: string
  readonly kind: string
  readonly tasks: number
  /** Milliseconds of all its tasks, added up. */
  readonly duration: number
  readonly bytesIn: number
  readonly bytesOut: number
}
export interface ProfiledJob {
  readonly name: string
  readonly start: number
  /** Undefined when it still ran when the profile ended. */
  readonly end: number | undefined
  readonly tasks: number
  /** The most workers it could use; 0: the main thread ran it. */
  readonly workers: number
  /** The most bytes that its own blocks took. */
  readonly peakBytes: number | undefined
  readonly error: string | undefined
  /** Tasks that failed alone, while the job went on. */
  readonly failedTasks: number
}

/** All of a profile but the result: plain data. Times in milliseconds since the profile began. */
export interface ProfileData {
  readonly duration: number
  readonly jobs: readonly ProfiledJob[]
  readonly stages: readonly ProfiledStage[]
  /** In order of their start. A task whose block was dropped and made again stands there once for each time. */
  readonly tasks: readonly ProfiledTask[]
  /** The workers that ran tasks; -1 is the main thread. */
  readonly workers: readonly number[]
  /** Bytes in the heap (blocks and results) over time; of very long runs the highs. */
  readonly memory: readonly Sample[]
  readonly peakBytes: number
  readonly limitBytes: number
  /** Blocks that left the memory for the disk, or came back, when they had. */
  readonly spills: readonly Spill[]
}

/** A recording as data. */
export function profileData(recording: Recording): ProfileData {
  const stages = new Map<string, { -readonly [key in keyof ProfiledStage]: ProfiledStage[key] }>()
  const places = new Map<object, number>()
  const numbers = recording.jobs.map(({ start }) =>
    start.stages.map(({ name, kind }) => {
      const key = `${kind} ${name}`
      const stage = stages.get(key) ?? { name, kind, tasks: 0, duration: 0, bytesIn: 0, bytesOut: 0 }
      stages.set(key, stage)
      if (!places.has(stage)) places.set(stage, places.size)
      return places.get(stage)!
    }),
  )
  const tasks = recording.jobs
    .flatMap((job, number) =>
      job.finished.flatMap((some) => tasksOf(job, number, some, numbers[number], recording.start)),
    )
    .sort((a, b) => a.start - b.start)
  const list = [...stages.values()]
  for (const { stageIndex, start, end, bytesIn, bytesOut } of tasks) {
    const stage = list[stageIndex]
    stage.tasks++
    stage.duration += end - start
    stage.bytesIn += bytesIn
    stage.bytesOut += bytesOut
  }
  const sinceStart = (time: number): number => time - recording.start
  return {
    duration: sinceStart(recording.end),
    jobs: recording.jobs.map(({ start, end, failedTasks }) => ({
      name: start.name,
      start: Math.max(0, sinceStart(start.time)),
      end: end && sinceStart(end.time),
      tasks: start.tasks,
      workers: start.workers,
      peakBytes: end?.peakBytes,
      error: end && 'error' in end ? String(end.error) : undefined,
      failedTasks,
    })),
    stages: list,
    tasks,
    workers: [...new Set(tasks.map(({ worker }) => worker))].sort((a, b) => a - b),
    memory: recording.memory.map(({ time, bytes }) => ({ time: sinceStart(time), bytes })),
    peakBytes: recording.peakBytes,
    limitBytes: recording.limitBytes,
    spills: recording.spills.map(({ time, kind, bytes }) => ({ time: sinceStart(time), kind, bytes })),
  }
}

function tasksOf(
  { start }: RecordedJob,
  job: number,
  { worker, tasks, times }: Finished,
  stageNumbers: readonly number[],
  from: number,
): ProfiledTask[] {
  return tasks.map((task, k) => {
    const stage = start.stageOf(task)
    return {
      job,
      stageIndex: stageNumbers[stage],
      stage: start.stages[stage].name,
      block: start.blockOf(task),
      worker,
      start: times[2 * k] - from,
      end: times[2 * k + 1] - from,
      ...start.bytesOf(task),
    }
  })
}

import type { JobStart } from '../../scheduler/observe.ts'
import { createTracked } from './changes.ts'
import type { JobView, StageView } from './views.ts'

const mostJobs = 12
const mostStages = 100

type Changing<T> = { -readonly [key in keyof T]: T[key] }
type Stage = Changing<StageView> & { readonly taskBytes: number }
interface Job extends Omit<Changing<JobView>, 'stages'> {
  readonly stages: Stage[]
  readonly stageOf: JobStart['stageOf']
}

/** The jobs and how far they are. */
export interface Jobs {
  /** `time`: milliseconds since the dashboard began. */
  start(told: JobStart, time: number): void
  end(job: number, state: 'done' | 'failed', time: number, peakBytes: number | null): void
  /**
   * Counts a task, one that has run again only with its bytes and time; gives its stage's place and the bytes it moved, undefined
   * when the job is not known.
   */
  finish(
    job: number,
    task: number,
    milliseconds: number,
    isRepeated: boolean,
  ): { stage: number; bytes: number } | undefined
  readonly runningCount: number
  takeChanged(): JobView[]
  all(): JobView[]
}

export function createJobs(): Jobs {
  const jobs = createTracked<number, Job>()
  const running = new Map<number, number>()
  let count = 0
  const runningJob = (number: number): Job | undefined => {
    const id = running.get(number)
    return id === undefined ? undefined : jobs.items.get(id)
  }
  return {
    start(told, time) {
      const id = ++count
      running.set(told.job, id)
      jobs.touch(id, () => newJob(told, id, time))
      for (const old of jobs.items.values())
        if (jobs.items.size > mostJobs && old.state !== 'running') jobs.forget(old.id)
    },
    end(number, state, time, peakBytes) {
      const job = runningJob(number)
      running.delete(number)
      if (!job) return
      jobs.touch(job.id, () => job)
      Object.assign(job, { state, peakBytes, end: time })
    },
    finish(number, task, milliseconds, isRepeated) {
      const job = runningJob(number)
      if (!job) return undefined
      jobs.touch(job.id, () => job)
      const place = job.stageOf(task)
      const stage = job.stages[place]
      job.finished += isRepeated ? 0 : 1
      stage.finished += isRepeated ? 0 : 1
      stage.bytes += stage.taskBytes
      stage.duration += milliseconds
      return { stage: place, bytes: stage.taskBytes }
    },
    get runningCount() {
      return running.size
    },
    takeChanged: () => jobs.takeChanged().map(viewJob),
    all: () => [...jobs.items.values()].map(viewJob),
  }
}

function newJob(told: JobStart, id: number, start: number): Job {
  const stages = told.stages.map(({ name, kind, tasks, bytesIn, bytesOut }, i) => {
    const taskBytes = tasks > 0 ? (bytesIn + bytesOut) / tasks : 0
    const finished = told.finishedTasks[i]
    return { name, kind, tasks, finished, bytes: finished * taskBytes, duration: 0, taskBytes }
  })
  return {
    id,
    name: told.name,
    state: 'running',
    start,
    end: null,
    tasks: told.tasks,
    finished: told.finishedTasks.reduce((sum, finished) => sum + finished, 0),
    stages,
    stageOf: told.stageOf,
    moreStages: Math.max(0, stages.length - mostStages),
    peakBytes: null,
  }
}

const viewJob = ({ stageOf: _, stages, ...job }: Job): JobView => ({
  ...job,
  stages: stages.slice(0, mostStages).map(({ taskBytes: _bytes, ...stage }) => stage),
})

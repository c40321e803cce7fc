import { type JobStart, type Observation, observe } from '../../scheduler/observe.ts'
import { type ProgressTracker, trackProgress } from './estimate.ts'

/** A job that runs: `finish` takes note of tasks that have ended. */
export interface FollowedJob {
  readonly tracker: ProgressTracker
  finish(observation: Extract<Observation, { type: 'finished' }>): void
}

export function followJob(start: JobStart): FollowedJob {
  const stages = start.stages.map(({ name, tasks, bytesIn, bytesOut }) => ({ name, tasks, bytes: bytesIn + bytesOut }))
  const tracker = trackProgress(stages, start.time, {
    workers: start.workers,
    finishedBefore: start.finishedTasks,
  })
  return {
    tracker,
    finish({ time, tasks, times }) {
      const byStage = new Map<number, { tasks: number; durations: number[] }>()
      tasks.forEach((task, k) => {
        const stage = start.stageOf(task)
        const ended = byStage.get(stage) ?? { tasks: 0, durations: [] }
        ended.tasks++
        if (times) ended.durations.push(times[2 * k + 1] - times[2 * k])
        byStage.set(stage, ended)
      })
      for (const [stage, ended] of byStage) tracker.finish(time, stage, ended.tasks, times && ended.durations)
    },
  }
}

/** Follows the job that is submitted next, and no other. Gives what ends it. */
export function followNext(begin: (tracker: ProgressTracker) => void): () => void {
  let isTold = false // The observer is told first of the jobs that run already.
  let number: number | undefined
  let followed: FollowedJob | undefined
  const stop = observe((observation) => {
    if (observation.type === 'jobStart' && isTold && !followed) {
      number = observation.job
      followed = followJob(observation)
      begin(followed.tracker)
    } else if (observation.type === 'finished' && observation.job === number) followed?.finish(observation)
  })
  isTold = true
  return stop
}

import { taskState } from './job.ts'
import { isObserved, type JobDescription, type JobStart, observedWorker, tell } from './observe.ts'
import type { JobRequest } from './request.ts'
import type { SchedulerState } from './state.ts'
import type { JobId, SchedulerAction, SchedulerEvent, TaskTable } from './types.ts'

/** A job as it stands now. */
export function describeJob(state: SchedulerState, job: JobId, request: JobRequest): JobStart {
  const { table, options } = request
  const description = request.describe?.() ?? undescribed(table)
  const finishedTasks = description.stages.map(() => 0)
  state.jobs.get(job)?.state.forEach((taskIs, task) => {
    if (taskIs >= taskState.finished) finishedTasks[description.stageOf(task)]++
  })
  return {
    ...description,
    type: 'jobStart',
    time: performance.now(),
    job,
    tasks: table.count,
    finishedTasks,
    workers: options.workers,
    limitBytes: options.limitBytes,
  }
}

/** A job of which nothing is known but its tasks. */
function undescribed(table: TaskTable): JobDescription {
  const bytesOf = (task: number) => {
    const inputs = table.inputs.subarray(table.inputStart[task], table.inputStart[task + 1])
    return {
      bytesIn: inputs.reduce((sum, input) => sum + table.outputBytes[input], 0),
      bytesOut: table.outputBytes[task],
    }
  }
  const bytesIn = table.inputs.reduce((sum, input) => sum + table.outputBytes[input], 0)
  const bytesOut = table.outputBytes.reduce((sum, bytes) => sum + bytes, 0)
  const stages = [{ name: 'tasks', kind: 'tasks', tasks: table.count, bytesIn, bytesOut }]
  return { name: 'tasks', stages, stageOf: () => 0, blockOf: (task) => [task], bytesOf }
}

/** Tells of an event that the state machine is about to take in. Tasks of a job that has failed were passed over. */
export function tellEvent(state: SchedulerState, event: SchedulerEvent, pool: number): void {
  if (!isObserved()) return
  const time = performance.now()
  if (event.type === 'finished') {
    const job = state.jobs.get(event.job)
    if (!job || job.failure) return
    const repeated = job.dropped.size > 0 ? event.tasks.filter((task) => job.dropped.has(task)) : []
    tell({ ...event, time, worker: observedWorker(event.worker, pool), times: event.times, repeated })
  }
  const move = event.type === 'moved' ? state.moves.get(event.move) : undefined
  if (move) tell({ type: 'moved', time, kind: move.kind, bytes: move.block.bytes })
  if (event.type === 'workerReady') tell({ ...event, time, worker: observedWorker(event.worker, pool) })
  if (event.type === 'workerLost')
    tell({ ...event, time, worker: observedWorker(event.worker, pool), cause: event.cause })
}

/** `overheadBytes` of the heap are nobody's blocks. */
export function tellMemory({ heap: { usedBytes, limitBytes } }: SchedulerState, overheadBytes: number): void {
  if (!isObserved()) return
  const time = performance.now()
  tell({ type: 'memory', time, usedBytes: usedBytes - overheadBytes, limitBytes: limitBytes - overheadBytes })
}

export function tellEnd(end: Extract<SchedulerAction, { type: 'done' | 'fail' }>): void {
  if (!isObserved()) return
  const time = performance.now()
  if (end.type === 'done') {
    const { job, peakBytes, spilledBytes, reloadedBytes, droppedBlocks } = end
    tell({ type: 'jobEnd', time, job, peakBytes, spilledBytes, reloadedBytes, droppedBlocks })
  } else tell({ type: 'jobFailed', time, job: end.job, error: end.error })
}

import type { Recording } from '../../../src/diagnostics/profile/record.ts'
import type { JobStart } from '../../../src/scheduler/observe.ts'

export interface Ran {
  readonly worker: number
  readonly stage: number
  readonly start: number
  readonly end: number
}

/** A recording of one job whose tasks ran as told; each reads 100 bytes and writes 10. It began at 1000 ms. */
export function recordingOf(stages: readonly string[], ran: readonly Ran[], duration: number): Recording {
  const start: JobStart = {
    type: 'jobStart',
    time: 1000,
    job: 7,
    name: stages[stages.length - 1],
    tasks: ran.length,
    finishedTasks: stages.map(() => 0),
    workers: 2,
    limitBytes: 2 ** 20,
    stages: stages.map((name) => ({ name, kind: 'kernel', tasks: 0, bytesIn: 0, bytesOut: 0 })),
    stageOf: (task) => ran[task].stage,
    blockOf: (task) => [task, 0],
    bytesOf: () => ({ bytesIn: 100, bytesOut: 10 }),
  }
  const finished = ran.map(({ worker, start, end }, task) => ({
    worker,
    tasks: [task],
    times: Float64Array.of(1000 + start, 1000 + end),
  }))
  return {
    start: 1000,
    end: 1000 + duration,
    jobs: [{ start, finished, failedTasks: 0, end: { time: 1000 + duration, peakBytes: 3000 } }],
    memory: [
      { time: 1000, bytes: 0 },
      { time: 1000 + duration / 2, bytes: 3000 },
    ],
    peakBytes: 3000,
    limitBytes: 4000,
    spills: [],
  }
}

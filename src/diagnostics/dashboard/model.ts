import { type Observation, workerName } from '../../scheduler/observe.ts'
import { createCells } from './cells.ts'
import { createLog, createTracked } from './changes.ts'
import { createJobs } from './jobs.ts'
import { type ErrorView, type SampleView, type Update, type WorkerView, windowMilliseconds } from './views.ts'

const rateMilliseconds = 500
const mostErrors = 20

/** What the dashboard shows, kept small whatever runs: counts by stage, cells of the task stream, one sample a tick. */
export interface Model {
  note(observation: Observation): void
  /** What has changed since the last call, undefined when nothing has. Called at each tick. */
  take(): Update | undefined
  /** All there is, for a page that comes later. */
  all(): Update
}

/** `now` is the clock of the observations, in milliseconds. */
export function createModel(now: () => number = () => performance.now()): Model {
  const began = now()
  const time = (): number => now() - began
  const jobs = createJobs()
  const cells = createCells()
  const workers = createTracked<number, { -readonly [key in keyof WorkerView]: WorkerView[key] }>()
  const curves = createCurves()
  const errors = createLog<ErrorView>()
  const moved = { spilledBytes: 0, reloadedBytes: 0 }
  let errorCount = 0

  const workerOf = (id: number) => workers.touch(id, () => ({ id, isLost: false, tasks: 0 }))
  const addError = (at: number, text: string): void => errors.add({ id: ++errorCount, time: at, text })
  function finish({ job, worker, tasks, times, repeated }: Extract<Observation, { type: 'finished' }>): void {
    workerOf(worker).tasks += tasks.length
    tasks.forEach((task, k) => {
      const [start, end] = times ? [times[2 * k], times[2 * k + 1]] : [0, 0]
      const done = jobs.finish(job, task, end - start, repeated.includes(task))
      if (!done) return
      curves.moved(done.bytes)
      if (times) cells.fill(worker, done.stage, start - began, end - began)
    })
  }
  return {
    note(told) {
      const at = told.time - began
      if (told.type === 'jobStart') {
        if (jobs.runningCount === 0) curves.begin(at)
        jobs.start(told, at)
      } else if (told.type === 'finished') finish(told)
      else if (told.type === 'memory') curves.memory(told.usedBytes, told.limitBytes)
      else if (told.type === 'moved') moved[told.kind === 'spill' ? 'spilledBytes' : 'reloadedBytes'] += told.bytes
      else if (told.type === 'taskFailed') addError(at, String(told.error))
      else if (told.type === 'jobEnd') jobs.end(told.job, 'done', at, told.peakBytes)
      else if (told.type === 'jobFailed') {
        jobs.end(told.job, 'failed', at, null)
        addError(at, String(told.error))
      } else if (told.type === 'workerReady') workerOf(told.worker)
      else {
        workerOf(told.worker).isLost = true
        // Workers also end when they are shut down.
        if (jobs.runningCount > 0) addError(at, `${workerName(told.worker)} was lost: ${String(told.cause)}`)
      }
    },
    take() {
      curves.sample(time(), jobs.runningCount > 0)
      if (jobs.runningCount > 0) cells.forget(time())
      errors.keepFrom((_, place, all) => place >= all.length - mostErrors)
      const changed = {
        jobs: jobs.takeChanged(),
        workers: workers.takeChanged().map((worker) => ({ ...worker })),
        cells: cells.takeChanged(),
        memory: curves.used.takeNew(),
        rates: curves.rates.takeNew(),
        errors: errors.takeNew(),
      }
      const isChanged = Object.values(changed).some((list) => list.length > 0)
      return isChanged ? { time: time(), limitBytes: curves.limitBytes, ...moved, ...changed } : undefined
    },
    all: () => ({
      time: time(),
      limitBytes: curves.limitBytes,
      ...moved,
      jobs: jobs.all(),
      workers: [...workers.items.values()],
      cells: cells.all(),
      memory: curves.used.told(),
      rates: curves.rates.told(),
      errors: errors.told(),
    }),
  }
}

/** Memory, of each tick the highest, and throughput. */
function createCurves() {
  const used = createLog<SampleView>()
  const rates = createLog<SampleView>()
  let limitBytes = 0
  let usedBytes = 0
  let highBytes: number | undefined
  let movedBytes = 0
  let rateFrom = 0
  return {
    used,
    rates,
    get limitBytes() {
      return limitBytes
    },
    begin(time: number): void {
      rateFrom = time
      rates.add({ time, value: 0 })
    },
    moved(bytes: number): void {
      movedBytes += bytes
    },
    memory(bytes: number, limit: number): void {
      usedBytes = bytes
      limitBytes = limit
      highBytes = Math.max(highBytes ?? 0, bytes)
    },
    sample(time: number, isRunning: boolean): void {
      if (highBytes !== undefined) used.add({ time, value: highBytes })
      highBytes = isRunning ? usedBytes : undefined
      const span = time - rateFrom
      if (span >= rateMilliseconds || (!isRunning && movedBytes > 0)) {
        if (isRunning || movedBytes > 0) rates.add({ time, value: (1000 * movedBytes) / Math.max(1, span) })
        movedBytes = 0
        rateFrom = time
      }
      if (!isRunning) return // What ran last stays to be seen.
      for (const log of [used, rates]) log.keepFrom((sample) => sample.time >= time - windowMilliseconds)
    },
  }
}

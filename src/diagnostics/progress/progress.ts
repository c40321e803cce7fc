import { formatGiven, NdloomError } from '../../core/errors.ts'
import { checkFlag, checkOptions } from '../../core/options.ts'
import { observe } from '../../scheduler/observe.ts'
import { type ProgressStream, progressDisplay } from './display.ts'
import { createDrawing, type Drawing } from './drawing.ts'
import { type ProgressState, type ProgressTracker, trackProgress } from './estimate.ts'
import { type FollowedJob, followJob } from './follow.ts'

/** Told how many tasks of how many are done, and more of the run in `state`: its stages, rates and about the time left. */
export type Progress = (finishedTasks: number, totalTasks: number, state: ProgressState) => void

export interface ProgressBarOptions {
  /** Stands before the bar. */
  label?: string
  /** Runs that take less than so many seconds are not drawn; 0 unless given. */
  minimum?: number
  /** Where to draw, unless in a notebook: `process.stderr`. A stream that is given is drawn to even in a notebook. */
  stream?: ProgressStream
  /** Draw even where the stream is no terminal: now and then a line. */
  force?: boolean
}
const optionNames = ['label', 'minimum', 'stream', 'force'] as const

/** Who is told of a run: when it begins, when tasks have ended (that may throw, which ends the run), and at its end. */
export interface ProgressListener {
  begin(run: ProgressTracker): void
  update(): void
  end(isFailed: boolean): void
}

/** What the `progress` option of a run means: a bar, a function of the user's, or nothing. */
export function progressOf(progress: boolean | Progress | undefined): (() => ProgressListener) | undefined {
  if (!progress) return undefined
  return () => {
    let run: ProgressTracker | undefined
    const drawing = progress === true ? createDrawing(() => progressDisplay(undefined, false), '', 0) : undefined
    return {
      begin(tracker) {
        run = tracker
        drawing?.add(tracker)
      },
      update() {
        drawing?.change()
        if (progress === true || !run) return
        const state = run.stateAt(performance.now())
        progress(state.finishedTasks, state.totalTasks, state)
      },
      end: (isFailed) => run && drawing?.remove(run, isFailed),
    }
  }
}

/** The same for a run that is counted by items: `report` how many have ended, and `end`. */
export function progressOfItems(progress: boolean | Progress | undefined, name: string, items: number) {
  const listener = progressOf(progress)?.()
  if (!listener) return undefined
  const tracker = trackProgress([{ name, tasks: items, bytes: 0 }], performance.now())
  let reported = 0
  listener.begin(tracker)
  return {
    report(finished: number): void {
      tracker.finish(performance.now(), 0, finished - reported, undefined)
      reported = finished
      listener.update()
    },
    end: listener.end,
  }
}

/**
 * Draws the progress of all computations from now on: one line for each, with the time left, and one for each of its stages that matters.
 * On standard error when that is a terminal, in a tslab notebook below the cell. It is on from the start; `unregister` ends it, and so
 * does leaving the block of a `using` declaration. Errors: NdloomError for an option that is unknown or not of its kind.
 *
 * @example
 * const bar = new nd.ProgressBar({ minimum: 0.5 })
 * await x.sum().compute()
 * bar.unregister()
 */
export class ProgressBar {
  /** Ends it, as `unregister` does: what a `using` declaration calls. */
  declare [Symbol.dispose]: () => void
  #drawing: Drawing
  #stop: (() => void) | undefined

  constructor(given?: ProgressBarOptions) {
    const options = checkOptions<ProgressBarOptions>(given, optionNames, 'ProgressBar')
    const { label = '', minimum = 0, stream } = options
    const force = checkFlag(options.force, 'force', 'ProgressBar')
    if (typeof label !== 'string') throw new NdloomError(`ProgressBar: got label ${formatGiven(label)}, want text`)
    if (!(typeof minimum === 'number' && minimum >= 0))
      throw new NdloomError(`ProgressBar: got minimum ${formatGiven(minimum)}, want a number of seconds`)
    if (stream !== undefined && typeof stream?.write !== 'function')
      throw new NdloomError(`ProgressBar: got stream ${formatGiven(stream)}, want one such as process.stderr`)
    this.#drawing = createDrawing(() => progressDisplay(stream, force), label, minimum)
    this.register()
  }

  /** Draws again after `unregister`. */
  register(): this {
    this.#stop ??= drawAll(this.#drawing)
    return this
  }
  /** Draws no more. */
  unregister(): void {
    this.#stop?.()
    this.#stop = undefined
  }
}
// Symbol.dispose is not everywhere that the package runs.
if (Symbol.dispose)
  Object.defineProperty(ProgressBar.prototype, Symbol.dispose, {
    value: ProgressBar.prototype.unregister,
    configurable: true,
    writable: true,
  })

/** Draws all jobs of the process until it is stopped. */
function drawAll(drawing: Drawing): () => void {
  const jobs = new Map<number, FollowedJob>()
  const end = (number: number, isFailed: boolean): void => {
    const job = jobs.get(number)
    if (job && jobs.delete(number)) drawing.remove(job.tracker, isFailed)
  }
  const stop = observe((observation) => {
    if (observation.type === 'jobStart') {
      const job = followJob(observation)
      jobs.set(observation.job, job)
      drawing.add(job.tracker)
    } else if (observation.type === 'finished') {
      jobs.get(observation.job)?.finish(observation)
      drawing.change()
    } else if (observation.type === 'jobEnd' || observation.type === 'jobFailed')
      end(observation.job, observation.type === 'jobFailed')
  })
  return () => {
    stop()
    for (const number of [...jobs.keys()]) end(number, true)
  }
}

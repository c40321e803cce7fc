import { config, parseBytes, parseScheduler, parseWorkers } from '../core/config.ts'
import { AbortError, formatGiven, NdloomError } from '../core/errors.ts'
import { checkFlag, checkOptions, checkProgress, checkSignal } from '../core/options.ts'
import { type Progress, type ProgressListener, progressOf } from '../diagnostics/progress/progress.ts'

/** What `onEvent` is told. */
export type RunEvent =
  /** The run will not take more than `forecastBytes` for blocks, results and what the reader of a stream has. */
  | { readonly type: 'start'; readonly totalTasks: number; readonly forecastBytes: number }
  | { readonly type: 'progress'; readonly finishedTasks: number; readonly totalTasks: number }
  | {
      readonly type: 'end'
      /** The most bytes that the run took at any time, counted as in the forecast. */
      readonly peakBytes: number
      /** Bytes that left the heap for want of room, and that came back. */
      readonly spilledBytes: number
      readonly reloadedBytes: number
      /** Blocks that were dropped for want of room, to be read or drawn again. */
      readonly droppedBlocks: number
    }

export interface ComputeOptions {
  /** 'threads' (default): on the pool of workers; 'local': on this thread. */
  scheduler?: 'threads' | 'local'
  /** The most workers to use (default: those of the configuration, of which there are never more than the process may run at once). */
  workers?: number
  /** The most bytes that blocks and results may take: a number, or text such as '512MiB'. */
  memoryLimit?: number | string
  signal?: AbortSignal
  /** Told how far the work is; true draws a bar in the terminal or notebook. */
  progress?: boolean | Progress
  /** Told when the run starts, goes on and ends, with the most bytes its blocks took. */
  onEvent?: (event: RunEvent) => void
  /** Stream blocks in row-major order of the grid rather than as they finish. */
  ordered?: boolean
}

/** The options of a run, checked, with the settings for those that are not given. */
export interface Settings {
  readonly limitBytes: number
  readonly workers: number
  readonly ordered: boolean
  readonly signal: AbortSignal | undefined
  readonly openProgress: (() => ProgressListener) | undefined
  readonly onEvent: ComputeOptions['onEvent']
}
export const optionNames = ['scheduler', 'workers', 'memoryLimit', 'signal', 'progress', 'onEvent', 'ordered'] as const

/** Errors: NdloomError for an unknown option or a value that is not of its kind, AbortError when the signal is aborted already. */
export function settingsOf(given: ComputeOptions): Settings {
  const { signal, progress, onEvent, ordered, ...options } = checkOptions<ComputeOptions>(given, optionNames, 'compute')
  const scheduler = parseScheduler(options.scheduler ?? config().scheduler, 'compute: scheduler')
  const workers = parseWorkers(options.workers ?? config().workers, 'compute: workers')
  const limitBytes = parseBytes(options.memoryLimit ?? config().memoryLimit, 'compute: memoryLimit')
  checkSignal(signal, 'compute')
  checkProgress(progress, 'compute')
  if (onEvent !== undefined && typeof onEvent !== 'function')
    throw new NdloomError(`compute: got onEvent ${formatGiven(onEvent)}, want a function (event) => ...`)
  if (signal?.aborted) throw new AbortError('compute: aborted before it began', signal.reason)
  return {
    limitBytes,
    workers: scheduler === 'local' ? 0 : workers,
    ordered: checkFlag(ordered, 'ordered', 'compute'),
    signal,
    openProgress: progressOf(progress),
    onEvent,
  }
}

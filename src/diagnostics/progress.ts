/** Where a bar is drawn: a stream such as process.stderr. */
export interface ProgressStream {
  write(text: string): unknown
  readonly isTTY?: boolean
}
export interface ProgressOptions {
  /** Stands before the bar. */
  label?: string
  /** The length of the bar, in characters. */
  width?: number
  /** Where to draw, `process.stderr` unless given. */
  stream?: ProgressStream
  /** Draw even where the stream is no terminal. */
  force?: boolean
}
/** Told how many tasks of how many are done. */
export type Progress = (finishedTasks: number, totalTasks: number) => void

const redrawMilliseconds = 50
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/**
 * A progress bar in the last line of a terminal, drawn at most 20 times a second; it ends its line with the last task. Where the
 * stream is no terminal nothing is written, unless `force` is set.
 * @example
 * await x.compute({ progress: progressBar({ label: 'mean' }) })
 */
export function progressBar(options: ProgressOptions = {}): Progress {
  const { label = '', width = 30, stream = globalThis.process?.stderr, force = false } = options
  if (!stream || !(force || stream.isTTY)) return () => {}
  const start = performance.now()
  let drawn = Number.NEGATIVE_INFINITY
  let ended = false
  return (finishedTasks, totalTasks) => {
    const now = performance.now()
    const last = finishedTasks >= totalTasks
    if (ended || (!last && now - drawn < redrawMilliseconds)) return
    drawn = now
    ended = last
    const seconds = ((now - start) / 1000).toFixed(1)
    const counts = `${finishedTasks}/${totalTasks} tasks, ${seconds} s`
    stream.write(`\r\x1b[K${label}${label && ' '}${bar(finishedTasks, totalTasks, width)} ${counts}${last ? '\n' : ''}`)
  }
}

function bar(finished: number, total: number, width: number): string {
  const part = total > 0 ? Math.min(1, finished / total) : 1
  const filled = Math.floor(part * width * eighths.length)
  const text = '█'.repeat(Math.floor(filled / eighths.length)) + eighths[filled % eighths.length]
  return `▕${text.padEnd(width)}▏${String(Math.floor(part * 100)).padStart(3)} %`
}

/** What the `progress` option of a run means: a bar, a function of the user's, or nothing. */
export const progressOf = (progress: boolean | Progress | undefined): Progress | undefined =>
  progress === true ? progressBar() : progress || undefined

import type { ProfileData, ProfiledTask } from './data.ts'

interface Span {
  readonly start: number
  readonly end: number
}

/** How long at least one of the spans goes on. They may overlap, and are in order of their start. */
export function coveredTime(spans: readonly Span[]): number {
  let covered = 0
  let end = Number.NEGATIVE_INFINITY
  for (const span of spans) {
    covered += Math.max(0, span.end - Math.max(end, span.start))
    end = Math.max(end, span.end)
  }
  return covered
}

/** The tasks of each worker, in order of their start. */
export function byWorker(tasks: readonly ProfiledTask[]): Map<number, ProfiledTask[]> {
  const found = new Map<number, ProfiledTask[]>()
  for (const task of tasks) {
    const own = found.get(task.worker)
    if (own) own.push(task)
    else found.set(task.worker, [task])
  }
  return found
}

/** The share of the jobs' time, 0 to 1, in which the workers that ran any task ran none. */
export function idleShare({ jobs, tasks, duration }: ProfileData): number {
  const workers = [...byWorker(tasks).values()]
  const spans = jobs.map(({ start, end = duration }) => ({ start, end })).sort((a, b) => a.start - b.start)
  const whole = workers.length * coveredTime(spans)
  const busy = workers.reduce((sum, own) => sum + coveredTime(own), 0)
  return whole > 0 ? Math.max(0, 1 - busy / whole) : 0
}

/** A piece of a worker's row in the picture. */
export interface Bar extends Span {
  readonly worker: number
  readonly stageIndex: number
  readonly tasks: number
  /** The share of the time, 0 to 1, in which a task ran. */
  readonly share: number
}

/**
 * The task stream in at most about `mostBars` bars: tasks of one stage that follow each other closely become one; where that is not
 * enough, time is cut in equal pieces and each shows the stage that took most of it.
 */
export function streamBars({ tasks, workers, duration }: ProfileData, mostBars: number): Bar[] {
  const gap = duration / 2000
  const merged = [...byWorker(tasks).values()].flatMap((own) => mergeNear(own, gap))
  if (merged.length <= mostBars) return merged
  const pieces = Math.max(1, Math.floor(mostBars / workers.length))
  const equal = [...byWorker(tasks).values()].flatMap((own) => cutEqual(own, duration, pieces))
  return mergeSame(equal)
}

function mergeNear(tasks: readonly ProfiledTask[], gap: number): Bar[] {
  const bars: (Bar & { busy: number })[] = []
  for (const { worker, stageIndex, start, end } of tasks) {
    const last = bars[bars.length - 1]
    if (last?.stageIndex === stageIndex && start - last.end <= gap) {
      const busy = last.busy + (end - start)
      const both = { ...last, end: Math.max(last.end, end), tasks: last.tasks + 1, busy }
      bars[bars.length - 1] = { ...both, share: busy > 0 ? Math.min(1, busy / (both.end - both.start)) : 1 }
    } else bars.push({ worker, stageIndex, start, end, tasks: 1, share: 1, busy: end - start })
  }
  return bars.map(({ busy, ...bar }) => bar)
}

function cutEqual(tasks: readonly ProfiledTask[], duration: number, pieces: number): Bar[] {
  const length = duration / pieces
  const busy = Array.from({ length: pieces }, () => new Map<number, { time: number; tasks: number }>())
  for (const { stageIndex, start, end } of tasks) {
    const first = Math.min(pieces - 1, Math.max(0, Math.floor(start / length)))
    for (let piece = first; piece === first || (piece < pieces && piece * length < end); piece++) {
      const own = busy[piece].get(stageIndex) ?? { time: 0, tasks: 0 }
      own.time += Math.min(end, (piece + 1) * length) - Math.max(start, piece * length)
      if (piece === first) own.tasks++
      busy[piece].set(stageIndex, own)
    }
  }
  return busy.flatMap((stages, piece) => {
    if (stages.size === 0) return []
    const [[stageIndex]] = [...stages].sort(([, a], [, b]) => b.time - a.time)
    const time = [...stages.values()].reduce((sum, own) => sum + own.time, 0)
    const count = [...stages.values()].reduce((sum, own) => sum + own.tasks, 0)
    const span = { start: piece * length, end: (piece + 1) * length }
    return [{ worker: tasks[0].worker, stageIndex, ...span, tasks: count, share: Math.min(1, time / length) }]
  })
}

/** Neighbours of one stage that are about as busy become one. */
function mergeSame(bars: readonly Bar[]): Bar[] {
  const merged: Bar[] = []
  for (const bar of bars) {
    const last = merged[merged.length - 1]
    const joins =
      last?.worker === bar.worker &&
      last.stageIndex === bar.stageIndex &&
      Math.abs(last.end - bar.start) < 1e-6 &&
      Math.abs(last.share - bar.share) < 0.1
    if (joins) merged[merged.length - 1] = { ...last, end: bar.end, tasks: last.tasks + bar.tasks }
    else merged.push(bar)
  }
  return merged
}

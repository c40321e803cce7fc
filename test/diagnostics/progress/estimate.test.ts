import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type ProgressState, type StageWork, trackProgress } from '../../../src/diagnostics/progress/estimate.ts'

/** A run as it was: scripts/fixtures-progress.ts recorded it. Times in milliseconds since its start. */
interface Recorded {
  readonly name: string
  readonly milliseconds: number
  readonly workers: number
  readonly stages: readonly StageWork[]
  /** When tasks ended, of which stage, and how long each had taken. */
  readonly events: readonly (readonly [number, number, readonly number[]])[]
}
const file = new URL('../../fixtures/progress.json', import.meta.url)
const runs = JSON.parse(readFileSync(file, 'utf8')) as Recorded[]

/** What was known of a run when a part of its time had passed. */
function stateAfter(part: number, { milliseconds, workers, stages, events }: Recorded): ProgressState {
  const tracker = trackProgress(stages, 0, { workers })
  const now = part * milliseconds
  for (const [time, stage, durations] of events)
    if (time <= now) tracker.finish(time, stage, durations.length, durations)
  return tracker.stateAt(now)
}
/** By how much of the whole run the time left was wrong then. */
const errorAt = (part: number, run: Recorded): number =>
  Math.abs((stateAfter(part, run).remainingSeconds! * 1000) / run.milliseconds - (1 - part))

describe('the time left of recorded runs', () => {
  test.each(runs)('$name: at half-time it is off by less than a quarter of the run', (run) => {
    expect(errorAt(0.5, run)).toBeLessThan(0.25)
  })
  test('at half-time it is off by less than an eighth of the run, on average', () => {
    expect(runs.length).toBeGreaterThan(5)
    expect(runs.reduce((sum, run) => sum + errorAt(0.5, run), 0) / runs.length).toBeLessThan(0.125)
  })
  test.each(runs)('$name: the longer it runs, the better it is known', (run) => {
    expect(errorAt(0.9, run)).toBeLessThan(0.15)
    const { finishedTasks, totalTasks, remainingSeconds } = stateAfter(1, run)
    expect([finishedTasks, remainingSeconds]).toEqual([totalTasks, 0])
  })
})

describe('a run', () => {
  const stages = [
    { name: 'read', tasks: 10, bytes: 1000 },
    { name: 'sum', tasks: 10, bytes: 500 },
  ]
  test('begins with nothing known', () => {
    expect(trackProgress(stages, 5).stateAt(5)).toEqual({
      finishedTasks: 0,
      totalTasks: 20,
      elapsedSeconds: 0,
      remainingSeconds: undefined,
      bytesPerSecond: 0,
      stages: stages.map((stage) => ({ ...stage, finishedTasks: 0, finishedBytes: 0 })),
    })
  })
  test('a stage that has not begun is thought to take what its bytes took elsewhere', () => {
    const tracker = trackProgress(stages, 0)
    for (let task = 1; task <= 10; task++) tracker.finish(100 * task, 0, 1, [100])
    expect(tracker.stateAt(1000).remainingSeconds).toBeCloseTo(0.5, 5)
    expect(tracker.stateAt(1000).bytesPerSecond).toBe(1000)
  })
  test('where several workers are busy the rest takes less', () => {
    const tracker = trackProgress(stages.slice(0, 1), 0, { workers: 2 })
    for (let task = 1; task <= 4; task++) tracker.finish(100 * task, 0, 1, [200])
    expect(tracker.stateAt(400).remainingSeconds).toBeCloseTo(0.6, 1)
  })
  test('a long first task, of which a kernel was compiled, does not count for all', () => {
    const tracker = trackProgress([{ name: 'map', tasks: 100, bytes: 0 }], 0)
    tracker.finish(1000, 0, 1, [1000])
    for (let task = 1; task < 20; task++) tracker.finish(1000 + 10 * task, 0, 1, [10])
    expect(tracker.stateAt(1190).remainingSeconds).toBeCloseTo(0.8, 1)
  })
  test('while a long task runs the time left goes down, but not to nothing where nothing is known', () => {
    const tracker = trackProgress(stages, 0)
    for (let task = 1; task <= 10; task++) tracker.finish(task, 0, 1, [1])
    expect(tracker.stateAt(10).remainingSeconds).toBeLessThan(0.1)
    expect(tracker.stateAt(5000).remainingSeconds).toBeGreaterThan(1)
  })
  test('without measured times it goes by tasks, and those that ended before count for nothing', () => {
    const tracker = trackProgress(stages, 0, { finishedBefore: [10, 0] })
    expect(tracker.stateAt(100).remainingSeconds).toBeUndefined()
    tracker.finish(500, 1, 5, undefined)
    expect(tracker.stateAt(500)).toMatchObject({ finishedTasks: 15, remainingSeconds: 0.5 })
  })
})

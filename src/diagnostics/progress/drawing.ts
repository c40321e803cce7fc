import type { ProgressDisplay } from './display.ts'
import type { ProgressTracker } from './estimate.ts'
import type { ShownRun } from './lines.ts'

/** Keeps the drawing of the runs that go on at one time up to date. */
export interface Drawing {
  add(run: ProgressTracker): void
  /** Tasks have ended. */
  change(): void
  remove(run: ProgressTracker, isFailed: boolean): void
}

/** `open` gives the display when a first run begins. A timer draws while no task ends; it keeps no process from ending. */
export function createDrawing(open: () => ProgressDisplay | undefined, label: string, minimumSeconds: number): Drawing {
  const runs = new Set<ProgressTracker>()
  let display: ProgressDisplay | undefined
  let drawn = 0
  let timer: ReturnType<typeof setInterval> | undefined
  const shown = (run: ProgressTracker): ShownRun => ({ label, state: run.stateAt(performance.now()) })
  const isLong = ({ state }: ShownRun): boolean => state.elapsedSeconds >= minimumSeconds
  const change = (): void => {
    if (!display || performance.now() - drawn < display.pause) return
    drawn = performance.now()
    const long = [...runs].map(shown).filter(isLong)
    if (long.length > 0) display.draw(long)
  }
  return {
    change,
    add(run) {
      if (runs.size === 0) {
        display = open()
        drawn = performance.now()
        if (display) timer = setInterval(change, display.pause)
        timer?.unref?.()
      }
      runs.add(run)
    },
    remove(run, isFailed) {
      if (!runs.delete(run)) return
      const last = shown(run)
      if (isLong(last)) display?.end(last, isFailed)
      if (runs.size === 0) clearInterval(timer)
    },
  }
}

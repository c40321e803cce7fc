import { createTracked } from './changes.ts'
import { type CellView, cellMilliseconds, windowMilliseconds } from './views.ts'

interface Cell {
  readonly worker: number
  readonly span: number
  /** Milliseconds by the stage's place in its job. */
  readonly busy: Map<number, number>
}

/** The task stream, in cells of equal time: as small for 100,000 tasks as for ten. Times since the dashboard began. */
export interface Cells {
  fill(worker: number, stage: number, start: number, end: number): void
  /** Drops what is older than the window. */
  forget(time: number): void
  takeChanged(): CellView[]
  all(): CellView[]
}

export function createCells(): Cells {
  const cells = createTracked<number, Cell>()
  return {
    fill(worker, stage, start, end) {
      const first = Math.floor(Math.max(start, end - windowMilliseconds, 0) / cellMilliseconds)
      for (let span = first; span === first || span * cellMilliseconds < end; span++) {
        const cell = cells.touch((worker + 1) * 2 ** 32 + span, () => ({ worker, span, busy: new Map() }))
        const busy = Math.min(end, (span + 1) * cellMilliseconds) - Math.max(start, span * cellMilliseconds)
        cell.busy.set(stage, (cell.busy.get(stage) ?? 0) + Math.max(0, busy))
      }
    },
    forget(time) {
      for (const [key, { span }] of cells.items) {
        if ((span + 1) * cellMilliseconds >= time - windowMilliseconds) break
        cells.forget(key)
      }
    },
    takeChanged: () => cells.takeChanged().map(viewCell),
    all: () => [...cells.items.values()].map(viewCell),
  }
}

function viewCell({ worker, span, busy }: Cell): CellView {
  let [stage, most, whole] = [0, -1, 0]
  for (const [place, time] of busy) {
    whole += time
    if (time > most) [stage, most] = [place, time]
  }
  return { worker, span, stage, share: Math.min(1, Math.round((100 * whole) / cellMilliseconds) / 100) }
}

import { type Accesses, type Axis, classesOf, gathers, mergeAxes, pointAxis, sortAxes } from './nest.ts'
import type { Walk } from './walk.ts'

/** How a scan goes over its nest: down the rows in columns, or (`line`) along the inner axis. */
export interface ScanPlan {
  readonly kept: readonly Axis[]
  readonly row: Axis
  readonly inner: Axis
  readonly line: boolean
}
const panelEntries = 256
/** Where columns have gaps, so few that the lines of memory they touch stay in the first cache. */
const panelEntriesWithGaps = 16

export function planScan(axes: readonly Axis[], accesses: Accesses, steps: number): ScanPlan {
  const all = accesses.dtypes.map((_, i) => i)
  const kept = mergeAxes(
    sortAxes(
      axes.filter((axis) => !axis.reduced),
      all,
    ),
  )
  const along = axes.find((axis) => axis.reduced) ?? { ...pointAxis(steps), reduced: true }
  const costs = kept.map((axis) => (1 + gathers(axis, accesses)) * (1 + 16 / axis.extent))
  const best = Math.min(...costs)
  if (best <= 3 + gathers(along, accesses)) {
    const [inner] = kept.splice(costs.lastIndexOf(best), 1)
    return { kept, row: along, inner, line: false }
  }
  return { kept, row: pointAxis(steps), inner: along, line: true }
}

export function scanWalks(plan: ScanPlan, accesses: Accesses, width: number, rows: number): Walk[] {
  const { kept, row, inner, line } = plan
  const gaps = classesOf(inner, accesses).includes('s')
  const panel = line ? inner.extent : (gaps ? panelEntriesWithGaps : panelEntries) * width
  const leaves = Math.floor(row.extent / rows)
  const walks: Walk[] = []
  for (let first = 0; first < inner.extent; first += panel) {
    const count = Math.min(panel, inner.extent - first)
    const vectors = Math.floor(count / width)
    const ones = count - vectors * width
    const singles = row.extent - leaves * rows
    const steps = {
      offset: [inner, first],
      leaf: [row, rows],
      row: [row, 1],
      vector: [inner, width],
      lane: [inner, 1],
    } as const
    walks.push({ kept, reduced: [], slotBytes: 0, pieces: [{ vectors, ones, leaves, singles, ...steps }] })
  }
  return walks
}

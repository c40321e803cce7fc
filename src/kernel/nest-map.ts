import { itemsize } from '../core/dtype.ts'
import { type Accesses, type Axis, classesOf, gathers, mergeAxes, pointAxis, scaled, sortAxes } from './nest.ts'
import type { Piece, Stride, Walk } from './walk.ts'

/** How a map goes over its nest: the inner axis has the fewest gaps, the others go from wide to narrow strides. */
export interface MapPlan {
  readonly outer: readonly Axis[]
  readonly row: Axis
  readonly inner: Axis
  readonly strips: boolean
}
/** A row of this many elements is short enough for the call to reach the optimised code soon, and long enough to be one. */
const rowElements = 8192
/**
 * Columns of a panel where an operand is read across: the next strip finds its lines in the second cache. With strides that are a
 * multiple of a page they fall into few of its sets.
 */
const panelColumns = (inner: Axis, accesses: Accesses): number =>
  inner.steps.some((step, i) => i < accesses.loaded && step !== 0 && step % 4096 === 0) ? 256 : 1024

const cost = (axis: Axis, accesses: Accesses): number => (1 + gathers(axis, accesses)) * (1 + 8 / axis.extent)

export function planMap(axes: readonly Axis[], accesses: Accesses, steps: number): MapPlan {
  const outputs = accesses.dtypes.map((_, i) => i).slice(accesses.loaded)
  const sorted = sortAxes(axes, outputs)
  const costs = sorted.map((axis) => cost(axis, accesses))
  const best = costs.lastIndexOf(Math.min(...costs))
  const merged = mergeAxes([...sorted.slice(0, best), ...sorted.slice(best + 1), ...sorted.slice(best, best + 1)])
  const inner = merged.pop() ?? pointAxis(steps)
  const across = crossing(merged, inner, accesses)
  const row = merged.splice(across >= 0 ? across : merged.length - 1, 1)[0] ?? scaled(inner, 1, 0)
  return { outer: merged, row, inner, strips: across >= 0 }
}

/** The outer axis along which most of the operands that the inner loop would have to gather are contiguous; -1 when none is. */
function crossing(outer: readonly Axis[], inner: Axis, accesses: Accesses): number {
  const classes = classesOf(inner, accesses)
  const score = (axis: Axis) =>
    classes.filter(
      (stride, i) => i < accesses.loaded && stride === 's' && axis.steps[i] === itemsize(accesses.dtypes[i]),
    ).length
  const scores = outer.map((axis) => (axis.extent >= 4 && inner.extent >= 4 ? score(axis) : 0))
  const best = Math.max(0, ...scores)
  return best > 0 ? scores.indexOf(best) : -1
}

/** The walks of a map, one after the other. */
export function mapWalks(plan: MapPlan, accesses: Accesses, width: number, stripRows: number): Walk[] {
  const { outer, row, inner } = plan
  const walk = (kept: readonly Axis[], rows: Axis, columns: number, offset?: Stride): Walk => ({
    kept,
    reduced: [],
    offset,
    slotBytes: 0,
    pieces: [mapPiece(rows, scaled(inner, columns, 1), width, plan.strips ? stripRows : 0)],
  })
  const size = plan.strips ? panelColumns(inner, accesses) : rowElements
  if (inner.extent <= 2 * size) return [walk(outer, row, inner.extent)]
  const count = Math.floor(inner.extent / size)
  const panels = scaled(inner, count, size)
  const walks = plan.strips ? [walk([panels, ...outer], row, size)] : [walk([...outer, row], panels, size)]
  const rest = inner.extent - count * size
  return rest ? [...walks, walk(outer, row, rest, [inner, count * size])] : walks
}

function mapPiece(row: Axis, inner: Axis, width: number, stripRows: number): Piece {
  const leaves = stripRows ? Math.floor(row.extent / stripRows) : 0
  const vectors = Math.floor(inner.extent / width)
  return {
    vectors,
    ones: inner.extent - vectors * width,
    leaves,
    singles: row.extent - leaves * stripRows,
    leaf: [row, stripRows],
    row: [row, 1],
    vector: [inner, width],
    lane: [inner, 1],
  }
}

import { internal } from '../core/errors.ts'
import type { ReductionRecord } from '../ops/record.ts'
import type { KernelForm } from './columns.ts'
import { mostPieces } from './layout.ts'
import { type Accesses, type Axis, gathers, mergeAxes, pointAxis, scaled, sortAxes } from './nest.ts'
import type { Piece, Stride, Walk } from './walk.ts'

/** How a reduction goes over its nest. */
export interface ReducePlan {
  readonly kept: readonly Axis[]
  readonly reduced: readonly Axis[]
  readonly row: Axis
  readonly inner: Axis
  /** The inner axis is reduced as well. */
  readonly fold: boolean
  /** The inner axis is cut into rows too: there is no other that is. */
  readonly split: boolean
  /** `split`: see KernelForm. */
  readonly near: number
  /** See KernelForm. */
  readonly running: KernelForm['running']
  /** `split`: the kept axis along which `runs` runs are worked on side by side; undefined: one at a time. */
  readonly beside?: Axis
  readonly runs: number
  /** Where it starts, if not at the start of the nest. */
  readonly offset?: Stride
}
/** A reduced inner axis longer than this is not kept as columns. */
const mostFoldColumns = 4096
/** Entries of states that stay in the first cache with a few levels of them. */
const cachedEntries = 1024
const splitEntries = 64
/** Elements of a run that is read in several places at a time. */
const longRun = 8192
/** Shorter runs are read several at a time, where there are at least so many. */
const runsBeside = (running: KernelForm['running']): number => (running === 'search' ? 8 : 4)
const fewestRuns = 32

const inputs = (accesses: Accesses): Accesses => ({ ...accesses, dtypes: accesses.dtypes.slice(0, accesses.loaded) })

/** What is reduced. */
export interface Elements {
  readonly record?: ReductionRecord
  /** The step of the elements' index, if it is a plain one, along an axis. */
  readonly indexStep: (axis: Axis) => number
  /** Whether two of them at each place are read faster than one. */
  readonly inPairs: boolean
}

export function planReduce(axes: readonly Axis[], accesses: Accesses, steps: number, elements: Elements): ReducePlan {
  const loaded = inputs(accesses)
  const operands = loaded.dtypes.map((_, i) => i)
  const kept = mergeAxes(
    sortAxes(
      axes.filter((axis) => !axis.reduced),
      operands,
    ),
  )
  const reduced = mergeAxes(
    sortAxes(
      axes.filter((axis) => axis.reduced),
      operands,
    ),
  )
  const keptCosts = kept.map((axis) => (1 + gathers(axis, loaded)) * (1 + 16 / axis.extent))
  const foldCosts = reduced.map((axis) => (1 + gathers(axis, loaded)) * (1 + 64 / axis.extent))
  const [bestKept, bestFold] = [Math.min(...keptCosts), Math.min(...foldCosts)]
  if (kept.length > 0 && (reduced.length === 0 || bestKept <= bestFold)) {
    const inner = take(kept, keptCosts.lastIndexOf(bestKept))
    return {
      kept,
      reduced,
      row: takeRow(reduced) ?? pointAxis(steps),
      inner,
      fold: false,
      split: false,
      near: 1,
      running: undefined,
      runs: 1,
    }
  }
  const inner = reduced.length > 0 ? take(reduced, foldCosts.lastIndexOf(bestFold)) : pointAxis(steps)
  const split = reduced.length === 0 || inner.extent > mostFoldColumns
  const row = split ? pointAxis(steps) : (takeRow(reduced) ?? internal('a reduction without rows'))
  const short = inner.extent < longRun
  const mayRun = split && elements.record?.never !== undefined
  const maySearch = short && reduced.length === 0 && elements.indexStep(inner) > 0
  const running = mayRun ? (maySearch ? 'search' : 'skip') : undefined
  const isContiguous = gathers(inner, loaded) < 1
  const wide = elements.inPairs && isContiguous ? 2 : 1
  const near = !split ? 1 : short || running !== undefined ? Number.POSITIVE_INFINITY : wide
  return { kept, reduced, row, inner, fold: true, split, near, running, runs: 1 }
}

/**
 * The plan with several runs side by side where they are short and many: memory is read faster in several places at a time than in one.
 * What is left of the kept axis is a plan of its own.
 */
export function sideBySide(plan: ReducePlan): ReducePlan[] {
  const beside = plan.kept[plan.kept.length - 1]
  if (!plan.split || plan.inner.extent >= longRun || !beside || beside.extent < fewestRuns) return [plan]
  const outer = plan.kept.slice(0, -1)
  const runs = runsBeside(plan.running)
  const groups = Math.floor(beside.extent / runs)
  const kept = [...outer, scaled(beside, groups, runs)]
  const plans: ReducePlan[] = [{ ...plan, kept, beside, runs }]
  const done = groups * runs
  const rest = { ...beside, extent: beside.extent - done }
  if (rest.extent > 0) plans.push({ ...plan, kept: [...outer, rest], offset: [beside, done] })
  return plans
}
const take = (axes: Axis[], index: number): Axis => axes.splice(index, 1)[0]
/** The longest axis gives the most full leaves. */
function takeRow(reduced: Axis[]): Axis | undefined {
  if (reduced.length < 2) return reduced.pop()
  const longest = Math.max(...reduced.map((axis) => axis.extent))
  return take(reduced, reduced.map((axis) => axis.extent).lastIndexOf(longest))
}

/** What the walks need to know of the kernel. */
export interface ReduceShape {
  readonly width: number
  readonly leafRows: number
  /** Of one run. */
  readonly stateBytes: number
  readonly slotsBytes: number
}

export function reduceWalks(plan: ReducePlan, shape: ReduceShape): Walk[] {
  const pieces = plan.fold ? foldPieces(plan, shape) : undefined
  const { kept, reduced, offset } = plan
  const outer = reduced.reduce((count, axis) => count * axis.extent, 1)
  const pushes = (list: readonly Piece[]) => outer * Math.max(...list.map((p) => p.leaves + (p.singles ? 1 : 0)))
  const entries = (p: Piece) => (plan.running && p.leaves > 0 ? 1 : p.vectors + p.ones)
  const entryBytes = shape.stateBytes * plan.runs
  const slotBytesFor = (list: readonly Piece[]) => entryBytes * Math.max(...list.map(entries))
  const levels = (list: readonly Piece[]) => Math.floor(Math.log2(pushes(list))) + 1
  if (pieces) {
    const slotBytes = slotBytesFor(pieces)
    if (slotBytes * levels(pieces) > shape.slotsBytes) internal('the states of a reduction do not fit their scratch')
    const further = plan.running === 'search' ? [searchPiece(plan, shape), outputPiece(plan)] : [outputPiece(plan)]
    return [{ kept, reduced, offset, pieces, further: further.map(besideEach(plan)), slotBytes }]
  }
  const whole = columnPiece(plan, shape, 0, plan.inner.extent)
  const room = Math.floor(shape.slotsBytes / levels([whole]) / entryBytes) - 16
  const cached = Math.floor((cachedEntries * 16) / entryBytes)
  const columns = Math.min(room, pushes([whole]) === 1 ? room : cached) * shape.width
  const walks: Walk[] = []
  for (let first = 0; first < plan.inner.extent; first += columns) {
    const list = [columnPiece(plan, shape, first, Math.min(columns, plan.inner.extent - first))]
    walks.push({ kept, reduced, offset, pieces: list, slotBytes: slotBytesFor(list) })
  }
  return walks
}

/** Columns [first, first + count) of the inner axis over all rows. */
function columnPiece(
  { row, inner }: ReducePlan,
  { width, leafRows }: ReduceShape,
  first: number,
  count: number,
): Piece {
  const leaves = Math.floor(row.extent / leafRows)
  const vectors = Math.floor(count / width)
  return {
    vectors,
    ones: count - vectors * width,
    leaves,
    singles: row.extent - leaves * leafRows,
    offset: [inner, first],
    leaf: [row, leafRows],
    row: [row, 1],
    vector: [inner, width],
    lane: [inner, 1],
  }
}
/** Gives a piece the step from run to run. */
const besideEach =
  ({ beside }: ReducePlan) =>
  (each: Piece): Piece =>
    beside ? { ...each, run: [beside, 1] } : each

/** Where the states of the runs go: these are the only columns to step over. */
const outputPiece = ({ inner, beside, runs }: ReducePlan): Piece => {
  const still = [inner, 0] as const
  const lane: Stride = beside ? [beside, 1] : still
  return { vectors: 0, ones: runs, leaves: 0, singles: 0, leaf: still, row: still, vector: still, lane }
}

/** One leaf; `singles`: how many elements lie in leaves. */
const searchPiece = ({ inner }: ReducePlan, { width, leafRows }: ReduceShape): Piece => {
  const vectors = Math.floor(inner.extent / width)
  const singles = vectors >= leafRows ? vectors * width : 0
  const [row, lane]: Stride[] = [
    [inner, width],
    [inner, 1],
  ]
  return { vectors: 1, ones: 0, leaves: 0, singles, leaf: row, row, vector: row, lane }
}

/** Full vectors and the elements that fill none are pieces of their own: lanes are merged in one of them only. */
function foldPieces(plan: ReducePlan, shape: ReduceShape): Piece[] {
  const { inner } = plan
  const vectors = Math.floor(inner.extent / shape.width)
  const ones = inner.extent - vectors * shape.width
  const pieces: Piece[] = []
  if (plan.split) pieces.push(...splitPieces(plan, shape, vectors))
  else if (vectors) pieces.push(columnPiece(plan, shape, 0, vectors * shape.width))
  if (ones) pieces.push({ ...columnPiece(plan, shape, vectors * shape.width, ones), vectors: 0, ones })
  if (pieces.length + 2 > mostPieces) internal('a reduction with too many pieces')
  return pieces.map(besideEach(plan))
}

/**
 * One run cut into leaves. Of a short one the rows of a leaf lie side by side. A long one is cut into as many segments as a leaf has
 * rows (or pairs of them), and row k of every leaf lies in segment k: memory is read faster in several places at a time than in one, for
 * the processor fetches ahead in each.
 */
function splitPieces({ inner, near, running }: ReducePlan, { width, leafRows }: ReduceShape, vectors: number): Piece[] {
  const segment = Math.floor(vectors / leafRows)
  const [row, vector] = near >= leafRows ? [1, leafRows] : [segment * near, near]
  const columns = running ? segment : Math.min(segment, splitEntries)
  const pieces: Piece[] = []
  const push = (first: number, piece: Pick<Piece, 'vectors' | 'leaves' | 'singles'>, step: number) =>
    pieces.push({
      ...piece,
      ones: 0,
      offset: [inner, first * width],
      leaf: [inner, piece.vectors * step * width],
      row: [inner, row * width],
      vector: [inner, step * width],
      lane: [inner, 1],
    })
  const leaves = columns ? Math.floor(segment / columns) : 0
  const more = segment - leaves * columns
  const rest = vectors - segment * leafRows
  if (leaves) push(0, { vectors: columns, leaves, singles: 0 }, vector)
  if (more) push(leaves * columns * vector, { vectors: more, leaves: 1, singles: 0 }, vector)
  // What is searched for may be seen twice: the last leaf reaches back into the one before it.
  if (rest && segment && running === 'search') push(vectors - leafRows, { vectors: 1, leaves: 1, singles: 0 }, vector)
  else if (rest) push(segment * leafRows, { vectors: rest, leaves: 0, singles: 1 }, 1)
  return pieces
}

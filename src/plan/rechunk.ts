import { type AxisChunks, chunkLengths, fromLengths, type Grid, regular } from '../core/chunks.ts'
import { sizeOf } from '../core/shape.ts'

/** Between which grids elements move, and how much memory a task may take. */
export interface Rechunk {
  readonly from: Grid
  readonly to: Grid
  readonly itemBytes: number
  /** Bytes that one task may read and write together. */
  readonly taskBytes: number
}

/** Intermediate blocks smaller than this cost more to handle than another pass over the data. */
const leastBlockBytes = 16 * 2 ** 10
const mostStages = 8

/**
 * The intermediate grids through which blocks of `from` are best cut and joined to blocks of `to` where a task cannot have all the blocks
 * that it would read at once. The algorithm is rechunker's (https://rechunker.readthedocs.io/en/latest/algorithm.html): blocks are read
 * in groups, and written in groups, as large as memory allows; the intermediate blocks are the element-wise minimum of both groups, so
 * that each is part of one group on either side. Where they come out too small, groups of sizes in geometric progression stand between.
 */
export function intermediateGrids({ from, to, itemBytes, taskBytes }: Rechunk): Grid[] {
  const outputBytes = largestBytes(to, itemBytes)
  const read = grouped(from, to, Math.floor((0.75 * taskBytes) / itemBytes))
  const write = grouped(to, from, Math.floor((taskBytes - outputBytes) / itemBytes))
  let best: Grid[] = []
  for (let count = 1; count <= mostStages; count++) {
    const groups = groupsBetween(read, write, count)
    const grids = groups.slice(1).map((group, i) => smallerAxes(groups[i], group))
    const fits = grids.every(
      (grid, i) => largestBytes(groups[i], itemBytes) + largestBytes(grid, itemBytes) <= taskBytes,
    )
    if (best.length > 0 && !(fits && smallestBytes(grids, itemBytes) > smallestBytes(best, itemBytes))) break
    best = grids
    if (smallestBytes(grids, itemBytes) >= leastBlockBytes) break
  }
  return best
}

const largestBytes = (grid: Grid, itemBytes: number): number => sizeOf(grid.map((axis) => axis.size)) * itemBytes
const smallestBytes = (grids: readonly Grid[], itemBytes: number): number =>
  Math.min(...grids.map((grid) => largestBytes(grid, itemBytes)))

/** The grid with blocks joined along axes, the last first, as far as the blocks of `other` reach and `elements` allow. */
function grouped(grid: Grid, other: Grid, elements: number): Grid {
  const groups = [...grid]
  for (let i = grid.length - 1; i >= 0; i--) {
    const rest = sizeOf(groups.map((axis, k) => (k === i ? 1 : axis.size)))
    groups[i] = joined(grid[i], evenLength(grid[i].size, other[i].size, Math.floor(elements / rest)))
  }
  return groups
}

/** A length of at most `most` that whole blocks make up; one of which whole ones make up `wanted`, if that is not much less. */
function evenLength(size: number, wanted: number, most: number): number {
  const blocks = Math.floor(Math.min(wanted, most) / size)
  for (let even = blocks; 2 * even >= blocks && even > 0; even--) if (wanted % (even * size) === 0) return even * size
  return Math.min(wanted, most)
}

/** The axis with neighbouring blocks joined to blocks of at most `length`; blocks that are longer stay. */
function joined(axis: AxisChunks, length: number): AxisChunks {
  if (length < 2 * axis.size && !axis.bounds) return axis
  if (!axis.bounds) return regular(axis.extent, Math.floor(length / axis.size) * axis.size)
  const lengths: number[] = []
  for (const each of chunkLengths(axis)) {
    const last = lengths.length - 1
    if (last >= 0 && lengths[last] + each <= length) lengths[last] += each
    else lengths.push(each)
  }
  return fromLengths(lengths)
}

/** The groups of `count` passes over the data: read, then `count - 1` between, then write; along an axis each is joined of the smaller. */
function groupsBetween(read: Grid, write: Grid, count: number): Grid[] {
  const axes = read.map((from, axis) => {
    const to = write[axis]
    const lengths = Array.from({ length: count - 1 }, (_, i) => from.size * (to.size / from.size) ** ((i + 1) / count))
    if (from.size <= to.size) return [...chain(from, to, lengths), to]
    return [...chain(to, from, lengths.reverse()), from].reverse()
  })
  return Array.from({ length: count + 1 }, (_, i) => axes.map((groups) => groups[i]))
}

/** The axis, then ever more of its blocks joined, towards those of `end`, to blocks of about the lengths, which grow. */
function chain(axis: AxisChunks, end: AxisChunks, lengths: readonly number[]): AxisChunks[] {
  const groups = [axis]
  for (const length of lengths) {
    const last = groups[groups.length - 1]
    groups.push(joined(last, evenLength(last.size, end.size, Math.ceil(length))))
  }
  return groups
}

const smallerAxes = (a: Grid, b: Grid): Grid => a.map((axis, i) => (axis.size <= b[i].size ? axis : b[i]))

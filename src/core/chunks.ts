import { ChunkError, formatGiven } from './errors.ts'
import { formatShape, type Shape, sizeOf } from './shape.ts'

/**
 * How one axis is cut into blocks: equal blocks of `size` (the last may be shorter), or, with `bounds`, the positions
 * 0 = b0 < b1 < ... = extent. An axis of extent 0 has one block of length 0. Its size does not grow with the blocks
 * when they are equal, so plans over many blocks stay small.
 */
export interface AxisChunks {
  readonly extent: number
  readonly size: number
  readonly bounds?: readonly number[]
}
/** The chunks of an array: one entry an axis. */
export type Grid = readonly AxisChunks[]
/** A half-open box of element positions, one [start, stop) an axis. */
export type Box = readonly (readonly [number, number])[]
/** What a user may give as chunks. */
export type ChunksOption = 'auto' | number | readonly (number | 'auto' | readonly number[])[]

export const regular = (extent: number, size: number): AxisChunks => ({
  extent,
  size: Math.max(1, Math.min(size, extent)),
})

/** Chunks of the given lengths; equal ones are kept in the short form. */
export function fromLengths(lengths: readonly number[]): AxisChunks {
  const bounds = [0]
  for (const length of lengths) if (length > 0) bounds.push(bounds[bounds.length - 1] + length)
  return fromBounds(bounds)
}

export function fromBounds(bounds: readonly number[]): AxisChunks {
  const extent = bounds[bounds.length - 1]
  const size = bounds.length > 1 ? bounds[1] : 1
  const equal = bounds.every((bound, i) => bound === Math.min(i * size, extent))
  return equal
    ? regular(extent, size)
    : { extent, size: Math.max(...bounds.slice(1).map((b, i) => b - bounds[i])), bounds }
}

export const blockCount = (axis: AxisChunks): number =>
  axis.bounds ? axis.bounds.length - 1 : Math.max(1, Math.ceil(axis.extent / axis.size))
export const blockStart = (axis: AxisChunks, block: number): number =>
  axis.bounds ? axis.bounds[block] : Math.min(block * axis.size, axis.extent)
export const blockLength = (axis: AxisChunks, block: number): number =>
  blockStart(axis, block + 1) - blockStart(axis, block)

/** The block that holds a position (0 <= position < extent). */
export function blockAt(axis: AxisChunks, position: number): number {
  if (!axis.bounds) return Math.floor(position / axis.size)
  let low = 0
  let high = axis.bounds.length - 1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (axis.bounds[middle] <= position) low = middle
    else high = middle
  }
  return low
}

export const gridShape = (grid: Grid): number[] => grid.map(blockCount)
export const gridCount = (grid: Grid): number => sizeOf(gridShape(grid))
export const gridExtents = (grid: Grid): number[] => grid.map((axis) => axis.extent)
export const blockBox = (grid: Grid, coordinate: readonly number[]): [number, number][] =>
  grid.map((axis, i) => [blockStart(axis, coordinate[i]), blockStart(axis, coordinate[i] + 1)])
export const boxShape = (box: Box): number[] => box.map(([start, stop]) => stop - start)
export const chunkLengths = (axis: AxisChunks): number[] =>
  Array.from({ length: blockCount(axis) }, (_, i) => blockLength(axis, i))

export const sameAxis = (a: AxisChunks, b: AxisChunks): boolean => axisKey(a) === axisKey(b)
export const sameGrid = (a: Grid, b: Grid): boolean =>
  a.length === b.length && a.every((axis, i) => sameAxis(axis, b[i]))
export const axisKey = (axis: AxisChunks): string =>
  axis.bounds ? axis.bounds.join(',') : `${axis.extent}/${axis.size}`
export const gridKey = (grid: Grid): string => grid.map(axisKey).join(';')
/** A grid in short for people: `10000x10000 in 1000x1000`. */
export const formatGrid = (grid: Grid): string => grid.map((a) => a.size).join('x') || '1'

/** Unequal blocks are kept one by one: there are at most so many along an axis. */
export const mostBounds = 2 ** 24

/** The chunks of the elements start + step * i (0 <= i < extent) of an axis: cut where the axis is cut. */
export function cutAxis(axis: AxisChunks, extent: number, start: number, step: number): AxisChunks {
  if (extent === 0 || blockCount(axis) === 1) return regular(extent, extent)
  if (!axis.bounds && step === 1 && start % axis.size === 0) return regular(extent, axis.size)
  if (Math.min(extent, blockCount(axis)) > mostBounds)
    throw new ChunkError(
      `at: the part has about ${Math.min(extent, blockCount(axis))} blocks along an axis, want at most ${mostBounds} unequal ones; use larger chunks`,
    )
  const bounds = [0]
  for (let i = 0; i < extent; i = bounds[bounds.length - 1]) {
    const block = blockAt(axis, start + step * i)
    const past = step > 0 ? blockStart(axis, block + 1) : blockStart(axis, block) - 1
    bounds.push(Math.min(extent, i + Math.ceil((past - (start + step * i)) / step)))
  }
  return fromBounds(bounds)
}

/** Whether a grid cuts its array only between whole units; element 0 of the array is the element `origin` of what the units count. */
export const isAligned = (grid: Grid, unit: readonly number[], origin: readonly number[]): boolean =>
  grid.every((axis, i) => isAxisAligned(axis, unit[i], origin[i]))

function isAxisAligned(axis: AxisChunks, unit: number, origin: number): boolean {
  if (unit === 1 || blockCount(axis) === 1) return true
  if (!axis.bounds) return (origin + axis.size) % unit === 0 && (blockCount(axis) === 2 || axis.size % unit === 0)
  return axis.bounds.slice(1, -1).every((bound) => (origin + bound) % unit === 0)
}

/** The grid itself where it is aligned; else one of about its blocks' lengths, but whole units. */
export const alignGrid = (grid: Grid, unit: readonly number[], origin: readonly number[]): Grid =>
  grid.map((axis, i) => (isAxisAligned(axis, unit[i], origin[i]) ? axis : alignAxis(axis, unit[i], origin[i])))

function alignAxis({ extent, size: wanted }: AxisChunks, unit: number, origin: number): AxisChunks {
  const size = Math.max(1, Math.floor(wanted / unit)) * unit
  if (origin % unit === 0) return regular(extent, size)
  const bounds = [0]
  for (let next = unit - (origin % unit); next < extent; next += size) bounds.push(next)
  return fromBounds([...bounds, extent])
}

/**
 * The grid that a `chunks` option means for a shape: 'auto' (blocks of about `autoBytes` bytes), a number for all axes,
 * one entry an axis (a length, -1 for the whole axis, 'auto', or a list of lengths). Errors: ChunkError.
 */
export function normalizeChunks(
  chunks: ChunksOption,
  shape: Shape,
  itemsizeBytes: number,
  autoBytes: number,
  operation: string,
): Grid {
  const list = Array.isArray(chunks) ? [...chunks] : shape.map(() => chunks as number | 'auto')
  if (!Array.isArray(chunks) && typeof chunks !== 'number' && chunks !== 'auto')
    throw new ChunkError(
      `${operation}: got chunks ${formatGiven(chunks)}, want 'auto', a length for all axes, or one entry an axis`,
    )
  if (list.length !== shape.length)
    throw new ChunkError(
      `${operation}: got chunks for ${list.length} axes, the shape ${formatShape(shape)} has ${shape.length}; give one entry an axis`,
    )
  const fixed = list.map((entry, axis) =>
    entry === 'auto' ? undefined : axisChunks(entry, shape[axis], axis, operation),
  )
  const auto = autoSizes(fixed, shape, itemsizeBytes, autoBytes)
  return fixed.map((axis, i) => axis ?? regular(shape[i], auto[i]))
}

function axisChunks(entry: number | readonly number[], extent: number, axis: number, operation: string): AxisChunks {
  if (typeof entry === 'number') {
    if (entry === -1) return regular(extent, extent)
    if (Number.isSafeInteger(entry) && entry > 0) return regular(extent, entry)
    throw new ChunkError(
      `${operation}: got chunk length ${entry} for axis ${axis}, want a positive integer, or -1 for the whole axis`,
    )
  }
  if (!Array.isArray(entry) || ![...entry].every((n) => Number.isSafeInteger(n) && n >= 0))
    throw new ChunkError(
      `${operation}: got chunks ${formatGiven(entry)} for axis ${axis}, want a length, -1, 'auto' or a list of lengths`,
    )
  const total = entry.reduce((a, b) => a + b, 0)
  if (total !== extent)
    throw new ChunkError(
      `${operation}: the chunks ${formatGiven(entry)} of axis ${axis} add up to ${total}, the axis has ${extent}; make them add up`,
    )
  return fromLengths(entry)
}

/** Halve the longest free axis until a block is small enough: near-square blocks, as few as fit. */
function autoSizes(
  fixed: readonly (AxisChunks | undefined)[],
  shape: Shape,
  itemsizeBytes: number,
  autoBytes: number,
): number[] {
  const sizes = shape.map((extent, i) => fixed[i]?.size ?? extent)
  const free = sizes.map((_, i) => i).filter((i) => !fixed[i])
  const bytes = () => sizeOf(sizes) * itemsizeBytes
  while (bytes() > autoBytes) {
    const longest = free.reduce((best, i) => (sizes[i] > sizes[best] ? i : best), free[0])
    if (longest === undefined || sizes[longest] <= 1) break
    sizes[longest] = Math.ceil(sizes[longest] / 2)
  }
  return sizes
}

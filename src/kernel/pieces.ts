import { blockRanges, cutsOfAxis, placeInRanges } from '../core/access.ts'
import { type Box, blockAt, blockLength, blockStart, boxShape } from '../core/chunks.ts'
import { itemsize } from '../core/dtype.ts'
import { rowMajorStrides } from '../core/shape.ts'
import type { Access } from './spec.ts'
import type { KernelStage, Read } from './stage.ts'

/** Which blocks a read of a task touches, where they begin among the task's inputs, and how many there are. */
export interface BlockTable {
  readonly read: Read
  readonly ranges: readonly (readonly [number, number])[]
  readonly firstInput: number
  readonly count: number
}

/** The block tables of a task: its inputs are counted read by read, row-major. */
export function blockTables(reads: readonly Read[], box: Box): BlockTable[] {
  let next = 0
  return reads.map((read) => {
    const ranges = blockRanges(read.grid, read.view, box)
    const firstInput = next
    const count = ranges.reduce((product, [first, past]) => product * (past - first), 1)
    next += count
    return { read, ranges, firstInput, count }
  })
}

/**
 * Cuts a box into pieces in each of which every read stays inside one block; calls `visit` with each, row-major. One piece when no
 * read passes a border, which is the usual case.
 */
export function eachPiece(tables: readonly BlockTable[], box: Box, visit: (piece: [number, number][]) => void): void {
  const bounds = box.map(([low, high], axis) => {
    const cuts = tables.flatMap(({ read, ranges }) =>
      ranges.some(([first, past]) => past - first > 1) ? cutsOfAxis(read.grid, read.view, axis, low, high) : [],
    )
    return [low, ...[...new Set(cuts)].sort((a, b) => a - b), high]
  })
  const place = bounds.map(() => 0)
  for (;;) {
    visit(place.map((p, axis) => [bounds[axis][p], bounds[axis][p + 1]]))
    let axis = place.length - 1
    while (axis >= 0 && ++place[axis] >= bounds[axis].length - 1) place[axis--] = 0
    if (axis < 0) return
  }
}

/** Where a read lies for a piece: in which input, and how many bytes after the first element of that. */
export interface InputAccess extends Access {
  readonly input: number
}
export function readAccess({ read, ranges, firstInput }: BlockTable, piece: Box, offsetBytes: number): InputAccess {
  const { grid, view, itemBytes } = read
  const positions = view.axes.map(({ from, start, step }) => (from < 0 ? start : start + step * piece[from][0]))
  const coordinate = positions.map((position, k) => blockAt(grid[k], position))
  const steps = rowMajorStrides(coordinate.map((c, k) => blockLength(grid[k], c)))
  const strides = piece.map(() => 0)
  let address = offsetBytes
  view.axes.forEach(({ from, step }, k) => {
    address += (positions[k] - blockStart(grid[k], coordinate[k])) * steps[k] * itemBytes
    if (from >= 0) strides[from] += step * steps[k] * itemBytes
  })
  return { input: firstInput + placeInRanges(coordinate, ranges), address, strides }
}

/** Where a piece of the output lies from the box's first element on: in a block of its own, or in the region all blocks are written to. */
export function outputAccess({ region, dtype }: KernelStage, box: Box, piece: Box): Access {
  const strides = rowMajorStrides(region ? region.shape : boxShape(box)).map((step) => step * itemsize(dtype))
  return { address: distance(box, piece, strides), strides }
}

/** From the first element of a box to the first one of a piece. */
export const distance = (box: Box, piece: Box, strides: readonly number[]): number =>
  piece.reduce((sum, [low], axis) => sum + (low - box[axis][0]) * strides[axis], 0)

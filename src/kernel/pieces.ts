import { blockRanges, cutsOfAxis, placeInRanges } from '../core/access.ts'
import { type Box, blockAt, blockLength, blockStart } from '../core/chunks.ts'
import { rowMajorStrides } from '../core/shape.ts'
import type { Access } from './spec.ts'
import type { KernelStage, Read } from './stage.ts'

/** Which blocks a read of a task touches, and the byte addresses they lie at. */
export interface BlockTable {
  readonly read: Read
  readonly ranges: readonly (readonly [number, number])[]
  /** Of the blocks of the ranges, row-major. */
  readonly addressOf: (coordinate: readonly number[]) => number
}

/** The block tables of a task: `inputs` holds the addresses read by read. */
export function blockTables(reads: readonly Read[], box: Box, inputs: readonly number[]): BlockTable[] {
  let next = 0
  return reads.map((read) => {
    const ranges = blockRanges(read.grid, read.view, box)
    const base = next
    next += ranges.reduce((product, [first, past]) => product * (past - first), 1)
    return { read, ranges, addressOf: (coordinate) => inputs[base + placeInRanges(coordinate, ranges)] }
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

/** Where a read lies for a piece: the address of the piece's first element and byte strides along the stage's axes. */
export function readAccess({ read, addressOf }: BlockTable, piece: Box, offsetBytes: number): Access {
  const { grid, view, itemBytes } = read
  const positions = view.axes.map(({ from, start, step }) => (from < 0 ? start : start + step * piece[from][0]))
  const coordinate = positions.map((position, k) => blockAt(grid[k], position))
  const steps = rowMajorStrides(coordinate.map((c, k) => blockLength(grid[k], c)))
  const strides = piece.map(() => 0)
  let address = addressOf(coordinate) + offsetBytes
  view.axes.forEach(({ from, step }, k) => {
    address += (positions[k] - blockStart(grid[k], coordinate[k])) * steps[k] * itemBytes
    if (from >= 0) strides[from] += step * steps[k] * itemBytes
  })
  return { address, strides }
}

/** Where a piece of an output lies: in the task's own block of the box, or in the region all blocks are written to. */
export function outputAccess(stage: KernelStage, box: Box, piece: Box, address: number, itemBytes: number): Access {
  const steps = rowMajorStrides(stage.region ? stage.region.shape : box.map(([low, high]) => high - low))
  const origin = stage.region ? box.map(() => 0) : box.map(([low]) => low)
  const strides = steps.map((step) => step * itemBytes)
  const start = piece.reduce((sum, [low], axis) => sum + (low - origin[axis]) * strides[axis], 0)
  return { address: (stage.region?.address ?? address) + start, strides }
}

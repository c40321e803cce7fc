import { type Box, blockBox, boxShape } from '../core/chunks.ts'
import { facts, realOf } from '../core/dtype.ts'
import { rowMajorStrides, sizeOf } from '../core/shape.ts'
import { blockTables, eachPiece, outputAccess, readAccess } from './pieces.ts'
import type { Access, LoopNest } from './spec.ts'
import { type KernelStage, stateOffsets } from './stage.ts'

/** What running a task needs besides the stage: where its block and its inputs' blocks lie (byte addresses). */
export interface TaskPlace {
  readonly coordinate: readonly number[]
  readonly address: number
  readonly inputs: readonly number[]
}

/** Calls `visit` with each box that the kernel of a task runs over: one, unless what it reads passes a border of blocks. */
export function eachNest(stage: KernelStage, place: TaskPlace, visit: (nest: LoopNest) => void): void {
  const { spec, axes } = stage
  const { coordinate, address, inputs } = place
  const box = blockBox(stage.grid, coordinate)
  const tables = blockTables(stage.reads, box, inputs)
  const reduced = box.map((_, axis) => axes.includes(axis))
  eachPiece(tables, box, (piece) =>
    visit({
      extents: boxShape(piece),
      reduced,
      operands: stage.operands.map(({ read, offsetBytes }) => readAccess(tables[read], piece, offsetBytes)),
      indices: stage.indices.map(({ start, strides }) => ({
        start: piece.reduce((sum, [low], i) => sum + low * strides[i], start),
        strides,
      })),
      outputs:
        spec.kind === 'reduce' ? stateAccess(stage, box, piece, address) : partAccess(stage, box, piece, address),
      mergedCount: spec.kind === 'reduce' ? mergedBefore(axes, box, piece) : 0,
      carry: spec.kind === 'scan' ? carryAccess(stage, box, piece, place) : undefined,
    }),
  )
}

/** How many elements each state stands for before the piece: those of the earlier pieces along the reduced axes. */
function mergedBefore(axes: readonly number[], box: Box, piece: Box): number {
  const length = ([start, stop]: readonly [number, number]) => stop - start
  return axes.reduce((sum, axis, k) => {
    const outer = sizeOf(axes.slice(0, k).map((a) => length(piece[a])))
    const inner = sizeOf(axes.slice(k + 1).map((a) => length(box[a])))
    return sum + outer * (piece[axis][0] - box[axis][0]) * inner
  }, 0)
}

/** Interleaved parts of the output. */
function partAccess(stage: KernelStage, box: Box, piece: Box, address: number): Access[] {
  const { itemsize } = facts[stage.dtype]
  const part = facts[realOf(stage.dtype)].itemsize
  const whole = outputAccess(stage, box, piece, address, itemsize)
  return stage.spec.outputs.map((_, k) => ({ ...whole, address: whole.address + k * part }))
}

/** The components of the partial state; see stateOffsets. */
function stateAccess(stage: KernelStage, box: Box, piece: Box, address: number): Access[] {
  const kept = boxShape(box).map((extent, axis) => (stage.axes.includes(axis) ? 1 : extent))
  const steps = rowMajorStrides(kept).map((step, axis) => (stage.axes.includes(axis) ? 0 : step))
  const offsets = stateOffsets(stage.spec.outputs, sizeOf(kept))
  return stage.spec.outputs.map((dtype, k) => {
    const strides = steps.map((step) => step * facts[dtype].itemsize)
    return {
      address: address + offsets[k] + piece.reduce((sum, [low], axis) => sum + (low - box[axis][0]) * strides[axis], 0),
      strides,
    }
  })
}

/** The slice before the piece along the scan axis: in the same block or region, or the last one of the block before. */
function carryAccess(
  stage: KernelStage,
  box: Box,
  piece: Box,
  { coordinate, address, inputs }: TaskPlace,
): Access[] | undefined {
  const axis = stage.axes[0]
  if (piece[axis][0] === 0) return undefined
  const before = piece.map((range, i): [number, number] => (i === axis ? [range[0] - 1, range[0]] : [...range]))
  const inside = piece[axis][0] > box[axis][0] || stage.region !== undefined
  const home = inside
    ? box
    : blockBox(
        stage.grid,
        coordinate.map((c, i) => (i === axis ? c - 1 : c)),
      )
  const accesses = partAccess(stage, home, before, inside ? address : inputs[inputs.length - 1])
  return accesses.map(({ address: at, strides }) => ({
    address: at,
    strides: strides.map((s, i) => (i === axis ? 0 : s)),
  }))
}

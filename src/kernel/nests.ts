import { type Box, blockBox, boxShape } from '../core/chunks.ts'
import { facts, realOf } from '../core/dtype.ts'
import { ravel, rowMajorStrides, sizeOf } from '../core/shape.ts'
import { blockTables, distance, eachPiece, outputAccess, readAccess } from './pieces.ts'
import type { Access, LoopNest } from './spec.ts'
import { type KernelStage, stateOffsets } from './stage.ts'

/** What running a task needs besides the stage: where its block and its inputs' blocks lie (byte addresses). */
export interface TaskPlace {
  readonly coordinate: readonly number[]
  readonly address: number
  readonly inputs: readonly number[]
}

/**
 * A box that the kernel of a task runs over. Its addresses and index starts count from the task's origins (see originsOf); `origins` says
 * from which, in the order of startsOf. So it holds for all tasks of a stage whose blocks are of the same kind.
 */
export interface TaskNest {
  readonly nest: LoopNest
  readonly origins: readonly number[]
}

/** What the nests of a task count from: the first element of its block, the index slots there, the addresses of its inputs. */
export function originsOf(stage: KernelStage, { coordinate, address, inputs }: TaskPlace): number[] {
  const first = blockBox(stage.grid, coordinate).map(([low]) => low)
  const { region } = stage
  const own = region ? region.address + ravel(first, region.shape) * facts[stage.dtype].itemsize : address
  const indices = stage.indices.map(({ start, strides }) =>
    first.reduce((sum, position, axis) => sum + position * strides[axis], start),
  )
  return [own, ...indices, ...inputs]
}
const ownOrigin = 0
const slotOrigin = (slot: number): number => 1 + slot
const inputOrigin = (stage: KernelStage, input: number): number => 1 + stage.indices.length + input

/** Calls `visit` with each box that the kernel of a task runs over: one, unless what it reads passes a border of blocks. */
export function eachNest(stage: KernelStage, coordinate: readonly number[], visit: (nest: TaskNest) => void): void {
  const { spec, axes } = stage
  const box = blockBox(stage.grid, coordinate)
  const tables = blockTables(stage.reads, box)
  const inputs = tables.reduce((count, table) => count + table.count, 0)
  const reduced = box.map((_, axis) => axes.includes(axis))
  eachPiece(tables, box, (piece) => {
    const operands = stage.operands.map(({ read, offsetBytes }) => readAccess(tables[read], piece, offsetBytes))
    const outputs = spec.kind === 'reduce' ? stateAccess(stage, box, piece) : partAccess(stage, box, piece)
    const carry = spec.kind === 'scan' ? carryAccess(stage, coordinate, box, piece) : undefined
    visit({
      nest: {
        extents: boxShape(piece),
        reduced,
        operands,
        indices: stage.indices.map(({ strides }) => ({ start: distance(box, piece, strides), strides })),
        outputs,
        mergedCount: spec.kind === 'reduce' ? mergedBefore(axes, box, piece) : 0,
        carry: carry?.accesses,
      },
      origins: [
        ...operands.map(({ input }) => inputOrigin(stage, input)),
        ...outputs.map(() => ownOrigin),
        ...(carry?.accesses ?? []).map(() => (carry?.inside ? ownOrigin : inputOrigin(stage, inputs))),
        ...stage.indices.map((_, slot) => slotOrigin(slot)),
      ],
    })
  })
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
function partAccess(stage: KernelStage, box: Box, piece: Box): Access[] {
  const part = facts[realOf(stage.dtype)].itemsize
  const { address, strides } = outputAccess(stage, box, piece)
  return stage.spec.outputs.map((_, k) => ({ address: address + k * part, strides }))
}

/** The components of the partial state; see stateOffsets. */
function stateAccess({ axes, spec }: KernelStage, box: Box, piece: Box): Access[] {
  const kept = boxShape(box).map((extent, axis) => (axes.includes(axis) ? 1 : extent))
  const steps = rowMajorStrides(kept).map((step, axis) => (axes.includes(axis) ? 0 : step))
  const offsets = stateOffsets(spec.outputs, sizeOf(kept))
  return spec.outputs.map((dtype, k) => {
    const strides = steps.map((step) => step * facts[dtype].itemsize)
    return { address: offsets[k] + distance(box, piece, strides), strides }
  })
}

/** The slice before the piece along the scan axis: inside of the task's own block or region, or the last one of the block before. */
function carryAccess(
  stage: KernelStage,
  coordinate: readonly number[],
  box: Box,
  piece: Box,
): { inside: boolean; accesses: Access[] } | undefined {
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
  const accesses = partAccess(stage, home, before).map(({ address, strides }) => ({
    address,
    strides: strides.map((step, i) => (i === axis ? 0 : step)),
  }))
  return { inside, accesses }
}

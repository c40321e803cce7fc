import { blockRanges, eachBlock } from '../core/access.ts'
import { blockBox, gridCount, gridShape } from '../core/chunks.ts'
import { ravel, unravel } from '../core/shape.ts'
import { type CombineStage, type Stage, taskAxes } from '../kernel/stage.ts'
import type { Buffer, PlannedStage } from './plan.ts'

/** How many tasks a stage has. */
export const taskCount = (stage: Stage): number => gridCount(stage.grid) * (stage.kind === 'combine' ? stage.groups : 1)

/** Calls `visit` with each block (a buffer and a row-major block number) that a task reads, in the order of the contract with the executor. */
export function eachInput(
  { stage, buffers }: PlannedStage,
  task: number,
  visit: (buffer: Buffer, block: number) => void,
): void {
  const coordinate = unravel(task, taskAxes(stage, gridShape(stage.grid)))
  if (stage.kind === 'store') visit(buffers[0], task)
  if (stage.kind === 'combine') combineInputs(stage, buffers[0], coordinate, visit)
  if (stage.kind === 'kernel' && !stage.grid.some((axis) => axis.extent === 0)) {
    const box = blockBox(stage.grid, coordinate)
    stage.reads.forEach((read, i) => {
      const shape = gridShape(read.grid)
      eachBlock(blockRanges(read.grid, read.view, box), (block) => visit(buffers[i], ravel(block, shape)))
    })
  }
  if (stage.kind === 'user')
    stage.reads.forEach((read, i) => {
      const shape = gridShape(read.grid)
      const aligned = shape.map((count, axis) =>
        count === 1 ? 0 : coordinate[axis + coordinate.length - shape.length],
      )
      visit(buffers[i], ravel(aligned, shape))
    })
}

/** The task whose block a scan's task goes on from, or undefined for the first along the axis. */
export function previousInScan(stage: Stage, task: number): number | undefined {
  if (stage.kind !== 'kernel' || stage.spec.kind !== 'scan') return undefined
  const shape = gridShape(stage.grid)
  const coordinate = unravel(task, shape)
  if (coordinate[stage.axes[0]]-- === 0) return undefined
  return ravel(coordinate, shape)
}

/** Partials first to last of the task's group: blocks along the reduced axes of the kernel stage, or the groups one level down. */
function combineInputs(
  stage: CombineStage,
  buffer: Buffer,
  coordinate: readonly number[],
  visit: (buffer: Buffer, block: number) => void,
): void {
  const kept = coordinate.slice(0, -1)
  const first = coordinate[kept.length] * stage.fanIn
  const past = Math.min(first + stage.fanIn, stage.partials)
  const place = partialPlace(stage, kept)
  for (let r = first; r < past; r++) visit(buffer, place(r))
}

/** The linear task of partial r for a block of the result. */
function partialPlace(stage: CombineStage, kept: readonly number[]): (r: number) => number {
  const source = stage.source
  if (source.kind === 'level') return (r) => ravel([...kept, r], [...gridShape(stage.grid), stage.partials])
  const { shape, axes } = source
  const reducedShape = axes.map((axis) => shape[axis])
  return (r) => {
    const reduced = unravel(r, reducedShape)
    let next = 0
    return ravel(
      shape.map((_, axis) => (axes.includes(axis) ? reduced[axes.indexOf(axis)] : kept[next++])),
      shape,
    )
  }
}

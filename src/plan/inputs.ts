import { blockRanges, eachBlock } from '../core/access.ts'
import { blockBox, gridCount, gridShape } from '../core/chunks.ts'
import { ravel, unravel } from '../core/shape.ts'
import { type CombineStage, type KernelStage, type Stage, taskAxes, type UserStage } from '../kernel/stage.ts'
import type { Buffer, PlannedStage } from './plan.ts'

/** How many tasks a stage has. */
export const taskCount = (stage: Stage): number => gridCount(stage.grid) * (stage.kind === 'combine' ? stage.groups : 1)

/** Calls `visit` with each block (a buffer and a row-major block number) that a task reads, in the order of the contract with the executor. */
type EachInput = (task: number, visit: (buffer: Buffer, block: number) => void) => void

/** What the tasks of a stage read; what does not depend on the task is worked out once. */
export function inputsOf({ stage, buffers }: PlannedStage): EachInput {
  if (stage.kind === 'store') return (task, visit) => visit(buffers[0], task)
  if (stage.kind === 'combine') return combineInputs(stage, buffers[0])
  if (stage.kind === 'kernel') return kernelInputs(stage, buffers)
  if (stage.kind === 'user') return userInputs(stage, buffers)
  return () => undefined
}

function kernelInputs({ grid, reads }: KernelStage, buffers: readonly Buffer[]): EachInput {
  if (grid.some((axis) => axis.extent === 0)) return () => undefined
  const shape = gridShape(grid)
  const shapes = reads.map((read) => gridShape(read.grid))
  return (task, visit) => {
    const box = blockBox(grid, unravel(task, shape))
    for (const [i, read] of reads.entries())
      eachBlock(blockRanges(read.grid, read.view, box), (block) => visit(buffers[i], ravel(block, shapes[i])))
  }
}

function userInputs({ grid, reads }: UserStage, buffers: readonly Buffer[]): EachInput {
  const shape = gridShape(grid)
  const shapes = reads.map((read) => gridShape(read.grid))
  return (task, visit) => {
    const coordinate = unravel(task, shape)
    for (const [i, own] of shapes.entries()) {
      const aligned = own.map((count, axis) => (count === 1 ? 0 : coordinate[axis + shape.length - own.length]))
      visit(buffers[i], ravel(aligned, own))
    }
  }
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
function combineInputs(stage: CombineStage, buffer: Buffer): EachInput {
  const shape = taskAxes(stage, gridShape(stage.grid))
  const place = partialPlace(stage)
  return (task, visit) => {
    const coordinate = unravel(task, shape)
    const first = coordinate[shape.length - 1] * stage.fanIn
    const past = Math.min(first + stage.fanIn, stage.partials)
    for (let r = first; r < past; r++) visit(buffer, place(coordinate, r))
  }
}

/** The linear task of partial r for a block of the result. */
function partialPlace({ source, grid, partials }: CombineStage): (coordinate: readonly number[], r: number) => number {
  if (source.kind === 'level') {
    const shape = [...gridShape(grid), partials]
    return (coordinate, r) => ravel([...coordinate.slice(0, -1), r], shape)
  }
  const { shape, axes } = source
  const reducedShape = axes.map((axis) => shape[axis])
  const reducedPlace = shape.map((_, axis) => axes.indexOf(axis))
  return (coordinate, r) => {
    const reduced = unravel(r, reducedShape)
    let kept = 0
    let place = 0
    for (let axis = 0; axis < shape.length; axis++)
      place = place * shape[axis] + (reducedPlace[axis] >= 0 ? reduced[reducedPlace[axis]] : coordinate[kept++])
    return place
  }
}

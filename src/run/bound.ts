import { type AxisChunks, blockCount, type Grid, sameAxis } from '../core/chunks.ts'
import type { Read, Stage } from '../kernel/stage.ts'
import type { PlanCost } from '../plan/explain.ts'
import type { Buffer, Plan } from '../plan/plan.ts'
import { blockSize } from '../scheduler/allocator.ts'

/**
 * An upper bound of the bytes that blocks take when tasks run one by one, depth first, without laying them out. Of a stage whose blocks
 * are each read by one task, what a task reads is there at once, for depth first a block is used before the next task's are made. All
 * other stages may have all their blocks at once.
 */
export function sequentialBoundBytes(plan: Plan, { stages: costs }: PlanCost): number {
  const held = heldStages(plan)
  return plan.stages.reduce((sum, { stage, buffers }, i) => {
    const output = blockSize(costs[i].blockBytes) * (held.has(i) ? costs[i].tasks : 1)
    const inputs = buffers.reduce((bytes, { blocks }, k) => {
      if (blocks.kind !== 'stage' || held.has(blocks.stage)) return bytes
      return bytes + blockSize(costs[blocks.stage].blockBytes) * blocksPerTask(stage, k)
    }, 0)
    return sum + output + inputs
  }, 0)
}

/** Stages whose blocks more than one task reads, and those that read such blocks: their tasks may go early to free them. */
function heldStages({ stages, outputs }: Plan): Set<number> {
  const seen = new Set<number>()
  const held = new Set<number>()
  const visit = ({ blocks }: Buffer, once: boolean): void => {
    if (blocks.kind === 'concat') for (const part of blocks.parts) visit(part, false)
    if (blocks.kind !== 'stage') return
    if (seen.has(blocks.stage) || !once) held.add(blocks.stage)
    seen.add(blocks.stage)
  }
  stages.forEach(({ stage, buffers }, i) => {
    if (stage.kind === 'kernel' && stage.spec.kind === 'scan') held.add(i)
    buffers.forEach((buffer, k) => {
      visit(buffer, readsOnce(stage, k))
    })
  })
  for (const output of outputs) visit(output, true)
  stages.forEach(({ buffers }, i) => {
    if (buffers.some(({ blocks }) => blocks.kind === 'concat' || held.has(blocks.stage))) held.add(i)
  })
  return held
}

const readOf = (stage: Stage, index: number): Read | undefined => ('reads' in stage ? stage.reads[index] : undefined)

/** Whether each block of what a stage reads is read by one of its tasks alone. */
function readsOnce(stage: Stage, index: number): boolean {
  const read = readOf(stage, index)
  if (!read) return true
  const used = new Set(read.view.axes.map(({ from }) => from))
  if (stage.grid.some((axis, i) => blockCount(axis) > 1 && !used.has(i))) return false
  return read.view.axes.every(({ from, start, step }, k) => {
    if (from < 0) return true
    return start === 0 && step === 1 && nests(read.grid[k], stage.grid[from])
  })
}

/** Whether each block of `inner` lies in one block of `outer`. */
const nests = (inner: AxisChunks, outer: AxisChunks): boolean =>
  inner.extent === outer.extent &&
  (sameAxis(inner, outer) ||
    blockCount(outer) === 1 ||
    (!inner.bounds && !outer.bounds && outer.size % inner.size === 0))

/** How many blocks one task reads of what `readsOnce` is true for. */
function blocksPerTask(stage: Stage, index: number): number {
  if (stage.kind === 'combine') return stage.fanIn
  const read = readOf(stage, index)
  return read
    ? read.view.axes.reduce((count, { from }, k) => count * blocksInside(read.grid, k, stage.grid[from]), 1)
    : 1
}
const blocksInside = (grid: Grid, k: number, outer: AxisChunks | undefined): number =>
  outer ? (sameAxis(grid[k], outer) ? 1 : Math.min(blockCount(grid[k]), Math.ceil(outer.size / smallest(grid[k])))) : 1
const smallest = ({ size, bounds }: AxisChunks): number =>
  bounds ? Math.min(...bounds.slice(1).map((bound, i) => bound - bounds[i])) : size

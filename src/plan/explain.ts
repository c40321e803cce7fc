import { formatBytes } from '../core/bytes.ts'
import { formatGrid, gridCount, gridShape } from '../core/chunks.ts'
import { facts } from '../core/dtype.ts'
import { formatShape, sizeOf } from '../core/shape.ts'
import type { Expr } from '../graph/expr.ts'
import type { RuleCounts } from '../graph/optimise.ts'
import { type Stage, stateOffsets } from '../kernel/stage.ts'
import { taskCount } from './inputs.ts'
import type { Buffer, Plan, PlannedStage } from './plan.ts'

/** What is known of a stage before anything runs. Sizes in bytes. */
export interface StageCost {
  readonly name: string
  readonly kind: Stage['kind']
  readonly tasks: number
  readonly readBytes: number
  readonly writtenBytes: number
  /** The greatest block that one of its tasks makes. */
  readonly blockBytes: number
}
export interface PlanCost {
  readonly stages: readonly StageCost[]
  readonly tasks: number
  readonly readBytes: number
  readonly writtenBytes: number
  /** Estimate of the most bytes that blocks and results take at any time. */
  readonly peakBytes: number
}

/** Costs by arithmetic over the stages: as quick for ten million blocks as for ten. */
export function planCost(plan: Plan, workers: number, resultBytes: number): PlanCost {
  const stages = plan.stages.map((planned) => stageCost(planned))
  const total = (of: (cost: StageCost) => number) => stages.reduce((sum, cost) => sum + of(cost), 0)
  return {
    stages,
    tasks: total((cost) => cost.tasks),
    readBytes: total((cost) => cost.readBytes),
    writtenBytes: total((cost) => cost.writtenBytes),
    peakBytes: resultBytes + heldBytes(plan, stages) + flightBytes(plan, stages, workers),
  }
}

function stageCost({ stage, buffers }: PlannedStage): StageCost {
  const { itemsize } = facts[stage.dtype]
  const elements = sizeOf(stage.grid.map((axis) => axis.extent))
  const largest = sizeOf(stage.grid.map((axis) => axis.size))
  const partial = statesOf(stage)
  const tasks = taskCount(stage)
  const blockBytes =
    stage.kind === 'store'
      ? 0
      : partial
        ? stateOffsets(partial.state, sizeOf(partial.kept.map((axis) => axis.size))).at(-1)!
        : largest * itemsize
  const readBytes =
    'reads' in stage
      ? stage.reads.reduce((sum, read) => sum + distinctElements(read.view) * read.itemBytes, 0)
      : buffers.length > 0
        ? tasks * 16
        : 0
  const loaded = stage.kind === 'load' || stage.kind === 'store' ? elements * itemsize : readBytes
  return {
    name: stage.name,
    kind: stage.kind,
    tasks,
    readBytes: loaded,
    writtenBytes: partial ? tasks * blockBytes : elements * itemsize,
    blockBytes,
  }
}

/** The components of a stage's partial states and the axes they are kept for; undefined where it makes elements. */
function statesOf(stage: Stage) {
  if (stage.kind === 'kernel' && stage.spec.kind === 'reduce')
    return { state: stage.spec.outputs, kept: stage.grid.filter((_, axis) => !stage.axes.includes(axis)) }
  return stage.kind === 'combine' && !stage.combine.finalize ? { state: stage.state, kept: stage.grid } : undefined
}

const distinctElements = (view: { shape: readonly number[]; axes: readonly { from: number }[] }): number =>
  sizeOf(view.axes.map(({ from }) => (from < 0 ? 1 : view.shape[from])))

/** Arrays that more than one pass reads, or that many tasks read whole, are held from the first to the last. */
function heldBytes(plan: Plan, costs: readonly StageCost[]): number {
  const readers = plan.stages.map(() => 0)
  const visit = (buffer: Buffer): void => {
    if (buffer.blocks.kind === 'stage') readers[buffer.blocks.stage]++
    if (buffer.blocks.kind === 'concat') buffer.blocks.parts.forEach(visit)
  }
  for (const { buffers } of plan.stages) new Set(buffers).forEach(visit)
  return plan.stages.reduce((sum, { stage }, i) => {
    const small = stage.kind === 'combine' && stage.combine.finalize
    return sum + (readers[i] > 1 || small ? costs[i].writtenBytes : 0)
  }, 0)
}

/** What tasks in flight take: each worker has one running and one waiting, with inputs and output. */
function flightBytes(plan: Plan, costs: readonly StageCost[], workers: number): number {
  const perTask = plan.stages.map(({ stage, buffers }, i) => {
    const inputs = buffers.reduce(
      (sum, buffer) => sum + (buffer.blocks.kind === 'stage' ? costs[buffer.blocks.stage].blockBytes : 0),
      0,
    )
    return costs[i].blockBytes + inputs * (stage.kind === 'combine' ? stage.fanIn : 1)
  })
  return 2 * workers * Math.max(0, ...perTask)
}

/** The plan for people: the array, the rules that fired, each stage with its tasks and bytes, and the totals. */
export function explainPlan(expr: Expr, plan: Plan, fired: RuleCounts, cost: PlanCost): string {
  const rows = plan.stages.map(({ stage }, i) => [
    `${i}`,
    stage.kind === 'kernel' ? stage.spec.kind : stage.kind,
    stage.name,
    `${cost.stages[i].tasks}`,
    formatBytes(cost.stages[i].readBytes),
    formatBytes(cost.stages[i].writtenBytes),
  ])
  const rules = [...fired].map(([name, count]) => `${name} x${count}`).join(', ')
  return [
    `${expr.dtype} ${formatShape(expr.shape)} in ${gridCount(expr.grid)} blocks (${formatGrid(expr.grid)}; grid ${gridShape(expr.grid).join('x') || '1'})`,
    `rules: ${rules || 'none'}`,
    ...table([['stage', 'kind', 'computes', 'tasks', 'read', 'written'], ...rows]),
    `total: ${plan.stages.length} stages, ${cost.tasks} tasks, ${formatBytes(cost.readBytes)} read, ${formatBytes(cost.writtenBytes)} written, peak memory about ${formatBytes(cost.peakBytes)}`,
  ].join('\n')
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const left = new Set([1, 2])
  return rows.map((row) =>
    row
      .map((cell, column) => (left.has(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  '),
  )
}

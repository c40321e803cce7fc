import { formatBytes } from '../core/bytes.ts'
import { formatGrid, gridCount, gridShape } from '../core/chunks.ts'
import { facts } from '../core/dtype.ts'
import { formatShape, sizeOf } from '../core/shape.ts'
import type { Expr } from '../graph/expr.ts'
import type { RuleCounts } from '../graph/optimise.ts'
import { type Stage, stateOffsets } from '../kernel/stage.ts'
import { taskCount } from './inputs.ts'
import type { Plan, PlannedStage } from './plan.ts'

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
}

/** Costs by arithmetic over the stages: as quick for ten million blocks as for ten. */
export function planCost(plan: Plan): PlanCost {
  const stages = plan.stages.map(stageCost)
  const total = (of: (cost: StageCost) => number) => stages.reduce((sum, cost) => sum + of(cost), 0)
  return {
    stages,
    tasks: total((cost) => cost.tasks),
    readBytes: total((cost) => cost.readBytes),
    writtenBytes: total((cost) => cost.writtenBytes),
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
  const loaded =
    stage.kind === 'load' || stage.kind === 'kept' || stage.kind === 'store' ? elements * itemsize : readBytes
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

/** The plan for people: the arrays, the rules that fired, each stage with its tasks and bytes, and the totals. */
export function explainPlan(
  exprs: readonly Expr[],
  plan: Plan,
  fired: RuleCounts,
  cost: PlanCost,
  peakBytes: number,
): string {
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
    ...exprs.map(
      ({ dtype, shape, grid }) =>
        `${dtype} ${formatShape(shape)} in ${gridCount(grid)} blocks (${formatGrid(grid)}; grid ${gridShape(grid).join('x') || '1'})`,
    ),
    `rules: ${rules || 'none'}`,
    ...table([['stage', 'kind', 'computes', 'tasks', 'read', 'written'], ...rows]),
    `total: ${plan.stages.length} stages, ${cost.tasks} tasks, ${formatBytes(cost.readBytes)} read, ${formatBytes(cost.writtenBytes)} written, peak memory at most ${formatBytes(peakBytes)}`,
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

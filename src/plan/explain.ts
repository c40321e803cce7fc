import { facts } from '../core/dtype.ts'
import { sizeOf } from '../core/shape.ts'
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
  const stages: StageCost[] = []
  for (const planned of plan.stages) stages.push(stageCost(planned, stages))
  const total = (of: (cost: StageCost) => number) => stages.reduce((sum, cost) => sum + of(cost), 0)
  return {
    stages,
    tasks: total((cost) => cost.tasks),
    readBytes: total((cost) => cost.readBytes),
    writtenBytes: total((cost) => cost.writtenBytes),
  }
}

function stageCost({ stage, buffers }: PlannedStage, before: readonly StageCost[]): StageCost {
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
      : buffers.reduce((sum, { blocks }) => sum + (blocks.kind === 'stage' ? before[blocks.stage].writtenBytes : 0), 0)
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

import { internal } from '../core/errors.ts'
import type { Region } from '../kernel/stage.ts'
import type { Plan } from './plan.ts'

/** The plan with each output, in order, written in place into a region. Its roots were lowered with `assemble`. */
export function writeInPlace(plan: Plan, regions: readonly Region[]): Plan {
  const stages = [...plan.stages]
  plan.outputs.forEach((output, i) => {
    const number = output.blocks.kind === 'stage' ? output.blocks.stage : internal('a result is not made by a stage')
    const { stage, buffers } = stages[number]
    if (stage.kind !== 'kernel' && stage.kind !== 'combine') internal('a result is not made by a kernel')
    stages[number] = { stage: { ...stage, region: regions[i] }, buffers }
  })
  return { ...plan, stages }
}

import { gridShape } from '../core/chunks.ts'
import { unravel } from '../core/shape.ts'
import { taskAxes } from '../kernel/stage.ts'
import { planCost } from '../plan/explain.ts'
import type { Plan } from '../plan/plan.ts'
import { type Tasks, taskBytes } from '../plan/tasks.ts'
import type { JobDescription } from '../scheduler/observe.ts'

/** A plan's tasks for those who observe its job. Of a stage not all tasks may be needed: its bytes are those of the ones that are. */
export function describePlan(plan: Plan, tasks: Tasks): JobDescription {
  const needed = plan.stages.map(() => 0)
  for (const stage of tasks.stage) needed[stage]++
  const stages = planCost(plan).stages.map(({ name, kind, tasks: all, readBytes, writtenBytes }, i) => {
    const part = all > 0 ? needed[i] / all : 0
    return { name, kind, tasks: needed[i], bytesIn: readBytes * part, bytesOut: writtenBytes * part }
  })
  return {
    name: nameOf(stages),
    stages,
    stageOf: (task) => tasks.stage[task],
    blockOf(task) {
      const { stage } = plan.stages[tasks.stage[task]]
      return unravel(tasks.block[task], taskAxes(stage, gridShape(stage.grid)))
    },
    bytesOf: (task) => taskBytes(plan, tasks.stage[task], tasks.block[task]),
  }
}

const mostNameLength = 80

/** What a job does, by its stages: 'read npy → mean over axis 0 → add'. */
function nameOf(stages: readonly { readonly name: string; readonly kind: string }[]): string {
  const names = new Set(stages.flatMap(({ name, kind }) => (kind === 'combine' ? [] : [name])))
  const text = [...names].join(' → ')
  return text.length > mostNameLength ? `${text.slice(0, mostNameLength - 3)}...` : text
}

import { MemoryLimitError } from '../core/errors.ts'
import { formatShape } from '../core/shape.ts'
import { formatBytes } from './explain.ts'
import type { Plan } from './plan.ts'
import type { Tasks } from './tasks.ts'

/**
 * Refuses, before anything runs, tasks whose block and inputs cannot be in memory together. Errors: MemoryLimitError that names the stage and
 * chunks that would fit.
 */
export function checkFits(plan: Plan, tasks: Tasks, limitBytes: number): void {
  for (let task = 0; task < tasks.count; task++) {
    let neededBytes = tasks.outputBytes[task]
    for (let k = tasks.inputStart[task]; k < tasks.inputStart[task + 1]; k++)
      neededBytes += tasks.outputBytes[tasks.inputs[k]]
    if (neededBytes <= limitBytes) continue
    neededBytes = distinctBytes(tasks, task)
    if (neededBytes <= limitBytes) continue
    const { stage } = plan.stages[tasks.stage[task]]
    const shrink = (limitBytes / neededBytes) ** (1 / Math.max(1, stage.grid.length))
    const chunks = stage.grid.map((axis) => Math.max(1, Math.floor(axis.size * shrink)))
    throw new MemoryLimitError(
      `${stage.name}: one task needs ${formatBytes(neededBytes)} (its block and the blocks it reads), the limit is ${formatBytes(limitBytes)}; use smaller chunks, about ${formatShape(chunks)}, or raise memoryLimit`,
      neededBytes,
      limitBytes,
    )
  }
}

/** Bytes of a task's block and of each block that it reads, one that it reads twice counted once. */
const distinctBytes = ({ outputBytes, inputStart, inputs }: Tasks, task: number): number =>
  [...new Set(inputs.subarray(inputStart[task], inputStart[task + 1]))].reduce(
    (sum, input) => sum + outputBytes[input],
    outputBytes[task],
  )

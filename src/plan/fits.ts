import { formatBytes } from '../core/bytes.ts'
import { MemoryLimitError } from '../core/errors.ts'
import { formatShape } from '../core/shape.ts'
import type { Plan } from './plan.ts'
import type { Tasks } from './tasks.ts'

/**
 * Refuses, before anything runs, tasks whose block and inputs cannot be in memory together, `besideBytes` of results with them. Errors: MemoryLimitError that names the stage and
 * chunks that would fit: with room for another such task, as there are small blocks beside it.
 */
export function checkFits(plan: Plan, tasks: Tasks, limitBytes: number, besideBytes: number): void {
  const roomBytes = Math.max(0, limitBytes - besideBytes)
  let [worst, neededBytes] = [-1, roomBytes]
  for (let task = 0; task < tasks.count; task++) {
    if (readAndWritten(tasks, task) <= neededBytes) continue
    const bytes = distinctBytes(tasks, task)
    if (bytes > neededBytes) [worst, neededBytes] = [task, bytes]
  }
  if (worst < 0) return
  const { stage } = plan.stages[tasks.stage[worst]]
  const shrink = (roomBytes / (2 * neededBytes)) ** (1 / Math.max(1, stage.grid.length))
  const chunks = stage.grid.map((axis) => Math.max(1, Math.floor(axis.size * shrink)))
  const beside = besideBytes > 0 ? ` beside ${formatBytes(besideBytes)} of results` : ''
  throw new MemoryLimitError(
    `${stage.name}: one task needs ${formatBytes(neededBytes)} (its block and the blocks it reads)${beside}, the limit is ${formatBytes(limitBytes)}; use smaller chunks, about ${formatShape(chunks)}, or raise memoryLimit`,
    neededBytes + besideBytes,
    limitBytes,
  )
}

/** Bytes of a task's block and of the blocks that it reads. */
function readAndWritten({ outputBytes, inputStart, inputs }: Tasks, task: number): number {
  let bytes = outputBytes[task]
  for (let k = inputStart[task]; k < inputStart[task + 1]; k++) bytes += outputBytes[inputs[k]]
  return bytes
}

/** The same with a block that it reads twice counted once. */
const distinctBytes = ({ outputBytes, inputStart, inputs }: Tasks, task: number): number =>
  [...new Set(inputs.subarray(inputStart[task], inputStart[task + 1]))].reduce(
    (sum, input) => sum + outputBytes[input],
    outputBytes[task],
  )

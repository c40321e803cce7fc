import { gridShape } from '../core/chunks.ts'
import { WorkerLostError } from '../core/errors.ts'
import { unravel } from '../core/shape.ts'
import { followNext } from '../diagnostics/progress/follow.ts'
import { optimise } from '../graph/optimise.ts'
import { type ExecutablePlan, type Stage, taskAxes } from '../kernel/stage.ts'
import { checkFits } from '../plan/fits.ts'
import { lower, type Root } from '../plan/lower.ts'
import type { Plan } from '../plan/plan.ts'
import type { Tasks } from '../plan/tasks.ts'
import type { Engine, Job } from '../scheduler/engine.ts'
import { getEngine } from '../scheduler/process.ts'
import { type TaskTable, taskFlag } from '../scheduler/types.ts'
import { isTied } from '../storage/host.ts'
import { describePlan } from './describe.ts'
import { budgetOf, forecast, needsOf, readAheadOf } from './forecast.ts'
import type { Settings } from './options.ts'
import { makeRoomForJob } from './results.ts'

/** A plan and the engine that is to run it. */
export interface Prepared {
  readonly plan: Plan
  readonly engine: Engine
  /** Bytes of the whole results that the run writes; none unless given. */
  readonly resultBytes: number
  /** Done when it is known that the tasks fit, before the first one. */
  readonly begin?: () => Promise<void>
}

/** The engine. Where a job is to run on workers the first of them starts while the job is planned. */
export function engineFor({ workers }: Settings): Engine {
  const engine = getEngine()
  if (workers > 0) engine.wake()
  return engine
}

/** Optimises and lowers, for a run that writes `resultBytes` of whole results. */
export function prepare(roots: readonly Root[], engine: Engine, settings: Settings, resultBytes = 0): Prepared {
  const { roots: better } = optimise(roots.map((root) => root.expr))
  const plan = lower(
    better.map((expr, i) => ({ ...roots[i], expr })),
    budgetOf(settings, resultBytes),
  )
  return { engine, plan, resultBytes }
}

/** Hands the tasks to the scheduler; `flag` marks the output tasks. The run is held to its forecast. */
export async function startJob(
  { plan, engine, resultBytes, begin }: Prepared,
  tasks: Tasks,
  flag: number,
  settings: Settings,
  onDeliver?: (task: number, address: number) => void,
): Promise<Job> {
  const { workers, ordered, signal, onEvent } = settings
  const table = tableOf(plan, tasks, flag)
  const needs = needsOf(table, resultBytes)
  checkFits(plan, tasks, settings.limitBytes, resultBytes + needs.deliveredBytes)
  const { blockBytes, peakBytes: forecastBytes } = forecast(settings, needs)
  const executable: ExecutablePlan = {
    stages: plan.stages.map(({ stage }) => stage),
    taskStage: tasks.stage,
    taskBlock: tasks.block,
  }
  await begin?.()
  await makeRoomForJob(engine, () => needs.inOrderBytes)
  onEvent?.({ type: 'start', totalTasks: tasks.count, forecastBytes })
  const progress = settings.openProgress?.()
  const stopProgress = progress && followNext(progress.begin)
  const job = engine.submit({
    table,
    plan: executable,
    options: { limitBytes: blockBytes, workers, ordered, readAhead: readAheadOf(workers) },
    signal,
    describe: () => describePlan(plan, tasks),
    onDeliver,
    onProgress(finishedTasks, totalTasks) {
      progress?.update()
      onEvent?.({ type: 'progress', finishedTasks, totalTasks })
    },
  })
  const endProgress = (isFailed: boolean): void => {
    stopProgress?.()
    progress?.end(isFailed)
  }
  const result = job.result.then(
    (ended) => {
      try {
        endProgress(false)
        const { spilledBytes, reloadedBytes, droppedBlocks } = ended
        const peakBytes = ended.peakBytes + needs.deliveredBytes + resultBytes
        onEvent?.({ type: 'end', peakBytes, spilledBytes, reloadedBytes, droppedBlocks })
        return ended
      } catch (error) {
        for (const kept of ended.kept.values()) engine.discard(kept) // Nobody will have them.
        throw error
      }
    },
    (error) => {
      endProgress(true)
      throw error instanceof WorkerLostError ? namedLoss(error, plan, tasks) : error
    },
  )
  result.catch(() => undefined) // A reader that leaves does not look at it; that alone must not end the process.
  return { ...job, result }
}

/** The tasks as the scheduler takes them; `flag` marks those that make the outputs. */
export function tableOf(
  plan: Plan,
  { count, inputStart, inputs, outputBytes, outputs, stage, block }: Tasks,
  flag: number,
): TaskTable {
  const stageFlags = plan.stages.map((planned) => flagsOf(planned.stage))
  const flags = Uint8Array.from(stage, (number) => stageFlags[number])
  for (const blocks of outputs) for (const task of blocks) flags[task] |= flag
  return { count, inputStart, inputs, outputBytes, flags, given: givenBlocks(plan, stage, block) }
}

/** The numbers of the kept blocks that the plan reads, by task; undefined where it reads none. */
function givenBlocks({ stages }: Plan, stageOf: Int32Array, blockOf: Int32Array): Map<number, number> | undefined {
  if (!stages.some(({ stage }) => stage.kind === 'kept')) return undefined
  const given = new Map<number, number>()
  stageOf.forEach((number, task) => {
    const { stage } = stages[number]
    if (stage.kind === 'kept') given.set(task, stage.blocks[blockOf[task]])
  })
  return given
}

/** What the tasks of a stage ask of the scheduler. */
function flagsOf(stage: Stage): number {
  if (stage.kind === 'user') return taskFlag.alone
  const isHere = (stage.kind === 'load' && isTied(stage.source)) || (stage.kind === 'store' && isTied(stage.sink))
  // One at a time in a batch: each waits for something outside, and several batches wait side by side.
  if (isHere) return taskFlag.main | taskFlag.alone
  return stage.kind === 'load' || stage.kind === 'random' ? taskFlag.again : 0
}

/** The scheduler knows the number of the task whose worker was lost; this tells its stage and block. */
function namedLoss(error: WorkerLostError, plan: Plan, tasks: Tasks): WorkerLostError {
  if (error.task === undefined) return error
  const { stage } = plan.stages[tasks.stage[error.task]]
  const block = unravel(tasks.block[error.task], taskAxes(stage, gridShape(stage.grid)))
  const text = `${stage.name}: block [${block.join(', ')}]: ${error.message}`
  return new WorkerLostError(text, { stage: stage.name, block, task: error.task, cause: error.cause })
}

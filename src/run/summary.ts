import { facts } from '../core/dtype.ts'
import { formatGiven, NdloomError } from '../core/errors.ts'
import { sizeOf } from '../core/shape.ts'
import { type Explained, explainText } from '../diagnostics/explain.ts'
import { inspected, inspectName } from '../diagnostics/notebook.ts'
import { preformatted } from '../diagnostics/svg.ts'
import type { Expr } from '../graph/expr.ts'
import { optimise } from '../graph/optimise.ts'
import { planCost } from '../plan/explain.ts'
import { lower } from '../plan/lower.ts'
import type { Plan } from '../plan/plan.ts'
import { writeInPlace } from '../plan/regions.ts'
import { layOut } from '../plan/tasks.ts'
import { blockSize } from '../scheduler/allocator.ts'
import { taskFlag } from '../scheduler/types.ts'
import { sequentialBoundBytes } from './bound.ts'
import { budgetOf, forecast, type Needs, needsOf } from './forecast.ts'
import { tableOf } from './job.ts'
import { type ComputeOptions, type Settings, settingsOf } from './options.ts'

/** What a stage of a plan does. Sizes in bytes. */
export interface StageSummary {
  /** What it computes, for people. */
  readonly name: string
  readonly kind: string
  readonly tasks: number
  readonly bytesRead: number
  readonly bytesWritten: number
}

/** What computing would do, told before it begins; nothing has run. Sizes in bytes. */
export interface PlanSummary {
  readonly stages: readonly StageSummary[]
  readonly tasks: number
  readonly bytesRead: number
  readonly bytesWritten: number
  /**
   * The most that blocks and results will take at any time, however the arrays are computed (whole, streamed, persisted, written to a
   * file); a run is held to it. Where whole results do not fit the memory limit it holds for those that stream or write to a file.
   */
  readonly peakBytes: number
  /** The text of `explain`. */
  toString(): string
}

/** Plans of at most so many tasks are laid out for their forecast; of larger ones it is a bound by stages. */
const mostLaidOut = 2 ** 12

/** The plan of expressions that are computed together, and what it costs. Errors: as for the options of `compute`. */
export function summarise(exprs: readonly Expr[], options: ComputeOptions = {}): PlanSummary {
  const explained = planned(exprs, options)
  const { cost, peakBytes } = explained
  const text = (): string => explainText(explained)
  const shown = {
    short: `[Plan of ${cost.stages.length} stages, ${cost.tasks} tasks]`,
    text,
    html: () => preformatted(text()),
  }
  const summary: PlanSummary = {
    stages: cost.stages.map(({ name, kind, tasks, readBytes, writtenBytes }) => ({
      name,
      kind,
      tasks,
      bytesRead: readBytes,
      bytesWritten: writtenBytes,
    })),
    tasks: cost.tasks,
    bytesRead: cost.readBytes,
    bytesWritten: cost.writtenBytes,
    peakBytes,
    toString: text,
  }
  return Object.defineProperty(summary, inspectName, {
    value: (depth: number | null, given?: { depth?: number | null }) => inspected(shown, depth, given),
  })
}

export interface ExplainOptions extends ComputeOptions {
  /** Kernels as WebAssembly text: true for those of all stages, or the number or the name of one. */
  wat?: boolean | number | string
}

/** The text of `explain`. Errors: as for `summarise`, and NdloomError when there is no such stage. */
export function explain(exprs: readonly Expr[], { wat, ...options }: ExplainOptions = {}): string {
  if (wat !== undefined && !['boolean', 'number', 'string'].includes(typeof wat))
    throw new NdloomError(`explain: got wat ${formatGiven(wat)}, want true, or the number or the name of a stage`)
  return explainText(planned(exprs, options), wat)
}

/** How expressions are computed when they are streamed. */
export const streamedPlan = (exprs: readonly Expr[]): Plan =>
  planFor(optimise([...new Set(exprs)]).roots, settingsOf({}), 0)

function planned(exprs: readonly Expr[], options: ComputeOptions): Explained {
  const settings = settingsOf(options)
  const distinct = [...new Set(exprs)]
  const { roots, fired } = optimise(distinct)
  const resultBytes = resultBytesOf(roots)
  const plan = planFor(roots, settings, 0)
  const whole = planFor(roots, settings, resultBytes)
  const cost = planCost(plan)
  const isLarge = cost.tasks > mostLaidOut
  const needs = isLarge
    ? [needsByStage(plan, 0), needsByStage(whole, resultBytes)]
    : needsByTask(plan, whole, settings, resultBytes)
  const peaks = needs.map((each) => forecast(settings, each).peakBytes)
  const peakBytes = Math.max(peaks[0], ...peaks.filter((bytes) => bytes <= settings.limitBytes))
  const { limitBytes, workers } = settings
  return { exprs: distinct, optimised: roots, fired, plan, cost, peakBytes, limitBytes, workers }
}

/** The plan of a run that streams, or with `resultBytes` of one that writes whole results in place. */
function planFor(all: readonly Expr[], settings: Settings, resultBytes: number): Plan {
  const roots = all.filter(({ shape }) => sizeOf(shape) > 0)
  const assemble = resultBytes > 0
  const plan = lower(
    roots.map((expr) => ({ expr, assemble })),
    budgetOf(settings, resultBytes),
  )
  return assemble
    ? writeInPlace(
        plan,
        roots.map(({ shape }) => ({ address: 0, shape })),
      )
    : plan
}

/** Streamed, persisted, and whole in place. */
function needsByTask(streamed: Plan, whole: Plan, { ordered }: Settings, resultBytes: number): Needs[] {
  const tasks = layOut(streamed, ordered)
  return [
    needsOf(tableOf(streamed, tasks, taskFlag.deliver), 0),
    needsOf(tableOf(streamed, tasks, taskFlag.keep), 0),
    needsOf(tableOf(whole, layOut(whole, false), 0), resultBytes),
  ]
}

/** A bound, from the stages alone. */
function needsByStage(plan: Plan, resultBytes: number): Needs {
  const cost = planCost(plan)
  const largest = (bytes: readonly number[]) => bytes.reduce((most, each) => Math.max(most, blockSize(each)), 0)
  const blocks = plan.outputs.map(({ dtype, grid }) => sizeOf(grid.map((axis) => axis.size)) * facts[dtype].itemsize)
  const largestBlockBytes = largest(cost.stages.map(({ blockBytes }) => blockBytes))
  return {
    inOrderBytes: sequentialBoundBytes(plan, cost),
    allBytes: cost.stages.reduce((sum, stage) => sum + stage.tasks * blockSize(stage.blockBytes), 0),
    largestBlockBytes,
    deliveredBytes: resultBytes > 0 ? 0 : largest(blocks),
    resultBytes,
  }
}

/** Bytes of whole results; equal ones are one. */
export const resultBytesOf = (exprs: readonly Expr[]): number =>
  [...new Set(exprs)].reduce((sum, { shape, dtype }) => sum + sizeOf(shape) * facts[dtype].itemsize, 0)

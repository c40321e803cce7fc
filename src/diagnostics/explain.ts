import { formatBytes } from '../core/bytes.ts'
import { gridCount, gridShape } from '../core/chunks.ts'
import { itemsize } from '../core/dtype.ts'
import { formatShape, sizeOf } from '../core/shape.ts'
import type { Expr } from '../graph/expr.ts'
import { formatExpr } from '../graph/format.ts'
import type { RuleCounts } from '../graph/optimise.ts'
import { rules } from '../graph/rules.ts'
import type { Stage } from '../kernel/stage.ts'
import type { PlanCost } from '../plan/explain.ts'
import type { Buffer, Plan } from '../plan/plan.ts'
import { chunkReason } from './chunk-reason.ts'
import { kernelSections } from './kernel-text.ts'

/** What is told of how expressions are computed. */
export interface Explained {
  readonly exprs: readonly Expr[]
  /** The same after the rules of the optimiser. */
  readonly optimised: readonly Expr[]
  readonly fired: RuleCounts
  readonly plan: Plan
  readonly cost: PlanCost
  /** Bytes of blocks and results at any time, at most, and how many they may be. */
  readonly peakBytes: number
  readonly limitBytes: number
  readonly workers: number
}

/** Functions that are shown, one inside the other. */
const shownDepth = 6
/** Beside a task of less than so many bytes the scheduler's work is seen. */
const smallBlockBytes = 32 * 2 ** 10
const manyTasks = 1000

/**
 * How expressions are computed, for people: what is asked for, what the optimiser made of it and why, how it is cut, the stages with their
 * tasks and bytes, the totals and the memory. Takes as long for 10^8 blocks as for ten. `wat`: kernels as WebAssembly text below.
 */
export function explainText(explained: Explained, wat?: boolean | number | string): string {
  const { exprs, plan } = explained
  const stages = plan.stages.map(({ stage }) => stage)
  const kernels = wat === undefined || wat === false ? [] : kernelSections(stages, wat)
  const parts = [
    ...exprs.map((expr, i) => arrayLines(expr, explained.optimised[i]).join('\n')),
    ruleLines(explained.fired).join('\n'),
    stageLines(explained).join('\n'),
    totalLines(explained).join('\n'),
    ...kernels,
  ]
  return parts.join('\n\n')
}

function arrayLines(expr: Expr, optimised: Expr): string[] {
  const { dtype, shape, grid } = expr
  const block = grid.map((axis) => axis.size)
  const count = gridCount(grid)
  const blockBytes = formatBytes(sizeOf(block) * itemsize(dtype))
  const blocks =
    count === 1
      ? 'one'
      : `${gridShape(grid).join('x')} of ${formatShape(block)}, ${blockBytes} at most, ${chunkReason(expr)}`
  const same = optimised === expr ? 'the same' : formatExpr(optimised, shownDepth)
  return [
    `${dtype} ${formatShape(shape)}, ${formatBytes(sizeOf(shape) * itemsize(dtype))}`,
    `blocks     ${blocks}`,
    `written    ${formatExpr(expr, shownDepth)}`,
    `optimised  ${same}`,
  ]
}

function ruleLines(fired: RuleCounts): string[] {
  if (fired.size === 0) return ['rules: none fired']
  const rows = rules.flatMap(({ name, meaning }) =>
    fired.has(name) ? [[`  ${name}`, `x${fired.get(name)}`, meaning]] : [],
  )
  return ['rules that fired:', ...table(rows, [0, 2])]
}

function stageLines({ plan, cost }: Explained): string[] {
  const head = ['stage', 'kind', 'computes', 'reads', 'tasks', 'read', 'written', 'block']
  const rows = plan.stages.map(({ stage, buffers }, i) => {
    const { tasks, readBytes, writtenBytes, blockBytes } = cost.stages[i]
    const made = blockBytes > 0 ? formatBytes(blockBytes) : ''
    const reads = [...new Set(buffers.flatMap(makersOf))].join(', ')
    return [
      `${i}`,
      kindOf(stage),
      stage.name,
      reads,
      `${tasks}`,
      formatBytes(readBytes),
      formatBytes(writtenBytes),
      made,
    ]
  })
  return table([head, ...rows], [1, 2, 3])
}

const kindOf = (stage: Stage): string => (stage.kind === 'kernel' ? stage.spec.kind : stage.kind)

const makersOf = ({ blocks }: Buffer): string[] =>
  blocks.kind === 'stage' ? [`${blocks.stage}`] : blocks.parts.flatMap(makersOf)

function totalLines({ plan, cost, peakBytes, limitBytes, workers }: Explained): string[] {
  const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`
  const blockBytes = Math.max(0, ...cost.stages.map((stage) => stage.blockBytes))
  const isSmall = cost.tasks > manyTasks && blockBytes < smallBlockBytes
  return [
    `total  ${count(plan.stages.length, 'stage')}, ${count(cost.tasks, 'task')}, ${formatBytes(cost.readBytes)} read, ${formatBytes(cost.writtenBytes)} written`,
    `peak   ${formatBytes(peakBytes)} at most of blocks and results at one time, of ${formatBytes(limitBytes)} allowed, with ${count(workers, 'worker')}`,
    ...(isSmall
      ? ['hint   blocks are small: with larger chunks there are fewer tasks, and less time goes into starting them']
      : []),
  ]
}

/** Rows in columns; those named in `left` begin at one place, the others end at one. */
function table(rows: readonly (readonly string[])[], left: readonly number[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const cellOf = (cell: string, column: number): string =>
    left.includes(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column])
  return rows.map((row) => row.map(cellOf).join('  ').trimEnd())
}

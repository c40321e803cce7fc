import { formatBytes } from '../core/bytes.ts'
import { gridCount, gridShape } from '../core/chunks.ts'
import { NdloomError } from '../core/errors.ts'
import { formatShape, unravel } from '../core/shape.ts'
import { isIdentity } from '../core/view.ts'
import { type Expr, inputsFirst, inputsOf } from '../graph/expr.ts'
import { formatNode, formatView } from '../graph/format.ts'
import { type Stage, taskAxes } from '../kernel/stage.ts'
import { planCost } from '../plan/explain.ts'
import type { Buffer, Plan } from '../plan/plan.ts'
import { layOut } from '../plan/tasks.ts'
import type { PictureEdge, PictureGraph, PictureNode } from './graph-picture.ts'

/** More nodes than this are no picture that anybody can read. */
const mostNodes = 1000

/** Errors: NdloomError, with the count and the cure. */
export function checkCount(count: number, what: string, cure: string): void {
  if (count > mostNodes)
    throw new NdloomError(
      `visualize: there are ${count} ${what}, and a picture can be read up to ${mostNodes}; ${cure}`,
    )
}

/** Every node of expressions, equal parts once, with dtype, shape and blocks. */
export function exprGraph(roots: readonly Expr[]): PictureGraph {
  const seen = inputsFirst(roots)
  checkCount(seen.size, 'operations', "take { level: 'plan' }, or a part of the expression")
  const kinds = new Map<string, number>()
  const nodes = [...seen].map((expr): PictureNode => {
    const isValue = expr.kind === 'constant'
    if (!isValue && !kinds.has(expr.kind)) kinds.set(expr.kind, kinds.size)
    const blocks = gridCount(expr.grid) === 1 ? '' : ` in ${gridShape(expr.grid).join('x')} blocks`
    const facts = isValue ? [] : [`${expr.dtype} ${formatShape(expr.shape)}${blocks}`]
    return {
      id: `${expr.id}`,
      lines: [formatNode(expr), ...facts],
      group: kinds.get(expr.kind),
      isResult: roots.includes(expr),
    }
  })
  const edges = [...seen].flatMap((expr) => inputsOf(expr).map((input) => ({ from: `${input.id}`, to: `${expr.id}` })))
  return { nodes, edges }
}

/** The stages of a plan with their tasks and bytes, and what they read of each other. */
export function planGraph(plan: Plan): PictureGraph {
  checkCount(plan.stages.length, 'stages', 'take a part of the expression')
  const { stages } = planCost(plan)
  const nodes = plan.stages.map(({ stage }, i): PictureNode => {
    const { tasks, readBytes, writtenBytes } = stages[i]
    const bytes = [readBytes > 0 && `${formatBytes(readBytes)} read`, `${formatBytes(writtenBytes)} written`]
    return {
      id: `${i}`,
      lines: [
        ...folded(stage.name),
        `${kindOf(stage)}, ${tasks} ${tasks === 1 ? 'task' : 'tasks'}`,
        bytes.filter(Boolean).join(', '),
      ],
      group: i,
    }
  })
  const edges = plan.stages.flatMap(({ stage, buffers }, i) =>
    buffers.flatMap((buffer, k): PictureEdge[] => {
      const read = 'reads' in stage ? stage.reads[k] : undefined
      const source = read?.grid.map((axis) => axis.extent) ?? []
      const label = read && !isIdentity(read.view, source) ? formatView(read.view, source) : undefined
      return makersOf(buffer).map((from) => ({ from, to: `${i}`, label }))
    }),
  )
  const outputs = new Set(plan.outputs.flatMap(makersOf))
  return {
    nodes: nodes.map((node) => ({ ...node, isResult: outputs.has(node.id) })),
    edges,
  }
}

const kindOf = (stage: Stage): string => (stage.kind === 'kernel' ? stage.spec.kind : stage.kind)

/** The nodes of the stages that make a buffer. */
const makersOf = ({ blocks }: Buffer): string[] =>
  blocks.kind === 'stage' ? [`${blocks.stage}`] : blocks.parts.flatMap(makersOf)

/** Every task with the coordinate of its block, in the colour of its stage. Errors: NdloomError when there are too many. */
export function taskGraph(plan: Plan): PictureGraph {
  const cure = "take { level: 'plan' }, or larger chunks"
  checkCount(planCost(plan).tasks, 'tasks', cure)
  const tasks = layOut(plan, false)
  const outputs = new Set(tasks.outputs.flatMap((blocks) => [...blocks]))
  const numbers = Array.from({ length: tasks.count }, (_, task) => task)
  const nodes = numbers.map((task): PictureNode => {
    const number = tasks.stage[task]
    const { stage } = plan.stages[number]
    const block = unravel(tasks.block[task], taskAxes(stage, gridShape(stage.grid)))
    return {
      id: `${task}`,
      lines: [...folded(stage.name), formatShape(block)],
      group: number,
      isResult: outputs.has(task),
    }
  })
  const edges = numbers.flatMap((task) => {
    const inputs = tasks.inputs.subarray(tasks.inputStart[task], tasks.inputStart[task + 1])
    return [...new Set(inputs)].map((input) => ({ from: `${input}`, to: `${task}` }))
  })
  return { nodes, edges }
}

/** A name in lines of at most about 24 characters, and no more than three. */
function folded(name: string): string[] {
  const lines = ['']
  for (const word of name.split(' ')) {
    const last = lines[lines.length - 1]
    if (last && last.length + word.length > 24) lines.push(word)
    else lines[lines.length - 1] = last ? `${last} ${word}` : word
  }
  return lines.length > 3 ? [...lines.slice(0, 2), `${lines[2]} …`] : lines
}

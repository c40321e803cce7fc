import { ChunkedArray } from '../array/chunked-array.ts'
import type { PictureEdge, PictureGraph, PictureNode } from '../diagnostics/graph-picture.ts'
import { checkCount } from '../diagnostics/plan-graph.ts'
import { collect } from './compute-delayed.ts'
import { Node } from './node.ts'

/** The calls that delayed values need, and the arrays that go into them. Errors: NdloomError when there are too many to be read. */
export function graphOfCalls(wanted: readonly Node[]): PictureGraph {
  const { tasks } = collect(wanted)
  checkCount(tasks.length, 'calls', 'draw a part of the graph')
  const groups = new Map<string, number>()
  const arrays = new Map<ChunkedArray, string>()
  const ids = new Map(tasks.map((task, i) => [task, `${i}`]))
  const edges: PictureEdge[] = []
  const nodes = tasks.map((task, i): PictureNode => {
    const name = task.fn?.name ?? 'value'
    if (!groups.has(name)) groups.set(name, groups.size)
    for (const arg of task.args) {
      if (arg instanceof ChunkedArray && !arrays.has(arg)) arrays.set(arg, `array ${arrays.size}`)
      const from = arg instanceof ChunkedArray ? arrays.get(arg) : arg instanceof Node ? ids.get(arg) : undefined
      if (from !== undefined) edges.push({ from, to: `${i}` })
    }
    return { id: `${i}`, lines: [name], group: groups.get(name), isResult: wanted.includes(task) }
  })
  const sources = [...arrays].map(
    ([{ dtype, shape }, id]): PictureNode => ({
      id,
      lines: ['array', `${dtype} [${shape.join(', ')}]`],
      isResult: false,
    }),
  )
  return { nodes: [...sources, ...nodes], edges }
}

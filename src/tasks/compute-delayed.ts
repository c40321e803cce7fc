import { ChunkedArray } from '../array/chunked-array.ts'
import { computeAll } from '../compute.ts'
import { type ComputeOptions, type Settings, settingsOf } from '../run/options.ts'
import { type Call, input, nameTask } from '../scheduler/calls.ts'
import { getEngine } from '../scheduler/process.ts'
import { revive, sendable } from '../storage/ndarray.ts'
import type { Node, TaskFunction } from './node.ts'

/** The calls that delayed values need, in an order in which each comes after those it reads. */
interface CallGraph {
  readonly tasks: readonly Node[]
  readonly number: ReadonlyMap<Node, number>
  readonly arrays: ReadonlySet<ChunkedArray>
}

/**
 * Computes delayed values together: what several need runs once. Arrays among the arguments are computed first, in one run. Errors: see
 * Delayed.compute.
 */
export async function computeDelayed(wanted: readonly Node[], options: ComputeOptions): Promise<unknown[]> {
  const settings = settingsOf(options)
  const graph = collect(wanted)
  const arrays = await computeArrays([...graph.arrays], options)
  const values = await runCalls(graph, new Set(wanted), arrays, settings)
  return wanted.map((one) => {
    if (one.node.kind === 'call') return values.get(graph.number.get(one)!)
    const { value } = one.node
    return value instanceof ChunkedArray ? arrays.get(value) : value
  })
}

async function computeArrays(arrays: readonly ChunkedArray[], options: ComputeOptions) {
  if (arrays.length === 0) return new Map<ChunkedArray, unknown>()
  const results = await computeAll(
    arrays.map(({ expr }) => expr),
    { ...options, progress: undefined, onEvent: undefined },
  )
  return new Map<ChunkedArray, unknown>(arrays.map((array, i) => [array, results[i]]))
}

/** Depth first, without recursion, as chains may be a million calls long. */
function collect(wanted: readonly Node[]): CallGraph {
  const tasks: Node[] = []
  const number = new Map<Node, number>()
  const arrays = new Set<ChunkedArray>()
  const stack = [...wanted].reverse()
  const next: number[] = stack.map(() => 0)
  while (stack.length > 0) {
    const one = stack[stack.length - 1]
    const args = one.node.kind === 'call' ? one.node.args : [one.node.value]
    let at = number.has(one) ? args.length : next[next.length - 1]
    while (at < args.length && !(isCall(args[at]) && !number.has(args[at] as Node))) {
      if (args[at] instanceof ChunkedArray) arrays.add(args[at] as ChunkedArray)
      at++
    }
    if (at < args.length) {
      next[next.length - 1] = at + 1
      stack.push(args[at] as Node)
      next.push(0)
      continue
    }
    stack.pop()
    next.pop()
    if (one.node.kind === 'call' && !number.has(one)) {
      number.set(one, tasks.length)
      tasks.push(one)
    }
  }
  return { tasks, number, arrays }
}
/** Arguments are calls, or plain: values that are there have taken the place of their delayed ones. */
const isCall = (arg: unknown): arg is Node => typeof arg === 'object' && arg !== null && 'node' in arg

async function runCalls(
  { tasks, number }: CallGraph,
  wanted: ReadonlySet<Node>,
  arrays: ReadonlyMap<ChunkedArray, unknown>,
  { workers, signal, progress, onEvent }: Settings,
): Promise<Map<number, unknown>> {
  const values = new Map<number, unknown>()
  if (tasks.length === 0) return values
  const { fnOf, functions } = functionsOf(tasks)
  const { inputStart, inputs } = edges(tasks, number)
  onEvent?.({ type: 'start', totalTasks: tasks.length, forecastBytes: 0 })
  const { result } = getEngine().submitCalls({
    count: tasks.length,
    inputStart,
    inputs,
    functions,
    call: (task): Call => ({ fn: fnOf[task], args: argsOf(tasks[task]).map((arg) => sent(arg, arrays)) }),
    isWanted: (task) => wanted.has(tasks[task]),
    independent: false,
    workers,
    signal,
    onValue: (task, value) => values.set(task, revive(value)),
    nameError: (task, error) => nameTask(nameOf(tasks[task]), [], error),
    onProgress(finishedTasks, totalTasks) {
      progress?.(finishedTasks, totalTasks)
      onEvent?.({ type: 'progress', finishedTasks, totalTasks })
    },
  })
  await result
  onEvent?.({ type: 'end', peakBytes: 0 })
  return values
}

const nameOf = ({ node }: Node): string => (node.kind === 'call' ? node.fn.name : 'value')
const argsOf = ({ node }: Node): readonly unknown[] => (node.kind === 'call' ? node.args : [])

/** How an argument goes to a worker. An array's elements are copied: the function may change what it is given. */
function sent(arg: unknown, arrays: ReadonlyMap<ChunkedArray, unknown>): unknown {
  if (isCall(arg)) return input
  if (!(arg instanceof ChunkedArray)) return arg
  const value = arrays.get(arg)
  return typeof value === 'object' && value !== null && 'stride' in value ? sendable(value as never) : value
}

function functionsOf(tasks: readonly Node[]) {
  const fnOf = new Int32Array(tasks.length)
  const index = new Map<TaskFunction, number>()
  tasks.forEach(({ node }, task) => {
    if (node.kind !== 'call') return
    if (!index.has(node.fn)) index.set(node.fn, index.size)
    fnOf[task] = index.get(node.fn)!
  })
  return { fnOf, functions: [...index.keys()].map((fn) => fn.sent) }
}

function edges(tasks: readonly Node[], number: ReadonlyMap<Node, number>) {
  const inputStart = new Int32Array(tasks.length + 1)
  const inputs: number[] = []
  tasks.forEach((task, i) => {
    for (const arg of argsOf(task)) if (isCall(arg)) inputs.push(number.get(arg)!)
    inputStart[i + 1] = inputs.length
  })
  return { inputStart, inputs: Int32Array.from(inputs) }
}

import { ChunkedArray } from '../array/chunked-array.ts'
import { computeAll } from '../compute.ts'
import { progressOfItems } from '../diagnostics/progress/progress.ts'
import { type ComputeOptions, type Settings, settingsOf } from '../run/options.ts'
import { type Call, input, nameTask } from '../scheduler/calls.ts'
import { describeCalls } from '../scheduler/describe-calls.ts'
import { getEngine } from '../scheduler/process.ts'
import { Node } from './node.ts'
import type { NamedFunction } from './options.ts'

/** The calls that delayed values need, in an order in which each comes after those it reads. */
export interface CallGraph {
  readonly tasks: readonly Node[]
  readonly inputStart: Int32Array
  readonly inputs: Int32Array
  readonly arrays: ReadonlySet<ChunkedArray>
  /** Of each value that is wanted its task; -1: it is there. */
  readonly wanted: Int32Array
}

/**
 * Computes delayed values together: what several need runs once. Arrays among the arguments are computed first, in one run. Errors: see
 * Delayed.compute.
 */
export async function computeDelayed(wanted: readonly Node[], options: ComputeOptions): Promise<unknown[]> {
  const settings = settingsOf(options)
  const graph = collect(wanted)
  const arrays = await computeArrays([...graph.arrays], options)
  const values = await runCalls(graph, arrays, settings, options.progress)
  return wanted.map(({ args: [value] }, i) => {
    if (graph.wanted[i] >= 0) return values.get(graph.wanted[i])
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

let nextPlace = 0
/**
 * Depth first, without recursion, as chains may be a million calls long. Nothing is awaited here, so that a node can hold its own
 * place: nodes of this graph are those from `first` on.
 */
export function collect(wanted: readonly Node[]): CallGraph {
  const tasks: Node[] = []
  const arrays = new Set<ChunkedArray>()
  const first = nextPlace
  const isCollected = (node: Node): boolean => node.place >= first
  const stack = [...wanted].reverse()
  const next: number[] = stack.map(() => 0)
  while (stack.length > 0) {
    const node = stack[stack.length - 1]
    const { args } = node
    let at = isCollected(node) ? args.length : next[next.length - 1]
    while (at < args.length && !(isCall(args[at]) && !isCollected(args[at] as Node))) {
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
    if (!node.fn || isCollected(node)) continue
    node.place = nextPlace++
    tasks.push(node)
  }
  const numbers = Int32Array.from(wanted, (node) => (node.fn ? node.place - first : -1))
  return { tasks, arrays, wanted: numbers, ...edges(tasks, first) }
}
/** Arguments are calls, or plain: values that are there have taken the place of their delayed ones. */
const isCall = (arg: unknown): arg is Node => arg instanceof Node

function edges(tasks: readonly Node[], first: number) {
  const inputStart = new Int32Array(tasks.length + 1)
  tasks.forEach(({ args }, i) => {
    inputStart[i + 1] = inputStart[i] + args.reduce<number>((count, arg) => count + Number(isCall(arg)), 0)
  })
  const inputs = new Int32Array(inputStart[tasks.length])
  let at = 0
  for (const { args } of tasks) for (const arg of args) if (isCall(arg)) inputs[at++] = arg.place - first
  return { inputStart, inputs }
}

async function runCalls(
  { tasks, inputStart, inputs, wanted }: CallGraph,
  arrays: ReadonlyMap<ChunkedArray, unknown>,
  { workers, signal, onEvent }: Settings,
  wantedProgress: ComputeOptions['progress'],
): Promise<Map<number, unknown>> {
  const values = new Map<number, unknown>()
  if (tasks.length === 0) return values
  const { fnOf, functions } = functionsOf(tasks)
  const isWanted = new Set(wanted)
  onEvent?.({ type: 'start', totalTasks: tasks.length, forecastBytes: 0 })
  const progress = progressOfItems(wantedProgress, 'delayed', tasks.length)
  const { result } = getEngine().submitCalls({
    count: tasks.length,
    inputStart,
    inputs,
    functions,
    describe: () => describeCalls(functions, tasks.length, (task) => fnOf[task]),
    call: (task): Call => ({ fn: fnOf[task], args: tasks[task].args.map((arg) => argumentOf(arg, arrays)) }),
    isWanted: (task) => isWanted.has(task),
    independent: false,
    workers,
    signal,
    onValue: (task, value) => values.set(task, value),
    nameError: (task, error) => nameTask(tasks[task].fn?.name ?? 'task', [], error),
    onProgress(finishedTasks, totalTasks) {
      progress?.report(finishedTasks)
      onEvent?.({ type: 'progress', finishedTasks, totalTasks })
    },
  })
  await result.then(
    () => progress?.end(false),
    (error) => {
      progress?.end(true)
      throw error
    },
  )
  onEvent?.({ type: 'end', peakBytes: 0, spilledBytes: 0, reloadedBytes: 0, droppedBlocks: 0 })
  return values
}

function argumentOf(arg: unknown, arrays: ReadonlyMap<ChunkedArray, unknown>): unknown {
  if (isCall(arg)) return input
  return arg instanceof ChunkedArray ? arrays.get(arg) : arg
}

function functionsOf(tasks: readonly Node[]) {
  const fnOf = new Int32Array(tasks.length)
  const index = new Map<NamedFunction, number>()
  tasks.forEach(({ fn }, task) => {
    if (!fn) return
    if (!index.has(fn)) index.set(fn, index.size)
    fnOf[task] = index.get(fn)!
  })
  return { fnOf, functions: [...index.keys()].map((fn) => fn.fn) }
}

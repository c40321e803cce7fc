import { type ComputeOptions, computeAll, type PlanSummary, summarise } from '../compute.ts'
import { formatGiven, NdloomError } from '../core/errors.ts'
import { isLazy, type Lazy, type LazyKind, lazyKind } from '../run/lazy.ts'
import type { Result } from '../run/results.ts'
import { ChunkedArray } from './chunked-array.ts'

/**
 * Computes arrays and delayed values together, so that shared work is done once. Gives one result each: of an array a scijs ndarray, of
 * a 0-d one a plain value. Errors: MemoryLimitError, TaskError, WorkerLostError, StorageError, AbortError, NdloomError for other arguments.
 * @example const [mean, std] = await nd.compute(x.mean(), x.std(), { workers: 2 })
 */
export function compute(...args: readonly (ChunkedArray | ComputeOptions)[]): Promise<Result[]>
export function compute(...args: readonly (ChunkedArray | Lazy | ComputeOptions)[]): Promise<unknown[]>
export async function compute(...args: readonly (ChunkedArray | Lazy | ComputeOptions)[]): Promise<unknown[]> {
  const { things, options } = togetherOf(args, isComputable, 'compute')
  const kinds = new Set(things.map(kindOf))
  const results = new Map<unknown, unknown>()
  for (const kind of kinds) {
    const group = things.filter((thing) => kindOf(thing) === kind)
    const values = await kind.computeAll(group as never[], options)
    group.forEach((thing, i) => {
      results.set(thing, values[i])
    })
  }
  return things.map((thing) => results.get(thing))
}
const isArray = (thing: unknown): thing is ChunkedArray => thing instanceof ChunkedArray
const isComputable = (thing: unknown): thing is ChunkedArray | Lazy => isArray(thing) || isLazy(thing)
const arrayKind: LazyKind<ChunkedArray> = {
  computeAll: (arrays, options) =>
    computeAll(
      arrays.map(({ expr }) => expr),
      options,
    ),
}
const kindOf = (thing: ChunkedArray | Lazy): LazyKind<never> => (isLazy(thing) ? thing[lazyKind] : arrayKind)

/**
 * What computing arrays together would do: stages, tasks, bytes read and written, and the most bytes it will take. Nothing runs.
 * Errors: NdloomError for other arguments.
 * @example const { peakBytes } = nd.plan(x.mean(), x.std(), { memoryLimit: '512MiB' })
 */
export function plan(...args: readonly (ChunkedArray | ComputeOptions)[]): PlanSummary {
  const { things, options } = togetherOf(args, isArray, 'plan')
  return summarise(
    things.map(({ expr }) => expr),
    options,
  )
}

/** Lazy things, then options. */
function togetherOf<T>(args: readonly unknown[], isOne: (thing: unknown) => thing is T, operation: string) {
  const hasOptions = args.length > 0 && !isOne(args[args.length - 1])
  const things = hasOptions && args.length > 1 ? args.slice(0, -1) : args
  things.forEach((thing, i) => {
    if (isOne(thing)) return
    throw new NdloomError(
      `${operation}: argument ${i + 1} is ${formatGiven(thing)}, want lazy arrays, then options; make arrays with nd.array`,
    )
  })
  return { things: things as readonly T[], options: hasOptions ? (args[args.length - 1] as ComputeOptions) : {} }
}

import { type ComputeOptions, computeAll, type PlanSummary, summarise } from '../compute.ts'
import { formatGiven, NdloomError } from '../core/errors.ts'
import type { Result } from '../run/results.ts'
import { ChunkedArray } from './chunked-array.ts'

/**
 * Computes arrays together, so that shared work is done once. Gives one result an array: a scijs ndarray, or for a 0-d array a
 * plain value. Errors: MemoryLimitError, TaskError, WorkerLostError, StorageError, AbortError, NdloomError for other arguments.
 * @example const [mean, std] = await nd.compute(x.mean(), x.std(), { workers: 2 })
 */
export async function compute(...args: readonly (ChunkedArray | ComputeOptions)[]): Promise<Result[]> {
  const { exprs, options } = togetherOf(args, 'compute')
  return computeAll(exprs, options)
}

/**
 * What computing arrays together would do: stages, tasks, bytes read and written, and the most bytes it will take. Nothing runs.
 * Errors: NdloomError for other arguments.
 * @example const { peakBytes } = nd.plan(x.mean(), x.std(), { memoryLimit: '512MiB' })
 */
export function plan(...args: readonly (ChunkedArray | ComputeOptions)[]): PlanSummary {
  const { exprs, options } = togetherOf(args, 'plan')
  return summarise(exprs, options)
}

/** Arrays, then options. */
function togetherOf(args: readonly (ChunkedArray | ComputeOptions)[], operation: string) {
  const hasOptions = args.length > 0 && !(args[args.length - 1] instanceof ChunkedArray)
  const arrays = hasOptions && args.length > 1 ? args.slice(0, -1) : args
  const exprs = arrays.map((array, i) => {
    if (array instanceof ChunkedArray) return array.expr
    throw new NdloomError(
      `${operation}: argument ${i + 1} is ${formatGiven(array)}, want lazy arrays, then options; make arrays with nd.array`,
    )
  })
  return { exprs, options: hasOptions ? (args[args.length - 1] as ComputeOptions) : {} }
}

import { type ComputeOptions, computeAll } from '../compute.ts'
import { NdloomError } from '../core/errors.ts'
import type { Result } from '../results.ts'
import { ChunkedArray } from './chunked-array.ts'
import { takeOptions } from './options.ts'

/**
 * Computes arrays together, so that shared work is done once. Gives one result an array: a scijs ndarray, or for a 0-d array a
 * plain value. Errors: MemoryLimitError, TaskError, WorkerLostError, StorageError, AbortError.
 * @example const [mean, std] = await nd.compute(x.mean(), x.std(), { workers: 2 })
 */
export function compute(...args: readonly (ChunkedArray | ComputeOptions)[]): Promise<Result[]> {
  const last = args[args.length - 1]
  const [arrays, options] =
    last instanceof ChunkedArray ? [args, {}] : takeOptions<ChunkedArray | ComputeOptions, ComputeOptions>(args)
  const exprs = arrays.map((array) => {
    if (array instanceof ChunkedArray) return array.expr
    throw new NdloomError(
      'compute: got something that is no array, want lazy arrays, then options; make arrays with nd.array',
    )
  })
  return computeAll(exprs, options)
}

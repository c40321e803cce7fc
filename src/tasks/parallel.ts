import { formatGiven, NdloomError } from '../core/errors.ts'
import { sharedBackend } from './backend.ts'
import { namedFunction, type TaskFunction, workersOf } from './options.ts'
import { createQueue } from './queue.ts'

/**
 * Calls in parallel, in the manner of joblib's `Parallel(n_jobs)(...)`: each is a list of the function and its arguments, and the functions
 * may differ. `workers` is the most that run at once, never more than the process may run. The results come in the order of the calls; it
 * rejects with the error of one that failed.
 *
 * @example
 * nd.parallel(2)([1, 2, 3].map((v) => [(a) => a * a, v]))   // -> [ 1, 4, 9 ]
 */
export function parallel(workers?: number) {
  const backend = sharedBackend(workersOf(workers, 'parallel'))
  return async <R = unknown>(
    calls: Iterable<readonly [TaskFunction<never[], R>, ...unknown[]]>,
  ): Promise<Awaited<R>[]> => {
    const queue = createQueue(backend)
    const futures = Array.from(calls, (call, i) => {
      if (!Array.isArray(call))
        throw new NdloomError(`parallel: got ${formatGiven(call)} as call ${i}, want a list [fn, ...args]`)
      const [fn, ...args] = call
      return queue.add({ ...namedFunction(fn, 'parallel'), args, block: [i] })
    })
    return Promise.all(futures.map((future) => future.result() as Promise<Awaited<R>>))
  }
}

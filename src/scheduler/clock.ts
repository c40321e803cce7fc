import { clockOffset } from '../worker/protocol.ts'

let offset: number | undefined

/** Times of the system's clock, in milliseconds, on this thread's performance.now(). */
export function ownTimes(times: Float64Array): Float64Array {
  offset ??= clockOffset()
  for (let k = 0; k < times.length; k++) times[k] -= offset
  return times
}

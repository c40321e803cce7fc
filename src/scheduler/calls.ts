import type { CallPlan } from '../worker/call-messages.ts'
import { type CallJob, createCallJob } from './call-job.ts'
import type { CallRequest, CallsHandle } from './call-request.ts'
import type { Driver } from './driver.ts'
import { taskFlag } from './types.ts'

export { type Call, type CallRequest, type CallsHandle, input, nameTask } from './call-request.ts'

/** Starts a job of calls: see CallRequest. */
export function submitCalls(driver: Driver, request: CallRequest): CallsHandle {
  const { count, inputStart, inputs, pinned, functions, retries = 0, independent, workers, priority } = request
  const plan: CallPlan = { kind: 'calls', functions, retries, independent }
  const flags = new Uint8Array(count).fill(request.alone ? taskFlag.alone : 0)
  const options = { workers, ordered: false, readAhead: 1, limitBytes: Number.MAX_SAFE_INTEGER, isCalls: true }
  let calls: CallJob | undefined
  const job = driver.submit({
    table: { count, inputStart, inputs, outputBytes: new Float64Array(count), flags, pinned },
    plan,
    options: { ...options, independent, priority, group: request.group, mostLosses: request.mostLosses },
    calls(id, report) {
      calls = createCallJob(request, id, report)
      return calls
    },
    describe: request.describe,
    onProgress: request.onProgress,
    signal: request.signal,
  })
  return {
    result: job.result.then(() => undefined),
    isRunning: job.isRunning,
    cancel: job.cancel,
    cancelTask: (task, reason) => calls?.cancelTask(task, reason),
  }
}

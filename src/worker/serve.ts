import { parentPort, workerData } from 'node:worker_threads'
import { expose } from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import { markNested } from '../core/config.ts'
import { internal } from '../core/errors.ts'
import { type CallBatch, isCallPlan } from './call-messages.ts'
import { type CallRun, type Calls, createCalls } from './calls.ts'
import { decodeError, encodeError } from './errors.ts'
import type { Executor } from './executor.ts'
import {
  batchHead,
  clockOffset,
  type Definition,
  isStopped,
  type ToWorker,
  timedPlace,
  type WorkerApi,
  type WorkerMessage,
  type WorkerStart,
} from './protocol.ts'

/** How long a worker may keep to itself which tasks of a batch have ended; others may wait for them. */
const silenceMilliseconds = 2

/** The worker's loop: runs batches in order of arrival, tells what has ended. Called once, by the worker's entry. */
export function serve(createExecutor: (memory: WebAssembly.Memory, scratchAddress: number) => Executor): void {
  if (!parentPort) internal('serve: this is no worker')
  markNested()
  const { worker, memory, scratchAddress, port, progress, times, stopped } = workerData as WorkerStart
  const executor = createExecutor(memory, scratchAddress)
  const calls = createCalls(worker)
  const plans = createPlans(executor, calls)
  const waiting: (Uint32Array | CallBatch)[] = []
  const offset = clockOffset()
  let isRunning = false
  let ended = 0
  let told = 0
  let toldAt = 0

  const tell = (message: WorkerMessage, moved: ArrayBuffer[] = []): void => {
    port.postMessage(message, moved)
    told = ended
    toldAt = performance.now()
  }
  const tellEnded = (run: CallRun | undefined): void => {
    if (run) run.tell((ends, moved) => tell({ ended, ends }, moved))
    else tell(ended)
  }
  const setEnded = (count: number): void => {
    ended = count
    Atomics.store(progress, 0, count)
  }
  async function runBatch(message: Uint32Array | CallBatch): Promise<void> {
    const batch = 'numbers' in message ? message.numbers : message
    const [job, count, isTimed] = batch
    const end = ended + count
    let run: CallRun | undefined
    try {
      plans.check(job)
      if ('numbers' in message) run = calls.begin(message)
      let start = isTimed ? performance.now() : 0
      for (let at = batchHead; ended < end; at += 3 + batch[at + 2]) {
        const isWanted = !isStopped(stopped, job)
        const running = run
          ? run.next(isWanted)
          : isWanted && executor.run(job, batch[at], batch[at + 1], inputsOf(batch, at))
        if (running) await running
        const now = isTimed || ended + 1 < end ? performance.now() : 0
        if (isTimed) {
          const place = timedPlace(ended)
          times[place] = start + offset
          times[place + 1] = now + offset
          start = now
        }
        setEnded(ended + 1)
        if (ended < end && now - toldAt > silenceMilliseconds) tellEnded(run)
      }
    } catch (error) {
      tell({ position: ended, error: encodeError(error) })
      setEnded(end)
      told = end
    }
    if (told !== ended) tellEnded(run)
  }
  async function runAll(): Promise<void> {
    isRunning = true
    for (let batch = waiting.shift(); batch; batch = waiting.shift()) await runBatch(batch)
    isRunning = false
  }
  port.on('message', (message: ToWorker) => {
    if (message === 'wake') return
    if (typeof message === 'number') plans.forget(message)
    else if ('job' in message) plans.define(message)
    else {
      waiting.push(message)
      if (!isRunning) void runAll()
    }
  })
  // A user's function may have closed them: a worker that hears nothing must end, so that its tasks go to another.
  for (const closed of [port, parentPort]) closed.on('close', () => process.exit(1))
  const api: WorkerApi = { stop: (job) => executor.stop?.(job) }
  expose(api, nodeEndpoint(parentPort))
  tell('ready')
}

function inputsOf(batch: Uint32Array, at: number): number[] {
  const inputs: number[] = []
  for (let k = 0; k < batch[at + 2]; k++) inputs.push(batch[at + 3 + k])
  return inputs
}

/** The jobs that this worker knows. */
function createPlans(executor: Executor, calls: Calls) {
  const known = new Set<number>()
  const refused = new Map<number, unknown>()
  return {
    define(definition: Definition): void {
      const { job } = definition
      try {
        if ('refused' in definition) throw decodeError(definition.refused)
        if (isCallPlan(definition.plan)) calls.define(job, definition.plan)
        else executor.define(job, definition.plan)
        known.add(job)
      } catch (error) {
        refused.set(job, error)
      }
    },
    /** Throws what was thrown when the job was to be defined. */
    check(job: number): void {
      if (refused.has(job)) throw refused.get(job)
    },
    forget(job: number): void {
      refused.delete(job)
      if (!known.delete(job)) return
      executor.forget(job)
      calls.forget(job)
    },
  }
}

import { fromSent } from '../storage/sent.ts'
import type { CallBatch, CallEnds, CallPlan } from './call-messages.ts'
import { type Calls, createCalls } from './calls.ts'
import { type Encoded, encodeError } from './errors.ts'
import { explainThrown, receiveFunction, type SentFunction } from './functions.ts'
import { clockOffset } from './protocol.ts'

/** What is sent to a worker that only runs calls: a thread or process of a pool's own. */
export type ToCallWorker =
  | CallBatch
  | Start
  | { readonly type: 'define'; readonly job: number; readonly plan: CallPlan }
  | { readonly type: 'stop' | 'forget'; readonly job: number }
interface Start {
  readonly type: 'start'
  readonly worker: number
  readonly initializer: Initializer | undefined
}
/** Its answers. `ended`: so many tasks of its oldest batch have ended. `failed`: the initializer threw; it ends. */
export type FromCallWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly error: Encoded }
  | {
      readonly type: 'ended'
      readonly count: number
      readonly ends: CallEnds
      /** Of timed tasks start and end, in milliseconds of the system's clock. */
      readonly times: Float64Array | undefined
    }
/** Called once in each worker before its first task. */
export interface Initializer {
  readonly fn: SentFunction
  readonly args: readonly unknown[]
}
export type Post = (message: FromCallWorker, moved: ArrayBuffer[]) => void

/** How long a worker may keep to itself which tasks of a batch have ended. */
const silenceMilliseconds = 2

/** The loop of such a worker: what to call for each message. */
export function createCallServer(post: Post): (message: ToCallWorker) => void {
  const waiting: CallBatch[] = []
  const stopped = new Set<number>()
  const offset = clockOffset()
  let calls: Calls | undefined
  let isRunning = false

  async function start({ worker, initializer }: Start): Promise<void> {
    calls = createCalls(worker)
    try {
      if (initializer) await initialize(initializer, worker)
      post({ type: 'ready' }, [])
    } catch (error) {
      post({ type: 'failed', error: encodeError(error) }, [])
    }
  }
  async function runBatch(known: Calls, batch: CallBatch): Promise<void> {
    const [job, count, isTimed] = batch.numbers
    const run = known.begin(batch)
    let told = 0
    let toldAt = performance.now()
    let times: number[] = []
    for (let ended = 1; ended <= count; ended++) {
      const start = performance.now()
      const running = run.next(!stopped.has(job))
      if (running) await running
      if (isTimed) times.push(start + offset, performance.now() + offset)
      if (ended < count && performance.now() - toldAt < silenceMilliseconds) continue
      const taken = isTimed ? Float64Array.from(times) : undefined
      run.tell((ends, moved) => post({ type: 'ended', count: ended - told, ends, times: taken }, moved))
      times = []
      told = ended
      toldAt = performance.now()
    }
  }
  async function runAll(known: Calls): Promise<void> {
    isRunning = true
    for (let batch = waiting.shift(); batch; batch = waiting.shift()) await runBatch(known, batch)
    isRunning = false
  }
  return (message) => {
    if ('numbers' in message) {
      waiting.push(message)
      if (!isRunning && calls) void runAll(calls)
    } else if (message.type === 'start') void start(message)
    else if (message.type === 'define') calls?.define(message.job, message.plan)
    else if (message.type === 'stop') stopped.add(message.job)
    else {
      stopped.delete(message.job)
      calls?.forget(message.job)
    }
  }
}

async function initialize({ fn, args }: Initializer, worker: number): Promise<void> {
  try {
    await (await receiveFunction(fn)).apply({ worker }, args.map(fromSent))
  } catch (error) {
    throw explainThrown(error, fn, 'give the value in `initargs`')
  }
}

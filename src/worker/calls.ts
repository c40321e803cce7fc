import { internal } from '../core/errors.ts'
import { fromSent, toSent } from '../storage/sent.ts'
import { buffersOf, isWorthMoving, packNumbers } from './buffers.ts'
import {
  type CallBatch,
  type CallEnds,
  type CallFailure,
  type CallPlan,
  callModes,
  type TaskContext,
} from './call-messages.ts'
import { encodeError } from './errors.ts'
import { type Callable, explainThrown, receiveFunction, type SentFunction } from './functions.ts'
import { batchHead } from './protocol.ts'

interface DefinedPlan extends CallPlan {
  readonly callables: (Callable | undefined)[]
  readonly mayKeep: readonly boolean[]
}

/** The jobs of calls that a worker knows. */
export interface Calls {
  define(job: number, plan: CallPlan): void
  forget(job: number): void
  begin(batch: CallBatch): CallRun
}

export function createCalls(worker: number): Calls {
  const plans = new Map<number, DefinedPlan>()
  const context: TaskContext = Object.freeze({ worker })
  return {
    define: (job, plan) =>
      void plans.set(job, {
        ...plan,
        callables: plan.functions.map(() => undefined),
        mayKeep: plan.functions.map(mayKeep),
      }),
    forget: (job) => void plans.delete(job),
    begin: (batch) =>
      new CallRun(
        plans.get(batch.numbers[0]) ?? internal(`job ${batch.numbers[0]} is not defined here`),
        batch,
        context,
      ),
  }
}

/**
 * Whether a function can keep what it returns: a module has variables, and text that names the global object, or the function itself, or
 * sets a property of a built-in can reach some. What it returns is copied; what any other returns is moved, as nobody else can have it.
 */
const mayKeep = (fn: SentFunction): boolean =>
  !('text' in fn) ||
  /\b(globalThis|global|self|this|process|import|require|arguments|eval)\b/.test(fn.text) ||
  /\b[A-Z]\w*[\s)]*(\.\w+)+\s*(\?\?|\|\||&&)?=(?![=>])/.test(fn.text) ||
  namesItself(fn.text, fn.name)

function namesItself(text: string, property: string | undefined): boolean {
  const own = /^(?:async\s+)?function\s*\*?\s*([\w$]+)/.exec(text)?.[1] ?? property
  return own !== undefined && own !== '' && text.split(/[^\w$]+/).filter((word) => word === own).length > 1
}

/** Thrown within a list: the item and what was thrown. */
class ItemError {
  readonly item: number
  readonly error: unknown
  constructor(item: number, error: unknown) {
    this.item = item
    this.error = error
  }
}

/** One batch on its way. */
export class CallRun {
  private readonly plan: DefinedPlan
  private readonly context: TaskContext
  private readonly numbers: Uint32Array
  private readonly args: unknown[]
  private readonly results: unknown[] = []
  private readonly failures = new Map<number, Omit<CallFailure, 'at'>>()
  /** Where each task stands in `numbers`, and the last task of the batch that reads its value (-1: none). */
  private readonly places: number[] = []
  private readonly lastReader: number[] = []
  private nextArg = 0
  private told = 0
  private since = performance.now()
  private argBuffers: Set<ArrayBufferLike> | undefined

  constructor(plan: DefinedPlan, { numbers, args }: CallBatch, context: TaskContext) {
    this.plan = plan
    this.context = context
    this.numbers = numbers
    this.args = args
    for (let at = batchHead, task = 0; at < numbers.length; at += 3 + numbers[at + 2], task++) {
      this.places.push(at)
      this.lastReader.push(-1)
      for (let k = 0; k < numbers[at + 2]; k++) {
        const source = numbers[at + 3 + k]
        if (source > 0) this.lastReader[source - 1] = task
      }
    }
  }

  /** Runs the next task of the batch, or passes over it. Never throws: what a task throws is told with the ends. */
  next(isWanted: boolean): void | Promise<void> {
    const task = this.results.length
    const args: unknown[] = []
    let failed: Omit<CallFailure, 'at'> | undefined
    for (const source of this.sources(task)) {
      args.push(source === 0 ? fromSent(this.args[this.nextArg++]) : this.valueFor(source - 1))
      if (source > 0) failed ??= this.failures.get(source - 1)
    }
    this.results.push(undefined)
    if (failed) this.failures.set(task, failed)
    else if (isWanted && (this.plan.independent || this.failures.size === 0))
      return this.attempt(task, args, this.plan.retries)
    return undefined
  }

  /** Tells what has ended since the last time. A value that cannot be sent is a failure of its task. */
  tell(post: (ends: CallEnds, moved: ArrayBuffer[]) => void): void {
    const from = this.told
    this.told = this.results.length
    const now = performance.now()
    const values: unknown[] = []
    for (let task = from; task < this.told; task++)
      values.push(this.isSent(task) ? toSent(this.results[task]) : undefined)
    const moved = this.movedBuffers(from, values)
    const milliseconds = now - this.since
    try {
      post({ values, failures: this.failuresFrom(from), milliseconds }, moved)
    } catch {
      values.forEach((value, i) => {
        const error = cloneFailure(value)
        if (error) this.fail(from + i, error)
        if (error) values[i] = undefined
      })
      post({ values, failures: this.failuresFrom(from), milliseconds }, [])
    }
    for (let task = from; task < this.told; task++)
      if (this.lastReader[task] < this.told) this.results[task] = undefined
    this.since = performance.now()
  }

  private *sources(task: number): Generator<number> {
    const at = this.places[task]
    for (let k = 0; k < this.numbers[at + 2]; k++) yield this.numbers[at + 3 + k]
  }
  /** A value that goes elsewhere too is copied for its reader here, which may change what it is given. */
  private valueFor(task: number): unknown {
    const value = this.results[task]
    const isShared = (this.numbers[this.places[task] + 1] & 1) !== 0
    return isShared ? copyOf(value) : value
  }
  private attempt(task: number, args: unknown[], retries: number): void | Promise<void> {
    const word = this.numbers[this.places[task] + 1]
    const failed = (error: unknown): void | Promise<void> =>
      retries > 0 ? this.attempt(task, args, retries - 1) : this.fail(task, error)
    try {
      const fn = this.plan.callables[word >>> 3]
      // What an attempt changes the next must not see.
      const given = retries > 0 ? args.map(copyOf) : args
      const value = fn
        ? this.invoke(fn, word, given)
        : this.load(word >>> 3).then((loaded) => this.invoke(loaded, word, given))
      if (isPromise(value)) return value.then((settled) => this.end(task, settled), failed)
      return this.end(task, value)
    } catch (error) {
      return failed(error)
    }
  }
  private async load(fn: number): Promise<Callable> {
    const callable = await receiveFunction(this.plan.functions[fn])
    this.plan.callables[fn] = callable
    return callable
  }
  private invoke(fn: Callable, word: number, args: unknown[]): unknown {
    const mode = callModes[(word >>> 1) & 3]
    if (mode === 'call') return fn.apply(this.context, args)
    return callEach(
      mode === 'map' ? (item) => fn.call(this.context, item) : (item) => fn.apply(this.context, item as unknown[]),
      args[0] as ArrayLike<unknown>,
    )
  }
  private end(task: number, value: unknown): void {
    this.results[task] = value
    for (const source of this.sources(task))
      if (source > 0 && this.lastReader[source - 1] === task && source - 1 < this.told)
        this.results[source - 1] = undefined
  }
  private fail(task: number, thrown: unknown): void {
    const fn = this.plan.functions[this.numbers[this.places[task] + 1] >>> 3]
    const { item, error } = thrown instanceof ItemError ? thrown : { item: undefined, error: thrown }
    this.failures.set(task, { item, error: encodeError(explainThrown(error, fn, 'give the value as an argument')) })
  }
  /** A value is sent where it is wanted outside of the batch, and when a reader in the batch is still to come: the worker may be lost. */
  private isSent(task: number): boolean {
    return (this.numbers[this.places[task] + 1] & 1) !== 0 || this.lastReader[task] >= this.told
  }
  private failuresFrom(from: number): CallFailure[] {
    const failures: CallFailure[] = []
    for (const [task, failure] of this.failures) if (task >= from) failures.push({ at: task - from, ...failure })
    return failures
  }
  /** Buffers of the values that need not be copied: nobody here reads or keeps them, and they came with no argument. */
  private movedBuffers(from: number, values: unknown[]): ArrayBuffer[] {
    const moved = new Set<ArrayBuffer>()
    values.forEach((value, i) => {
      const fn = this.numbers[this.places[from + i] + 1] >>> 3
      if (typeof value !== 'object' || this.plan.mayKeep[fn] || this.lastReader[from + i] >= 0) return
      for (const buffer of buffersOf(value)) {
        if (!isWorthMoving(buffer)) continue
        this.argBuffers ??= buffersOf(this.args)
        if (!this.argBuffers.has(buffer)) moved.add(buffer)
      }
    })
    return [...moved]
  }
}

/** Results for readers in the same batch may be what cannot be cloned: these they get as they are. */
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const sent = toSent(value)
  return cloneFailure(sent) ? value : fromSent(structuredClone(sent))
}

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'

type Call = (item: unknown) => unknown

/** The results for a list, awaited one after the other where they are promises. Throws ItemError. */
function callEach(call: Call, items: ArrayLike<unknown>): ArrayLike<unknown> | Promise<ArrayLike<unknown>> {
  const results: unknown[] = []
  try {
    while (results.length < items.length) {
      const value = call(items[results.length])
      if (isPromise(value)) return callRest(call, items, results, value)
      results.push(value)
    }
  } catch (error) {
    throw new ItemError(results.length, error)
  }
  return packNumbers(results)
}
async function callRest(call: Call, items: ArrayLike<unknown>, results: unknown[], running: Promise<unknown>) {
  try {
    results.push(await running)
    while (results.length < items.length) results.push(await call(items[results.length]))
  } catch (error) {
    throw new ItemError(results.length, error)
  }
  return packNumbers(results)
}

function cloneFailure(value: unknown): Error | undefined {
  try {
    structuredClone(value)
    return undefined
  } catch (error) {
    return new TypeError(
      `the function gave what cannot be sent to another thread (${(error as Error).message}); give plain data, no functions`,
      { cause: error },
    )
  }
}

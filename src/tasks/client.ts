import { formatGiven, NdloomError } from '../core/errors.ts'
import { checkOptions, checkProgress, checkSignal } from '../core/options.ts'
import { type Progress, progressOfItems } from '../diagnostics/progress/progress.ts'
import { type Backend, sharedBackend } from './backend.ts'
import { afterAll, Future } from './future.ts'
import { checkCount, itemsOf, namedFunction, type TaskFunction, workersOf } from './options.ts'
import { createQueue, type Queue } from './queue.ts'
import { shareBytes } from './share.ts'

export interface ClientOptions {
  /** The most workers that run its tasks at once (default: those of the configuration), never more than the process may run. */
  workers?: number
}
export interface SubmitOptions {
  /** A task that throws is tried so many times more. */
  retries?: number
  /** Tasks with a higher priority go first; 0 unless given. */
  priority?: number
  /** Cancels the tasks: see Future.cancel. */
  signal?: AbortSignal
  /** The workers, by number, that share the tasks: in turn, whatever each takes. Without it the next free worker takes the next. */
  workers?: number | readonly number[]
}
export interface ClientMapOptions extends SubmitOptions {
  /** Told how many items of how many are done; true draws a bar in the terminal. */
  progress?: boolean | Progress
}
const submitOptionNames = ['retries', 'priority', 'workers', 'signal'] as const

/** A worker as `workers()` lists it. */
export interface WorkerInfo {
  /** Its number: the `this.worker` of the tasks that it runs. */
  readonly worker: number
}
/** What an argument may be given as: a value, or a future of one. */
export type Argument<T> = T | Future<T>
/** The same of a list of arguments. */
export type Arguments<A extends readonly unknown[]> = { readonly [K in keyof A]: Argument<A[K]> }
/** Lists with values in place of futures. */
export type Gathered<T> =
  T extends Future<infer V> ? V : T extends readonly unknown[] ? { -readonly [K in keyof T]: Gathered<T[K]> } : T

/**
 * Runs functions on the workers and gives futures, after dask.distributed's Client and IPython's views. It shares the workers, and their
 * number, with everything else in the process. Tasks that are submitted in one go are sent together.
 *
 * @example
 * const client = nd.client()
 * const squares = client.map((v) => v * v, [1, 2, 3])
 * const total = client.submit((a, b) => a + b, squares[0], squares[1])
 * client.gather([squares, total])   // -> [ [ 1, 4, 9 ], 5 ]
 */
export class Client {
  readonly #backend: Backend
  readonly #queue: Queue
  #isClosed = false

  constructor(given: ClientOptions = {}) {
    const options = checkOptions<ClientOptions>(given, ['workers'], 'client')
    this.#backend = sharedBackend(workersOf(options.workers, 'client'))
    this.#queue = createQueue(this.#backend)
  }

  /**
   * Runs `fn(...args)` on a worker. Futures among the arguments, at the top or in lists and plain objects, are awaited and replaced by their values. A last
   * argument that is a plain object of SubmitOptions' names alone is the options. Errors: NdloomError for what cannot be sent, lazy arrays and delayed values among it.
   */
  submit<A extends readonly unknown[], R>(
    fn: TaskFunction<A, R>,
    ...args: [...Arguments<A>, SubmitOptions?] | Arguments<A>
  ): Future<Awaited<R>> {
    this.#checkOpen('submit')
    const last = args[args.length - 1]
    const options = isSubmitOptions(last) ? last : {}
    const given = isSubmitOptions(last) ? args.slice(0, -1) : args
    const { workers, ...settings } = this.#settings(options, 'submit')
    const named = namedFunction(fn, 'submit')
    const future = this.#queue.add({ ...named, args: given, ...settings, worker: workers?.[0] })
    cancelOn(options.signal, [future])
    return future as Future<Awaited<R>>
  }

  /** One future for each item. Each task goes to the next free worker; with `workers`, to these in turn. */
  map<T, R>(
    fn: TaskFunction<[T], R>,
    items: Iterable<Argument<T>>,
    given: ClientMapOptions = {},
  ): Future<Awaited<R>>[] {
    this.#checkOpen('map')
    const options = checkOptions<ClientMapOptions>(given, [...submitOptionNames, 'progress'], 'map')
    checkProgress(options.progress, 'map')
    const { workers, ...settings } = this.#settings(options, 'map')
    const named = namedFunction(fn, 'map')
    const futures = itemsOf(items, 'map').map(
      (item, i) =>
        this.#queue.add({
          ...named,
          args: [item],
          block: [i],
          ...settings,
          worker: workers?.[i % workers.length],
        }) as Future<Awaited<R>>,
    )
    cancelOn(options.signal, futures)
    tellProgress(options.progress, named.name, futures)
    return futures
  }

  /** The values of futures, in lists however nested. Rejects with the error of one that failed. */
  async gather<T>(futures: T): Promise<Gathered<T>> {
    if (futures instanceof Future) return (await futures.result()) as Gathered<T>
    if (Array.isArray(futures)) return (await Promise.all(futures.map((one) => this.gather(one)))) as Gathered<T>
    return futures as Gathered<T>
  }

  /**
   * A future that has the value already, to be given to many tasks: the bytes of its typed arrays are put into shared memory once, so that
   * tasks read them without a copy (and must not write them). Of a list, a future for each item.
   */
  scatter<T>(value: readonly T[]): Future<T>[]
  scatter<T>(value: T): Future<T>
  scatter(value: unknown): Future | Future[] {
    this.#checkOpen('scatter')
    if (Array.isArray(value)) return value.map((item) => this.scatter(item))
    const future = new Future('scatter')
    future.settle('finished', shareBytes(value))
    return future
  }

  /** The futures in the order in which they end. */
  asCompleted<F extends Future>(futures: Iterable<F>): AsyncIterableIterator<F> {
    return asCompleted(futures)
  }

  /** Cancels futures: see Future.cancel. */
  cancel(futures: Future | Iterable<Future>, reason?: unknown): void {
    for (const future of futures instanceof Future ? [futures] : futures) future.cancel(reason)
  }

  /** The workers that this client may use, by number; -1: the main thread. They start when there is work. */
  workers(): WorkerInfo[] {
    if (this.#backend.workers === 0) return [{ worker: -1 }]
    return Array.from({ length: this.#backend.workers }, (_, worker) => ({ worker }))
  }

  /** Runs `fn(...args)` once on every worker; the results in the order of the workers. */
  run<A extends readonly unknown[], R>(fn: TaskFunction<A, R>, ...args: A): Promise<Awaited<R>[]> {
    this.#checkOpen('run')
    const named = namedFunction(fn, 'run')
    const futures = this.workers().map(({ worker }, i) => this.#queue.add({ ...named, args, block: [i], worker }))
    return Promise.all(futures.map((future) => future.result() as Promise<Awaited<R>>))
  }

  /** Cancels what has not ended. The client can be used no more; the workers stay, as they are the process's. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#queue.cancelAll('the client was closed')
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
  [Symbol.dispose](): void {
    void this.close()
  }

  #checkOpen(operation: string): void {
    if (this.#isClosed) throw new NdloomError(`${operation}: the client is closed; make another one`)
  }
  #settings({ retries, priority = 0, workers, signal }: SubmitOptions, operation: string) {
    checkSignal(signal, operation)
    if (typeof priority !== 'number' || Number.isNaN(priority))
      throw new NdloomError(`${operation}: got priority ${formatGiven(priority)}, want a number`)
    return {
      retries: checkCount(retries, 'retries', operation, 0, 0),
      priority,
      workers: workers === undefined ? undefined : this.#checkWorkers([workers].flat(), operation),
    }
  }
  #checkWorkers(workers: readonly number[], operation: string): readonly number[] {
    const known = this.workers().map(({ worker }) => worker)
    if (workers.length > 0 && workers.every((worker) => known.includes(worker))) return workers
    const range = `numbers from ${known[0]} to ${known[known.length - 1]}`
    throw new NdloomError(`${operation}: got workers ${formatGiven(workers)}, want ${range}`)
  }
}

/** A client of the process's workers: see Client. */
export const client = (options: ClientOptions = {}): Client => new Client(options)

function cancelOn(signal: AbortSignal | undefined, futures: readonly Future[]): void {
  if (!signal || futures.length === 0) return
  const cancel = (): void => {
    for (const future of futures) future.cancel(signal.reason)
  }
  if (signal.aborted) cancel()
  else signal.addEventListener('abort', cancel, { once: true })
  afterAll(futures, () => signal.removeEventListener('abort', cancel))
}

function tellProgress(wanted: boolean | Progress | undefined, name: string, futures: readonly Future[]): void {
  const progress = progressOfItems(wanted, name, futures.length)
  if (!progress) return
  let ended = 0
  for (const future of futures) future.onEnd(() => progress.report(++ended))
  afterAll(futures, () => progress.end(futures.some(({ status }) => status !== 'finished')))
}

function isSubmitOptions(value: unknown): value is SubmitOptions {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return false
  const names = Object.keys(value)
  return names.length > 0 && names.every((name) => submitOptionNames.some((known) => known === name))
}

/** No generator, as that would await what it yields. */
function asCompleted<F extends Future>(futures: Iterable<F>): AsyncIterableIterator<F> {
  const ended: F[] = []
  const readers: ((result: IteratorResult<F>) => void)[] = []
  let left = 0
  for (const future of futures) {
    left++
    future.onEnd(() => {
      const reader = readers.shift()
      left--
      if (reader) reader({ value: future, done: false })
      else ended.push(future)
      if (left === 0) for (const idle of readers.splice(0)) idle({ value: undefined, done: true })
    })
  }
  const iterator: AsyncIterableIterator<F> = {
    next: () => {
      const future = ended.shift()
      if (future) return Promise.resolve({ value: future, done: false })
      if (left === 0) return Promise.resolve({ value: undefined, done: true })
      return new Promise((resolve) => readers.push(resolve))
    },
    [Symbol.asyncIterator]: () => iterator,
  }
  return iterator
}

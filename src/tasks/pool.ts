import { AbortError, formatGiven, NdloomError } from '../core/errors.ts'
import { checkOptions, checkProgress, checkSignal } from '../core/options.ts'
import { type Progress, progressOfItems } from '../diagnostics/progress/progress.ts'
import { nameTask } from '../scheduler/calls.ts'
import { describeCalls } from '../scheduler/describe-calls.ts'
import { packNumbers } from '../worker/buffers.ts'
import type { CallMode } from '../worker/call-messages.ts'
import { checkComputed } from './arguments.ts'
import { type Backend, createBackend, type PoolOptions, poolOptionNames } from './backend.ts'
import { checkCount, itemsOf, type NamedFunction, namedFunction, type TaskFunction, workersOf } from './options.ts'
import { createQueue, type Queue } from './queue.ts'
import { type Source, stream } from './stream.ts'

export interface MapOptions {
  /** How many items are one task: they go to one worker together (default: a quarter of each worker's share). */
  chunksize?: number
  /** Ends the call: its promise rejects with an AbortError. */
  signal?: AbortSignal
  /** Told how many items of how many are done; true draws a bar in the terminal. */
  progress?: boolean | Progress
}
export interface StreamOptions {
  /** How many items are one task (default 1). */
  chunksize?: number
  /** How many tasks may run, or wait for the reader (default: 32 a worker). */
  readAhead?: number
}

/**
 * A pool of workers after Python's `multiprocessing.Pool`: by default of the process's own worker threads, which it shares with the
 * arrays and with other pools. Functions are sent as text (see TaskFunction) and may be async; arguments and results go by structured
 * clone. A task that throws rejects with a TaskError that tells the item and has what was thrown as its `cause`.
 *
 * @example
 * const pool = new nd.Pool({ workers: 2 })
 * pool.map((v) => v * v, [1, 2, 3])   // -> [ 1, 4, 9 ]
 * let sum = 0
 * for await (const square of pool.imap((v) => v * v, [1, 2, 3])) sum += square
 * sum   // -> 14
 * await pool.close()
 */
export class Pool {
  readonly #backend: Backend
  readonly #queue: Queue
  readonly #maps = new Set<{ readonly ended: Promise<unknown>; cancel(reason: unknown): void }>()
  #isClosed = false

  constructor(given: PoolOptions = {}) {
    const options = checkOptions<PoolOptions>(given, poolOptionNames, 'Pool')
    this.#backend = createBackend(workersOf(options.workers, 'Pool'), options)
    this.#queue = createQueue(this.#backend)
  }
  /** The most workers that run its tasks at once; 0: the main thread runs them. */
  get workers(): number {
    return this.#backend.workers
  }

  /**
   * The results for all items, in their order. All items run, even when some fail: then it rejects with the error of the first of them. Of
   * the items of a chunk those behind a failed one do not run.
   */
  map<T, R>(fn: TaskFunction<[T], R>, items: Iterable<T>, options: MapOptions = {}): Promise<Awaited<R>[]> {
    return this.#mapAll('map', fn, items, options)
  }
  /** As `map`, where each item is the list of the arguments of one call. */
  starmap<A extends readonly unknown[], R>(
    fn: TaskFunction<A, R>,
    items: Iterable<A>,
    options: MapOptions = {},
  ): Promise<Awaited<R>[]> {
    return this.#mapAll('starmap', fn, items, options)
  }
  /** The result of one call `fn(...args)`. */
  async apply<A extends readonly unknown[], R>(fn: TaskFunction<A, R>, args?: A): Promise<Awaited<R>> {
    this.#checkOpen('apply')
    if (args !== undefined && !Array.isArray(args))
      throw new NdloomError(`apply: got ${formatGiven(args)} as arguments, want a list such as [1, 2]`)
    return (await this.#queue.add({ ...namedFunction(fn, 'apply'), args: args ?? [] }).result()) as Awaited<R>
  }
  /**
   * Results in the order of the items, one by one. Items are read as they are needed, from any iterable or async iterable, so that there
   * may be endlessly many. A failed item rejects its `next()` alone.
   */
  imap<T, R>(
    fn: TaskFunction<[T], R>,
    items: Iterable<T> | AsyncIterable<T>,
    options: StreamOptions = {},
  ): AsyncIterableIterator<Awaited<R>> {
    return this.#stream('imap', true, namedFunction(fn, 'imap'), items, options)
  }
  /** As `imap`, but results come as they finish. */
  imapUnordered<T, R>(
    fn: TaskFunction<[T], R>,
    items: Iterable<T> | AsyncIterable<T>,
    options: StreamOptions = {},
  ): AsyncIterableIterator<Awaited<R>> {
    return this.#stream('imapUnordered', false, namedFunction(fn, 'imapUnordered'), items, options)
  }

  /** Waits until all tasks have ended, then ends the workers that are the pool's own. Nothing can be added any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([this.#queue.idle(), ...[...this.#maps].map(({ ended }) => ended)])
    await this.#backend.close()
  }
  /** Ends at once: what has not ended rejects with an AbortError. */
  async terminate(): Promise<void> {
    this.#isClosed = true
    const reason = 'the pool was terminated'
    for (const map of this.#maps) map.cancel(reason)
    this.#queue.cancelAll(reason)
    await this.#backend.close()
  }
  /** `using pool = new Pool()`: terminates, as leaving Python's `with` block does. */
  [Symbol.dispose](): void {
    void this.terminate()
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate()
  }

  #checkOpen(operation: string): void {
    if (this.#isClosed) throw new NdloomError(`${operation}: the pool is closed; make another one`)
  }
  async #mapAll<R>(
    mode: 'map' | 'starmap',
    fn: unknown,
    given: Iterable<unknown>,
    mapOptions: MapOptions,
  ): Promise<R[]> {
    this.#checkOpen(mode)
    const options = checkOptions<MapOptions>(mapOptions, ['chunksize', 'signal', 'progress'], mode)
    const named = namedFunction(fn, mode)
    const items = itemsOf(given, mode)
    checkComputed(items, mode)
    const standard = Math.max(1, Math.ceil(items.length / (4 * Math.max(1, this.workers))))
    const chunkSize = checkCount(options.chunksize, 'chunksize', mode, 1, standard)
    checkProgress(options.progress, mode)
    const signal = checkSignal(options.signal, mode)
    if (signal?.aborted) throw new AbortError(`${mode}: aborted before it began`, signal.reason)
    const map = runChunks<R>(this.#backend, named, mode, items, {
      chunkSize,
      signal,
      progress: options.progress,
    })
    this.#maps.add(map)
    try {
      return await map.results
    } finally {
      this.#maps.delete(map)
    }
  }
  #stream<T, R>(
    operation: string,
    isOrdered: boolean,
    named: NamedFunction,
    source: Source<T>,
    given: StreamOptions,
  ): AsyncIterableIterator<R> {
    this.#checkOpen(operation)
    const options = checkOptions<StreamOptions>(given, ['chunksize', 'readAhead'], operation)
    const isSource =
      typeof source === 'object' && source !== null && (Symbol.iterator in source || Symbol.asyncIterator in source)
    if (!isSource)
      throw new NdloomError(`${operation}: got ${formatGiven(source)} as items, want a list or another iterable`)
    return stream<T, R>({
      source,
      isOrdered,
      checkOpen: () => this.#checkOpen(operation),
      chunkSize: checkCount(options.chunksize, 'chunksize', operation, 1, 1),
      readAhead: checkCount(options.readAhead, 'readAhead', operation, 1, 32 * Math.max(1, this.workers)),
      run: (items, first) => this.#queue.add({ ...named, args: [packNumbers(items)], mode: 'map', block: [first] }),
    })
  }
}

interface ChunkOptions {
  readonly chunkSize: number
  readonly signal: AbortSignal | undefined
  readonly progress: boolean | Progress | undefined
}

/** One job: a task for each chunk of the items. */
function runChunks<R>(
  backend: Backend,
  { fn, name }: NamedFunction,
  mode: CallMode,
  items: readonly unknown[],
  { chunkSize, signal, progress: wanted }: ChunkOptions,
) {
  const progress = progressOfItems(wanted, name, items.length)
  const count = Math.ceil(items.length / chunkSize)
  const results = new Array<R>(items.length)
  const errors: { readonly task: number; readonly error: unknown }[] = []
  const handle = backend.submitCalls({
    count,
    inputStart: new Int32Array(count + 1),
    inputs: new Int32Array(0),
    functions: [fn],
    describe: () => describeCalls([fn], count, () => 0),
    call(task) {
      const chunk = items.slice(task * chunkSize, (task + 1) * chunkSize)
      return { fn: 0, mode, args: [packNumbers(chunk)] }
    },
    independent: true,
    workers: backend.workers,
    onValue(task, values) {
      const list = values as ArrayLike<R>
      for (let i = 0; i < list.length; i++) results[task * chunkSize + i] = list[i]
    },
    onError: (task, error) => void errors.push({ task, error }),
    nameError: (task, error, item = 0) => nameTask(name, [task * chunkSize + item], error),
    onProgress: progress && ((tasks) => progress.report(Math.min(items.length, tasks * chunkSize))),
    signal,
  })
  const ended = handle.result.then(
    () => progress?.end(false),
    () => progress?.end(true),
  )
  return {
    ended,
    cancel: handle.cancel,
    results: handle.result.then(() => {
      if (errors.length === 0) return results
      throw errors.reduce((first, one) => (one.task < first.task ? one : first)).error
    }),
  }
}

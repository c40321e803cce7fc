import { AbortError } from '../core/errors.ts'

/** Where a task stands. 'pending': not sent yet. */
export type FutureStatus = 'pending' | 'running' | 'finished' | 'failed' | 'cancelled'

/**
 * The result of a task that may not have run yet. It can be awaited, and given to other tasks as an argument. A failure that nobody
 * asks for is no unhandled rejection.
 *
 * @example
 * const future = nd.client().submit((v) => v * v, 7)
 * future   // -> 49
 */
export class Future<T = unknown> implements PromiseLike<T> {
  /** What the pictures and errors call it. */
  readonly name: string
  #status: FutureStatus = 'pending'
  #value: unknown
  #listeners: (() => void)[] = []
  #cancel: ((reason: unknown) => void) | undefined

  constructor(name: string) {
    this.name = name
  }
  get status(): FutureStatus {
    return this.#status
  }
  /** Whether it has ended, in whatever way. */
  get done(): boolean {
    return this.#status !== 'pending' && this.#status !== 'running'
  }
  /** The value. Rejects with a TaskError (its `cause` is what the function threw), WorkerLostError, or AbortError after `cancel`. */
  result(): Promise<T> {
    return new Promise((resolve, reject) =>
      this.onEnd(() => (this.#status === 'finished' ? resolve(this.#value as T) : reject(this.#value))),
    )
  }
  /** The error that `result` rejects with; undefined when there is none. */
  async exception(): Promise<unknown> {
    await new Promise<void>((resolve) => this.onEnd(resolve))
    return this.#status === 'finished' ? undefined : this.#value
  }
  /** It is not run if it has not begun; what a task that runs will give is dropped. Those that read it are cancelled with it. */
  cancel(reason?: unknown): void {
    if (this.done) return
    const cancel = this.#cancel
    this.settle('cancelled', new AbortError(`${this.name}: the task was cancelled`, reason))
    cancel?.(reason)
  }
  // biome-ignore lint/suspicious/noThenProperty: a future is awaited
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.result().then(onFulfilled, onRejected)
  }
  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.result().catch(onRejected)
  }
  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.result().finally(onFinally)
  }

  /** @internal Calls when it has ended; at once if it has. */
  onEnd(listener: () => void): void {
    if (this.done) listener()
    else this.#listeners.push(listener)
  }
  /** @internal The value, or the error, of a future that has ended. */
  get outcome(): unknown {
    return this.#value
  }
  /** @internal It has been sent: how it is cancelled from now on. */
  start(cancel: (reason: unknown) => void): void {
    this.#cancel = cancel
  }
  /** @internal */
  setRunning(): void {
    if (!this.done) this.#status = 'running'
  }
  /** @internal Only the first end counts. */
  settle(status: 'finished' | 'failed' | 'cancelled', value: unknown): void {
    if (this.done) return
    this.#status = status
    this.#value = value
    this.#cancel = undefined
    for (const listener of this.#listeners.splice(0)) listener()
  }
}

/** @internal Calls once when all futures have ended; at once if there are none to wait for. */
export function afterAll(futures: readonly Future[], then: () => void): void {
  let left = futures.length
  if (left === 0) then()
  for (const future of futures) future.onEnd(() => --left === 0 && then())
}

import type { Future } from './future.ts'

/** Items that come one after the other, as `for await` takes them. */
export type Source<T> = Iterable<T> | AsyncIterable<T>
interface StreamOptions<T> {
  readonly source: Source<T>
  readonly chunkSize: number
  /** How many chunks may run, or wait for the reader. */
  readonly readAhead: number
  /** Whether results come in the order of the items. */
  readonly isOrdered: boolean
  /** Runs one chunk: the future of its list of results. `first` is the number of its first item. */
  readonly run: (items: readonly T[], first: number) => Future
  /** Throws when no more may be run. */
  readonly checkOpen: () => void
}
type Outcome<R> = { readonly value: R } | { readonly error: unknown }

/**
 * Results of items that are read as they are needed: at most `readAhead` chunks ahead of the reader. A failure rejects one `next()`, in the
 * place of its chunk; whoever goes on reading gets the others. Leaving the loop cancels what has not run.
 */
export function stream<T, R>(options: StreamOptions<T>): AsyncIterableIterator<R> {
  const outcomes = read<T, R>(options)
  const iterator: AsyncIterableIterator<R> = {
    async next() {
      const { done, value } = await outcomes.next()
      if (done) return { done: true, value: undefined }
      if ('error' in value) throw value.error
      return { done: false, value: value.value }
    },
    async return() {
      await outcomes.return(undefined)
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]: () => iterator,
  }
  return iterator
}

async function* read<T, R>(options: StreamOptions<T>): AsyncGenerator<Outcome<R>, undefined> {
  const { isOrdered, readAhead, run, checkOpen } = options
  const chunks = chunked(options)
  const running: Future[] = []
  /** Of the source: whether its next chunk was asked for, whether there is none, and what it threw. */
  const source = { isBusy: false, isEnded: false, errors: [] as unknown[] }
  let first = 0
  let wake = (): void => {}
  const readChunk = async (): Promise<void> => {
    source.isBusy = true
    try {
      checkOpen()
      const { done, value } = await chunks.next()
      source.isEnded = done === true
      if (done) return
      checkOpen()
      const future = run(value, first)
      first += value.length
      running.push(future)
      future.onEnd(() => wake())
    } catch (error) {
      source.isEnded = true
      source.errors.push(error)
    } finally {
      source.isBusy = false
      wake()
    }
  }
  try {
    while (!source.isEnded || running.length > 0) {
      if (!source.isBusy && !source.isEnded && running.length < readAhead) void readChunk()
      const at = running.findIndex((future, i) => future.done && (i === 0 || !isOrdered))
      if (at >= 0) {
        const [future] = running.splice(at, 1)
        if (future.status !== 'finished') yield { error: future.outcome }
        else for (const value of future.outcome as Iterable<R>) yield { value }
      } else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
    for (const error of source.errors) yield { error }
  } finally {
    for (const future of running) future.cancel('the reader has stopped')
    // Not awaited: a source that waits for something answers only then.
    chunks.return(undefined).catch(() => undefined)
  }
  return undefined
}

async function* chunked<T>({ source, chunkSize }: StreamOptions<T>): AsyncGenerator<T[], undefined> {
  let chunk: T[] = []
  try {
    for await (const item of source) {
      if (chunk.push(item) < chunkSize) continue
      yield chunk
      chunk = []
    }
  } catch (error) {
    if (chunk.length > 0) yield chunk
    throw error
  }
  if (chunk.length > 0) yield chunk
  return undefined
}

import PQueue from 'p-queue'
import { StorageError } from '../../core/errors.ts'
import { type ByteRange, partOf, type Store } from './store.ts'

/** Requests under way at once from one thread to one store. */
const concurrency = 16
/** How requests are tried. */
export interface Patience {
  /** How often at most; between tries it waits a random time, at most `firstWaitMilliseconds`, then at most twice as long, ... */
  readonly mostTries: number
  readonly firstWaitMilliseconds: number
  /** A try is given up when its answer is not there after so long. */
  readonly patienceMilliseconds: number
  /** Nobody waits any more. */
  readonly signal?: AbortSignal | undefined
}
const usual: Patience = { mostTries: 5, firstWaitMilliseconds: 200, patienceMilliseconds: 30_000 }

/** What a try came to: bytes (undefined: the server has none), or why it failed and whether another may succeed. */
type Outcome =
  | { readonly bytes: Uint8Array | undefined }
  | { readonly problem: string; readonly mayPass: boolean; readonly cause?: unknown }

/** A store behind an HTTP server: values are fetched as a whole or by ranges of bytes. */
export function openHttp(root: string): Store {
  const queue = new PQueue({ concurrency })
  const ask = (key: string, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array | undefined> =>
    queue.add(() => fetchBytes(urlOf(root, key), range, { ...usual, signal }), { signal })
  return { isLocal: false, get: (key, signal) => ask(key, undefined, signal), getRange: ask }
}

/** The key's URL; what follows '?' (a signature, say) stays. */
function urlOf(root: string, key: string): URL {
  const url = new URL(root)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${key.split('/').map(encodeURIComponent).join('/')}`
  return url
}

/**
 * Fetches, with exponential back-off and full jitter between tries (M. Brooker, "Exponential backoff and jitter", AWS 2015).
 * Errors: StorageError.
 */
export async function fetchBytes(
  url: URL,
  range?: ByteRange,
  patience: Patience = usual,
): Promise<Uint8Array | undefined> {
  const { mostTries, firstWaitMilliseconds, signal } = patience
  for (let tries = 1; ; tries++) {
    const outcome = await tryOnce(url, range, patience)
    signal?.throwIfAborted()
    if ('bytes' in outcome) return outcome.bytes
    if (!outcome.mayPass || tries === mostTries)
      throw new StorageError(
        `read: ${url.origin}${url.pathname}: ${outcome.problem}${tries > 1 ? ` (tried ${tries} times)` : ''}; ` +
          'look whether the server is there and lets this address be read',
        { cause: outcome.cause },
      )
    const wait = Math.random() * firstWaitMilliseconds * 2 ** (tries - 1)
    await new Promise((resolve) => setTimeout(resolve, wait))
  }
}

async function tryOnce(
  url: URL,
  range: ByteRange | undefined,
  { patienceMilliseconds, signal: unwanted }: Patience,
): Promise<Outcome> {
  const timeout = AbortSignal.timeout(patienceMilliseconds)
  const signal = unwanted ? AbortSignal.any([timeout, unwanted]) : timeout
  try {
    const response = await fetch(url, { signal, headers: range ? { Range: rangeText(range) } : {} })
    if (response.status === 404) {
      await response.body?.cancel()
      return { bytes: undefined }
    }
    if (response.status !== 200 && response.status !== 206) {
      await response.body?.cancel()
      const mayPass = response.status >= 500 || [408, 425, 429].includes(response.status)
      return { problem: `the server answered ${response.status} ${response.statusText}`.trim(), mayPass }
    }
    const bytes = new Uint8Array(await response.arrayBuffer())
    return checked(bytes, response, range)
  } catch (cause) {
    const problem = timeout.aborted
      ? `no answer within ${patienceMilliseconds / 1000} s`
      : `the request failed: ${reasonOf(cause)}`
    return { problem, mayPass: true, cause }
  }
}

/** A server that knows no ranges sends all: the part is cut out. One that sends less than asked for has failed. */
function checked(bytes: Uint8Array, { status, headers }: Response, range: ByteRange | undefined): Outcome {
  if (status === 200) return { bytes: range ? partOf(bytes, range) : bytes }
  if (!range) return { problem: 'the server sent a part of what was asked for', mayPass: true }
  const wanted = 'suffixLength' in range ? range.suffixLength : range.length
  if (bytes.length !== wanted)
    return { problem: `the server sent ${bytes.length} of ${wanted} bytes of a range`, mayPass: true }
  const told = headers.get('Content-Range')
  if (told && !isRange(told, range))
    return { problem: `the server sent the range '${told}' for '${rangeText(range)}'`, mayPass: true }
  return { bytes }
}

/** Whether the range that a server tells of begins where it should; one that is told in another way is believed. */
function isRange(told: string, range: ByteRange): boolean {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(told)
  if (!match) return true
  const [start, total] = [Number(match[1]), Number(match[2])]
  if (!('suffixLength' in range)) return start === range.offset
  return Number.isNaN(total) || start === total - range.suffixLength
}

const rangeText = (range: ByteRange): string =>
  'suffixLength' in range ? `bytes=-${range.suffixLength}` : `bytes=${range.offset}-${range.offset + range.length - 1}`

/** fetch tells why in the cause of its error. */
const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error
  return cause instanceof Error && cause.message ? cause.message : message
}

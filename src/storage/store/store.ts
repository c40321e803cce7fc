import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatGiven, StorageError } from '../../core/errors.ts'
import type { Input } from './input.ts'

/** Where a store is; plain data, so that a worker can open it. `here`: an object of the user's, tied to what names it. */
export type StorePlace =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'zip'; readonly path: string }
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'here' }

/** Bytes by their keys ('group/x/c/0/1'). What is not there is undefined; all else that goes wrong is a StorageError. */
export interface Store {
  /** Gives all at once, without waiting. */
  readonly isLocal: boolean
  /** Of a store whose values are there without waiting. */
  getNow?(key: string): Uint8Array | undefined
  /** The same, or a part of it, to be read as it is needed. */
  openNow?(key: string, range?: ByteRange): Input | undefined
  get(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined>
  getRange(key: string, range: ByteRange, signal?: AbortSignal): Promise<Uint8Array | undefined>
  /** The first parts of the keys below a prefix, where the store can tell. */
  list?(prefix: string): Promise<string[]>
}
/** Bytes from `offset` on, or the last ones. */
export type ByteRange = { readonly offset: number; readonly length: number } | { readonly suffixLength: number }

/** A store that can be written: a value appears as a whole or not at all. */
export interface WritableStore extends Store {
  set(key: string, bytes: Uint8Array): Promise<void>
  /** Takes away a value, and all below the key. */
  remove(key: string): Promise<void>
  /** Takes away what processes that have ended left half written. */
  sweep?(): Promise<void>
}

/** A store of zarrita's kind (https://zarrita.dev/packages/storage.html): a Map will do. Keys begin with '/'. */
export interface ZarritaStore {
  get(key: `/${string}`, options?: { signal?: AbortSignal | undefined }): unknown
  getRange?(key: `/${string}`, range: ByteRange, options?: { signal?: AbortSignal | undefined }): unknown
  set?(key: `/${string}`, bytes: Uint8Array): unknown
  delete?(key: `/${string}`): unknown
  /** All keys, as a Map has it. */
  keys?(): Iterable<string>
}
/** What is not there without waiting: a server by its URL, or an object. */
export type RemoteStore = `http://${string}` | `https://${string}` | ZarritaStore
/** How a user names a store. */
export type StoreLike = string | URL | ZarritaStore

/** The place that a user named, and the user's own object if it is one. Errors: StorageError. */
export function placeOf(given: StoreLike, operation: string): { place: StorePlace; object?: ZarritaStore } {
  if (typeof given === 'string' && given !== '') {
    if (/^https?:\/\//i.test(given)) return { place: { kind: 'http', url: checkedUrl(given, operation) } }
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(given)) return placeOf(new URL(checkedUrl(given, operation)), operation)
    return { place: localPlace(resolve(given)) }
  }
  if (given instanceof URL) {
    if (given.protocol === 'file:') return { place: localPlace(fileURLToPath(given)) }
    if (given.protocol === 'http:' || given.protocol === 'https:') return { place: { kind: 'http', url: given.href } }
    throw new StorageError(
      `${operation}: got the URL ${given}, want a path, an http(s) or file URL, or a store object; for ${given.protocol} pass a store with get(key)`,
    )
  }
  if (typeof given === 'object' && given !== null && typeof given.get === 'function')
    return { place: { kind: 'here' }, object: given }
  throw new StorageError(
    `${operation}: got ${formatGiven(given)} as store, want a path, a URL or an object with get(key)`,
  )
}

const localPlace = (path: string): StorePlace => ({
  kind: path.toLowerCase().endsWith('.zip') ? 'zip' : 'directory',
  path,
})

function checkedUrl(text: string, operation: string): string {
  try {
    return new URL(text).href
  } catch {
    throw new StorageError(`${operation}: ${formatGiven(text)} is no URL; write it as https://host/path`)
  }
}

/** A store's name for people: without what follows '?' in a URL, which may be a signature. */
export const formatPlace = (place: StorePlace): string =>
  place.kind === 'http' ? withoutQuery(new URL(place.url)) : place.kind === 'here' ? 'the given store' : place.path

const withoutQuery = ({ origin, pathname }: URL): string => `${origin}${pathname}`

/** A path in a store, without slashes at its ends. Errors: StorageError where it leaves the store. */
export function checkPath(path: unknown, operation: string): string {
  if (typeof path !== 'string')
    throw new StorageError(`${operation}: got path ${formatGiven(path)}, want text such as 'group/x'`)
  const parts = path.split('/').filter((part) => part !== '')
  if (parts.some((part) => part === '.' || part === '..' || part.includes('\\') || part.includes('\0')))
    throw new StorageError(
      `${operation}: the path ${formatGiven(path)} leaves the store; name what is below it, without '.' and '..'`,
    )
  return parts.join('/')
}
export const joinKey = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('/')
export const isWritable = (store: Store): store is WritableStore => 'set' in store

/** The part of a whole value that a range means. */
export const partOf = (whole: Uint8Array, range: ByteRange): Uint8Array =>
  'suffixLength' in range
    ? whole.subarray(Math.max(0, whole.length - range.suffixLength))
    : whole.subarray(range.offset, range.offset + range.length)

/** The first parts of the keys below a prefix. */
export function listBelow(keys: Iterable<string>, prefix: string): string[] {
  const start = prefix === '' ? '' : `${prefix}/`
  const names = new Set<string>()
  for (const key of keys) if (key.startsWith(start)) names.add(key.slice(start.length).split('/')[0])
  return [...names]
}

import { statSync } from 'node:fs'
import { internal } from '../../core/errors.ts'
import { hiddenFolder, openDirectory } from './directory.ts'
import { wrapStore } from './given.ts'
import { joinKey, type Store, type StorePlace, type ZarritaStore } from './store.ts'

const opened = new Map<string, Store | Promise<Store>>()
const wrapped = new WeakMap<object, Store>()
/** Stores that are kept open at once, the last ones used. */
const mostOpen = 64

/**
 * The store of a place, kept open for the next time. `object`: the user's own, for a place that is 'here'; `path` is the array's that
 * is written, beside which values wait until they are whole.
 */
export function openStore(place: StorePlace, object?: unknown, path = ''): Store | Promise<Store> {
  if (place.kind === 'here') {
    const given = (object ?? internal('a store of this thread was sent to another')) as ZarritaStore
    if (!wrapped.has(given)) wrapped.set(given, wrapStore(given))
    return wrapped.get(given)!
  }
  const key = `${JSON.stringify(place)} ${path}${place.kind === 'zip' ? stateOf(place.path) : ''}`
  const known = opened.get(key) ?? make(place, path)
  opened.delete(key)
  opened.set(key, known)
  if (opened.size > mostOpen) opened.delete(opened.keys().next().value!)
  if (known instanceof Promise) known.catch(() => opened.delete(key))
  return known
}

/** A zip file that is written anew is another store: its directory is read again. */
function stateOf(path: string): string {
  const state = statSync(path, { throwIfNoEntry: false })
  return state ? ` ${state.size} ${state.mtimeMs}` : ''
}

function make(place: Exclude<StorePlace, { kind: 'here' }>, path: string): Store | Promise<Store> {
  switch (place.kind) {
    case 'directory':
      return openDirectory(place.path, joinKey(path, hiddenFolder))
    case 'http':
      return import('./http.ts').then(({ openHttp }) => openHttp(place.url))
    case 'zip':
      return import('./zip.ts').then(({ openZip }) => openZip(place.path))
  }
}

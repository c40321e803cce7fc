import { StorageError } from '../../core/errors.ts'
import { listBelow, partOf, type Store, type WritableStore, type ZarritaStore } from './store.ts'

/** A store object of the user's as ours. */
export function wrapStore(given: ZarritaStore): Store | WritableStore {
  const get = (key: string, signal?: AbortSignal) =>
    guard('read', key, async () => asBytes(await given.get(`/${key}`, { signal }), key))
  const store: Store = {
    isLocal: false,
    get,
    async getRange(key, range, signal) {
      if (given.getRange)
        return guard('read', key, async () => asBytes(await given.getRange?.(`/${key}`, range, { signal }), key))
      const whole = await get(key, signal)
      return whole && partOf(whole, range)
    },
  }
  const keys = (): string[] => [...(given.keys?.() ?? [])].map((key) => key.replace(/^\//, ''))
  if (given.keys) store.list = async (prefix) => listBelow(keys(), prefix)
  if (typeof given.set !== 'function') return store
  const set = (key: string, bytes: Uint8Array) =>
    guard('write', key, async () => void (await given.set?.(`/${key}`, new Uint8Array(bytes))))
  const remove = async (key: string): Promise<void> => {
    const below = keys().filter((name) => name.startsWith(`${key}/`))
    for (const name of [key, ...below]) await guard('remove', name, async () => void (await given.delete?.(`/${name}`)))
  }
  return { ...store, set, remove }
}

function asBytes(value: unknown, key: string): Uint8Array | undefined {
  if (value === undefined || value === null || value instanceof Uint8Array) return value ?? undefined
  throw new StorageError(
    `read: the given store's get('/${key}') gave a ${typeof value}, want a Uint8Array or undefined`,
  )
}

async function guard<T>(operation: string, key: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof StorageError) throw error
    const text = error instanceof Error ? error.message : String(error)
    throw new StorageError(`${operation}: the given store failed at ${key}: ${text}`, { cause: error })
  }
}

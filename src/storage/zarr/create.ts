import { StorageError } from '../../core/errors.ts'
import { formatShape } from '../../core/shape.ts'
import { hiddenFolder } from '../store/directory.ts'
import { formatPlace, joinKey, type WritableStore } from '../store/store.ts'
import type { ZarrArray } from './array.ts'
import { arrayDocuments, type Documents, formatDocument, groupDocuments } from './document.ts'
import { type Hierarchy, readNode } from './node.ts'

/** Where the identity of a run that has not ended stands, in the array's folder. */
export const runKey = ({ path }: { path: string }): string => joinKey(path, hiddenFolder, 'run.json')

async function write(store: WritableStore, documents: Documents): Promise<void> {
  for (const [key, document] of documents) await store.set(key, formatDocument(document))
}

/**
 * Makes an array: its metadata, and groups at the paths above it where nothing is. Errors: StorageError when the path holds something
 * and it is not to be overwritten. `first` is done when the path is clear and nothing is written yet.
 */
export async function createArray(
  hierarchy: Hierarchy & { readonly store: WritableStore },
  array: ZarrArray,
  overwrite: boolean,
  first: () => Promise<void> = async () => {},
): Promise<void> {
  const { store, place } = hierarchy
  const bare = { ...hierarchy, consolidated: undefined }
  const existing = await readNode(bare, array.path)
  if (existing && !overwrite)
    throw new StorageError(
      `toZarr: ${formatPlace(place)} has ${existing.kind === 'array' ? 'an array' : 'a group'} at '${array.path}'; ` +
        'name another path, or give overwrite: true, region or appendAxis',
    )
  if (existing) await clear(store, array.path)
  await first()
  await makeGroups(bare, array)
  await write(store, arrayDocuments(array))
}

/** Groups at the paths above an array where nothing is. */
async function makeGroups(hierarchy: Hierarchy & { readonly store: WritableStore }, array: ZarrArray): Promise<void> {
  if (array.path === '') return
  const above = array.path.split('/').map((_, k, parts) => parts.slice(0, k).join('/'))
  for (const path of above) {
    const node = await readNode(hierarchy, path)
    if (node?.kind === 'array')
      throw new StorageError(
        `toZarr: ${formatPlace(hierarchy.place)} has an array at '${path}', which holds no others; name another path`,
      )
    if (!node) await write(hierarchy.store, groupDocuments(array.version, path, {}))
  }
}

/** Takes away all that lies at a path; at the root one by one, for a store's own folder stays. */
async function clear(store: WritableStore, path: string): Promise<void> {
  if (path !== '') return store.remove(path)
  for (const name of (await store.list?.('')) ?? []) await store.remove(name)
}

/** Writes an array's metadata anew, with another shape. */
export const updateArray = (store: WritableStore, array: ZarrArray): Promise<void> =>
  write(store, arrayDocuments(array))

/** The identity that a run left behind; undefined when none did. */
export async function storedIdentity(store: WritableStore, array: ZarrArray): Promise<string | undefined> {
  const bytes = await store.get(runKey(array))
  if (!bytes) return undefined
  try {
    return String(JSON.parse(new TextDecoder().decode(bytes)).identity)
  } catch {
    return 'unreadable'
  }
}
export const storeIdentity = (store: WritableStore, array: ZarrArray, identity: string): Promise<void> =>
  store.set(runKey(array), formatDocument({ identity, shape: formatShape(array.shape) }))

/**
 * The run has ended: what stood beside the array for it goes. Of one that can be resumed its identity stays: a process that was ended
 * after its last chunk must find it, to see that all is done.
 */
export async function endRun(store: WritableStore, array: ZarrArray, isResumable: boolean): Promise<void> {
  const folder = joinKey(array.path, hiddenFolder)
  if (!isResumable) return store.remove(folder)
  for (const name of (await store.list?.(folder)) ?? [])
    if (joinKey(folder, name) !== runKey(array)) await store.remove(joinKey(folder, name))
}

/** The keys of all that stands below an array's path. */
export async function writtenKeys(store: WritableStore, { path }: ZarrArray): Promise<Set<string>> {
  const keys = new Set<string>()
  const folders = [path]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop())
    for (const name of (await store.list?.(folder)) ?? []) {
      const key = joinKey(folder, name)
      if (keys.has(key)) continue
      keys.add(key)
      if (name !== hiddenFolder) folders.push(key)
    }
  return keys
}

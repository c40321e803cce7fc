import { StorageError } from '../../core/errors.ts'
import { formatShape } from '../../core/shape.ts'
import { hiddenFolder } from '../store/directory.ts'
import { formatPlace, joinKey, type WritableStore } from '../store/store.ts'
import type { ZarrArray } from './array.ts'
import { arrayDocuments, type Documents, formatDocument, groupDocuments } from './document.ts'
import { type Hierarchy, type Node, readNode } from './node.ts'

/** Where the identity of a run that has not ended stands, in the array's folder. */
export const runKey = ({ path }: { path: string }): string => joinKey(path, hiddenFolder, 'run.json')

async function write(store: WritableStore, documents: Documents): Promise<void> {
  for (const [key, document] of documents) await store.set(key, formatDocument(document))
}

type WritableHierarchy = Hierarchy & { readonly store: WritableStore }

/** What is at an array's path. Errors: StorageError when an array cannot be made there. */
export async function checkPlace(
  hierarchy: Hierarchy,
  { path }: ZarrArray,
  overwrite: boolean,
): Promise<Node | undefined> {
  const { place } = hierarchy
  const existing = await readNode(hierarchy, path)
  if (existing && !overwrite)
    throw new StorageError(
      `toZarr: ${formatPlace(place)} has ${existing.kind === 'array' ? 'an array' : 'a group'} at '${path}'; ` +
        'name another path, or give overwrite: true, region or appendAxis',
    )
  for (const above of pathsAbove(path)) {
    const node = await readNode(hierarchy, above)
    if (node?.kind === 'array')
      throw new StorageError(
        `toZarr: ${formatPlace(place)} has an array at '${above}', which holds no others; name another path`,
      )
  }
  return existing
}
/** The version of the group that an array at a path lies in; undefined where there is none. */
export async function versionAbove(hierarchy: Hierarchy, path: string): Promise<2 | 3 | undefined> {
  for (const above of pathsAbove(path).reverse()) {
    const node = await readNode(hierarchy, above)
    if (node?.kind === 'group') return node.version
  }
  return undefined
}
const pathsAbove = (path: string): string[] =>
  path === '' ? [] : path.split('/').map((_, k, parts) => parts.slice(0, k).join('/'))

/**
 * Makes an array: its metadata, and groups at the paths above it where nothing is. Errors: StorageError when the path holds something
 * and it is not to be overwritten. `first` is done when the path is clear and nothing is written yet.
 */
export async function createArray(
  hierarchy: WritableHierarchy,
  array: ZarrArray,
  overwrite: boolean,
  first: () => Promise<void>,
): Promise<void> {
  const { store } = hierarchy
  if (await checkPlace(hierarchy, array, overwrite)) await clear(store, array.path)
  await first()
  for (const path of pathsAbove(array.path))
    if (!(await readNode(hierarchy, path))) await write(store, groupDocuments(array.version, path))
  await write(store, arrayDocuments(array))
}

const documentNames = ['zarr.json', '.zarray', '.zgroup', '.zattrs', '.zmetadata']
const isDocument = (name: string): boolean => documentNames.includes(name)

/**
 * Takes away all that lies at a path, metadata last: what is left of it where the process ends is still the array that was there. A
 * store's own folder stays.
 */
async function clear(store: WritableStore, path: string): Promise<void> {
  const names = (await store.list?.(path)) ?? []
  const inOrder = [...names.filter((name) => !isDocument(name)), ...names.filter(isDocument)]
  for (const name of inOrder) await store.remove(joinKey(path, name))
  if (path !== '') await store.remove(path)
}

/** Whether chunks of whatever lie at a path. */
export const hasChunks = async (store: WritableStore, path: string): Promise<boolean> =>
  ((await store.list?.(path)) ?? []).some((name) => /^(c|c\.[\d.]+|\d+(\.\d+)*)$/.test(name))

/**
 * Of an array of which parts are written: no run goes on from before that, and who knows it by the time of its metadata's change
 * sees that it has changed.
 */
export async function touchArray(store: WritableStore, array: ZarrArray): Promise<void> {
  await store.remove(runKey(array))
  if (!store.isLocal) return
  const key = joinKey(array.path, array.version === 3 ? 'zarr.json' : '.zarray')
  const bytes = await store.get(key)
  if (bytes) await store.set(key, bytes)
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
  if (!isResumable) await store.remove(runKey(array))
  await store.sweep?.()
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

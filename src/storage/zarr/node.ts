import { StorageError } from '../../core/errors.ts'
import { formatPlace, joinKey, type Store, type StorePlace } from '../store/store.ts'
import type { ZarrArray, ZarrAttributes } from './array.ts'
import { formatJson } from './json.ts'
import {
  type ArrayFacts,
  type Document,
  MetadataProblem,
  parseDocument,
  parseV2Array,
  parseV3Array,
} from './metadata.ts'

/** What a path in a store holds. */
export type Node = { readonly kind: 'array'; readonly array: ZarrArray } | GroupNode
export interface GroupNode {
  readonly kind: 'group'
  readonly version: 2 | 3
  readonly path: string
  readonly attributes: ZarrAttributes
}

/** A store with where it is, for errors, and the metadata of all its nodes if they stand in one place. */
export interface Hierarchy {
  readonly store: Store
  readonly place: StorePlace
  readonly consolidated: Consolidated | undefined
}
interface Consolidated {
  readonly version: 2 | 3
  readonly documents: ReadonlyMap<string, Document>
}

/** Reading that asks for values by their keys, so that it need not know whether they are there at once or have to be waited for. */
type Reading<T> = Generator<string, T, Uint8Array | undefined>

async function readLater<T>(reading: Reading<T>, { get }: Store): Promise<T> {
  let step = reading.next()
  while (!step.done) step = reading.next(await get(step.value))
  return step.value
}
function readNow<T>(reading: Reading<T>, getNow: NonNullable<Store['getNow']>): T {
  let step = reading.next()
  while (!step.done) step = reading.next(getNow(step.value))
  return step.value
}

/** Opens a store, looking for consolidated metadata where a node below its root is wanted. Errors: StorageError. */
export const openHierarchy = (store: Store, place: StorePlace): Promise<Hierarchy> =>
  readLater(hierarchyReading(store, place), store)

/** The node at a path; undefined when there is none. Errors: StorageError. */
export const readNode = (hierarchy: Hierarchy, path: string): Promise<Node | undefined> =>
  readLater(nodeReading(hierarchy, path), hierarchy.store)

/** Both at once, of a store whose values are there without waiting. Errors: StorageError. */
export function readNodeNow(store: Store, getNow: NonNullable<Store['getNow']>, place: StorePlace, path: string) {
  const hierarchy = readNow(hierarchyReading(store, place), getNow)
  return { hierarchy, node: readNow(nodeReading(hierarchy, path), getNow) }
}

function* hierarchyReading(store: Store, place: StorePlace): Reading<Hierarchy> {
  const bare = { store, place, consolidated: undefined }
  const root = yield* readDocument(bare, 'zarr.json')
  const v3 = objectOf(objectOf(root?.consolidated_metadata)?.metadata)
  if (v3) return { ...bare, consolidated: { version: 3, documents: new Map(entries(v3)) } }
  const v2 = root ? undefined : objectOf((yield* readDocument(bare, '.zmetadata'))?.metadata)
  return v2 ? { ...bare, consolidated: { version: 2, documents: new Map(entries(v2)) } } : bare
}

const objectOf = (value: unknown): Document | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Document) : undefined
const entries = (documents: Document): [string, Document][] =>
  Object.entries(documents).map(([key, document]) => [key, objectOf(document) ?? {}])

function* nodeReading(hierarchy: Hierarchy, path: string): Reading<Node | undefined> {
  const { consolidated } = hierarchy
  const key = joinKey(path, 'zarr.json')
  const v3 =
    (consolidated?.version === 3 && path !== '' && consolidated.documents.get(path)) ||
    (yield* readDocument(hierarchy, key))
  if (v3) return named(hierarchy, key, () => v3Node(hierarchy, path, v3))
  const array = yield* readV2(hierarchy, joinKey(path, '.zarray'))
  const group = array ? undefined : yield* readV2(hierarchy, joinKey(path, '.zgroup'))
  if (!array && !group) return undefined
  const attributes = (yield* readV2(hierarchy, joinKey(path, '.zattrs'))) ?? {}
  if (array)
    return named(hierarchy, joinKey(path, '.zarray'), () => {
      checkVersion(array, 2)
      return arrayNode(hierarchy, path, parseV2Array(array, attributes))
    })
  return { kind: 'group', version: 2, path, attributes }
}

function* readV2(hierarchy: Hierarchy, key: string): Reading<Document | undefined> {
  const { consolidated } = hierarchy
  return (consolidated?.version === 2 && consolidated.documents.get(key)) || (yield* readDocument(hierarchy, key))
}

function* readDocument({ place }: Hierarchy, key: string): Reading<Document | undefined> {
  const bytes = yield key
  return bytes && named({ place }, key, () => parseDocument(bytes))
}

/** Metadata that are not understood, with their place. */
function named<T>({ place }: Pick<Hierarchy, 'place'>, key: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof MetadataProblem)) throw error
    throw new StorageError(
      `read: the metadata ${key} of ${formatPlace(place)}: ${error.message}; convert the array with zarr-python to what is wanted, or correct the file`,
      { cause: error },
    )
  }
}

function checkVersion(document: Document, wanted: 2 | 3): void {
  if (document.zarr_format !== wanted)
    throw new MetadataProblem(`its zarr_format is ${formatJson(document.zarr_format)}; ndloom reads versions 2 and 3`)
}

function v3Node(hierarchy: Hierarchy, path: string, document: Document): Node {
  checkVersion(document, 3)
  if (document.node_type === 'group')
    return { kind: 'group', version: 3, path, attributes: objectOf(document.attributes) ?? {} }
  if (document.node_type !== 'array')
    throw new MetadataProblem(`its node_type is ${formatJson(document.node_type)}, want array or group`)
  return arrayNode(hierarchy, path, parseV3Array(document))
}

const arrayNode = ({ place }: Hierarchy, path: string, facts: ArrayFacts): Node => ({
  kind: 'array',
  array: { ...facts, place, path },
})

/** The names of what lies directly below a group. Errors: StorageError when the store cannot list its keys. */
export async function childNames(hierarchy: Hierarchy, path: string): Promise<string[]> {
  const { consolidated, store, place } = hierarchy
  const prefix = path === '' ? '' : `${path}/`
  if (consolidated) {
    const below = [...consolidated.documents.keys()].filter((key) => key.startsWith(prefix) && key !== path)
    const names = below.map((key) => key.slice(prefix.length).split('/'))
    const isNode = (parts: readonly string[]) => (consolidated.version === 3 ? parts[0] !== '' : parts.length > 1)
    return [...new Set(names.filter(isNode).map(([name]) => name))].sort()
  }
  if (!store.list)
    throw new StorageError(
      `openZarr: ${formatPlace(place)} cannot list its keys and has no consolidated metadata, so the members of the group '${path}' ` +
        'are unknown; open them by their paths, or write consolidated metadata',
    )
  return (await store.list(path)).sort()
}

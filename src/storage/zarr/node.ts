import { StorageError } from '../../core/errors.ts'
import { formatPlace, joinKey, type Store, type StorePlace } from '../store/store.ts'
import type { ZarrArray, ZarrAttributes } from './array.ts'
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

/** Opens a store, looking for consolidated metadata where a node below its root is wanted. Errors: StorageError. */
export async function openHierarchy(store: Store, place: StorePlace): Promise<Hierarchy> {
  const bare = { store, place, consolidated: undefined }
  const root = await readDocument(bare, 'zarr.json')
  const v3 = objectOf(objectOf(root?.consolidated_metadata)?.metadata)
  if (v3) return { ...bare, consolidated: { version: 3, documents: new Map(entries(v3)) } }
  const v2 = root ? undefined : objectOf((await readDocument(bare, '.zmetadata'))?.metadata)
  return v2 ? { ...bare, consolidated: { version: 2, documents: new Map(entries(v2)) } } : bare
}

const objectOf = (value: unknown): Document | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Document) : undefined
const entries = (documents: Document): [string, Document][] =>
  Object.entries(documents).map(([key, document]) => [key, objectOf(document) ?? {}])

/** The node at a path; undefined when there is none. Errors: StorageError. */
export async function readNode(hierarchy: Hierarchy, path: string): Promise<Node | undefined> {
  const { consolidated } = hierarchy
  const key = joinKey(path, 'zarr.json')
  const v3 =
    (consolidated?.version === 3 && path !== '' && consolidated.documents.get(path)) ||
    (await readDocument(hierarchy, key))
  if (v3) return named(hierarchy, key, () => v3Node(hierarchy, path, v3))
  const array = await readV2(hierarchy, joinKey(path, '.zarray'))
  const attributes = async () => (await readV2(hierarchy, joinKey(path, '.zattrs'))) ?? {}
  if (array) {
    const found = await attributes()
    return named(hierarchy, joinKey(path, '.zarray'), () => {
      checkVersion(array, 2)
      return arrayNode(hierarchy, path, parseV2Array(array, found))
    })
  }
  const group = await readV2(hierarchy, joinKey(path, '.zgroup'))
  if (!group) return undefined
  return { kind: 'group', version: 2, path, attributes: await attributes() }
}

const readV2 = async (hierarchy: Hierarchy, key: string): Promise<Document | undefined> =>
  (hierarchy.consolidated?.version === 2 && hierarchy.consolidated.documents.get(key)) || readDocument(hierarchy, key)

async function readDocument({ store, place }: Hierarchy, key: string): Promise<Document | undefined> {
  const bytes = await store.get(key)
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
    throw new MetadataProblem(
      `its zarr_format is ${JSON.stringify(document.zarr_format)}; ndloom reads versions 2 and 3`,
    )
}

function v3Node(hierarchy: Hierarchy, path: string, document: Document): Node {
  checkVersion(document, 3)
  if (document.node_type === 'group')
    return { kind: 'group', version: 3, path, attributes: objectOf(document.attributes) ?? {} }
  if (document.node_type !== 'array')
    throw new MetadataProblem(`its node_type is ${JSON.stringify(document.node_type)}, want array or group`)
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

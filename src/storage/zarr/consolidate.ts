import { StorageError } from '../../core/errors.ts'
import { formatPlace, joinKey, type WritableStore } from '../store/store.ts'
import { formatDocument } from './document.ts'
import { type Document, parseDocument } from './metadata.ts'
import { childNames, type Hierarchy, readNode } from './node.ts'

type WritableHierarchy = Hierarchy & { readonly store: WritableStore }

/**
 * Writes the metadata of all groups and arrays of a store to one place, its root, as zarr-python's `consolidate_metadata` does: then a
 * reader needs one request for them, and no listing. Errors: StorageError when the root is no group.
 */
export async function consolidate(hierarchy: WritableHierarchy): Promise<void> {
  const bare = { ...hierarchy, consolidated: undefined }
  const root = await readNode(bare, '')
  if (root?.kind !== 'group')
    throw new StorageError(
      `consolidateZarr: ${formatPlace(hierarchy.place)} has ${root ? 'an array' : 'nothing'} at its root, want a group; there is nothing to put together`,
    )
  const documents = new Map<string, Document>()
  await collect(bare, '', root.version === 3 ? ['zarr.json'] : ['.zgroup', '.zarray', '.zattrs'], documents)
  const { store } = hierarchy
  if (root.version === 2) {
    await store.set(
      '.zmetadata',
      formatDocument({ zarr_consolidated_format: 1, metadata: Object.fromEntries(documents) }),
    )
    return
  }
  const { consolidated_metadata: _old, ...own } = documents.get('zarr.json')!
  documents.delete('zarr.json')
  const metadata = Object.fromEntries(
    [...documents].map(([key, document]) => [key.replace(/\/zarr\.json$/, ''), document]),
  )
  const consolidated_metadata = { kind: 'inline', must_understand: false, metadata }
  await store.set('zarr.json', formatDocument({ ...own, consolidated_metadata }))
}

/** The metadata documents at a path and below it, by their keys. */
async function collect(
  hierarchy: WritableHierarchy,
  path: string,
  names: readonly string[],
  documents: Map<string, Document>,
): Promise<void> {
  for (const name of names) {
    const key = joinKey(path, name)
    const bytes = await hierarchy.store.get(key)
    if (bytes) documents.set(key, parseDocument(bytes))
  }
  if ((await readNode(hierarchy, path))?.kind !== 'group') return
  for (const child of await childNames(hierarchy, path)) {
    const below = joinKey(path, child)
    if (await readNode(hierarchy, below)) await collect(hierarchy, below, names, documents)
  }
}

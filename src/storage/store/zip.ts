import { openAsBlob } from 'node:fs'
import { crc32 } from 'node:zlib'
import ZipFileStore from '@zarrita/storage/zip'
import { StorageError } from '../../core/errors.ts'
import { fileBytes, storageError } from '../file.ts'
import { listBelow, type Store } from './store.ts'

/**
 * A zip file whose entries are the values. Its directory is read once, and then only the parts that are needed; of what is read as a whole
 * the checksum is looked at.
 */
export async function openZip(path: string): Promise<Store> {
  fileBytes(path, 'read')
  let checksums = new Map<string, number | undefined>()
  const store = await guard(path, async () => {
    const opened = ZipFileStore.fromBlob(await openAsBlob(path), {
      transformEntries(entries) {
        checksums = new Map(Object.entries(entries).map(([name, entry]) => [name, checksumOf(entry)]))
        return entries
      },
    })
    await opened.has('/')
    return opened
  })
  return {
    isLocal: false,
    get: (key) =>
      guard(path, async () => {
        const bytes = await store.get(`/${key}`)
        const checksum = checksums.get(key)
        if (bytes && checksum !== undefined && crc32(bytes) !== checksum)
          throw new Error(`${key} does not fit its checksum`)
        return bytes
      }),
    getRange: (key, range) => guard(path, () => store.getRange(`/${key}`, range)),
    list: (prefix) => Promise.resolve(listBelow(checksums.keys(), prefix)),
  }
}

/** The CRC-32 of an entry, which the package keeps to itself. */
const checksumOf = (entry: object): number | undefined =>
  (entry as { readonly _rawEntry?: { readonly crc32?: number } })._rawEntry?.crc32

async function guard<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    const { code } = error as { code?: unknown } // not always text: a DOMException has a number
    if (typeof code === 'string' && code.startsWith('E')) throw storageError(path, 'read', error)
    const text = error instanceof Error ? error.message : String(error)
    throw new StorageError(`read: the zip file ${path} cannot be read: ${text}; get it again`, { cause: error })
  }
}

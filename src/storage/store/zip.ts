import { openAsBlob } from 'node:fs'
import ZipFileStore from '@zarrita/storage/zip'
import { StorageError } from '../../core/errors.ts'
import { fileBytes, storageError } from '../file.ts'
import { listBelow, type Store } from './store.ts'

/** A zip file whose entries are the values. Its directory is read once, and then only the parts that are needed. */
export async function openZip(path: string): Promise<Store> {
  fileBytes(path, 'read')
  let names: string[] = []
  const store = await guard(path, async () => {
    const opened = ZipFileStore.fromBlob(await openAsBlob(path), {
      transformEntries(entries) {
        names = Object.keys(entries)
        return entries
      },
    })
    await opened.has('/')
    return opened
  })
  return {
    isLocal: false,
    get: (key) => guard(path, () => store.get(`/${key}`)),
    getRange: (key, range) => guard(path, () => store.getRange(`/${key}`, range)),
    list: (prefix) => Promise.resolve(listBelow(names, prefix)),
  }
}

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

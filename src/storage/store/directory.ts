import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { storageError } from '../file.ts'
import { hasEnded, ownerName, tryRemove } from '../temporaries.ts'
import { takeBuffer } from './buffers.ts'
import { type Input, tooShort } from './input.ts'
import type { ByteRange, WritableStore } from './store.ts'

/** Where values wait until they are whole, in the folder of the array that they belong to. */
export const hiddenFolder = '.ndloom'

/** A folder's values are there without waiting. */
export type Directory = WritableStore & Required<Pick<WritableStore, 'getNow' | 'openNow'>>

/**
 * A folder whose files are the values. It blocks its thread, which is mostly a worker's. A value is written under a name of its own in
 * `hidden` (a key) and then renamed.
 */
export function openDirectory(root: string, hidden = hiddenFolder): Directory {
  let next = 0
  const getNow = (key: string) => whenThere(join(root, key), () => readPart(join(root, key)))
  return {
    isLocal: true,
    getNow,
    openNow: (key, range) => whenThere(join(root, key), () => openPart(join(root, key), range)),
    get: async (key) => getNow(key),
    getRange: async (key, range) => whenThere(join(root, key), () => readPart(join(root, key), range)),
    list: async (prefix) => whenThere(join(root, prefix), () => readdirSync(join(root, prefix))) ?? [],
    async remove(key) {
      try {
        rmSync(join(root, key), { recursive: true, force: true })
      } catch (error) {
        throw storageError(join(root, key), 'remove', error)
      }
    },
    async set(key, bytes) {
      const target = join(root, key)
      const temporary = join(root, hidden, `${uniqueName}-${next++}`)
      try {
        inFolder(dirname(temporary), () => writeWhole(temporary, bytes))
        inFolder(dirname(target), () => renameSync(temporary, target))
      } catch (error) {
        tryRemove(temporary)
        throw storageError(target, 'write', error)
      }
    },
    async sweep() {
      whenThere(join(root, hidden), () => sweep(join(root, hidden)))
    },
  }
}

/** Those of other processes that still run stay, and the folder with them. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const owner = temporaryPattern.exec(name)?.[1]
    if (owner && hasEnded(owner)) tryRemove(join(folder, name))
  }
  try {
    rmdirSync(folder)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

/** Does something in a folder, which is made when it turns out not to be there: again where another run's end took it away just then. */
function inFolder<T>(path: string, action: () => T): T {
  for (let tries = 1; ; tries++)
    try {
      return action()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === 3) throw error
      mkdirSync(path, { recursive: true })
    }
}

const uniqueName = `${ownerName()}-${Math.random().toString(36).slice(2, 10)}`
const temporaryPattern = /^(.+)-\w+-\d+$/

function whenThere<T>(path: string, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw storageError(path, 'read', error)
  }
}

/** A part of a file, or all of it. */
function readPart(path: string, range?: ByteRange): Uint8Array {
  const part = openPart(path, range)
  try {
    const bytes = takeBuffer(part.length)
    part.read(0, bytes)
    return bytes
  } finally {
    part.close()
  }
}

/** The same as it is needed. */
function openPart(path: string, range: ByteRange = { offset: 0, length: Infinity }): Input {
  const file = openSync(path, 'r')
  const { size } = fstatSync(file)
  const start = 'suffixLength' in range ? Math.max(0, size - range.suffixLength) : range.offset
  const length = 'suffixLength' in range ? range.suffixLength : range.length
  return {
    length: Math.max(0, Math.min(length, size - start)),
    read(position, into) {
      for (let done = 0; done < into.length; ) {
        const count = readSome(file, into.subarray(done), start + position + done, path)
        if (count === 0) throw tooShort()
        done += count
      }
    },
    close: () => closeSync(file),
  }
}

/** The most bytes that one system call moves. */
const largestCallBytes = 2 ** 30

function writeWhole(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'w')
  try {
    for (let done = 0; done < bytes.length; )
      done += writeSync(file, bytes, done, Math.min(bytes.length - done, largestCallBytes))
  } finally {
    closeSync(file)
  }
}

function readSome(file: number, into: Uint8Array, position: number, path: string): number {
  try {
    return readSync(file, into, 0, Math.min(into.length, largestCallBytes), position)
  } catch (error) {
    throw storageError(path, 'read', error)
  }
}

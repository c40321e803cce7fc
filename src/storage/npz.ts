import { createReadStream, createWriteStream, type ReadStream, statSync } from 'node:fs'
import { type PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { crc32, createInflateRaw } from 'node:zlib'
import type { Entry, ZipFile } from 'yauzl'
import { type Box, boxShape } from '../core/chunks.ts'
import { itemsize, realOf } from '../core/dtype.ts'
import { StorageError } from '../core/errors.ts'
import { sizeOf } from '../core/shape.ts'
import { fileBytes, swapBytes } from './file.ts'
import { type NpyHeader, parseNpyHeader, readNpyHeader } from './npy.ts'
import { runsOf } from './runs.ts'
import type { CompressedEntry, InflatedSource } from './source.ts'

/** An array in an NPZ file. `start`: where its bytes begin in the file; an entry that is not compressed is a file in the file. */
export interface NpzEntry {
  readonly name: string
  readonly start: number
  readonly header: NpyHeader
  readonly compressed: CompressedEntry | undefined
}

/** The arrays of an NPZ file, as numpy.savez and savez_compressed write it: a zip of NPY files. Errors: StorageError. */
export async function readNpzEntries(path: string): Promise<NpzEntry[]> {
  fileBytes(path, 'fromNpz')
  const entries: NpzEntry[] = []
  const zip = await openZip(path)
  try {
    for await (const entry of entriesOf(zip, path))
      if (entry.fileName.endsWith('.npy')) entries.push(await found(zip, entry, path))
  } finally {
    zip.close()
  }
  return entries
}

async function openZip(path: string): Promise<ZipFile> {
  const { default: yauzl } = await import('yauzl')
  try {
    return await promisify<string, { lazyEntries: boolean; autoClose: boolean }, ZipFile>(yauzl.open)(path, {
      lazyEntries: true,
      autoClose: false,
    })
  } catch (cause) {
    throw new StorageError(`fromNpz: ${path} is no zip file, or a damaged one; write it with numpy.savez`, { cause })
  }
}

async function* entriesOf(zip: ZipFile, path: string): AsyncGenerator<Entry> {
  for (;;) {
    const entry = await new Promise<Entry | undefined>((resolve, reject) => {
      zip.once('entry', resolve)
      zip.once('end', () => resolve(undefined))
      zip.once('error', (cause) => reject(damagedDirectory(path, cause)))
      zip.readEntry()
    })
    zip.removeAllListeners()
    if (!entry) return
    yield entry
  }
}

const damagedDirectory = (path: string, cause: Error): StorageError =>
  new StorageError(`fromNpz: the directory of ${path} is damaged: ${cause.message}; get the file again`, { cause })

async function found(zip: ZipFile, entry: Entry, path: string): Promise<NpzEntry> {
  const name = entry.fileName.slice(0, -'.npy'.length)
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8)
    throw new StorageError(
      `fromNpz: ${path}: ${name} is compressed by method ${entry.compressionMethod}, want none or deflate; write it with numpy.savez`,
    )
  const { fileDataStart: start } = await promisify(zip.readLocalFileHeader.bind(zip) as LocalHeader)(entry, {
    minimal: true,
  }).catch((cause) => {
    throw damagedDirectory(path, cause)
  })
  if (entry.compressionMethod === 0)
    return { name, start, compressed: undefined, header: readNpyHeader(path, start, entry.uncompressedSize) }
  const { compressedSize: compressedBytes, uncompressedSize: bytes, crc32: checksum } = entry
  const first: Buffer[] = []
  for await (const part of inflated(path, start, compressedBytes)) {
    first.push(part)
    if (Buffer.concat(first).length >= Math.min(65536, bytes)) break
  }
  const header = parseNpyHeader(Buffer.concat(first), `${path}: ${name}`)
  return { name, start, header, compressed: { compressedBytes, bytes, checksum } }
}
type LocalHeader = (
  entry: Entry,
  options: { minimal: true },
  callback: (error: Error | null, header: { fileDataStart: number }) => void,
) => void

async function* inflated(path: string, start: number, bytes: number): AsyncGenerator<Buffer> {
  const parts = createReadStream(path, { start, end: start + bytes - 1 })
  const inflate = createInflateRaw()
  parts.on('error', (error) => inflate.destroy(error))
  try {
    yield* Readable.from(parts.pipe(inflate))
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    throw new StorageError(`read: ${path} is damaged at byte ${start}: ${text}; get the file again`, { cause })
  } finally {
    parts.destroy()
  }
}

/**
 * Reads a box of a compressed entry. Compressed bytes have no middle: all that comes before the box is inflated too. Where that is the
 * whole entry, its checksum is looked at. Errors: StorageError.
 */
export async function readInflated(source: InflatedSource, box: Box, target: Uint8Array): Promise<void> {
  const size = itemsize(source.dtype)
  const runs = runsOf(source.shape, box)
  const starts = runs.starts()[Symbol.iterator]()
  const runBytes = runs.length * size
  const wanted = sizeOf(boxShape(box)) * size
  let filled = 0
  let run = runs.count > 0 ? source.offset + (starts.next().value as number) * size : 0
  let at = 0
  let checksum = 0
  if (wanted > 0)
    for await (const part of inflated(source.path, source.start, source.compressedBytes)) {
      checksum = crc32(part, checksum)
      // The run begins at byte `run` of the entry, and `done` bytes of it have come.
      while (filled < wanted && run < at + part.length) {
        const done = filled % runBytes
        const from = Math.max(0, run + done - at)
        const bytes = part.subarray(from, from + runBytes - done)
        if (bytes.length === 0) break
        target.set(bytes, filled)
        filled += bytes.length
        if (filled % runBytes === 0 && filled < wanted) run = source.offset + (starts.next().value as number) * size
      }
      at += part.length
      if (filled === wanted) break
    }
  if (filled < wanted)
    throw new StorageError(
      `read: ${source.path} ends within an array, ${wanted - filled} bytes are missing; get the whole file`,
    )
  if (at === source.bytes && checksum !== source.checksum)
    throw new StorageError(
      `read: ${source.path} is damaged: the entry at byte ${source.start} does not fit its checksum; get the file again`,
    )
  if (source.byteOrder === 'big') swapBytes(target, itemsize(realOf(source.dtype)))
}

/** Packs NPY files, by their names and paths, to an NPZ file. Nothing stays open when it fails. Errors: those of the system. */
export async function packNpz(
  path: string,
  parts: readonly (readonly [name: string, path: string])[],
  compress: boolean,
): Promise<void> {
  const { ZipFile } = await import('yazl')
  const zip = new ZipFile()
  const packed = zip.outputStream as PassThrough
  zip.on('error', (error) => packed.destroy(error))
  let open: ReadStream | undefined
  for (const [name, part] of parts) {
    const facts = { compress, mtime: new Date(1980, 0, 1), size: statSync(part).size }
    zip.addReadStreamLazy(`${name}.npy`, facts, (take) => {
      open = createReadStream(part).on('error', (error) => packed.destroy(error))
      take(null, open)
    })
  }
  zip.end()
  try {
    await pipeline(packed, createWriteStream(path))
  } finally {
    open?.destroy()
  }
}

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import type { Box } from '../core/chunks.ts'
import { itemsize, realOf } from '../core/dtype.ts'
import { StorageError } from '../core/errors.ts'
import { formatShape, rowMajorStrides, sizeOf } from '../core/shape.ts'
import { type Runs, runsOf, walk } from './runs.ts'
import type { Source } from './source.ts'

export type FileSource = Extract<Source, { type: 'file' }>
/** Takes the next run of a box, in the file's order. */
type Place = (bytes: Uint8Array) => void

/** Runs that lie nearer than this are read in one go: a system call costs as much as the bytes between them. */
const gapBytes = 4096
/** The most that is read in one go into a buffer of ours. */
const bufferBytes = 1024 * 1024

/** Checks that a file is there and as long as its shape says. Errors: StorageError. */
export function checkFile(source: FileSource, operation: string): void {
  const length = fileBytes(source.path, operation)
  if (source.offset + dataBytes(source) > length) throw tooShort(source, operation, length)
}

/** Bytes of a file. Errors: StorageError when it is missing, a directory, or not ours to read. */
export function fileBytes(path: string, operation: string): number {
  return guard(path, operation, () => {
    closeSync(openSync(path, 'r'))
    const status = statSync(path)
    if (status.isDirectory()) throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' })
    return status.size
  })
}

const dataBytes = (source: FileSource): number => sizeOf(source.shape) * itemsize(source.dtype)

/**
 * Reads a box of a file: the bytes it needs and, between near rows, the few that lie between. It blocks its thread, which is
 * a worker's: an asynchronous read of 8 KB takes 40 us instead of 1 us. Errors: StorageError.
 */
export function readFile(source: FileSource, box: Box, target: Uint8Array): void {
  if (box.some(([start, stop]) => stop <= start)) return
  const file = guard(source.path, 'read', () => openSync(source.path, 'r'))
  try {
    if (source.fortranOrder) readColumns(file, source, box, target)
    else readRows(file, source, box, target)
  } finally {
    closeSync(file)
  }
  if (source.byteOrder === 'big') swapBytes(target, itemsize(realOf(source.dtype)))
}

function readRows(file: number, source: FileSource, box: Box, target: Uint8Array): void {
  const size = itemsize(source.dtype)
  const runs = runsOf(source.shape, box)
  const runBytes = runs.length * size
  const buffer = new Uint8Array(runs.count > 1 ? bufferBytes : 0)
  let at = 0
  const place = (run: Uint8Array): void => {
    target.set(run, at)
    at += runBytes
  }
  for (const starts of nearRuns(runs, size)) {
    if (starts.length > 1) readSpan(file, source, buffer, starts, runs.length, place)
    else {
      readFully(file, source, target.subarray(at, at + runBytes), starts[0])
      at += runBytes
    }
  }
}

/** A column-major file is a row-major one of the reversed shape; its lines, along the array's first axis, are scattered. */
function readColumns(file: number, source: FileSource, box: Box, target: Uint8Array): void {
  const size = itemsize(source.dtype)
  const extents = box.map(([start, stop]) => stop - start)
  const [step = 1, ...strides] = rowMajorStrides(extents)
  const [lineLength = 1, ...others] = extents
  const lines = walk(0, others.reverse(), strides.reverse(), sizeOf(others))[Symbol.iterator]()
  const scatter = scatterInto(target, size)
  const place = (part: Uint8Array): void => {
    for (let at = 0; at < part.length; at += lineLength * size)
      scatter(part.subarray(at, at + lineLength * size), lines.next().value as number, step)
  }
  const runs = runsOf([...source.shape].reverse(), [...box].reverse())
  const part = Math.min(runs.length, lineLength * Math.max(1, Math.floor(bufferBytes / (lineLength * size))))
  const buffer = new Uint8Array(Math.max(bufferBytes, part * size))
  for (const starts of nearRuns(runs, size)) {
    if (starts.length > 1) readSpan(file, source, buffer, starts, runs.length, place)
    else
      for (let done = 0; done < runs.length; done += part) {
        const bytes = buffer.subarray(0, Math.min(part, runs.length - done) * size)
        readFully(file, source, bytes, starts[0] + done)
        place(bytes)
      }
  }
}

/** Puts elements of `size` bytes at every `step`-th element of the target from `first` on. */
function scatterInto(target: Uint8Array, size: number): (from: Uint8Array, first: number, step: number) => void {
  const word = [4, 2, 1].find((bytes) => size % bytes === 0 && target.byteOffset % bytes === 0)!
  const Words = word === 4 ? Uint32Array : word === 2 ? Uint16Array : Uint8Array
  const to = new Words(target.buffer as ArrayBuffer, target.byteOffset, target.byteLength / word)
  const words = size / word
  return (bytes, first, step) => {
    const from = new Words(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength / word)
    for (let i = 0, at = first * words; i < from.length; i += words, at += step * words)
      for (let w = 0; w < words; w++) to[at + w] = from[i + w]
  }
}

/** Reads near runs in one go, and hands over each. */
function readSpan(
  file: number,
  source: FileSource,
  buffer: Uint8Array,
  starts: readonly number[],
  length: number,
  place: Place,
): void {
  const size = itemsize(source.dtype)
  const first = starts[0]
  readFully(file, source, buffer.subarray(0, (starts[starts.length - 1] - first + length) * size), first)
  for (const start of starts) place(buffer.subarray((start - first) * size, (start - first + length) * size))
}

/** Starts of runs, in groups that are worth one read. */
function* nearRuns(runs: Runs, size: number): Iterable<number[]> {
  let group: number[] = []
  for (const start of runs.starts()) {
    const gap = (start - group[group.length - 1] - runs.length) * size
    const span = (start - group[0] + runs.length) * size
    if (group.length > 0 && (gap > gapBytes || span > bufferBytes)) {
      yield group
      group = []
    }
    group.push(start)
  }
  if (group.length > 0) yield group
}

/** Fills `target` from the element `start` on. */
function readFully(file: number, source: FileSource, target: Uint8Array, start: number): void {
  const position = source.offset + start * itemsize(source.dtype)
  for (let done = 0; done < target.length; ) {
    const count = guard(source.path, 'read', () =>
      readSync(file, target, done, Math.min(target.length - done, 2 ** 30), position + done),
    )
    if (count === 0) throw tooShort(source, 'read', fstatSync(file).size)
    done += count
  }
}

/** Turns the bytes of every `size`-byte number round. */
export function swapBytes(target: Uint8Array, size: number): void {
  const bytes = Buffer.from(target.buffer, target.byteOffset, target.byteLength)
  if (size === 2) bytes.swap16()
  if (size === 4) bytes.swap32()
  if (size === 8) bytes.swap64()
}

const tooShort = (source: FileSource, operation: string, length: number): StorageError =>
  new StorageError(
    `${operation}: the file ${source.path} has ${length} bytes, want ${source.offset + dataBytes(source)}: ` +
      `${formatShape(source.shape)} of ${source.dtype} (${itemsize(source.dtype)} bytes each) from byte ${source.offset} on; ` +
      'correct the shape, dtype or offset, or get the whole file',
  )

const cures: Record<string, string> = {
  ENOENT: 'there is no such file or folder; check the path',
  ENOTDIR: 'a part of the path is no folder; check the path',
  EISDIR: 'it is a directory; name a file in it',
  EACCES: 'there is no permission; change its mode or owner',
  EPERM: 'there is no permission; change its mode or owner',
  ENOSPC: 'the disk is full; make room or name another place',
  EROFS: 'the file system is read-only; name another place',
}

/** The error of a file operation as ours. */
export const storageError = (path: string, operation: string, error: unknown): StorageError => {
  const { code = '', message } = error as NodeJS.ErrnoException
  return new StorageError(`${operation}: cannot use the file ${path}: ${cures[code] ?? message}`, { cause: error })
}

function guard<T>(path: string, operation: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw storageError(path, operation, error)
  }
}

import { closeSync, openSync, readSync } from 'node:fs'
import { type DType, dtypes, facts } from '../core/dtype.ts'
import { StorageError } from '../core/errors.ts'
import { type Shape, sizeOf } from '../core/shape.ts'
import { type FileSource, fileBytes, storageError } from './file.ts'

/** What an NPY header tells; `offset` is where the data begin, in bytes. */
export type NpyHeader = Pick<FileSource, 'dtype' | 'byteOrder' | 'fortranOrder' | 'shape' | 'offset'>

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
const longestHeaderBytes = 1024 * 1024
const letters = { bool: 'b', int: 'i', uint: 'u', float: 'f', complex: 'c' }
const typeCode = (dtype: DType): string => `${letters[facts[dtype].kind]}${facts[dtype].itemsize}`
const dtypeOfCode = new Map(dtypes.map((dtype) => [typeCode(dtype), dtype]))
const descrPattern = /^([<>|=])(\w+)$/
const fieldPattern = (name: string, value: string): RegExp => new RegExp(`["']${name}["']\\s*:\\s*(${value})`)

/**
 * The header at the start of an NPY file, versions 1 to 3, as NumPy's `numpy.lib.format` describes it. `bytes` holds at least
 * the whole header. Errors: StorageError for anything but an array of numbers of our dtypes.
 */
export function parseNpyHeader(bytes: Uint8Array, path: string): NpyHeader {
  const fail = (problem: string, cure: string): never => {
    throw new StorageError(`fromNpy: ${path} ${problem}; ${cure}`)
  }
  const start = headerStart(bytes, path)
  const end = start + headerLength(bytes, path)
  if (end > bytes.length) fail('ends within its header', 'get the whole file')
  const text = new TextDecoder(bytes[6] >= 3 ? 'utf-8' : 'latin1').decode(bytes.slice(start, end))
  const descr = fieldPattern('descr', `'[^']*'|"[^"]*"|\\[[\\s\\S]*\\]`).exec(text)?.[1]
  const order = fieldPattern('fortran_order', 'True|False').exec(text)?.[1]
  const shape = fieldPattern('shape', '\\([\\d\\s,L]*\\)').exec(text)?.[1]
  if (!descr || !order || !shape)
    return fail('has a header without descr, fortran_order or shape', 'write it again with numpy.save')
  if (descr.startsWith('[')) fail('holds a structured array', 'save one array for each field')
  const [, sign, code] = descrPattern.exec(descr.slice(1, -1)) ?? fail(`has the dtype ${descr}`, 'save numbers')
  const dtype = dtypeOfCode.get(code) ?? fail(`has the dtype ${descr}`, `save it as one of ${dtypes.join(', ')}`)
  const extents = (shape.match(/\d+/g) ?? []).map(Number)
  if (!Number.isSafeInteger(sizeOf(extents))) fail(`has the shape ${shape}`, 'more than 2^53 elements cannot be read')
  return {
    dtype,
    byteOrder: sign === '>' ? 'big' : 'little',
    fortranOrder: order === 'True',
    shape: extents,
    offset: end,
  }
}

function headerStart(bytes: Uint8Array, path: string): number {
  if (bytes.length < 12 || !magic.every((byte, i) => bytes[i] === byte))
    throw new StorageError(
      `fromNpy: ${path} is no NPY file (it does not begin with \\x93NUMPY); use fromBinary for raw data`,
    )
  if (bytes[6] < 1 || bytes[6] > 3)
    throw new StorageError(
      `fromNpy: ${path} has NPY version ${bytes[6]}, want 1, 2 or 3; write it again with numpy.save`,
    )
  return bytes[6] === 1 ? 10 : 12
}

function headerLength(bytes: Uint8Array, path: string): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const length = bytes[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > longestHeaderBytes)
    throw new StorageError(
      `fromNpy: ${path} has a header of ${length} bytes, want at most ${longestHeaderBytes}; the file is damaged`,
    )
  return length
}

/** The array that an NPY file holds, or a part of a file, `length` bytes from `start` on. Errors: StorageError. */
export function readNpyHeader(path: string, start = 0, length = fileBytes(path, 'fromNpy') - start): NpyHeader {
  const first = readPart(path, start, Math.min(length, 4096))
  const whole = headerStart(first, path) + headerLength(first, path)
  const header = parseNpyHeader(whole > first.length ? readPart(path, start, Math.min(length, whole)) : first, path)
  return { ...header, offset: start + header.offset }
}

function readPart(path: string, start: number, count: number): Uint8Array {
  try {
    const file = openSync(path, 'r')
    try {
      const bytes = new Uint8Array(count)
      return bytes.subarray(0, readSync(file, bytes, 0, count, start))
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw storageError(path, 'fromNpy', error)
  }
}

/** The header of an NPY file of version 1, for little-endian row-major data; a multiple of 64 bytes. */
export function formatNpyHeader(dtype: DType, shape: Shape): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const sign = facts[dtype].itemsize === 1 ? '|' : '<'
  const text = `{'descr': '${sign}${typeCode(dtype)}', 'fortran_order': False, 'shape': ${tuple}, }`
  const length = Math.ceil((10 + text.length + 1) / 64) * 64
  const bytes = new Uint8Array(length)
  bytes.set([...magic, 1, 0, (length - 10) & 255, (length - 10) >> 8])
  bytes.set(new TextEncoder().encode(`${text.padEnd(length - 11)}\n`), 10)
  return bytes
}

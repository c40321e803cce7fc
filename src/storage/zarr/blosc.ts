import * as zlib from 'node:zlib'
import type { Input } from '../store/input.ts'
import { bloscKernel, constantBytes, slackBytes } from './blosc-kernel.ts'
import { tableBytes } from './lz4-encoder.ts'

/**
 * Chunks of Blosc 1 (https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst): a header, the places of blocks, and in each
 * block one stream, or one for each byte of an element. What Zarr files have most, LZ4 and shuffled bytes, is decoded here: 2.1 GB/s
 * where numcodecs (the C library compiled without SIMD, and two copies) has 0.23 GB/s.
 */
interface Header {
  readonly isShuffled: boolean
  readonly isStored: boolean
  readonly isSplit: boolean
  /** How streams are compressed. */
  readonly format: number
  readonly elementBytes: number
  readonly bytes: number
  readonly blockBytes: number
}
export const headerBytes = 16
/** Blocks are in one stream for each byte of an element up to so many bytes, and where each stream has so many. */
export const mostStreams = 16
export const leastStreamBytes = 128
export const flag = { shuffled: 1, stored: 2, bitShuffled: 4, notSplit: 16 }
export const lz4Format = 1
/** Streams of other formats, where Node has a decoder. */
const decoders: Readonly<Record<number, ((stream: Uint8Array) => Uint8Array) | undefined>> = {
  3: zlib.inflateSync,
  4: zlib.zstdDecompressSync,
}

/** The header of a chunk that is decoded here; undefined for kinds that are not. Errors: an Error where it is damaged. */
function readHeader(encoded: Input): Header | undefined {
  if (encoded.length < headerBytes) throw damage()
  const head = new Uint8Array(headerBytes)
  encoded.read(0, head)
  const view = new DataView(head.buffer)
  const [version, , flags, elementBytes] = head
  const [bytes, blockBytes, length] = [4, 8, 12].map((at) => view.getUint32(at, true))
  if (version !== 2) throw new Error(`its Blosc container has version ${version}, want 2`)
  const isStored = (flags & flag.stored) !== 0
  const format = flags >> 5
  // No LZ4 stream grows more than 255-fold: such sizes are not to be allocated.
  const isTooLarge = format === lz4Format && bytes > 255 * length
  const isEmpty = elementBytes === 0 || (bytes > 0 && blockBytes === 0)
  if (length !== encoded.length || isEmpty || isTooLarge) throw damage()
  const isKnown = isStored || format === lz4Format || decoders[format] !== undefined
  if (!isKnown || flags & flag.bitShuffled || (bytes > 0 && blockBytes > bytes)) return undefined
  return {
    isShuffled: (flags & flag.shuffled) !== 0 && elementBytes > 1,
    isStored,
    isSplit: (flags & flag.notSplit) === 0 && elementBytes <= mostStreams,
    format,
    elementBytes,
    bytes,
    blockBytes,
  }
}

/**
 * Decodes a chunk, into `into` where that is given. Its bytes are read a few blocks at a time, so that what is read, decoded and
 * put together stays in the core's own cache. Undefined: it is of a kind that is not decoded here. Errors: an Error.
 */
export function decodeBlosc(encoded: Input, into?: Uint8Array): Uint8Array | undefined {
  const header = readHeader(encoded)
  if (!header) return undefined
  const { bytes, blockBytes } = header
  // A damaged header may name gigabytes: they are not to be allocated.
  if (into && into.length !== bytes) throw new Error(`it has ${bytes} bytes when decoded, want ${into.length}`)
  const target = into ?? new Uint8Array(bytes)
  if (header.isStored) {
    if (encoded.length !== headerBytes + bytes) throw damage()
    encoded.read(headerBytes, target)
    return target
  }
  const blocks = bytes > 0 ? Math.ceil(bytes / blockBytes) : 0
  if (headerBytes + 4 * blocks > encoded.length) throw damage()
  const starts = new Uint32Array(blocks)
  encoded.read(headerBytes, new Uint8Array(starts.buffer))
  const window = openWindow(encoded, blockBytes)
  for (let block = 0; block < blocks; block++) {
    const length = Math.min(blockBytes, bytes - block * blockBytes)
    // Blocks may lie in any order, but not in one another.
    const most = starts[block] + length + 4 * mostStreams
    const end = starts[block + 1] > starts[block] ? Math.min(most, starts[block + 1]) : most
    const part = window.show(starts[block], Math.min(end, encoded.length))
    target.set(decodeBlock(part, header, length, window.room), block * blockBytes)
  }
  return target
}

const damage = (): Error => new Error('its Blosc container is cut short or changed')

/** Regions of the kernel's memory for a block: streams as they are stored, the decoded streams, the elements. */
export interface Room {
  readonly memory: Uint8Array
  readonly stream: number
  readonly plain: number
  readonly elements: number
  /** Of the encoder. */
  readonly table: number
}

/** `streamBytes`: of the region for streams as they are stored. */
export function makeRoom(blockBytes: number, streamBytes = blockBytes): Room {
  const { memory } = bloscKernel()
  const regionBytes = (bytes: number): number => Math.ceil((bytes + slackBytes) / 64) * 64
  const stream = constantBytes
  const plain = stream + regionBytes(streamBytes)
  const elements = plain + regionBytes(blockBytes)
  const table = elements + regionBytes(blockBytes)
  const needed = table + tableBytes - memory.buffer.byteLength
  if (needed > 0) memory.grow(Math.ceil(needed / 65536))
  return { memory: new Uint8Array(memory.buffer), stream, plain, elements, table }
}

/** A part of the room's memory. */
interface Span {
  readonly start: number
  readonly end: number
}
/** So much of a chunk is read at once: with a block and its elements it is less than a core's own cache. */
const windowBytes = 512 * 1024

interface Window {
  readonly room: Room
  /** Where these bytes of the chunk are in the room; read when they are not there yet, with those behind them. */
  show(start: number, end: number): Span
}

function openWindow(encoded: Input, blockBytes: number): Window {
  const most = Math.min(encoded.length, Math.max(windowBytes, blockBytes + 4 * mostStreams))
  const room = makeRoom(blockBytes, most)
  let [first, last] = [0, 0]
  return {
    room,
    show(start, end) {
      if (start > end) throw damage()
      if (start < first || end > last) {
        first = start
        last = Math.min(start + most, encoded.length)
        encoded.read(first, room.memory.subarray(room.stream, room.stream + last - first))
      }
      return { start: room.stream + start - first, end: room.stream + end - first }
    },
  }
}

function decodeBlock(
  encoded: Span,
  { isShuffled, isSplit, format, elementBytes, blockBytes }: Header,
  length: number,
  { memory, plain, elements }: Room,
): Uint8Array {
  const splits = isSplit && length === blockBytes && blockBytes / elementBytes >= leastStreamBytes ? elementBytes : 1
  const part = length / splits
  const view = new DataView(memory.buffer)
  let at = encoded.start
  for (let k = 0; k < splits; k++) {
    if (at + 4 > encoded.end) throw damage()
    const stored = view.getUint32(at, true)
    at += 4
    if (stored > part || at + stored > encoded.end) throw damage()
    decodeStream(memory, { start: at, end: at + stored }, format, plain + k * part, part)
    at += stored
  }
  if (!isShuffled) return memory.subarray(plain, plain + length)
  unshuffle(memory, plain, elements, length, elementBytes)
  return memory.subarray(elements, elements + length)
}

/** Decodes a stream to `length` bytes at `to`; one that is as long is stored as it is. */
function decodeStream(memory: Uint8Array, { start, end }: Span, format: number, to: number, length: number): void {
  if (end - start === length) memory.copyWithin(to, start, end)
  else if (format === lz4Format) {
    if (bloscKernel().lz4(start, end - start, to, length) !== length) throw damage()
  } else {
    const decoded = decoders[format]!(memory.subarray(start, end))
    if (decoded.length !== length) throw damage()
    memory.set(decoded, to)
  }
}

/** Puts elements together of their bytes; what is less than an element at the end stays as it is. */
function unshuffle(memory: Uint8Array, from: number, to: number, length: number, elementBytes: number): void {
  const count = Math.floor(length / elementBytes)
  const whole = count - (count % 16)
  const inVectors = elementBytes in bloscKernel().unshuffle ? bloscKernel().unshuffle[elementBytes] : undefined
  if (inVectors) inVectors(from, to, whole, count)
  for (let i = inVectors ? whole : 0; i < count; i++)
    for (let k = 0; k < elementBytes; k++) memory[to + i * elementBytes + k] = memory[from + k * count + i]
  for (let i = count * elementBytes; i < length; i++) memory[to + i] = memory[from + i]
}

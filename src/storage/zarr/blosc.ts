import * as zlib from 'node:zlib'
import { bloscKernel, slackBytes } from './blosc-kernel.ts'
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
function readHeader(encoded: Uint8Array): Header | undefined {
  if (encoded.length < headerBytes) throw damage()
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.length)
  const [version, , flags, elementBytes] = encoded
  const [bytes, blockBytes, length] = [4, 8, 12].map((at) => view.getUint32(at, true))
  if (version !== 2) throw new Error(`its Blosc container has version ${version}, want 2`)
  const isStored = (flags & flag.stored) !== 0
  const format = flags >> 5
  // No LZ4 stream grows more than 255-fold: such sizes are not to be allocated.
  const isTooLarge = format === lz4Format && bytes > 255 * length
  if (length !== encoded.length || (bytes > 0 && blockBytes === 0) || isTooLarge) throw damage()
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

/** Decodes a chunk, into `into` where that has its length. Undefined: it is of a kind that is not decoded here. Errors: an Error. */
export function decodeBlosc(encoded: Uint8Array, into?: Uint8Array): Uint8Array | undefined {
  const header = readHeader(encoded)
  if (!header) return undefined
  const { bytes, blockBytes } = header
  const target = into?.length === bytes ? into : new Uint8Array(bytes)
  if (header.isStored) {
    if (encoded.length !== headerBytes + bytes) throw damage()
    target.set(encoded.subarray(headerBytes))
    return target
  }
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.length)
  const blocks = bytes > 0 ? Math.ceil(bytes / blockBytes) : 0
  if (headerBytes + 4 * blocks > encoded.length) throw damage()
  const room = makeRoom(blockBytes)
  for (let block = 0; block < blocks; block++) {
    const length = Math.min(blockBytes, bytes - block * blockBytes)
    const decoded = decodeBlock(encoded, view, view.getUint32(headerBytes + 4 * block, true), header, length, room)
    target.set(decoded, block * blockBytes)
  }
  return target
}

const damage = (): Error => new Error('its Blosc container is cut short or changed')

/** Regions of the kernel's memory for a block: a stream as it is stored, the decoded streams, the elements. */
export interface Room {
  readonly memory: Uint8Array
  readonly stream: number
  readonly plain: number
  readonly elements: number
  /** Of the encoder. */
  readonly table: number
}

export function makeRoom(blockBytes: number): Room {
  const { memory } = bloscKernel()
  const region = Math.ceil((blockBytes + slackBytes) / 64) * 64
  const needed = 64 + 3 * region + tableBytes - memory.buffer.byteLength
  if (needed > 0) memory.grow(Math.ceil(needed / 65536))
  const [stream, plain, elements, table] = [64, 64 + region, 64 + 2 * region, 64 + 3 * region]
  return { memory: new Uint8Array(memory.buffer), stream, plain, elements, table }
}

function decodeBlock(
  encoded: Uint8Array,
  view: DataView,
  start: number,
  { isShuffled, isSplit, format, elementBytes, blockBytes }: Header,
  length: number,
  room: Room,
): Uint8Array {
  const { memory, plain, elements } = room
  const splits = isSplit && length === blockBytes && blockBytes / elementBytes >= leastStreamBytes ? elementBytes : 1
  const part = length / splits
  let at = start
  for (let k = 0; k < splits; k++) {
    if (at + 4 > encoded.length) throw damage()
    const stored = view.getUint32(at, true)
    at += 4
    if (stored > part || at + stored > encoded.length) throw damage()
    decodeStream(encoded.subarray(at, at + stored), format, { ...room, plain: plain + k * part }, part)
    at += stored
  }
  if (!isShuffled) return memory.subarray(plain, plain + length)
  unshuffle(memory, plain, elements, length, elementBytes)
  return memory.subarray(elements, elements + length)
}

/** Decodes a stream of `length` bytes to the room's plain bytes; one that is as long is stored as it is. */
function decodeStream(encoded: Uint8Array, format: number, { memory, stream, plain }: Room, length: number): void {
  if (encoded.length === length) memory.set(encoded, plain)
  else if (format === lz4Format) {
    memory.set(encoded, stream)
    if (bloscKernel().lz4(stream, encoded.length, plain, length) !== length) throw damage()
  } else {
    const decoded = decoders[format]!(encoded)
    if (decoded.length !== length) throw damage()
    memory.set(decoded, plain)
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

import { flag, headerBytes, leastStreamBytes, lz4Format, makeRoom, mostStreams, type Room } from './blosc.ts'
import { bloscKernel } from './blosc-kernel.ts'

/** How a chunk is encoded. */
export interface BloscOptions {
  readonly elementBytes: number
  /** 0 (as it is) to 9. */
  readonly level: number
  readonly isShuffled: boolean
}
/** Bytes of a block: its streams, their copies and tables fit a core's own cache. */
const encodedBlockBytes = 256 * 1024

/** Encodes a chunk with LZ4, in streams by the bytes of an element where they are shuffled. `bytes` is below 2 GiB. */
export function encodeBlosc(bytes: Uint8Array, { elementBytes, level, isShuffled }: BloscOptions): Uint8Array {
  const isSplit = isShuffled && elementBytes > 1 && elementBytes <= mostStreams
  const longest = Math.min(encodedBlockBytes, bytes.length)
  const blockBytes = longest < elementBytes ? longest : longest - (longest % elementBytes)
  const blocks = bytes.length > 0 ? Math.ceil(bytes.length / blockBytes) : 0
  const whole = new Uint8Array(headerBytes + bytes.length)
  const flags = (isShuffled ? flag.shuffled : 0) | (isSplit ? 0 : flag.notSplit) | (lz4Format << 5)
  const finish = (length: number, own: number): Uint8Array => {
    const header = new DataView(whole.buffer)
    whole.set([2, 1, own, elementBytes])
    for (const [k, value] of [bytes.length, blockBytes, length].entries()) header.setUint32(4 + 4 * k, value, true)
    return whole.subarray(0, length)
  }
  const isPacked = level > 0 && headerBytes + 4 * blocks <= whole.length
  let at = headerBytes + 4 * blocks
  const room = makeRoom(Math.max(blockBytes, 1))
  for (let block = 0; block < blocks && isPacked; block++) {
    const part = bytes.subarray(block * blockBytes, (block + 1) * blockBytes)
    const splits =
      isSplit && part.length === blockBytes && blockBytes / elementBytes >= leastStreamBytes ? elementBytes : 1
    new DataView(whole.buffer).setUint32(headerBytes + 4 * block, at, true)
    at = encodeBlock(part, isShuffled ? elementBytes : 1, splits, level, room, whole, at)
    if (at < 0) break
  }
  if (at > 0 && isPacked) return finish(at, flags)
  whole.set(bytes, headerBytes)
  return finish(whole.length, flags | flag.stored)
}

/** Encodes a block behind `at`; where it ends, or -1 when there is no room for it. */
function encodeBlock(
  part: Uint8Array,
  elementBytes: number,
  splits: number,
  level: number,
  { memory, stream, plain, elements, table }: Room,
  whole: Uint8Array,
  start: number,
): number {
  memory.set(part, elements)
  if (elementBytes > 1) shuffle(memory, elements, plain, part.length, elementBytes)
  const from = elementBytes > 1 ? plain : elements
  const length = part.length / splits
  const view = new DataView(whole.buffer)
  let at = start
  for (let k = 0; k < splits; k++) {
    const streamFrom = from + k * length
    const packed = bloscKernel().lz4Encode(streamFrom, length, stream, length - 1, table, 10 - level)
    const stored =
      packed > 0 ? memory.subarray(stream, stream + packed) : memory.subarray(streamFrom, streamFrom + length)
    if (at + 4 + stored.length > whole.length) return -1
    view.setUint32(at, stored.length, true)
    whole.set(stored, at + 4)
    at += 4 + stored.length
  }
  return at
}

/** Puts the bytes of elements apart; what is less than an element at the end stays as it is. */
function shuffle(memory: Uint8Array, from: number, to: number, length: number, elementBytes: number): void {
  const count = Math.floor(length / elementBytes)
  const { shuffle: kernels } = bloscKernel()
  const whole = elementBytes in kernels ? count - (count % 16) : 0
  if (whole > 0) kernels[elementBytes](from, to, whole, count)
  for (let i = whole; i < count; i++)
    for (let k = 0; k < elementBytes; k++) memory[to + k * count + i] = memory[from + i * elementBytes + k]
  for (let i = count * elementBytes; i < length; i++) memory[to + i] = memory[from + i]
}

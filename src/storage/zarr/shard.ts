import type { Shard } from './array.ts'
import { crc32c, withoutChecksum } from './crc32c.ts'

/** Where a chunk lies in its shard, in bytes; undefined for a chunk that is not there. */
export type Entry = { readonly offset: number; readonly length: number } | undefined

const missing = 2n ** 64n - 1n

/** Bytes of the index of a shard of so many chunks (Zarr enhancement proposal 2: offset and length of each, 64 bits, and a checksum). */
export const indexBytes = (shard: Shard, count: number): number => 16 * count + (shard.indexHasChecksum ? 4 : 0)

/** Errors: an Error when the index is cut short or does not fit its checksum. */
export function readIndex(shard: Shard, count: number, bytes: Uint8Array): Entry[] {
  if (bytes.length !== indexBytes(shard, count))
    throw new Error(`its index has ${bytes.length} bytes, want ${indexBytes(shard, count)}`)
  const plain = shard.indexHasChecksum ? withoutChecksum(bytes) : bytes
  const view = new DataView(plain.buffer, plain.byteOffset, plain.length)
  const at = (position: number): bigint => view.getBigUint64(position, !shard.indexIsBigEndian)
  return Array.from({ length: count }, (_, k) => {
    const [offset, length] = [at(16 * k), at(16 * k + 8)]
    return offset === missing && length === missing ? undefined : { offset: Number(offset), length: Number(length) }
  })
}

/** A shard of encoded chunks, one after the other, and their index. */
export function joinShard(shard: Shard, chunks: readonly (Uint8Array | undefined)[]): Uint8Array {
  const length = indexBytes(shard, chunks.length)
  const total = chunks.reduce((sum, chunk) => sum + (chunk?.length ?? 0), length)
  const whole = new Uint8Array(total)
  const index = whole.subarray(shard.indexAtEnd ? total - length : 0).subarray(0, length)
  const view = new DataView(index.buffer, index.byteOffset, length)
  let at = shard.indexAtEnd ? 0 : length
  chunks.forEach((chunk, k) => {
    view.setBigUint64(16 * k, chunk ? BigInt(at) : missing, !shard.indexIsBigEndian)
    view.setBigUint64(16 * k + 8, chunk ? BigInt(chunk.length) : missing, !shard.indexIsBigEndian)
    if (chunk) whole.set(chunk, at)
    at += chunk?.length ?? 0
  })
  if (shard.indexHasChecksum) view.setUint32(length - 4, crc32c(index.subarray(0, -4)), true)
  return whole
}

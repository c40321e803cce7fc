/** Remainders of all bytes under the Castagnoli polynomial (RFC 3720, appendix B.4), reflected. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1
  return remainder
})

/** The CRC-32C checksum of bytes. */
export function crc32c(bytes: Uint8Array): number {
  let remainder = -1
  for (let i = 0; i < bytes.length; i++) remainder = table[(remainder ^ bytes[i]) & 255] ^ (remainder >>> 8)
  return (remainder ^ -1) >>> 0
}

/** The bytes with their checksum, four little-endian bytes, behind them. */
export function withChecksum(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(bytes.length + 4)
  whole.set(bytes)
  new DataView(whole.buffer).setUint32(bytes.length, crc32c(bytes), true)
  return whole
}

/** The bytes before a checksum. Errors: an Error when it is not theirs. */
export function withoutChecksum(whole: Uint8Array): Uint8Array {
  if (whole.length < 4) throw new Error(`it has ${whole.length} bytes, too few for a checksum`)
  const bytes = whole.subarray(0, -4)
  const stored = new DataView(whole.buffer, whole.byteOffset + bytes.length, 4).getUint32(0, true)
  const actual = crc32c(bytes)
  if (stored !== actual)
    throw new Error(`its checksum is ${actual.toString(16)}, ${stored.toString(16)} was stored with it`)
  return bytes
}

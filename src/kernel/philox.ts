/** Philox4x32-10 in plain JavaScript, and keys from seeds: what building an array of random numbers needs of it. */

export const multipliers = [0xd2511f53, 0xcd9e8d57] as const
export const keySteps = [0x9e3779b9, 0xbb67ae85] as const
export const rounds = 10

export type Words = readonly [number, number, number, number]

/** Philox4x32-10 of a counter of four words under a key of two. */
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [c0, c1, c2, c3] = counter.map((each) => BigInt(each >>> 0))
  let [k0, k1] = key.map((each) => BigInt(each >>> 0))
  const word = (value: bigint) => BigInt.asUintN(32, value)
  for (let round = 0; round < rounds; round++) {
    const first = BigInt(multipliers[0]) * c0
    const second = BigInt(multipliers[1]) * c2
    ;[c0, c1, c2, c3] = [(second >> 32n) ^ c1 ^ k0, word(second), (first >> 32n) ^ c3 ^ k1, word(first)]
    k0 = word(k0 + BigInt(keySteps[0]))
    k1 = word(k1 + BigInt(keySteps[1]))
  }
  return [Number(c0), Number(c1), Number(c2), Number(c3)]
}

export const lowWord = (value: bigint) => Number(value & 0xffff_ffffn)
export const highWord = (value: bigint) => Number((value >> 32n) & 0xffff_ffffn)

/**
 * A key of 64 bits from a seed: an integer as it is (its lowest 64 bits), a string by its UTF-8 bytes, eight at a time, each mixed
 * in by Philox; then mixed once more, so that neighbouring seeds give unrelated keys. `stream` counts the arrays under one seed.
 */
export function splitKey(seed: bigint | number | string, stream: bigint | number = 0): bigint {
  const mix = (key: bigint, value: bigint) => {
    // The words 2 and 3 of a counter are zero for every number of an array; here they are not.
    const words = philox([lowWord(value), highWord(value), 0x6e64, 0x6c6f6f6d], [lowWord(key), highWord(key)])
    return (BigInt(words[1]) << 32n) | BigInt(words[0])
  }
  const position = BigInt.asUintN(64, BigInt(stream))
  if (typeof seed !== 'string') return mix(mix(0n, BigInt.asUintN(64, BigInt(seed))), position)
  const bytes = new TextEncoder().encode(seed)
  let key = mix(1n, BigInt(bytes.length))
  for (let at = 0; at < bytes.length; at += 8) {
    const value = bytes.subarray(at, at + 8).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
    key = mix(key, value)
  }
  return mix(key, position)
}

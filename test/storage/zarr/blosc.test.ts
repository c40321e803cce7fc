import fc from 'fast-check'
import Blosc from 'numcodecs/blosc'
import { describe, expect, test } from 'vitest'
import { inputOf } from '../../../src/storage/store/input.ts'
import { decodeBlosc } from '../../../src/storage/zarr/blosc.ts'
import { encodeBlosc } from '../../../src/storage/zarr/blosc-encode.ts'

/** Bytes of several kinds: noise, ramps, repeats of short patterns, and mixtures of them. */
const bytesOf = (length: number, kind: number, seed: number): Uint8Array => {
  let state = seed + 1
  return Uint8Array.from({ length }, (_, i) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    const kinds = [state >>> 24, i >> 3, i % (1 + (seed % 20)), (state >>> 16) % 50 === 0 ? state >>> 24 : i % 7]
    return kinds[kind]
  })
}
const cases = fc.record({
  length: fc.oneof(fc.nat(3000), fc.integer({ min: 200_000, max: 900_000 })),
  kind: fc.nat(3),
  cname: fc.constantFrom('lz4', 'lz4hc', 'zlib', 'zstd'),
  seed: fc.nat(1000),
  shuffle: fc.constantFrom(0, 1),
  blocksize: fc.constantFrom(0, 512, 4096, 100_000),
  clevel: fc.constantFrom(0, 1, 5),
})

describe('decodeBlosc', () => {
  test('gives the bytes that numcodecs packed', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ length, kind, seed, ...configuration }) => {
        const bytes = bytesOf(length, kind, seed)
        const packed = await Blosc.fromConfig({ id: 'blosc', ...configuration }).encode(bytes)
        for (const elementBytes of [packed[3], ...(configuration.shuffle ? [] : [1, 2, 8, 16])]) {
          // Where bytes are not shuffled and streams not split, the size of an element does not matter.
          if (elementBytes !== packed[3] && !(packed[2] & 16)) continue
          packed[3] = elementBytes
          expect(Buffer.compare(decodeBlosc(inputOf(packed))!, bytes)).toBe(0)
        }
      }),
      { numRuns: 40 },
    )
  })

  test('blocks may lie in any order, as several threads write them', () => {
    const bytes = bytesOf(2_000_000, 3, 7)
    const packed = encodeBlosc(bytes, { elementBytes: 4, level: 5, isShuffled: true })
    const blocks = Math.ceil(bytes.length / (256 * 1024))
    const view = new DataView(packed.buffer)
    const starts = Array.from({ length: blocks }, (_, block) => view.getUint32(16 + 4 * block, true))
    const parts = starts.map((start, block) => packed.slice(start, starts[block + 1] ?? packed.length))
    let at = starts[0]
    for (const block of [5, 0, 7, 2, 1, 6, 3, 4]) {
      packed.set(parts[block], at)
      view.setUint32(16 + 4 * block, at, true)
      at += parts[block].length
    }
    expect(Buffer.compare(decodeBlosc(inputOf(packed))!, bytes)).toBe(0)
  })

  test('a damaged container is an error or other bytes, never a crash nor an endless loop', async () => {
    const bytes = bytesOf(20_000, 3, 5)
    const packed = await Blosc.fromConfig({ id: 'blosc', cname: 'lz4', clevel: 5, shuffle: 1, blocksize: 4096 }).encode(
      bytes,
    )
    fc.assert(
      fc.property(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = packed.slice()
        damaged[at] ^= change
        try {
          const decoded = decodeBlosc(inputOf(damaged))
          if (decoded) expect(decoded.length).toBe(new DataView(damaged.buffer).getUint32(4, true))
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
      }),
      { numRuns: 500 },
    )
    expect(() => decodeBlosc(inputOf(packed.subarray(0, packed.length - 1)))).toThrow(/cut short/)
  })

  test('a damaged header is refused before memory for it is taken', async () => {
    const bytes = bytesOf(20_000, 3, 5)
    const packed = await Blosc.fromConfig({ id: 'blosc', cname: 'zstd', clevel: 5, shuffle: 1 }).encode(bytes)
    const isLarge = packed.slice()
    new DataView(isLarge.buffer).setUint32(4, 4_000_000_000, true)
    expect(() => decodeBlosc(inputOf(isLarge), new Uint8Array(20_000))).toThrow(/4000000000 bytes.*want 20000/)
    const isEmpty = packed.slice()
    isEmpty[3] = 0
    expect(() => decodeBlosc(inputOf(isEmpty))).toThrow(/cut short or changed/)
  })
})

test('what is encoded here is decoded by numcodecs, and here', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        length: fc.oneof(fc.nat(3000), fc.integer({ min: 200_000, max: 900_000 })),
        kind: fc.nat(3),
        seed: fc.nat(1000),
        elementBytes: fc.constantFrom(1, 2, 3, 4, 8, 16, 24),
        level: fc.constantFrom(0, 1, 5, 9),
        isShuffled: fc.boolean(),
      }),
      async ({ length, kind, seed, ...options }) => {
        const bytes = bytesOf(length, kind, seed)
        const packed = encodeBlosc(bytes, options)
        expect(packed.length).toBeLessThanOrEqual(length + 16)
        expect(Buffer.compare(decodeBlosc(inputOf(packed))!, bytes)).toBe(0)
        expect(Buffer.compare(await Blosc.fromConfig({ id: 'blosc' }).decode(packed), bytes)).toBe(0)
        if (length > 100_000 && kind === 1 && options.level > 0) expect(packed.length).toBeLessThan(length / 5)
      },
    ),
    { numRuns: 60 },
  )
})

describe('elements of every size', () => {
  for (const size of [1, 2, 3, 4, 8, 12, 16])
    test(`${size} bytes are put together again`, () => {
      const count = 1000
      const bytes = bytesOf(size * count + 1, 0, size)
      expect(Buffer.compare(decodeBlosc(inputOf(packed(bytes, size)))!, bytes)).toBe(0)
    })

  /** A container of one block whose shuffled bytes are stored as they are. */
  function packed(bytes: Uint8Array, size: number): Uint8Array {
    const count = Math.floor(bytes.length / size)
    const whole = new Uint8Array(16 + 4 + 4 + bytes.length)
    const view = new DataView(whole.buffer)
    whole.set([2, 1, 1 | 16 | 32, size])
    for (const [at, value] of [bytes.length, bytes.length, whole.length, 20, bytes.length].entries())
      view.setUint32(4 + 4 * at, value, true)
    for (let i = 0; i < bytes.length; i++) {
      const inElements = size > 1 && i < count * size
      whole[24 + (inElements ? (i % size) * count + Math.floor(i / size) : i)] = bytes[i]
    }
    return whole
  }
})

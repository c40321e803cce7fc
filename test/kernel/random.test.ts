import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { philox } from '../../src/kernel/philox.ts'
import { createRandom, type Distribution, type RandomDType, splitKey } from '../../src/kernel/random.ts'
import { randomValue } from '../../src/kernel/random-reference.ts'
import { ordinals } from './math-harness.ts'

const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true })
const random = createRandom(memory)
const kinds = { float64: Float64Array, float32: Float32Array, uint64: BigUint64Array } as const
const address = 4096

function draw<D extends RandomDType>(
  distribution: Distribution,
  dtype: D,
  key: bigint,
  index: bigint | number,
  count: number,
): InstanceType<(typeof kinds)[D]> {
  random.fill(distribution, dtype, key, index, count, address)
  return new kinds[dtype](memory.buffer, address, count).slice() as InstanceType<(typeof kinds)[D]>
}

describe('Philox4x32-10', () => {
  // The known answers of the Random123 library (kat_vectors).
  const known = [
    { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ] as const
  test.each(known)('known answer $words', ({ counter, key, words }) => {
    expect(philox(counter, key)).toEqual(words)
  })
  test('the kernel gives the first known answer', () => {
    expect([...draw('bits', 'uint64', 0n, 0, 2)]).toEqual([0xe169c58d6627e8d5n, 0x9b00dbd8bc57ac4cn])
  })
})

const anyKey = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const boundaries = [0n, 2n ** 32n, 2n ** 33n, 2n ** 34n, 2n ** 53n, 2n ** 64n - 400n]
const anyIndex = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 63n }),
  fc
    .tuple(fc.constantFrom(...boundaries), fc.integer({ min: -60, max: 60 }))
    .map(([at, by]) => at + BigInt(by))
    .filter((index) => index >= 0n),
)

describe('against the plain form', () => {
  const exact: readonly (readonly [Distribution, RandomDType])[] = [
    ['uniform', 'float64'],
    ['uniform', 'float32'],
    ['bits', 'uint64'],
  ]
  test.each(exact)('%s %s is the same to the last bit from any start', (distribution, dtype) => {
    fc.assert(
      fc.property(anyKey, anyIndex, fc.integer({ min: 0, max: 80 }), (key, index, count) => {
        const got = draw(distribution, dtype, key, index, count)
        const wanted = Array.from(got as ArrayLike<number | bigint>, (_, i) =>
          randomValue(distribution, dtype, key, index + BigInt(i)),
        )
        expect([...got]).toEqual(wanted)
      }),
      { numRuns: 60 },
    )
  })
  test.each(['float64', 'float32'] as const)('normal %s is within 4 units in the last place', (dtype) => {
    fc.assert(
      fc.property(anyKey, anyIndex, fc.integer({ min: 1, max: 80 }), (key, index, count) => {
        const got = draw('normal', dtype, key, index, count)
        const plain = Array.from(got, (_, i) => Number(randomValue('normal', dtype, key, index + BigInt(i))))
        const wanted = ordinals(new kinds[dtype](plain))
        ordinals(got).forEach((ordinal, i) => {
          const distance = Math.abs(Number(ordinal - wanted[i]))
          expect(distance, `${got[i]} and ${plain[i]}`).toBeLessThanOrEqual(4)
        })
      }),
      { numRuns: 60 },
    )
  })
})

describe('a number depends on key and index alone', () => {
  const forms = fc.constantFrom<readonly [Distribution, RandomDType]>(
    ['uniform', 'float64'],
    ['uniform', 'float32'],
    ['bits', 'uint64'],
    ['normal', 'float64'],
    ['normal', 'float32'],
  )
  test('whatever the run it is drawn in', () => {
    fc.assert(
      fc.property(
        forms,
        anyKey,
        anyIndex,
        fc.integer({ min: 1, max: 300 }),
        fc.nat(),
        fc.nat(),
        ([distribution, dtype], key, index, count, from, length) => {
          const whole = draw(distribution, dtype, key, index, count)
          const start = from % count
          const end = start + (length % (count - start + 1))
          const part = draw(distribution, dtype, key, index + BigInt(start), end - start)
          expect([...part]).toEqual([...whole.slice(start, end)])
        },
      ),
      { numRuns: 150 },
    )
  })
  test('an index as a number is the same as a bigint', () => {
    fc.assert(
      fc.property(forms, anyKey, fc.maxSafeNat(), ([distribution, dtype], key, index) => {
        const asNumber = draw(distribution, dtype, key, index, 37)
        expect([...asNumber]).toEqual([...draw(distribution, dtype, key, BigInt(index), 37)])
      }),
    )
  })
  test('nothing is written outside the run', () => {
    const bytes = new Uint8Array(memory.buffer, address - 64, 1024)
    fc.assert(
      fc.property(forms, fc.nat(1000), fc.integer({ min: 0, max: 80 }), ([distribution, dtype], index, count) => {
        bytes.fill(0xa5)
        const size = draw(distribution, dtype, 1n, index, count).byteLength
        expect(bytes.subarray(0, 64).every((byte) => byte === 0xa5)).toBe(true)
        expect(bytes.subarray(64 + size).every((byte) => byte === 0xa5)).toBe(true)
      }),
    )
  })
})

describe('statistics of 200,000 numbers', () => {
  const count = 200_000
  const key = splitKey('statistics')
  const moment = (values: ArrayLike<number>, power: number) =>
    Array.from(values).reduce((sum, value) => sum + value ** power, 0) / values.length
  /** Five standard errors. */
  const allowed = (variance: number) => 5 * Math.sqrt(variance / count)

  test.each(['float64', 'float32'] as const)('uniform %s: range, moments, lags', (dtype) => {
    const values = draw('uniform', dtype, key, 0, count)
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true)
    expect(Math.abs(moment(values, 1) - 1 / 2)).toBeLessThan(allowed(1 / 12))
    expect(Math.abs(moment(values, 2) - 1 / 3)).toBeLessThan(allowed(4 / 45))
    for (const lag of [1, 2, 3, 4, 8, 16, 1000]) {
      let sum = 0
      for (let i = lag; i < count; i++) sum += (values[i] - 0.5) * (values[i - lag] - 0.5)
      expect(Math.abs(sum / (count - lag)), `lag ${lag}`).toBeLessThan(allowed(1 / 144))
    }
  })
  test('bits: bytes are equally frequent, and so is each bit', () => {
    const bytes = new Uint8Array(draw('bits', 'uint64', key, 1n << 40n, count).buffer)
    const counts = new Float64Array(256)
    for (const byte of bytes) counts[byte]++
    const expected = bytes.length / 256
    const chiSquare = counts.reduce((sum, each) => sum + (each - expected) ** 2 / expected, 0)
    // 255 degrees of freedom: mean 255, standard deviation 22.6.
    expect(chiSquare).toBeGreaterThan(255 - 5 * 22.6)
    expect(chiSquare).toBeLessThan(255 + 5 * 22.6)
  })
  test('the lowest bits of uniform float64 vary', () => {
    const values = draw('uniform', 'float64', key, 0, 2000)
    const odd = values.filter((value) => (value * 2 ** 53) % 2 === 1).length
    expect(Math.abs(odd - 1000)).toBeLessThan(5 * Math.sqrt(500))
  })
  test.each(['float64', 'float32'] as const)('normal %s: moments, tails, pairs', (dtype) => {
    const values = draw('normal', dtype, key, 0, count)
    expect(Math.abs(moment(values, 1))).toBeLessThan(allowed(1))
    expect(Math.abs(moment(values, 2) - 1)).toBeLessThan(allowed(2))
    expect(Math.abs(moment(values, 3))).toBeLessThan(allowed(15))
    expect(Math.abs(moment(values, 4) - 3)).toBeLessThan(allowed(96))
    for (const [beyond, probability] of [
      [1, 0.3173105],
      [2, 0.0455003],
      [3, 0.0026998],
      [4, 0.00006334],
    ]) {
      const share = values.filter((value) => Math.abs(value) > beyond).length / count
      expect(Math.abs(share - probability), `beyond ${beyond}`).toBeLessThan(allowed(probability))
    }
    for (const lag of [1, 2, 3, 4]) {
      let sum = 0
      for (let i = lag; i < count; i++) sum += values[i] * values[i - lag]
      expect(Math.abs(sum / (count - lag)), `lag ${lag}`).toBeLessThan(allowed(1))
    }
  })
  test('neighbouring keys give unrelated numbers', () => {
    const [a, b] = [0, 1].map((stream) => draw('uniform', 'float64', splitKey(0, stream), 0, count))
    const covariance = a.reduce((sum, value, i) => sum + (value - 0.5) * (b[i] - 0.5), 0) / count
    expect(Math.abs(covariance)).toBeLessThan(allowed(1 / 144))
  })
})

describe('splitKey', () => {
  test('is a 64-bit number that seed and stream decide', () => {
    const seeds = [0, 1, -1, 2n ** 64n - 1n, 42n, '', 'a', 'b', 'seed', 'seed-of-more-than-eight-bytes', 'ä']
    const keys = seeds.flatMap((seed) => [0, 1, 2n ** 40n].map((stream) => splitKey(seed, stream)))
    // -1 and 2^64 - 1 are the same 64 bits.
    expect(new Set(keys).size).toBe(keys.length - 3)
    for (const key of keys) expect(key).toBe(BigInt.asUintN(64, key))
    expect(splitKey('seed')).toBe(splitKey('seed', 0))
  })
})

test('a form that does not exist is refused', () => {
  expect(() => draw('normal', 'uint64', 0n, 0, 1)).toThrow('internal')
})

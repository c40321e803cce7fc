import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { dtypes } from '../../src/core/dtype.ts'
import * as nd from '../../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'ndloom-files-'))
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await nd.shutdown()
})
const path = join(folder, 'a.bin')

test('fromBinary refuses at the call what cannot be read', () => {
  writeFileSync(path, new Uint8Array(20))
  const options = { dtype: 'float32', shape: [5] } as const
  expect(nd.fromBinary(path, options).shape).toEqual([5])
  expect(nd.fromBinary(pathToFileURL(path), { ...options, chunks: 2 }).chunks).toEqual([[2, 2, 1]])
  expect(() => nd.fromBinary(path, { ...options, shape: [6] })).toThrow(nd.StorageError)
  expect(() => nd.fromBinary(path, { ...options, offset: 4 })).toThrow(/has 20 bytes, want 24/)
  expect(() => nd.fromBinary(path, { ...options, offset: -1 })).toThrow(/got offset -1/)
  expect(() => nd.fromBinary(path, { ...options, shape: [Number.NaN] })).toThrow(nd.ShapeError)
  expect(() => nd.fromBinary(path, { ...options, dtype: 'float' as 'float32' })).toThrow(nd.DTypeError)
  expect(() => nd.fromBinary(path, { ...options, byteOrder: 'middle' as 'big' })).toThrow(/got byteOrder 'middle'/)
  expect(() => nd.fromBinary(path, { ...options, chunks: [[2, 2]] })).toThrow(nd.ChunkError)
  expect(() => nd.fromBinary(join(folder, 'none'), options)).toThrow(/no such file/)
  expect(() => nd.fromBinary(folder, options)).toThrow(/is a directory/)
  expect(() => nd.fromBinary('', options)).toThrow(/want a path/)
  expect(() => nd.fromBinary(new URL('https://example.org/x'), options)).toThrow(/want a file: URL/)
})

test('a file that shrinks after the call fails the computation, and the pool goes on', async () => {
  writeFileSync(path, new Uint8Array(4000))
  const x = nd.fromBinary(path, { dtype: 'int32', shape: [1000], chunks: 100 })
  writeFileSync(path, new Uint8Array(1000))
  const failure = await x
    .sum()
    .compute()
    .then(
      () => undefined,
      (error: unknown) => error,
    )
  expect(failure).toBeInstanceOf(nd.NdloomError)
  expect(String((failure as Error).cause ?? failure)).toMatch(/a\.bin has 1000 bytes, want 4000/)
  expect(await x.at(':250').sum().compute()).toBe(0n)
})

test('what toNpy writes fromNpy reads, for every dtype, shape and chunks', async () => {
  const file = join(folder, 'round.npy')
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...dtypes),
      fc.array(fc.nat(6), { maxLength: 3 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      async (dtype, shape, before, after) => {
        const size = shape.reduce((a, b) => a * b, 1)
        const x = nd
          .arange(size)
          .sub(size / 2)
          .reshape(shape)
          .astype(dtype)
          .rechunk(before)
        await x.toNpy(file)
        const y = nd.fromNpy(file, { chunks: after })
        expect([y.dtype, y.shape]).toEqual([dtype, shape])
        expect(await nd.all(nd.equal(x, y)).compute()).toBe(true)
      },
    ),
    { numRuns: 40 },
  )
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
})

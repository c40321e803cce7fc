import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { blockBox, gridShape, normalizeChunks } from '../../src/core/chunks.ts'
import { itemsize } from '../../src/core/dtype.ts'
import { sizeOf, unravel } from '../../src/core/shape.ts'
import { readNpyHeader } from '../../src/storage/npy.ts'
import { openNpySink } from '../../src/storage/npy-sink.ts'
import { readBox } from '../../src/storage/read.ts'

const folder = mkdtempSync(join(tmpdir(), 'ndloom-sink-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'a.npy')

test('blocks in any order make the file that holds them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(9), { maxLength: 3 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('bool' as const, 'int16' as const, 'float64' as const, 'complex128' as const),
      fc.integer(),
      async (shape, chunk, dtype, seed) => {
        const size = itemsize(dtype)
        const values = Uint8Array.from({ length: sizeOf(shape) * size }, (_, i) => (i * 131) & 255)
        const rawPath = join(folder, 'raw.bin')
        writeFileSync(rawPath, values)
        const raw = {
          type: 'file',
          path: rawPath,
          offset: 0,
          byteOrder: 'little',
          fortranOrder: false,
          dtype,
          shape,
        } as const
        const grid = normalizeChunks(chunk, shape, size, 1e6, 'test')
        const count = sizeOf(gridShape(grid))
        const sink = await openNpySink(path, dtype, shape)
        await Promise.all(
          Array.from({ length: count }, async (_, i) => {
            const box = blockBox(grid, unravel((((i + seed) % count) + count) % count, gridShape(grid)))
            const bytes = new Uint8Array(sizeOf(box.map(([a, b]) => b - a)) * size)
            await readBox(raw, box, bytes)
            await sink.write(box, bytes)
          }),
        )
        await sink.commit()
        expect(readNpyHeader(path)).toMatchObject({ dtype, shape, fortranOrder: false })
        const file = readFileSync(path)
        expect(Buffer.compare(file.subarray(file.length - values.length), values)).toBe(0)
        expect(readdirSync(folder).sort()).toEqual(['a.npy', 'raw.bin'])
      },
    ),
    { numRuns: 50 },
  )
})

test('an abandoned file leaves nothing, and what stood there before stays', async () => {
  writeFileSync(path, 'before')
  const sink = await openNpySink(path, 'float64', [4])
  await sink.write([[0, 2]], new Uint8Array(16))
  await sink.abandon()
  expect(readFileSync(path, 'utf8')).toBe('before')
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
})

test('a place that cannot be written gives a StorageError', async () => {
  await expect(openNpySink(join(folder, 'none', 'a.npy'), 'float64', [4])).rejects.toThrow(
    /^toNpy: cannot use the file .*none.a\.npy: there is no such file or folder; check the path/,
  )
})

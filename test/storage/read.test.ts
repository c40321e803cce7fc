import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import type { Box } from '../../src/core/chunks.ts'
import { allocate, type DType, dtypes, itemsize, realOf } from '../../src/core/dtype.ts'
import { StorageError } from '../../src/core/errors.ts'
import { ravel, sizeOf, unravel } from '../../src/core/shape.ts'
import { checkFile } from '../../src/storage/file.ts'
import { readBox } from '../../src/storage/read.ts'
import type { Source } from '../../src/storage/source.ts'

type FileSource = Extract<Source, { type: 'file' }>
const folder = mkdtempSync(join(tmpdir(), 'ndloom-read-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A shape, a box of it, and where to put it. */
const boxes = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(1, 40, 700)), { maxLength: 3 })
  .filter((shape) => sizeOf(shape) < 30_000)
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      box: fc.tuple(
        ...shape.map((extent) =>
          fc.tuple(fc.nat(extent), fc.nat(extent)).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]),
        ),
      ),
    }),
  )

const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7919 + (i >> 8) * 31) & 255)

/** The box's bytes, element by element: what readBox means. */
function expected(bytes: Uint8Array, source: FileSource, box: Box): Uint8Array {
  const size = itemsize(source.dtype)
  const part = itemsize(realOf(source.dtype))
  const extents = box.map(([start, stop]) => stop - start)
  const out = new Uint8Array(sizeOf(extents) * size)
  for (let i = 0; i < sizeOf(extents); i++) {
    const at = unravel(i, extents).map((n, axis) => n + box[axis][0])
    const linear = source.fortranOrder ? ravel(at.reverse(), [...source.shape].reverse()) : ravel(at, source.shape)
    for (let b = 0; b < size; b++) {
      const within = source.byteOrder === 'big' ? b - (b % part) + (part - 1 - (b % part)) : b
      out[i * size + b] = bytes[source.offset + linear * size + within]
    }
  }
  return out
}

test('a box of a file is what its elements are, in either order of bytes and of axes', async () => {
  let number = 0
  await fc.assert(
    fc.asyncProperty(
      boxes,
      fc.constantFrom(...dtypes),
      fc.constantFrom('little' as const, 'big' as const),
      fc.boolean(),
      fc.nat(50),
      fc.constantFrom(0, 1, 8),
      async ({ shape, box }, dtype, byteOrder, fortranOrder, offset, shift) => {
        const path = join(folder, `${number++ % 4}.bin`)
        const source: FileSource = { type: 'file', path, offset, byteOrder, fortranOrder, dtype, shape }
        const bytes = pattern(offset + sizeOf(shape) * itemsize(dtype))
        writeFileSync(path, bytes)
        const want = expected(bytes, source, box)
        const target = new Uint8Array(new SharedArrayBuffer(want.length + shift), shift)
        await readBox(source, box, target)
        expect(Buffer.compare(target, want)).toBe(0)
      },
    ),
    { numRuns: 300 },
  )
})

test('a box of an array in memory is what its elements are', async () => {
  await fc.assert(
    fc.asyncProperty(boxes, fc.constantFrom(...dtypes), async ({ shape, box }, dtype) => {
      const data = allocate(dtype, sizeOf(shape))
      const bytes = new Uint8Array(data.buffer)
      bytes.set(pattern(bytes.length))
      const asFile = {
        type: 'file',
        path: '',
        offset: 0,
        byteOrder: 'little',
        fortranOrder: false,
        dtype,
        shape,
      } as const
      const want = expected(bytes, asFile, box)
      const target = new Uint8Array(want.length)
      await readBox({ type: 'memory', data, dtype, shape }, box, target)
      expect(Buffer.compare(target, want)).toBe(0)
    }),
    { numRuns: 200 },
  )
})

test('long runs and long columns are read in parts', async () => {
  const shape = [700, 900]
  const path = join(folder, 'large.bin')
  const bytes = pattern(700 * 900 * 4)
  writeFileSync(path, bytes)
  for (const fortranOrder of [false, true])
    for (const box of [
      [
        [0, 700],
        [0, 900],
      ],
      [
        [0, 700],
        [10, 890],
      ],
      [
        [3, 690],
        [0, 900],
      ],
    ] as [number, number][][]) {
      const source: FileSource = {
        type: 'file',
        path,
        offset: 0,
        byteOrder: 'big',
        fortranOrder,
        dtype: 'float32',
        shape,
      }
      const want = expected(bytes, source, box)
      const target = new Uint8Array(want.length)
      await readBox(source, box, target)
      expect(Buffer.compare(target, want)).toBe(0)
    }
})

const fileOf = (path: string, shape: number[], dtype: DType = 'int16'): FileSource => ({
  type: 'file',
  path,
  offset: 4,
  byteOrder: 'little',
  fortranOrder: false,
  dtype,
  shape,
})

test('a file that is too short, missing or a folder gives a StorageError with path and cure', async () => {
  const path = join(folder, 'short.bin')
  writeFileSync(path, new Uint8Array(20))
  expect(() => checkFile(fileOf(path, [2, 4]), 'fromBinary')).not.toThrow()
  expect(() => checkFile(fileOf(path, [3, 3]), 'fromBinary')).toThrow(
    `fromBinary: the file ${path} has 20 bytes, want 22: [3, 3] of int16 (2 bytes each) from byte 4 on; correct the shape`,
  )
  await expect(
    readBox(
      fileOf(path, [3, 3]),
      [
        [0, 3],
        [0, 3],
      ],
      new Uint8Array(18),
    ),
  ).rejects.toThrow(StorageError)
  await expect(readBox(fileOf(`${path}x`, [3]), [[0, 3]], new Uint8Array(6))).rejects.toThrow(
    `${path}x: there is no such file or folder`,
  )
  expect(() => checkFile(fileOf(folder, [3]), 'fromBinary')).toThrow('it is a directory')
})

test('a detached buffer gives a StorageError', async () => {
  const data = new Float64Array(4)
  structuredClone(data, { transfer: [data.buffer] })
  const source: Source = { type: 'memory', data, dtype: 'float64', shape: [4] }
  await expect(readBox(source, [[0, 4]], new Uint8Array(32))).rejects.toThrow(/detached.*from a copy/)
})

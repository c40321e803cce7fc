import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { DType } from '../../src/core/dtype.ts'
import { StorageError } from '../../src/core/errors.ts'
import { formatNpyHeader, parseNpyHeader, readNpyHeader } from '../../src/storage/npy.ts'
import { readBox } from '../../src/storage/read.ts'

interface Fixture {
  cases: { dtype: DType; shape: number[]; fortran: boolean; file: string; bytes: string }[]
  refused: Record<string, string>
  written: Record<string, string>
}
const fixture: Fixture = JSON.parse(readFileSync(new URL('../fixtures/npy.json', import.meta.url), 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'ndloom-npy-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'a.npy')

test.each(fixture.cases)('reads what NumPy writes: $dtype $shape, column-major $fortran', async (given) => {
  writeFileSync(path, Buffer.from(given.file, 'base64'))
  const header = readNpyHeader(path)
  expect(header).toMatchObject({ dtype: given.dtype, shape: given.shape, fortranOrder: given.fortran })
  const target = new Uint8Array(given.bytes.length / 2)
  await readBox(
    { type: 'file', path, ...header },
    given.shape.map((n) => [0, n] as const),
    target,
  )
  expect(Buffer.from(target).toString('hex')).toBe(given.bytes)
})

test.each(Object.entries(fixture.refused))('refuses an array that is not of numbers it knows: %s', (_, file) => {
  writeFileSync(path, Buffer.from(file, 'base64'))
  expect(() => readNpyHeader(path)).toThrow(StorageError)
  expect(() => readNpyHeader(path)).toThrow(/^fromNpy: .*a\.npy (holds a structured array|has the dtype '.*'); save /)
})

test.each(Object.entries(fixture.written))('writes the header that NumPy writes: %s', (name, file) => {
  const bytes = new Uint8Array(Buffer.from(file, 'base64'))
  const { shape, offset } = parseNpyHeader(bytes, path)
  const ours = formatNpyHeader(name as DType, shape)
  expect(ours.length % 64).toBe(0)
  expect(parseNpyHeader(ours, path)).toEqual(parseNpyHeader(bytes, path))
  expect(Buffer.from(ours).toString()).toBe(Buffer.from(bytes.subarray(0, offset)).toString())
})

test('refuses files that are cut short, damaged or something else', () => {
  const whole = Buffer.from(fixture.written.float32, 'base64')
  for (const [bytes, text] of [
    [Buffer.alloc(0), 'no NPY file'],
    [Buffer.from('hello, this is a text'), 'no NPY file'],
    [whole.subarray(0, 40), 'ends within its header'],
    [Buffer.concat([whole.subarray(0, 6), Buffer.from([9]), whole.subarray(7)]), 'version 9'],
    [Buffer.from(whole.toString('latin1').replace('shape', 'shaqe'), 'latin1'), 'without descr'],
  ] as const) {
    writeFileSync(path, bytes)
    expect(() => readNpyHeader(path)).toThrow(text)
  }
})

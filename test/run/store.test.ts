import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alignGrid, fromLengths, isAligned, regular } from '../../src/core/chunks.ts'
import * as nd from '../../src/index.ts'
import { storeAll } from '../../src/run/store.ts'
import { tie } from '../../src/storage/host.ts'
import type { FileSink } from '../../src/storage/sink.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ndloom-store-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function fileSink(name: string, shape: number[], unit = shape.map(() => 1)): FileSink {
  const path = join(folder, name)
  writeFileSync(path, new Uint8Array(shape.reduce((a, b) => a * b, 8)))
  return { type: 'file', path, offset: 0, byteOrder: 'little', dtype: 'float64', shape, unit }
}
const elementsOf = ({ path }: FileSink): number[] => {
  const { buffer, byteOffset, byteLength } = readFileSync(path)
  return [...new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength))]
}
const rows = nd.arange(24, { chunks: 7 }).reshape([4, 6])

describe('storeAll', () => {
  test('two arrays go to their sinks in one run, cast, in blocks that keep the sink units whole', async () => {
    const [a, b] = [fileSink('a', [4, 6], [3, 4]), fileSink('b', [4, 6])]
    const totals: number[] = []
    const onEvent = (event: nd.RunEvent) => void (event.type === 'start' && totals.push(event.totalTasks))
    await storeAll(
      [
        { expr: rows.expr, sink: a },
        { expr: rows.mul(2).expr, sink: b },
      ],
      { onEvent },
    )
    expect(elementsOf(a)).toEqual(Array.from({ length: 24 }, (_, i) => i))
    expect(elementsOf(b)).toEqual(Array.from({ length: 24 }, (_, i) => 2 * i))
    expect(totals).toHaveLength(1)
  })
  test('an origin puts the array into a part; what is written already is left out', async () => {
    const sink = fileSink('part', [6, 8], [2, 4])
    await storeAll([
      { expr: nd.ones([4, 4], { chunks: 2 }).expr, sink, origin: [1, 3], isWritten: ([[low]]) => low < 2 },
    ])
    const expected = Array.from({ length: 48 }, (_, i) => {
      const [row, column] = [Math.floor(i / 8), i % 8]
      return row >= 2 && row < 5 && column >= 3 && column < 7 ? 1 : 0
    })
    expect(elementsOf(sink)).toEqual(expected)
  })
  test('a sink that is tied to an object of this thread is written on it, beside workers', async () => {
    const sink = tie(fileSink('tied', [4, 6]), new Map())
    await storeAll([{ expr: rows.expr, sink }])
    expect(elementsOf(sink)).toEqual(Array.from({ length: 24 }, (_, i) => i))
  })
  test('a sink that is too small is refused', async () => {
    await expect(storeAll([{ expr: rows.expr, sink: fileSink('small', [4, 5]) }])).rejects.toThrow(nd.ShapeError)
  })
  test('a sink that cannot be written is a StorageError', async () => {
    const sink = { ...fileSink('gone', [4, 6]), path: join(folder, 'nothing', 'here') }
    await expect(storeAll([{ expr: rows.expr, sink }])).rejects.toThrow(nd.StorageError)
  })
})

test('an aligned grid cuts between whole units, wherever it begins', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 30 }),
      fc.boolean(),
      (lengths, unit, origin, even) => {
        const extent = lengths.reduce((a, b) => a + b)
        const grid = [even ? regular(extent, lengths[0]) : fromLengths(lengths)]
        const aligned = alignGrid(grid, [unit], [origin])
        expect(isAligned(aligned, [unit], [origin])).toBe(true)
        expect(aligned[0].extent).toBe(extent)
        if (isAligned(grid, [unit], [origin])) expect(aligned).toEqual(grid)
      },
    ),
  )
})

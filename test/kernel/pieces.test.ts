import fc from 'fast-check'
import { expect, it } from 'vitest'
import { blockRanges, eachBlock } from '../../src/core/access.ts'
import { type Box, regular } from '../../src/core/chunks.ts'
import { unravel } from '../../src/core/shape.ts'
import { blockTables, eachPiece, readAccess } from '../../src/kernel/pieces.ts'

it('pieces cover a box once, and each stays inside one block of a strided, flipped or transposed read', () => {
  const steps = fc.constantFrom(1, 2, -1, -3)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), steps, steps, (m, n, p, q) => {
      const shape = [4, 3]
      const extents = [1 + Math.abs(q) * 2 + 1, 1 + Math.abs(p) * 3 + 1]
      const view = {
        shape,
        axes: [
          { from: 1, start: q > 0 ? 1 : extents[0] - 1, step: q },
          { from: 0, start: p > 0 ? 1 : extents[1] - 1, step: p },
        ],
      }
      const grid = [regular(extents[0], m), regular(extents[1], n)]
      const box: Box = shape.map((extent): [number, number] => [0, extent])
      const columns = Math.ceil(extents[1] / n)
      // Block (i, j) lies at an address that tells which one it is.
      const heap = Array.from({ length: Math.ceil(extents[0] / m) * columns }, (_, k) => 100_000 * (k + 1))
      const inputs: number[] = []
      eachBlock(blockRanges(grid, view, box), ([i, j]) => inputs.push(heap[i * columns + j]))
      const [table] = blockTables([{ grid, view, itemBytes: 8 }], box)
      let covered = 0
      eachPiece([table], box, (piece) => {
        const { input, address, strides } = readAccess(table, piece, 0)
        const counts = piece.map(([low, high]) => high - low)
        for (let k = 0; k < counts[0] * counts[1]; k++) {
          const at = unravel(k, counts)
          const [row, column] = view.axes.map((axis) => axis.start + axis.step * (piece[axis.from][0] + at[axis.from]))
          const [i, j] = [Math.floor(row / m), Math.floor(column / n)]
          const width = Math.min(n, extents[1] - j * n)
          const wanted = heap[i * columns + j] + 8 * ((row - i * m) * width + (column - j * n))
          expect(inputs[input] + address + at[0] * strides[0] + at[1] * strides[1]).toBe(wanted)
          covered++
        }
      })
      expect(covered).toBe(12)
    }),
  )
})

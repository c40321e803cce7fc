import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blockRanges } from '../../src/core/access.ts'
import {
  type AxisChunks,
  blockBox,
  blockStart,
  chunkLengths,
  formatGrid,
  fromLengths,
  type Grid,
  gridCount,
  gridExtents,
  gridShape,
  regular,
} from '../../src/core/chunks.ts'
import { sizeOf, unravel } from '../../src/core/shape.ts'
import { identityView } from '../../src/core/view.ts'
import { apply, fromSource, mapBlocks, randomNumbers, rechunk, reduce } from '../../src/graph/build.ts'
import type { Expr } from '../../src/graph/expr.ts'
import { optimise } from '../../src/graph/optimise.ts'
import { lower } from '../../src/plan/lower.ts'
import { intermediateGrids } from '../../src/plan/rechunk.ts'
import { layOut } from '../../src/plan/tasks.ts'

const grid = (extents: readonly number[], sizes: readonly number[]): Grid =>
  extents.map((extent, i) => regular(extent, sizes[i]))

/** Bytes that the task of a block takes: the block, and all blocks of `from` that it reads. */
function taskBytes(from: Grid, to: Grid, block: number, itemBytes: number): number {
  const box = blockBox(to, unravel(block, gridShape(to)))
  const touched = blockRanges(from, identityView(gridExtents(from)), box).map(
    ([first, past], k) => blockStart(from[k], past) - blockStart(from[k], first),
  )
  return (sizeOf(touched) + sizeOf(box.map(([low, high]) => high - low))) * itemBytes
}
const mostBytes = (from: Grid, to: Grid, itemBytes: number): number =>
  Array.from({ length: gridCount(to) }, (_, block) => taskBytes(from, to, block, itemBytes)).reduce((a, b) =>
    Math.max(a, b),
  )
const bounds = (axis: AxisChunks): Set<number> => {
  let end = 0
  return new Set(chunkLengths(axis).map((length) => (end += length)))
}

describe('intermediate grids', () => {
  it('rows to columns of 8 GiB under 512 MiB: one, of blocks between both', () => {
    const shape = [32768, 32768]
    const [from, to] = [grid(shape, [128, 32768]), grid(shape, [32768, 128])]
    const grids = intermediateGrids({ from, to, itemBytes: 8, taskBytes: 2 ** 27 })
    expect(grids.map(formatGrid)).toEqual(['256x256'])
    expect(mostBytes(from, grids[0], 8)).toBeLessThanOrEqual(2 ** 27)
    expect(mostBytes(grids[0], to, 8)).toBeLessThanOrEqual(2 ** 27)
  })
  it('single rows to single columns: more than one, or blocks would be single elements', () => {
    const shape = [2 ** 20, 2 ** 20]
    const grids = intermediateGrids({
      from: grid(shape, [1, 2 ** 20]),
      to: grid(shape, [2 ** 20, 1]),
      itemBytes: 8,
      taskBytes: 2 ** 27,
    })
    expect(grids.length).toBe(2)
    for (const each of grids) expect(8 * sizeOf(each.map((axis) => axis.size))).toBeGreaterThan(2 ** 16)
  })

  const axis = fc.oneof(
    fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 })).map(([e, size]) => ({ e, size })),
    fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 }).map((lengths) => ({ lengths })),
  )
  const cutTo = (extent: number, lengths: readonly number[]): AxisChunks => {
    const cut: number[] = []
    for (let i = 0, left = extent; left > 0; i++) {
      cut.push(Math.min(left, lengths[i % lengths.length]))
      left -= cut[cut.length - 1]
    }
    return fromLengths(cut)
  }
  const pair = axis.chain((first) =>
    fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }).map((lengths) => {
      const from = 'lengths' in first ? fromLengths(first.lengths) : regular(first.e, first.size)
      return { from, to: cutTo(from.extent, lengths) }
    }),
  )
  it('are cut only where the first or the last grid is, and hold the same elements', () => {
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 3 }), fc.integer({ min: 8, max: 4000 }), (pairs, bytes) => {
        const [from, to] = [pairs.map((each) => each.from), pairs.map((each) => each.to)]
        for (const between of intermediateGrids({ from, to, itemBytes: 1, taskBytes: bytes }))
          between.forEach((each, i) => {
            expect(each.extent).toBe(from[i].extent)
            const allowed = new Set([...bounds(from[i]), ...bounds(to[i])])
            expect([...bounds(each)].filter((bound) => !allowed.has(bound))).toEqual([])
          })
      }),
    )
  })
  it('keep every task within the memory where it holds a block of either side twice over', () => {
    const power = fc.integer({ min: 0, max: 6 }).map((n) => 2 ** n)
    fc.assert(
      fc.property(fc.array(fc.tuple(power, power), { minLength: 1, maxLength: 3 }), (sizes) => {
        const extents = sizes.map(() => 64)
        const [from, to] = [0, 1].map((side) =>
          grid(
            extents,
            sizes.map((size) => size[side]),
          ),
        )
        const largest = Math.max(...[from, to].map((each) => sizeOf(each.map((a) => a.size))))
        const most = 2 * largest
        const grids = [from, ...intermediateGrids({ from, to, itemBytes: 1, taskBytes: most }), to]
        for (let i = 1; i < grids.length; i++)
          if (gridCount(grids[i]) < 5000) expect(mostBytes(grids[i - 1], grids[i], 1)).toBeLessThanOrEqual(most)
      }),
      { numRuns: 60 },
    )
  })
})

describe('stages of a rechunk', () => {
  const identity = { text: '(block) => block', args: undefined }
  const rows = (side: number, size: number): Expr => {
    const x = randomNumbers('uniform', 1n, 'float64', grid([side, side], [size, side]))
    return mapBlocks(identity, [x], 'float64', x.grid)
  }
  const budget = (roomBytes: number) => ({ roomBytes, concurrency: 4 })
  const planOf = (expr: Expr, roomBytes: number) =>
    lower(
      optimise([expr]).roots.map((root) => ({ expr: root, assemble: false })),
      budget(roomBytes),
    )
  const names = (expr: Expr, roomBytes: number) => planOf(expr, roomBytes).stages.map(({ stage }) => stage.name)
  const columns = rechunk(rows(2048, 64), grid([2048, 2048], [2048, 64]))

  it('are none where the whole fits, and one before the read where it does not', () => {
    expect(names(columns, 2 ** 27)).toEqual(['random uniform', 'mapBlocks', 'copy'])
    expect(names(columns, 2 ** 24)).toEqual(['random uniform', 'mapBlocks', 'rechunk', 'copy'])
  })
  it('serve two readers together', () => {
    expect(names(apply('subtract', [columns, reduce('mean', columns, [0])]), 2 ** 24)).toEqual(
      'random uniform;mapBlocks;rechunk;rechunk;mean over axis 0;combine mean;subtract'.split(';'),
    )
  })
  it('are none for numbers and files that can be read in any blocks', () => {
    const x = randomNumbers('uniform', 1n, 'float64', grid([2048, 2048], [64, 2048]))
    expect(names(rechunk(apply('negative', [x]), columns.grid), 2 ** 24)).toEqual(['random uniform', 'negative'])
    const file = { type: 'file', path: 'x', offset: 0, byteOrder: 'little', fortranOrder: false } as const
    const source = fromSource({ ...file, dtype: 'float64', shape: [2048, 2048] }, x.grid)
    expect(names(rechunk(apply('negative', [source]), columns.grid), 2 ** 24)).toEqual(['read file', 'negative'])
  })
  it('cut up a block as soon as it is there, so that few whole ones are held', () => {
    const { stages } = planOf(columns, 2 ** 24)
    const { count, stage, inputs, inputStart, outputBytes } = layOut(planOf(columns, 2 ** 24), false)
    const readers = new Int32Array(count)
    for (const input of inputs) readers[input]++
    let [held, most] = [0, 0]
    for (let t = 0; t < count; t++) {
      if (stages[stage[t]].stage.kind === 'user') held += outputBytes[t]
      most = Math.max(most, held)
      for (let k = inputStart[t]; k < inputStart[t + 1]; k++)
        if (--readers[inputs[k]] === 0 && stages[stage[inputs[k]]].stage.kind === 'user') held -= outputBytes[inputs[k]]
    }
    expect(most).toBeLessThanOrEqual(3 * 2 ** 20)
  })
})

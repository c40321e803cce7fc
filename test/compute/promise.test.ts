import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseBytes } from '../../src/core/config.ts'
import * as nd from '../../src/index.ts'

// What is told before a run, what it takes, and the limit, in this order; and that the results are right at the edge of memory.

const folder = await mkdtemp(join(tmpdir(), 'ndloom-promise-'))
afterAll(async () => {
  await nd.shutdown()
  await rm(folder, { recursive: true })
})

const side = 3072
/** Element [i, j] is i * side + j; 72 MiB of it, the ones counted up, are computed and not made again. */
const x = nd
  .ones([side, side], { chunks: [64, side] })
  .cumulativeSum({ axis: 1 })
  .sub(1)
  .add(nd.arange(side, { chunks: 64 }).expandDims(1).mul(side))
const element = (i: number, j: number): number => i * side + j
const mean = (side * side - 1) / 2
const columnMean = (j: number): number => element((side - 1) / 2, j)

interface Case {
  /** What is computed, for the forecast. */
  readonly arrays: readonly nd.ChunkedArray[]
  readonly run: (options: nd.ComputeOptions) => Promise<void>
}
const numbers = (...arrays: nd.ChunkedArray[]) => ({
  arrays,
  equal: (...wanted: number[]): Case => ({
    arrays,
    async run(options) {
      const found = (await nd.compute(...arrays, options)) as number[]
      found.forEach((value, i) => {
        expect(value / wanted[i]).toBeCloseTo(1, 12)
      })
    },
  }),
})
/** Streams and looks at the corners of each block. */
const stream = (y: nd.ChunkedArray, wanted: (i: number, j: number) => number, ordered = false): Case => ({
  arrays: [y],
  async run(options) {
    let elements = 0
    for await (const { offset, data } of y.compute({ ...options, ordered })) {
      const [rows, columns] = data.shape
      elements += rows * columns
      for (const [i, j] of [
        [0, 0],
        [rows - 1, 0],
        [0, columns - 1],
        [rows - 1, columns - 1],
        [rows >> 1, columns >> 1],
      ])
        expect(data.get(i, j)).toBeCloseTo(wanted(offset[0] + i, offset[1] + j), 3)
    }
    expect(elements).toBe(y.size)
  },
})

const quarter = x.at(':1024')
const cases: Record<string, Case> = {
  'element-wise, streamed': stream(x.add(1).mul(2), (i, j) => 2 * (element(i, j) + 1)),
  'element-wise, streamed in order': stream(x.neg(), (i, j) => -element(i, j), true),
  'the headline, streamed': stream(x.add(x.T).sub(x.mean(0)), (i, j) => element(i, j) + element(j, i) - columnMean(j)),
  'the headline, its greatest': numbers(x.add(x.T).sub(x.mean(0)).max()).equal(
    element(side - 1, side - 1) + element(side - 1, side - 1) - columnMean(side - 1),
  ),
  reductions: numbers(x.mean(), x.sum(0).max(), x.max(1).min()).equal(
    mean,
    side * columnMean(side - 1),
    element(0, side - 1),
  ),
  'two passes over one source': numbers(x.sub(x.mean(0)).std(), x.max()).equal(
    side * Math.sqrt((side * side - 1) / 12),
    element(side - 1, side - 1),
  ),
  'rows to columns, streamed': stream(x.rechunk([side, 96]), element),
  'rows to columns, reduced': numbers(x.rechunk([side, 96]).sum(0).max()).equal(side * columnMean(side - 1)),
  'transposed, in blocks of rows': stream(x.T.rechunk([64, side]), (i, j) => element(j, i)),
  'a product': numbers(quarter.at(':, :512').T.matmul(quarter.at(':, :256')).max()).equal(
    Array.from({ length: 1024 }, (_, k) => element(k, 511) * element(k, 255)).reduce((a, b) => a + b),
  ),
  cumulative: stream(x.cumulativeSum({ axis: 0 }), (i, j) => (i + 1) * element(i / 2, j)),
  'whole, in memory': {
    arrays: [quarter.add(1)],
    async run(options) {
      const result = await quarter.add(1).compute(options)
      expect([result.get(0, 0), result.get(1023, side - 1)]).toEqual([1, element(1023, side - 1) + 1])
    },
  },
  'kept in memory': {
    arrays: [quarter.add(2)],
    async run(options) {
      const kept = await quarter.add(2).persist(options)
      expect(await kept.at(1023, side - 1).compute()).toBe(element(1023, side - 1) + 2)
    },
  },
  'written to a file': {
    arrays: [x.add(3)],
    async run(options) {
      const path = join(folder, 'x.npy')
      await x.add(3).toNpy(path, options)
      expect(await nd.fromNpy(path).at(17, 40).compute()).toBe(element(17, 40) + 3)
    },
  },
  'from a store in rows to one in columns': {
    arrays: [],
    async run(options) {
      const [rows, columns] = ['rows.zarr', 'columns.zarr'].map((name) => join(folder, name))
      if (!existsSync(rows)) await x.toZarr(rows, { compressors: null })
      await (await nd.fromZarr(rows))
        .rechunk([side, 96])
        .toZarr(columns, { ...options, overwrite: true, compressors: null })
      const y = await nd.fromZarr(columns)
      for (const [i, j] of [
        [0, 0],
        [17, 40],
        [side - 1, 96],
      ])
        expect(await y.at(i, j).compute()).toBe(element(i, j))
    },
  },
}

const settings = [
  { scheduler: 'threads', memoryLimit: '64MiB' },
  { scheduler: 'threads', memoryLimit: '320MiB' },
  { scheduler: 'local', memoryLimit: '64MiB' },
] as const
for (const { scheduler, memoryLimit } of settings)
  describe(`${scheduler}, ${memoryLimit}: measured <= forecast <= limit`, () => {
    for (const [name, { arrays, run }] of Object.entries(cases))
      it(name, async () => {
        const options = { scheduler, memoryLimit, workers: 2 }
        const limitBytes = parseBytes(memoryLimit, 'limit')
        const told = arrays.length > 0 ? nd.plan(...arrays, options).peakBytes : limitBytes
        const events: nd.RunEvent[] = []
        await run({ ...options, onEvent: (event) => events.push(event) })
        const forecasts = events.flatMap((event) => (event.type === 'start' ? [event.forecastBytes] : []))
        const measured = events.flatMap((event) => (event.type === 'end' ? [event.peakBytes] : []))
        expect(measured.length).toBeGreaterThan(0)
        expect(forecasts.length).toBe(measured.length)
        measured.forEach((bytes, i) => {
          expect(bytes).toBeGreaterThan(0)
          expect(bytes).toBeLessThanOrEqual(forecasts[i])
          expect(forecasts[i]).toBeLessThanOrEqual(told)
        })
        expect(told).toBeLessThanOrEqual(limitBytes)
      })
  })

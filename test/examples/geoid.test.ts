import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NdArray } from 'ndarray'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { analyseGeoid, type ComputedFacts, computeFacts } from '../../examples/geoid-analysis.ts'
import * as nd from '../../src/index.ts'

interface Placed {
  minimum: number
  maximum: number
  sum: number
  absolute: number
  placed: number
  samples: number[][]
}
interface Fixture {
  minimum: number
  maximum: number
  mean: number
  areaMean: number
  zonalMean: number[]
  bandStd: number[]
  anomaly: Placed & { rows: number[]; columns: number[] }
  slope: Placed & { mean: number; std: number }
}
const numpy: Fixture = JSON.parse(readFileSync(new URL('../fixtures/geoid.json', import.meta.url), 'utf8'))
const file = new URL('../../examples/data/egm96_15.gtx', import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'ndloom-geoid-'))
const { anomaly, slope, facts } = analyseGeoid(file)
let computed: ComputedFacts
beforeAll(async () => {
  computed = await computeFacts(facts)
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await nd.shutdown()
})

/** Both add in another order: a rounding or two of the largest term apart. */
const close = (got: number, wanted: number, scale: number): void =>
  expect(Math.abs(got - wanted), `got ${got}, want ${wanted}`).toBeLessThanOrEqual(1e-14 * scale)
const closeAll = (got: number[], wanted: number[], scale: number): void => {
  expect(got.length).toBe(wanted.length)
  for (const [i, value] of got.entries()) close(value, wanted[i], scale)
}
const metres = 100

test('extremes are exactly those of the file', () => {
  expect(computed.minimum).toBe(numpy.minimum)
  expect(computed.maximum).toBe(numpy.maximum)
  expect(computed.minimum.toFixed(5)).toBe('-106.99109')
  expect(computed.maximum.toFixed(5)).toBe('85.39092')
})

test('means, zonal means and deviations are NumPy’s', () => {
  close(computed.mean, numpy.mean, metres)
  close(computed.areaMean, numpy.areaMean, metres)
  closeAll(
    numpy.zonalMean.map((_, row) => computed.zonalMean.get(row)),
    numpy.zonalMean,
    metres,
  )
  expect(computed.zonalMean.shape).toEqual([721])
  closeAll(
    numpy.bandStd.map((_, band) => computed.bandStd.get(band)),
    numpy.bandStd,
    metres,
  )
  expect(computed.bandStd.shape).toEqual([12])
})

test('the range of the anomaly and its slope are NumPy’s', () => {
  close(computed.anomalyMinimum, numpy.anomaly.minimum, metres)
  close(computed.anomalyMaximum, numpy.anomaly.maximum, metres)
  close(computed.slopeMinimum, numpy.slope.minimum, metres)
  close(computed.slopeMaximum, numpy.slope.maximum, metres)
  close(computed.slopeMean, numpy.slope.mean, metres)
  close(computed.slopeStd, numpy.slope.std, metres)
})

/** Every element, by three sums of which one tells elements in the wrong place, and some by themselves. */
function check(result: NdArray<Float64Array>, wanted: Placed, shape: number[]): void {
  expect(result.shape).toEqual(shape)
  const { rows, columns } = numpy.anomaly
  const samples = wanted.samples.map((_, i) => columns.map((column) => result.get(rows[i], column)))
  closeAll(samples.flat(), wanted.samples.flat(), metres)
  const sums = { sum: 0, absolute: 0, placed: 0 }
  for (let i = 0; i < shape[0]; i++)
    for (let j = 0; j < shape[1]; j++) {
      const value = result.get(i, j)
      sums.sum += value
      sums.absolute += Math.abs(value)
      sums.placed += value * ((3 * i + 7 * j) % 11)
    }
  close(sums.sum, wanted.sum, 1e3 * wanted.absolute)
  close(sums.absolute, wanted.absolute, 1e3 * wanted.absolute)
  close(sums.placed, wanted.placed, 1e4 * wanted.absolute)
}

test('the anomaly and its slope are NumPy’s in every place', async () => {
  const [a, s] = (await nd.compute(anomaly, slope)) as NdArray<Float64Array>[]
  check(a, numpy.anomaly, [721, 1440])
  check(s, numpy.slope, [720, 1440])
})

test('the anomaly comes back from its NPY file', async () => {
  const path = join(folder, 'anomaly.npy')
  await anomaly.toNpy(path)
  check((await nd.fromNpy(path).compute()) as NdArray<Float64Array>, numpy.anomaly, [721, 1440])
  const difference = nd.fromNpy(path, { chunks: [100, 333] }).sub(anomaly)
  expect(await nd.all(nd.equal(difference, 0)).compute()).toBe(true)
})

test('a failed toNpy leaves nothing behind', async () => {
  const path = join(folder, 'failed.npy')
  await expect(anomaly.toNpy(path, { signal: AbortSignal.abort() })).rejects.toThrow(nd.AbortError)
  expect(existsSync(path)).toBe(false)
})

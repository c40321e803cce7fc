import type { NdArray } from 'ndarray'
import * as nd from 'ndloom'

const rows = 721
const columns = 1440
/** Bands of longitude of 30 degrees each. */
export const bands = 12

/**
 * What the demo computes from the EGM96 geoid, all of it lazy. Heights are metres; rows run from the south pole to the north
 * pole and columns eastwards from 180 degrees west, a quarter of a degree each. The slope is metres from one row to the next.
 */
export function analyseGeoid(file: string | URL) {
  const height = nd
    .fromBinary(file, { dtype: 'float32', shape: [rows, columns], offset: 40, byteOrder: 'big', chunks: [181, 360] })
    .astype('float64')

  const latitude = nd.linspace(-90, 90, rows)
  const weight = nd.cos(latitude.mul(Math.PI / 180)).reshape([rows, 1])

  const zonalMean = height.mean(1)
  const anomaly = height.sub(zonalMean.reshape([rows, 1]))
  const slope = anomaly.at('1:').sub(anomaly.at(':-1'))
  const facts = {
    minimum: height.min(),
    maximum: height.max(),
    mean: height.mean(),
    areaMean: height.mul(weight).sum().div(weight.sum().mul(columns)),
    zonalMean,
    bandStd: height.reshape([rows, bands, columns / bands]).std([0, 2]),
    anomalyMinimum: anomaly.min(),
    anomalyMaximum: anomaly.max(),
    slopeMinimum: slope.min(),
    slopeMaximum: slope.max(),
    slopeMean: slope.mean(),
    slopeStd: slope.std(),
  }
  return { anomaly, slope, facts }
}

type Facts = ReturnType<typeof analyseGeoid>['facts']
export type ComputedFacts = {
  [name in keyof Facts]: name extends 'zonalMean' | 'bandStd' ? NdArray<Float64Array> : number
}

/** All facts in one computation, so that every block of the file is read once. */
export async function computeFacts(facts: Facts, options: nd.ComputeOptions = {}): Promise<ComputedFacts> {
  const values = await nd.compute(...Object.values(facts), options)
  return Object.fromEntries(Object.keys(facts).map((name, i) => [name, values[i]])) as ComputedFacts
}

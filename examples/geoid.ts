/** The EGM96 geoid: from the file to a table of numbers, an NPY file and a picture. Run it with `npm run demo`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { analyseGeoid, bands, type ComputedFacts, computeFacts } from './geoid-analysis.ts'
import { createMap } from './map.ts'
import { encodePng } from './png.ts'

const file = new URL('data/egm96_15.gtx', import.meta.url)
const anomalyFile = new URL('out/anomaly.npy', import.meta.url)
const pictureFile = new URL('out/anomaly.png', import.meta.url)
const shown = (url: URL): string => relative(process.cwd(), fileURLToPath(url))

const start = performance.now()
mkdirSync(new URL('.', anomalyFile), { recursive: true })
const { anomaly, facts } = analyseGeoid(file)
const computed = await computeFacts(facts, { progress: true })
await anomaly.toNpy(anomalyFile, { progress: true })
await drawAnomaly(computed)
printTable(computed)
console.log(
  `\nwrote ${shown(anomalyFile)} and ${shown(pictureFile)}; ${((performance.now() - start) / 1000).toFixed(2)} s in all`,
)

/** Draws the blocks as they finish, the north at the top. */
async function drawAnomaly({ anomalyMinimum, anomalyMaximum }: ComputedFacts): Promise<void> {
  const [rows, columns] = anomaly.shape
  const limit = Math.ceil(Math.max(-anomalyMinimum, anomalyMaximum) / 20) * 20
  const map = createMap(columns, rows, limit, 20, 'm')
  for await (const { data, offset } of anomaly.compute({ progress: true }))
    for (let i = 0; i < data.shape[0]; i++)
      for (let j = 0; j < data.shape[1]; j++) map.set(rows - 1 - (offset[0] + i), offset[1] + j, Number(data.get(i, j)))
  writeFileSync(pictureFile, encodePng(map.picture))
}

function printTable(computed: ComputedFacts): void {
  const line = (name: string, metres: number): void =>
    console.log(`${name.padEnd(44)}${metres.toFixed(4).padStart(12)} m`)
  console.log('\nEGM96 geoid, 721 x 1440 heights above the WGS84 ellipsoid')
  line('lowest', computed.minimum)
  line('highest', computed.maximum)
  line('mean over the grid', computed.mean)
  line('mean over the area (weights cos latitude)', computed.areaMean)
  for (const latitude of [-60, -30, 0, 30, 60]) {
    const where = latitude === 0 ? 'the equator' : `${Math.abs(latitude)} ${latitude < 0 ? 'south' : 'north'}`
    line(`zonal mean at ${where}`, computed.zonalMean.get((latitude + 90) * 4))
  }
  line('anomaly from the zonal mean, lowest', computed.anomalyMinimum)
  line('anomaly from the zonal mean, highest', computed.anomalyMaximum)
  line('slope of the anomaly in a row, steepest down', computed.slopeMinimum)
  line('slope of the anomaly in a row, steepest up', computed.slopeMaximum)
  line('slope of the anomaly in a row, std', computed.slopeStd)
  const width = 360 / bands
  for (let band = 0; band < bands; band++)
    line(`std from ${-180 + band * width} to ${-180 + (band + 1) * width} east`, computed.bandStd.get(band))
}

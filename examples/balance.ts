/** Tasks of very different length, dealt out in turn and balanced: examples/out/balance.svg shows who did what when. */
import { mkdirSync, writeFileSync } from 'node:fs'
import type { NdArray } from 'ndarray'
import * as nd from 'ndloom'
import { blue, drawTimelines, orange, type TimedTask } from './timeline.ts'

const count = 64
const random = (await nd.random.random([count], { seed: 37 }).compute()) as NdArray<Float64Array>
const delays = Array.from(random.data, (u) => 2 + 70 * u ** 4)

async function delay(this: nd.TaskContext, milliseconds: number): Promise<TimedTask> {
  const now = () => performance.timeOrigin + performance.now()
  const start = now()
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
  return { worker: this.worker, start, end: now() }
}
const sinceFirst = (tasks: readonly TimedTask[]): TimedTask[] => {
  const first = Math.min(...tasks.map(({ start }) => start))
  return tasks.map(({ worker, start, end }) => ({ worker, start: start - first, end: end - first }))
}
const lastEnd = (tasks: readonly TimedTask[]): number => Math.max(...tasks.map(({ end }) => end))

const client = nd.client()
await client.run(() => null) // Starts the workers, which is not to be in the picture.
const workers = client.workers().map(({ worker }) => worker)
const inTurn = sinceFirst(await client.gather(client.map(delay, delays, { workers })))
const balanced = sinceFirst(await client.gather(client.map(delay, delays)))

const file = new URL('out/balance.svg', import.meta.url)
mkdirSync(new URL('.', file), { recursive: true })
const panels = [
  { title: 'dealt out in turn', tasks: inTurn, colour: orange },
  { title: 'balanced', tasks: balanced, colour: blue },
]
writeFileSync(file, drawTimelines(panels))

const taken = balanced.reduce((sum, { start, end }) => sum + end - start, 0)
console.log(`${count} tasks on ${workers.length} workers, ${taken.toFixed(0)} ms together`)
console.log(`dealt out in turn  ${lastEnd(inTurn).toFixed(0).padStart(5)} ms`)
console.log(`balanced           ${lastEnd(balanced).toFixed(0).padStart(5)} ms`)
console.log(
  `at best            ${Math.max(taken / workers.length, ...delays)
    .toFixed(0)
    .padStart(5)} ms`,
)

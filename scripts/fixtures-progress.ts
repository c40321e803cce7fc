/**
 * Records real runs for the test of the time left: test/fixtures/progress.json. Each event is [milliseconds since the start, stage,
 * milliseconds that each of the tasks took that ended].
 * Usage: node scripts/fixtures-progress.ts
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rmSync, writeFileSync } from 'node:fs'
import * as nd from '../src/index.ts'
import { type JobStart, observe } from '../src/scheduler/observe.ts'

const file = join(tmpdir(), `ndloom-progress-${process.pid}.npy`)
const x = nd.random.random([8000, 8000], { chunks: 800, seed: 1 })
const normal = nd.random.defaultRng(1).normal(0, 1, [10000, 8000], { chunks: [1000, 800] })
const runs: Record<string, () => PromiseLike<unknown>> = {
  headline: () => x.add(x.T).sub(x.mean(0)).compute(),
  'headline streamed': async () => {
    for await (const _ of x.add(x.T).sub(x.mean(0)).compute()) await new Promise((resolve) => setTimeout(resolve, 15))
  },
  'two passes': () => normal.sub(normal.mean({ axis: 1, keepdims: true })).div(normal.std(0)).abs().max().compute(),
  'costly functions after cheap ones': () => x.sum().add(x.sin().exp().pow(0.3).sum()).compute(),
  'to a file': () => normal.toNpy(file),
  'from a file': () => nd.fromNpy(file, { chunks: [200, 1000] }).cumulativeSum(0).sum().compute(),
  'a function of the user': () =>
    x
      .at('0:2000, 0:2000')
      .mapBlocks(async (block) => {
        await new Promise((resolve) => setTimeout(resolve, 100))
        return block
      }, { dtype: 'float64' })
      .sum()
      .compute(),
  'on this thread': () => x.mul(x).add(normal.at('0:8000')).std(0).sum().compute({ scheduler: 'local' }),
}

const round = (value: number) => Math.round(value * 10) / 10
async function record(name: string, run: () => PromiseLike<unknown>) {
  let start: JobStart | undefined
  let end = 0
  const events: [number, number, number[]][] = []
  const stop = observe((observation) => {
    if (observation.type === 'jobStart') start = observation
    if (observation.type === 'jobEnd') end = observation.time - start!.time
    if (observation.type !== 'finished') return
    const { time, tasks, times } = observation
    const byStage = new Map<number, number[]>()
    tasks.forEach((task, k) => {
      const stage = start!.stageOf(task)
      byStage.set(stage, [...(byStage.get(stage) ?? []), round(times![2 * k + 1] - times![2 * k])])
    })
    for (const [stage, durations] of byStage) events.push([round(time - start!.time), stage, durations])
  })
  await run()
  stop()
  const stages = start!.stages.map(({ name, tasks, bytesIn, bytesOut }) => ({ name, tasks, bytes: bytesIn + bytesOut }))
  return { name, milliseconds: round(end), workers: start!.workers, stages, events }
}

await x.at('0:1000').sum().compute() // The pool starts.
const recorded = []
for (const [name, run] of Object.entries(runs)) {
  recorded.push(await record(name, run))
  console.log(name, recorded.at(-1)!.milliseconds, 'ms', recorded.at(-1)!.events.length, 'events')
}
rmSync(file, { force: true })
const path = new URL('../test/fixtures/progress.json', import.meta.url)
writeFileSync(path, `[\n${recorded.map((run) => JSON.stringify(run)).join(',\n')}\n]\n`)
await nd.shutdown()

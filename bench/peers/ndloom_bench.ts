/**
 * The ndloom side of the benchmark. Reads case names from standard input, runs each once and writes one line of JSON. The words
 * `import`, `small` and `build` are for a fresh process: the seconds to import the package, of its first small compute, and to
 * build and explain an expression over 10^2, 10^4 and 10^8 blocks.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Answer } from '../child.ts'

const started = performance.now()
const nd = await import('ndloom')
const importSeconds = (performance.now() - started) / 1000
const { cases, checksum, datasets } = await import('../cases.ts')

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')
const peakBytes = (): number => 1024 * Number(/VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1])
const resetPeak = (): void => writeFileSync('/proc/self/clear_refs', '5')
const answer = (facts: Partial<Answer>): void =>
  console.log(JSON.stringify({ peakBytes: peakBytes(), checksum: 0, ...facts }))

/** Lets go of the last result, so that its memory is there for the next: its finalizer runs in a turn of its own. */
async function collectGarbage(): Promise<void> {
  collect()
  for (let turn = 0; turn < 3; turn++) await setImmediate()
}

async function timed<T>(action: () => T): Promise<[Awaited<T>, number]> {
  const start = performance.now()
  const value = await action()
  return [value, (performance.now() - start) / 1000]
}

async function buildSeconds(blocksPerAxis: number): Promise<number> {
  const extent = blocksPerAxis * 1000
  const [, seconds] = await timed(() => {
    const x = nd.random.random([extent, extent], { chunks: [1000, 1000] })
    return x.add(x.T).sub(x.mean(0)).explain()
  })
  return seconds
}

let held: keyof typeof datasets = 'none'
let data: Awaited<ReturnType<(typeof datasets)['matrix']>> | undefined
async function runCase(name: string): Promise<void> {
  const found = cases.find((each) => each.name === name)
  if (!found) throw new Error(`no case ${name}`)
  if (held !== found.data) {
    data = await datasets[found.data]()
    held = found.data
  }
  await collectGarbage()
  resetPeak()
  const [result, seconds] = await timed(() => found.run(data!))
  answer({ seconds, peakBytes: peakBytes(), checksum: checksum(result) })
}

for await (const name of createInterface({ input: process.stdin })) {
  if (name === 'import') answer({ seconds: importSeconds })
  else if (name === 'small') answer({ seconds: (await timed(() => nd.array([1, 2, 3]).add(1).sum().compute()))[1] })
  else if (name === 'build') {
    await buildSeconds(10)
    answer({ seconds: 0, builds: [await buildSeconds(10), await buildSeconds(100), await buildSeconds(10_000)] })
  } else await runCase(name)
}

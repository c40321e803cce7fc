/** The ndloom side of bench/storage.ts: one case, on the store and extent that are named, as one line of JSON. */
import { readFileSync } from 'node:fs'
import * as nd from 'ndloom'

const [name, store, extent] = process.argv.slice(2)
const peakBytes = (): number => 1024 * Number(/VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1])

async function run(): Promise<unknown> {
  if (name === 'write') {
    const shape = [Number(extent), Number(extent)]
    return nd.random.random(shape, { seed: 1, dtype: 'float32', chunks: 2048 }).toZarr(store)
  }
  const x = await nd.fromZarr(store)
  if (name === 'std') return x.std(0).sum().compute()
  if (name === 'anomaly') return x.sub(x.mean(0)).std().compute({ memoryLimit: '512MiB' })
  return x.add(x.T).sub(x.mean(0)).max().compute({ memoryLimit: '1GiB' })
}
const started = performance.now()
const before = process.cpuUsage()
const result = await run()
const { user, system } = process.cpuUsage(before)
const seconds = (performance.now() - started) / 1000
console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, peakBytes: peakBytes(), result }))

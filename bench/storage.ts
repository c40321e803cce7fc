/**
 * ndloom beside Dask on the same Zarr files: `node bench/storage.ts [--runs 3] [--extent 32768] [--store folder]`. The store is written
 * by ndloom where it is not there yet: float32 random numbers, chunks of 2048 x 2048, Blosc with LZ4 and shuffle. Each run is a fresh
 * process, the sides in turns; the files are in the system's cache after the first. Dask is left out where it and zarr do not run
 * (NDLOOM_BENCH_PYTHON names it). Writes its section of bench/results.md.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { measureBandwidth } from './bandwidth.ts'
import { python, threads } from './child.ts'
import { measuredOn, writeSection } from './report.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    extent: { type: 'string', default: '32768' },
    store: { type: 'string' },
  },
})
const extent = Number(values.extent)
const store = values.store ?? join(tmpdir(), `ndloom-bench-${extent}.zarr`)

const cases = [
  { name: 'std', title: '`x.std(0).sum()`', passes: 1 },
  { name: 'anomaly', title: '`(x - x.mean(0)).std()`, memoryLimit 512 MiB', passes: 2 },
  { name: 'transpose', title: '`(x + x.T - x.mean(0)).max()`, memoryLimit 1 GiB', passes: 2 },
]
interface Answer {
  readonly seconds: number
  /** Of all threads, user and system. */
  readonly cpuSeconds: number
  readonly peakBytes: number
  readonly result: number
}

const peer = (name: string): string => fileURLToPath(new URL(`peers/${name}`, import.meta.url))
const sides: Readonly<Record<string, readonly [string, string]>> = {
  ndloom: [process.execPath, peer('storage_bench.ts')],
  dask: [python, peer('storage_bench.py')],
}
function ask(side: string, name: string): Answer | undefined {
  const [command, script] = sides[side]
  const env = { ...process.env, NDLOOM_WORKERS: `${threads}`, BENCH_WORKERS: `${threads}`, PYTHONWARNINGS: 'ignore' }
  try {
    const stdio = ['ignore', 'pipe', side === 'ndloom' ? 'inherit' : 'ignore'] as const
    return JSON.parse(
      execFileSync(command, [script, name, store, `${extent}`], { env, encoding: 'utf8', stdio: [...stdio] }),
    )
  } catch (error) {
    if (side === 'ndloom') throw error
    return undefined
  }
}

if (!existsSync(store)) console.error(`writing ${store}: ${ask('ndloom', 'write')?.seconds.toFixed(1)} s`)
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1]
const shown = (list: readonly Answer[], of: (answer: Answer) => number, digits = 2): string =>
  list.length === 0 ? '-' : median(list.map(of)).toFixed(digits)

const bytesPerSecond = await measureBandwidth(threads)
const rows = cases.map(({ name, title, passes }) => {
  const answers = { ndloom: [] as Answer[], dask: [] as Answer[] }
  for (let run = 0; run < Number(values.runs); run++)
    for (const [side, list] of Object.entries(answers)) {
      const answer = ask(side, name)
      if (answer) list.push(answer)
      console.error(name, side, answer)
    }
  const { ndloom, dask } = answers
  const agree = dask.length > 0 && Math.abs(dask[0].result - ndloom[0].result) < 1e-5 * Math.abs(dask[0].result)
  const copySeconds = (passes * 2 * 4 * extent * extent) / bytesPerSecond
  const ratio =
    dask.length === 0
      ? '-'
      : `${(median(dask.map((a) => a.seconds)) / median(ndloom.map((a) => a.seconds))).toFixed(2)}x`
  const cells = [
    title,
    shown(ndloom, (a) => a.seconds),
    shown(dask, (a) => a.seconds),
    ratio,
    shown(ndloom, (a) => a.cpuSeconds),
    shown(dask, (a) => a.cpuSeconds),
    `${(median(ndloom.map((a) => a.seconds)) / copySeconds).toFixed(1)}x`,
    shown(ndloom, (a) => a.peakBytes / 1e6, 0),
    shown(dask, (a) => a.peakBytes / 1e6, 0),
    dask.length === 0 ? '-' : agree ? 'yes' : 'NO',
  ]
  return `| ${cells.join(' | ')} |`
})

writeSection(
  'Zarr files',
  `${measuredOn()} ${extent} x ${extent} float32 random numbers (${((4 * extent * extent) / 1e9).toFixed(1)} GB), chunks 2048 x 2048, Blosc with LZ4 and shuffle; files in the system's cache; ${threads} threads a side, medians of ${values.runs} runs in turns, each in a fresh process. CPU seconds are those of all threads: what the work costs when other programs run beside it.

"Of a copy" is our time over that of copying the decoded bytes of all passes (read and written once) at the measured ${(bytesPerSecond / 1e9).toFixed(1)} GB/s. Peak memory is that of the whole process.

| case | ndloom, s | Dask, s | ratio | ndloom, CPU s | Dask, CPU s | of a copy | ndloom peak, MB | Dask peak, MB | same result |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}`,
)

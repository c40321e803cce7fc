/**
 * Arrays many times the size of the memory they are computed in. Each case runs in a process of its own, is checked, and must take no more
 * than its forecast, which must be within the limit.
 *
 *   node bench/larger-than-memory.ts [GiB of the array, 8 unless given] [MiB of the limit, 512 unless given]
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ChunkedArray, RunEvent } from 'ndloom'
import { threads } from './child.ts'
import { measuredOn, writeSection } from './report.ts'

interface Measured {
  readonly seconds: number
  readonly stages: number
  readonly tasks: number
  readonly forecastBytes: number
  readonly measuredBytes: number
  /** The most memory that the process had at any time. */
  readonly residentBytes: number
  readonly spilledBytes: number
}

const [gibibytes = 8, mebibytes = 512] = process.argv.slice(2, 4).map(Number)
const side = 2 ** Math.round(Math.log2(Math.sqrt((gibibytes * 2 ** 30) / 8)))
/** Blocks of 1/256 of the array: rows, or columns. */
const thin = side / 256
const element = (i: number, j: number): number => i * side + j
const columnMean = (j: number): number => element((side - 1) / 2, j)

interface Case {
  readonly title: string
  /** Of an array whose elements are their indices, row-major. */
  readonly make: (x: ChunkedArray) => ChunkedArray
  readonly wanted: (i: number, j: number) => number
}
const cases: readonly Case[] = [
  { title: 'rows to columns: `x.rechunk([-1, n])`, streamed', make: (x) => x.rechunk([side, thin]), wanted: element },
  {
    title: '`x.T` in blocks of rows, streamed',
    make: (x) => x.T.rechunk([thin, side]),
    wanted: (i, j) => element(j, i),
  },
  {
    title: '`(x + x.T - x.mean(0)).sum(0)`, x in rows',
    make: (x) => x.add(x.T).sub(x.mean(0)).sum({ axis: 0, keepdims: true }),
    wanted: (_, j) => side * (columnMean(j) + element(j, (side - 1) / 2) - columnMean(j)),
  },
]

/** Streams the case's blocks and looks at their corners. */
async function measure({ make, wanted }: Case): Promise<Measured> {
  const nd = await import('ndloom')
  const ones = nd.ones([side, side], { chunks: [thin, side] })
  // Counted up from ones: blocks that cannot be made again in any others.
  const x = ones
    .cumulativeSum({ axis: 1 })
    .sub(1)
    .add(nd.arange(side, { chunks: thin }).expandDims(1).mul(side))
  const y = make(x)
  const events: RunEvent[] = []
  nd.configure({ memoryLimit: mebibytes * 2 ** 20, workers: threads })
  const options = { onEvent: (event: RunEvent) => events.push(event) }
  const plan = y.plan(options)
  const start = performance.now()
  for await (const { offset, data } of y.compute(options)) {
    const [rows, columns] = data.shape
    for (const [i, j] of [
      [0, 0],
      [rows - 1, columns - 1],
      [rows >> 1, columns >> 1],
    ]) {
      const want = wanted(offset[0] + i, offset[1] + j)
      if (Math.abs(data.get(i, j) - want) > 1e-9 * Math.abs(want))
        throw new Error(`[${offset}] + [${i}, ${j}]: ${data.get(i, j)}, want ${want}`)
    }
  }
  const seconds = (performance.now() - start) / 1000
  const end = events.find((event) => event.type === 'end')
  const status = readFileSync('/proc/self/status', 'latin1')
  await nd.shutdown()
  return {
    seconds,
    stages: plan.stages.length,
    tasks: plan.tasks,
    forecastBytes: plan.peakBytes,
    measuredBytes: end?.peakBytes ?? Number.NaN,
    spilledBytes: end?.spilledBytes ?? Number.NaN,
    residentBytes: 1024 * Number(/VmHWM:\s*(\d+)/.exec(status)?.[1]),
  }
}

function row(index: number): string {
  const path = fileURLToPath(import.meta.url)
  const child = spawnSync(process.execPath, [path, `${gibibytes}`, `${mebibytes}`, `${index}`], { encoding: 'utf8' })
  if (child.status !== 0) return `| ${cases[index].title} | failed: ${child.stderr.trim().split('\n').at(-1)} |`
  const found = JSON.parse(child.stdout) as Measured
  const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0)
  const kept = found.measuredBytes <= found.forecastBytes && found.forecastBytes <= mebibytes * 2 ** 20
  return `| ${[
    cases[index].title,
    found.seconds.toFixed(1),
    `${found.stages}`,
    `${found.tasks}`,
    megabytes(found.forecastBytes),
    megabytes(found.measuredBytes),
    megabytes(found.residentBytes),
    megabytes(found.spilledBytes),
    kept ? 'yes' : 'NO',
  ].join(' | ')} |`
}

const wantedCase = process.argv[4]
if (wantedCase !== undefined) console.log(JSON.stringify(await measure(cases[Number(wantedCase)])))
else {
  const lines = [
    `${measuredOn()} ${threads} workers, memoryLimit ${mebibytes} MiB, x of ${side} x ${side} float64 (${gibibytes} GiB) in ` +
      `blocks of ${thin} rows. Memory in MiB; the process's is the most it had at any time. Results are checked.`,
    '',
    '| case | s | stages | tasks | forecast | measured | process | spilled | measured <= forecast <= limit |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
  ]
  console.log(lines.join('\n'))
  for (const index of cases.keys()) {
    lines.push(row(index))
    console.log(lines[lines.length - 1])
  }
  writeSection('Larger than memory', lines.join('\n'))
}

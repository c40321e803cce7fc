/**
 * The benchmark against Dask: `npm run bench [-- --cases sum,std --runs 5]`. Each case gets a fresh process a side; the two are
 * asked in turns, after warm-ups, and the medians are compared. `start` is the name of what fresh processes are asked. Writes its section
 * of bench/results.md when all cases were run.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { measureBandwidth } from './bandwidth.ts'
import { type Case, cases } from './cases.ts'
import { type Answer, askOnce, python, type Side, startChild, threads } from './child.ts'
import { measuredOn, writeSection } from './report.ts'

const { values } = parseArgs({
  options: {
    cases: { type: 'string' },
    runs: { type: 'string', default: '5' },
    warmups: { type: 'string', default: '8' },
  },
})
const runs = Number(values.runs)
const warmups = Number(values.warmups)
const wanted = values.cases?.split(',')

interface Measured {
  readonly seconds: number
  /** Of the first run, before anything was warm. */
  readonly firstSeconds: number
  readonly peakBytes: number
  readonly checksum: number
}

const median = (list: readonly number[]): number => {
  const sorted = [...list].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
const summarise = (answers: readonly Answer[], firstSeconds: number): Measured => ({
  seconds: median(answers.map((each) => each.seconds)),
  firstSeconds,
  peakBytes: median(answers.map((each) => each.peakBytes)),
  checksum: answers[0].checksum,
})

/** The version of Dask, or undefined when it is not there. */
function daskVersion(): { dask: string; numpy: string; python: string } | undefined {
  try {
    const script = new URL('peers/dask_bench.py', import.meta.url).pathname
    return JSON.parse(
      execFileSync(python, [script, '--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    )
  } catch {
    return undefined
  }
}

/** Runs one case on every side in turns: A B A B ... */
async function measure({ name, isSlow }: Case, sides: readonly Side[]): Promise<Partial<Record<Side, Measured>>> {
  const children = sides.map((side) => ({ side, child: startChild(side), answers: [] as Answer[] }))
  const first = isSlow ? Math.min(1, warmups) : warmups
  try {
    for (let run = 0; run < first + runs; run++)
      for (const { child, answers } of children) answers.push(await child.ask(name))
  } finally {
    for (const { child } of children) child.close()
  }
  return Object.fromEntries(
    children.map(({ side, answers }) => [side, summarise(answers.slice(first), answers[0].seconds)]),
  )
}

const seconds = (value: number | undefined): string => (value === undefined ? '-' : value.toPrecision(3))
const megabytes = (value: number | undefined): string => (value === undefined ? '-' : (value / 1e6).toFixed(0))
const times = (value: number | undefined): string =>
  value === undefined ? '-' : `${value.toFixed(value < 10 ? 2 : 0)}x`
const sameResult = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b))

function row(found: Case, { ndloom, dask }: Partial<Record<Side, Measured>>, bandwidth: number): string {
  const limit = found.bytesMoved && ndloom ? ndloom.seconds / (found.bytesMoved / bandwidth) : undefined
  const ratio = ndloom && dask ? dask.seconds / ndloom.seconds : undefined
  const verdict =
    !found.comparable || !ndloom || !dask ? '-' : sameResult(ndloom.checksum, dask.checksum) ? 'yes' : 'NO'
  const missed = ratio !== undefined && found.wanted !== undefined && ratio < found.wanted
  return `| ${[
    found.title,
    seconds(ndloom?.seconds),
    seconds(dask?.seconds),
    times(ratio),
    found.wanted === undefined ? '-' : `${times(found.wanted)}${missed ? ' (missed)' : ''}`,
    times(limit),
    seconds(ndloom?.firstSeconds),
    seconds(dask?.firstSeconds),
    megabytes(ndloom?.peakBytes),
    megabytes(dask?.peakBytes),
    verdict,
  ].join(' | ')} |`
}

/** What is asked of fresh processes: start-up, and the first use. */
async function startUp(sides: readonly Side[]): Promise<string[]> {
  const lines: string[] = []
  for (const [question, title] of [
    ['import', 'importing the package'],
    ['small', 'the first compute of a small array'],
  ]) {
    const answers: Record<Side, number[]> = { ndloom: [], dask: [] }
    for (let run = 0; run < runs; run++)
      for (const side of sides) answers[side].push((await askOnce(side, question)).seconds)
    const [ndloom, dask] = [answers.ndloom, answers.dask].map((list) => (list.length ? median(list) : undefined))
    lines.push(`| ${title} | ${seconds(ndloom)} | ${seconds(dask)} |`)
  }
  const { builds = [] } = await askOnce('ndloom', 'build')
  for (const [i, blocks] of ['100', '10^4', '10^8'].entries())
    lines.push(`| building and explaining \`x + x.T - x.mean(0)\` over ${blocks} blocks | ${seconds(builds[i])} | - |`)
  return lines
}

const versions = daskVersion()
const sides: Side[] = versions ? ['ndloom', 'dask'] : ['ndloom']
if (!versions)
  console.error(`Dask is not there for ${python}: ndloom alone. Install it with pip install 'dask[array]' numpy.`)
const bandwidth = await measureBandwidth(threads)
const ownVersion = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
const lines: string[] = [
  `${measuredOn()} ndloom ${ownVersion}; ` +
    (versions ? `Dask ${versions.dask}, NumPy ${versions.numpy}, Python ${versions.python}` : 'Dask was not there') +
    `. ${threads} threads a side, one thread in NumPy's own libraries; medians of ${runs} runs in turns after ${warmups} warm-ups (1 where chunks are tiny), as V8 optimises ` +
    `what has run several times and NumPy's allocator keeps what it was given back; "first" is the very first run of a process. ` +
    `Arrays are 10000 x 10000 float64 in blocks of 1000 x 1000, in memory before the clock starts where the case does not make them.`,
  '',
  `"Of the limit" is our time over the time that the bytes of the case take at the measured memory bandwidth of ` +
    `${(bandwidth / 1e9).toFixed(1)} GB/s (${threads} threads adding two arrays): 1x is as fast as the memory. Peak memory is that of the ` +
    'whole process in the timed runs, arrays held in memory included.',
  '',
  '| case | ndloom, s | Dask, s | ratio | wanted | of the limit | ndloom first, s | Dask first, s | ndloom peak, MB | Dask peak, MB | same result |',
  '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
]
console.log(lines.join('\n'))
for (const found of cases.filter((each) => !wanted || wanted.includes(each.name))) {
  const line = row(found, await measure(found, sides), bandwidth)
  lines.push(line)
  console.log(line)
}
if (!wanted || wanted.includes('start')) {
  const more = ['', '| start | ndloom, s | Dask, s |', '| --- | --- | --- |', ...(await startUp(sides))]
  console.log(more.join('\n'))
  lines.push(...more)
}
if (!wanted) writeSection('Arrays', lines.join('\n'))

/**
 * Tasks beside Python's libraries: `node bench/tasks.ts [--runs 5]`. Ours and theirs are asked in turns, each after a warm-up, and the
 * medians are compared. Libraries that cannot be imported are left out. Writes its section of bench/results.md.
 */
import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import * as nd from 'ndloom'
import { python } from './child.ts'
import { measuredOn, writeSection } from './report.ts'

const workers = 2
const runs = Number(parseArgs({ options: { runs: { type: 'string', default: '5' } } }).values.runs)
const script = new URL('peers/tasks_bench.py', import.meta.url).pathname

interface Case {
  readonly name: string
  readonly title: string
  /** What the seconds are divided by and the unit of the result. */
  readonly per: number
  readonly unit: string
  /** At most this, in the unit. */
  readonly wanted: number
  readonly run: () => Promise<unknown>
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
const square = (x: number): number => x * x
/** Durations in milliseconds, from 0 to 40, in a scrambled order. */
const durations = range(64).map((i) => (((i * 37 + 11) % 64) / 64) * 40)
const sleep = (milliseconds: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
/** No schedule is shorter than the longest task, nor than the sum over the workers. */
const bestSeconds = Math.max(durations.reduce((sum, one) => sum + one) / workers, ...durations) / 1000

const increment = nd.delayed((a: number) => a + 1)
const sumOf = nd.delayed((list: number[]) => list.reduce((a, b) => a + b, 0))

const pool = new nd.Pool({ workers })
const client = nd.client({ workers })
const cases: readonly Case[] = [
  {
    name: 'map, chunksize 1',
    title: '`pool.map(square, 20000 items, { chunksize: 1 })`',
    per: 20000e-6,
    unit: 'us an item',
    wanted: 8,
    run: () => pool.map(square, range(20000), { chunksize: 1 }),
  },
  {
    name: 'map',
    title: '`pool.map(square, 200000 items)`',
    per: 200000e-6,
    unit: 'us an item',
    wanted: 0.3,
    run: () => pool.map(square, range(200000)),
  },
  {
    name: 'delayed',
    title: '10,000 delayed calls and one sum',
    per: 10000e-6,
    unit: 'us a call',
    wanted: 8,
    run: () => sumOf(range(10000).map((i) => increment(i))).compute({ workers }),
  },
  {
    name: 'futures',
    title: '5,000 futures submitted and gathered',
    per: 5000e-6,
    unit: 'us a future',
    wanted: 20,
    run: () => client.gather(range(5000).map((i) => client.submit(square, i))),
  },
  {
    name: 'uneven tasks',
    title: '64 tasks of 0 to 40 ms',
    per: bestSeconds,
    unit: 'x the best possible',
    wanted: 1.1,
    run: () => client.gather(client.map(sleep, durations)),
  },
]

async function measureOurs({ run, per }: Case): Promise<number> {
  await run()
  const start = performance.now()
  await run()
  return (performance.now() - start) / 1000 / per
}
function measurePeers({ name, per }: Case): Record<string, number> {
  try {
    const text = execFileSync(python, [script, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const seconds: Record<string, number> = JSON.parse(text)
    return Object.fromEntries(Object.entries(seconds).map(([library, each]) => [library, each / per]))
  } catch {
    return {} // No Python.
  }
}
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1]
const show = (value: number): string => value.toPrecision(3)

/** Half a million calls, summed two by two in a graph under a million keys: built and run, in a process of its own. */
const millionKeys = `
import * as nd from 'ndloom'
const start = performance.now()
const increment = (a) => a + 1
const add = (a, b) => a + b
const spec = new Map()
let level = Array.from({ length: 500_000 }, (_, i) => spec.set('leaf ' + i, [increment, i]) && 'leaf ' + i)
for (let height = 0; level.length > 1; height++) {
  const next = []
  for (let i = 0; i < level.length; i += 2) {
    if (i + 1 < level.length) spec.set(height + ' ' + i, [add, level[i], level[i + 1]])
    next.push(i + 1 < level.length ? height + ' ' + i : level[i])
  }
  level = next
}
const sum = await nd.graph(spec).get(level[0], { workers: ${workers} })
if (sum !== (500_000 * 500_001) / 2) throw new Error('a wrong sum: ' + sum)
console.log(JSON.stringify([(performance.now() - start) / 1000, process.resourceUsage().maxRSS * 1024]))
`
function measureMillion(): [seconds: number, peakBytes: number] {
  const cwd = new URL('.', import.meta.url)
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', millionKeys], { cwd, encoding: 'utf8' }),
  )
}

const rows: string[] = []
for (const one of cases) {
  const ours: number[] = []
  const theirs: Record<string, number[]> = {}
  for (let run = 0; run < runs; run++) {
    ours.push(await measureOurs(one))
    for (const [library, value] of Object.entries(measurePeers(one)))
      theirs[library] = [...(theirs[library] ?? []), value]
  }
  const own = median(ours)
  const peers = Object.entries(theirs).map(([library, values]) => `${library} ${show(median(values))}`)
  const missed = own > one.wanted ? ' (missed)' : ''
  rows.push(`| ${one.title} | ${show(own)} ${one.unit} | ${one.wanted}${missed} | ${peers.join(', ') || '-'} |`)
  process.stdout.write(`${rows[rows.length - 1]}\n`)
}
const million = Array.from({ length: runs }, measureMillion)
const [seconds, peakBytes] = [0, 1].map((k) => median(million.map((run) => run[k])))
const isMissed = seconds > 10 || peakBytes > 1e9
rows.push(
  `| a graph of a million tasks, built and run | ${show(seconds)} s, peak ${show(peakBytes / 1e9)} GB | 10 s, 1 GB${isMissed ? ' (missed)' : ''} | - |`,
)
writeSection(
  'Tasks',
  `${measuredOn()} ${workers} workers a side; medians of ${runs} runs in turns, each after a warm-up.

| case | ndloom | at most | there |
| --- | --- | --- | --- |
${rows.join('\n')}`,
)
await pool.close()
await client.close()
await nd.shutdown()

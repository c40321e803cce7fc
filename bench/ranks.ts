/**
 * nd.ranks beside mpi4py, two ranks a side: `node bench/ranks.ts [--runs 7]`. The sides are asked in turns, each in a fresh process
 * that reports the median of each case; the medians of those are compared. mpi4py is left out where it does not run
 * (NDLOOM_BENCH_PYTHON and NDLOOM_BENCH_MPIEXEC name it). Writes its section of bench/results.md.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { python } from './child.ts'
import { measuredOn, writeSection } from './report.ts'

interface Case {
  readonly name: string
  readonly title: string
  /** Microseconds that the issue allows. */
  readonly wanted?: number
}
const cases: readonly Case[] = [
  { name: 'pingPong', title: 'object `{ a, b }` there and back (a round trip)', wanted: 40 },
  { name: 'message', title: 'the same, a message (half of it)', wanted: 40 },
  { name: 'barrier', title: 'barrier' },
  { name: 'number', title: 'allreduce of a number' },
  { name: 'allreduce', title: 'allreduce of 8 MB of float64 into a given array', wanted: 2000 },
  { name: 'inPlace', title: 'the same, in place', wanted: 2000 },
  { name: 'newArray', title: 'the same, into a new array' },
  { name: 'array', title: '8 MB of float64 there and back' },
]
type Times = Readonly<Record<string, number>>

const { values } = parseArgs({ options: { runs: { type: 'string', default: '7' } } })
const peer = (name: string): string => fileURLToPath(new URL(`peers/${name}`, import.meta.url))
const mpiexec = process.env.NDLOOM_BENCH_MPIEXEC ?? 'mpiexec'
const commands: Readonly<Record<string, readonly [string, readonly string[]]>> = {
  ndloom: [process.execPath, [peer('ranks_bench.ts')]],
  mpi4py: [mpiexec, ['-n', '2', python, peer('mpi_bench.py')]],
}

function ask(side: string): Times | undefined {
  const [command, args] = commands[side]
  try {
    return JSON.parse(execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }))
  } catch (error) {
    if (side === 'ndloom') throw error
    return undefined
  }
}
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1]

const answers = { ndloom: [] as Times[], mpi4py: [] as Times[] }
for (let run = 0; run < Number(values.runs); run++)
  for (const [side, list] of Object.entries(answers)) {
    const times = ask(side)
    if (times) list.push(times)
  }
if (answers.mpi4py.length === 0) console.error('mpi4py does not run here: ndloom alone.')
const shown = (list: readonly Times[], name: string): string =>
  list.length === 0 ? '-' : median(list.map((times) => times[name])).toFixed(1)
const best = (list: readonly Times[], name: string): string =>
  list.length === 0 ? '-' : Math.min(...list.map((times) => times[name])).toFixed(1)
const rows = cases.map(({ name, title, wanted }) => {
  const columns = [shown(answers.ndloom, name), best(answers.ndloom, name), shown(answers.mpi4py, name)]
  return `| ${[title, ...columns, best(answers.mpi4py, name), wanted ?? '-'].join(' | ')} |`
})
const lines = [
  `${measuredOn()} Microseconds; two ranks a side, ndloom's on two threads and mpi4py's in two processes. Each run, in turns and in a fresh ` +
    `process, gives the median of each case; of ${values.runs} runs the median and the best. mpi4py writes into given arrays; its objects are pickled.`,
  '',
  '| case | ndloom | best | mpi4py | best | wanted |',
  '| --- | --- | --- | --- | --- | --- |',
  ...rows,
]
console.log(lines.join('\n'))
writeSection('Ranks', lines.join('\n'))

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** One line of a child. */
export interface Answer {
  readonly seconds: number
  readonly checksum: number
  readonly peakBytes: number
  /** Seconds to build and explain over ever more blocks. */
  readonly builds?: readonly number[]
}
/** A process that runs the case it is asked for, once each time. */
export interface Child {
  ask(name: string): Promise<Answer>
  close(): void
}
export type Side = 'ndloom' | 'dask'

export const threads = 2
export const python = process.env.NDLOOM_BENCH_PYTHON ?? 'python3'
const peer = (name: string): string => fileURLToPath(new URL(`peers/${name}`, import.meta.url))
const commands: Record<Side, [string, string[]]> = {
  ndloom: [process.execPath, [peer('ndloom_bench.ts')]],
  dask: [python, [peer('dask_bench.py')]],
}

/** Starts one side. Its errors go to our standard error. */
export function startChild(side: Side): Child {
  const [command, args] = commands[side]
  const env = { ...process.env, NDLOOM_WORKERS: `${threads}`, BENCH_WORKERS: `${threads}`, PYTHONWARNINGS: 'ignore' }
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async ask(name) {
      child.stdin.write(`${name}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error(`${side} ended at the case ${name}`)
      return JSON.parse(value)
    },
    close: () => child.stdin.end(),
  }
}

/** Asks one fresh process one question. */
export async function askOnce(side: Side, name: string): Promise<Answer> {
  const child = startChild(side)
  try {
    return await child.ask(name)
  } finally {
    child.close()
  }
}

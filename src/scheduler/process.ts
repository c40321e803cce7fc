import { tmpdir } from 'node:os'
import { config } from '../core/config.ts'
import { createEngine, type Engine } from './engine.ts'
import { processSeats } from './seats.ts'

let engine: Engine | undefined

/** The process's one engine, made on first use. Its workers start when a job needs them. */
export function getEngine(): Engine {
  engine ??= createEngine({
    memoryLimitBytes: config().memoryLimit,
    workers: config().workers,
    seats: processSeats(),
    spillDirectory: () => config().spillDirectory ?? tmpdir(),
    createExecutor: async (memory, scratchAddress) =>
      (await import('../worker/execute.ts')).createExecutor(memory, scratchAddress),
  })
  engine.memoryLimitBytes = config().memoryLimit
  return engine
}

/** Ends the workers, if there are any; computations that run are aborted. The next computation starts new ones. */
export async function shutdown(): Promise<void> {
  await engine?.shutdown()
}

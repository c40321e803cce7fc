import { afterEach, beforeEach, expect } from 'vitest'
import * as nd from '../../src/index.ts'
import { getEngine } from '../../src/scheduler/process.ts'

export const schedulers = ['local', 'threads'] as const
export const usedBytes = (): number => getEngine().usedBytes

/** The pool works: starts it where it does not run. */
export async function expectUsable(): Promise<void> {
  for (const scheduler of schedulers)
    expect(await nd.arange(1000, { chunks: 100 }).sum().compute({ scheduler, workers: 2 })).toBe(499500)
}

/** After every test of the file the pool is usable, and the heap holds what it held before. */
export function expectNothingLeft(): void {
  let before = 0
  beforeEach(async () => {
    await expectUsable()
    before = usedBytes()
  })
  afterEach(async () => {
    await expectUsable()
    expect(usedBytes()).toBe(before)
  })
}

/** Runs the collector of garbage until a condition holds: results and persisted arrays are freed when it has found them. */
export async function collectUntil(holds: () => boolean): Promise<void> {
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let tries = 0; tries === 0 || (tries < 100 && !holds()); tries++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(holds()).toBe(true)
}

import { availableParallelism, totalmem } from 'node:os'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { mostWorkers, parseBytes, parseWorkers } from '../../src/core/config.ts'
import { NdloomError } from '../../src/core/errors.ts'

/** The module as a fresh process would have it. */
async function fresh(environment: Record<string, string> = {}): Promise<typeof import('../../src/core/config.ts')> {
  vi.resetModules()
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  return import('../../src/core/config.ts')
}
afterEach(() => {
  vi.unstubAllEnvs()
})

describe('config', () => {
  test('defaults', async () => {
    const { config } = await fresh({ NDLOOM_WORKERS: '', NDLOOM_MEMORY_LIMIT: '' })
    expect(config()).toMatchObject({ chunkBytes: 33554432, scheduler: 'threads', spillDirectory: undefined })
    expect(config().workers).toBe(availableParallelism())
    expect(config().memoryLimit).toBeGreaterThan(2 ** 20)
    expect(config().memoryLimit).toBeLessThanOrEqual(0.6 * totalmem())
  })
  test('the environment, and configure above it', async () => {
    const { config, configure } = await fresh({
      NDLOOM_WORKERS: '1',
      NDLOOM_MEMORY_LIMIT: ' 512MiB ',
      NDLOOM_SPILL_DIRECTORY: '/data/spill',
    })
    expect(config()).toMatchObject({ workers: 1, memoryLimit: 2 ** 29, spillDirectory: '/data/spill' })
    configure({ workers: 0, chunkBytes: '1MB', scheduler: 'local', memoryLimit: undefined })
    expect(config()).toMatchObject({ workers: 0, chunkBytes: 1e6, scheduler: 'local', memoryLimit: 2 ** 29 })
  })
  test('never more workers than the process may run at once', async () => {
    const { config, configure } = await fresh({ NDLOOM_WORKERS: '1000' })
    expect(config().workers).toBe(availableParallelism())
    configure({ workers: 0 })
    expect(config().workers).toBe(0)
    configure({ workers: 1024 })
    expect(config().workers).toBe(availableParallelism())
  })
  test('bad values say where they came from and what is wanted', async () => {
    const broken = await fresh({ NDLOOM_WORKERS: 'many' })
    expect(() => broken.config()).toThrow(/NDLOOM_WORKERS: got 'many', wanted a whole number/)
    vi.unstubAllEnvs()
    const { configure, config } = await fresh()
    expect(() => configure({ scheduler: 'cluster' as 'local' })).toThrow(/configure: scheduler: got 'cluster'/)
    expect(() => configure({ worker: 3 } as object)).toThrow(/there is no setting worker; there are workers/)
    expect(() => configure({ spillDirectory: '' })).toThrow(/spillDirectory/)
    expect(config().scheduler).toBe('threads')
  })
})

describe('sizes and counts', () => {
  test.each([
    ['512MiB', 2 ** 29],
    ['2GB', 2e9],
    ['2 gb', 2e9],
    ['1.5KiB', 1536],
    ['1000', 1000],
    ['7b', 7],
    [123.9, 123],
    [1, 1],
  ])('%s', (text, bytes) => {
    expect(parseBytes(text, 'size')).toBe(bytes)
  })
  test.each(['', '0', '-1', '12 parsec', 'MiB', '1e9', 0, -5, Number.NaN, Number.POSITIVE_INFINITY, null, 5n, {}])(
    'not a size: %s',
    (value) => {
      expect(() => parseBytes(value, 'size')).toThrow(NdloomError)
    },
  )
  test.each([
    [0, 0],
    ['1', 1],
    [1024, mostWorkers()],
    ['1000', mostWorkers()],
  ])('%s workers', (value, count) => {
    expect(parseWorkers(value, 'workers')).toBe(count)
  })
  test.each([[-1], [1.5], [''], ['2.5'], [Number.NaN], [1025], [undefined]])('not a number of workers: %s', (value) => {
    expect(() => parseWorkers(value, 'workers')).toThrow(NdloomError)
  })
})

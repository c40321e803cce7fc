import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { config, mostWorkers } from '../../src/core/config.ts'
import * as nd from '../../src/index.ts'

afterAll(() => nd.shutdown())

const run = promisify(execFile)
const index = new URL('../../src/index.ts', import.meta.url).href
const oneCore = (program: string) =>
  run('taskset', ['-c', '0', process.execPath, '--no-warnings', '--input-type=module', '-e', program], {
    timeout: 60_000,
    env: { ...process.env, NDLOOM_WORKERS: '8' },
  })
const hasTaskset = await run('taskset', ['-c', '0', process.execPath, '--version']).then(
  () => true,
  () => false,
)

test('what asks for more workers than the process may run has as many as that', () => {
  const many = { workers: 1000 }
  const most = mostWorkers()
  nd.configure(many)
  expect(config().workers).toBe(most)
  expect([new nd.Pool(many).workers, new nd.Pool({ ...many, kind: 'process' }).workers]).toEqual([most, most])
  expect(nd.client(many).workers()).toHaveLength(most)
})

test.skipIf(!hasTaskset)(
  'a process that is bound to one core has one worker of every kind, whatever is asked for',
  async () => {
    const program = `
    const nd = await import(${JSON.stringify(index)})
    const found = [nd.client().workers().length]
    nd.configure({ workers: 8 })
    found.push(nd.client().workers().length, nd.client({ workers: 8 }).workers().length)
    const where = function () { return this.worker }
    for (const options of [{}, { initializer: () => {} }, { kind: 'process' }]) {
      const pool = new nd.Pool({ workers: 8, ...options })
      found.push(pool.workers, new Set(await pool.map(where, Array(20).fill(0), { chunksize: 1 })).size)
      await pool.close()
    }
    found.push(new Set(await nd.parallel(8)(Array(20).fill([where]))).size)
    found.push((await nd.client({ workers: 8 }).run(where)).length)
    const { workers } = await nd.profile(() => nd.ones([64, 64], { chunks: 8 }).sum().compute({ workers: 8 }))
    found.push(workers.filter((worker) => worker >= 0).length)
    found.push(...(await nd.ranks(3, (comm) => comm.allreduce(1, 'sum'))))
    process.stdout.write(JSON.stringify(found))`
    const { stdout } = await oneCore(program)
    expect(JSON.parse(stdout)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3])
  },
  90_000,
)

const pools: Record<string, nd.PoolOptions> = {
  'the workers of the process': {},
  'threads of its own': { initializer: () => {} },
  processes: { kind: 'process' },
}
/** Works for some time; from when to when, on the clock that all threads and processes have. */
const work = (milliseconds: number): [bigint, bigint] => {
  const start = process.hrtime.bigint()
  while (process.hrtime.bigint() - start < milliseconds * 1e6);
  return [start, process.hrtime.bigint()]
}

test('pools of all kinds, and ranks, together have no more at work than the process may run', async () => {
  const milliseconds = Array.from({ length: 30 }, (_, i) => 1 + (i % 5))
  const opened = Object.values(pools).map((options) => new nd.Pool(options))
  const ranks = nd.ranks(mostWorkers(), async (comm): Promise<[bigint, bigint]> => {
    const start = process.hrtime.bigint()
    for (let k = 0; k < 20; k++) await comm.barrier()
    return [start, process.hrtime.bigint()]
  })
  const spans = await Promise.all([
    ...opened.flatMap((pool) => [pool.map(work, milliseconds, { chunksize: 1 }), pool.map(work, milliseconds)]),
    ranks,
  ])
  const changes = spans.flat().flatMap(([start, end]) => [
    { time: start, by: 1 },
    { time: end, by: -1 },
  ])
  changes.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.by - b.by))
  let atWork = 0
  const counts = changes.map(({ by }) => (atWork += by))
  expect(Math.max(...counts)).toBeLessThanOrEqual(mostWorkers())
  expect(atWork).toBe(0)
  for (const pool of opened) await pool.close()
})

test.each(Object.keys(pools))(
  'a long run of arrays and a pool go on side by side: %s',
  async (kind) => {
    const controller = new AbortController()
    const long = nd.random
      .random([20_000, 1_000_000], { chunks: [1, 1_000_000] })
      .sum()
      .compute({ signal: controller.signal })
    const ended = long.then(
      () => expect.unreachable('it has run to its end'),
      (error) => error,
    )
    const pool = new nd.Pool(pools[kind])
    for (let k = 0; k < 5; k++)
      expect(await pool.map((x: number) => x * x, [1, 2, 3], { chunksize: 1 })).toEqual([1, 4, 9])
    controller.abort('enough')
    expect(await ended).toBeInstanceOf(nd.AbortError)
    await pool.close()
  },
  60_000,
)

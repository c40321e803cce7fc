import { inspect } from 'node:util'
import { afterAll, describe, expect, it, vi } from 'vitest'
import * as nd from '../../../src/index.ts'
import { isObserved } from '../../../src/scheduler/observe.ts'

afterAll(() => nd.shutdown())
const x = nd.random.random([80, 60], { chunks: 20 })

for (const scheduler of ['local', 'threads'] as const)
  describe(`profile (${scheduler})`, () => {
    it('gives the result and every task of all computations, with worker, times, bytes and block', async () => {
      const profile = await nd.profile(async () => {
        const mean = await x.mean().compute<number>({ scheduler })
        return (await x.sub(mean).sum().compute<number>({ scheduler })) < 1e-9
      })
      expect(profile.result).toBe(true)
      expect(profile.jobs).toHaveLength(2)
      expect(profile.tasks).toHaveLength(profile.jobs[0].tasks + profile.jobs[1].tasks)
      expect(profile.stages.reduce((sum, { tasks }) => sum + tasks, 0)).toBe(profile.tasks.length)
      for (const { job, stage, stageIndex, start, end, worker } of profile.tasks) {
        expect(profile.stages[stageIndex].name).toBe(stage)
        expect(start).toBeGreaterThanOrEqual(profile.jobs[job].start - 0.1)
        expect(end).toBeGreaterThanOrEqual(start)
        expect(end).toBeLessThanOrEqual(profile.jobs[job].end! + 0.1)
        expect(profile.workers).toContain(worker)
      }
      const random = profile.tasks.filter(({ job, stage }) => job === 0 && stage === 'random uniform')
      expect(random.map(({ block }) => block.join()).sort()).toEqual(
        Array.from({ length: 12 }, (_, k) => `${Math.floor(k / 3)},${k % 3}`),
      )
      expect(random.every(({ bytesIn, bytesOut }) => bytesIn === 0 && bytesOut === 20 * 20 * 8)).toBe(true)
      expect(profile.peakBytes).toBeGreaterThanOrEqual(Math.max(...profile.jobs.map(({ peakBytes }) => peakBytes!)))
      expect(Math.max(...profile.memory.map(({ bytes }) => bytes))).toBe(profile.peakBytes)
    })
  })

it('sees the calls of pools as well, on workers of their own beside those of arrays', async () => {
  const pool = new nd.Pool({ workers: 1, kind: 'process' })
  const profile = await nd.profile(async () => {
    const square = (n: number) => n * n
    const [squares] = await Promise.all([pool.map(square, [1, 2, 3], { chunksize: 1 }), x.sum().compute()])
    return squares
  })
  await pool.close()
  expect(profile.result).toEqual([1, 4, 9])
  const own = profile.tasks.filter(({ stage }) => stage === 'square')
  expect(own).toHaveLength(3)
  expect(new Set(own.map(({ worker }) => worker)).size).toBe(1)
  expect(profile.tasks.filter(({ worker }) => worker === own[0].worker)).toHaveLength(3)
  for (const { start, end } of own) {
    expect(start).toBeGreaterThan(-0.1)
    expect(end).toBeGreaterThanOrEqual(start)
    expect(end).toBeLessThan(profile.duration + 0.1)
  }
})
it('names the calls of delayed functions and of ranks', async () => {
  const double = nd.delayed(function double(n: number) {
    return 2 * n
  })
  const sum = nd.delayed(function sum(...all: number[]) {
    return all.reduce((a, b) => a + b)
  })
  const profile = await nd.profile(async () => {
    await nd.ranks(2, (comm) => comm.rank)
    return sum(double(1), double(2), double(3)).compute()
  })
  expect(profile.result).toBe(12)
  expect(profile.stages.map(({ name, kind, tasks }) => [name, kind, tasks])).toEqual([
    ['ranks', 'call', 2],
    ['double', 'call', 3],
    ['sum', 'call', 1],
  ])
})
it('shows itself as its report, and as JSON without the result', async () => {
  const profile = await nd.profile(() => x.sum().compute())
  expect(inspect(profile)).toBe(profile.report())
  const data = JSON.parse(JSON.stringify(profile))
  expect(data).not.toHaveProperty('result')
  expect(data.tasks).toHaveLength(profile.tasks.length)
})
it('in a notebook shows its picture and its report at once', async () => {
  const shown: string[] = []
  const tslab = { display: { html: (text: string) => shown.push(text) } }
  vi.stubGlobal('__tslab__', { require: () => tslab })
  const profile = await nd.profile(() => x.sum().compute())
  expect(inspect(profile)).toMatch(/^\[Profile 1 job, \d+ tasks? on/)
  vi.unstubAllGlobals()
  expect(shown).toHaveLength(1)
  expect(shown[0]).toContain('<svg')
  expect(shown[0]).toContain('<pre style="font-family: monospace">1 job')
  expect(inspect([profile])).toContain('1 job')
})
it('ends with what the function throws, and observes no longer', async () => {
  const thrown = new RangeError('enough')
  await expect(
    nd.profile(() => {
      throw thrown
    }),
  ).rejects.toBe(thrown)
  expect(isObserved()).toBe(false)
  const profile = await nd.profile(() => 7)
  expect(profile.result).toBe(7)
  expect(profile.tasks).toEqual([])
  expect(profile.report()).toContain('0 jobs, 0 tasks')
  expect(isObserved()).toBe(false)
})
it('tells of a job that failed while the function went on', async () => {
  const broken = x.mapBlocks(
    () => {
      throw new RangeError('no luck')
    },
    { dtype: 'float64' },
  )
  const profile = await nd.profile(() =>
    broken
      .sum()
      .compute()
      .catch(() => 'caught'),
  )
  expect(profile.result).toBe('caught')
  expect(profile.jobs[0].error).toContain('no luck')
  expect(profile.report()).toContain('1 job (1 failed)')
})
it('refuses a computation that has not been wrapped in a function', async () => {
  await expect(nd.profile(x.sum().compute() as never)).rejects.toThrow(
    'profile: got a Computation, want a function that computes, as () => x.compute()',
  )
})

it('counts the tasks of a pool that failed, each once', async () => {
  await using pool = new nd.Pool()
  const half = (n: number): number => {
    if (n % 2 === 0) throw new RangeError(`${n} is even`)
    return n
  }
  const profile = await nd.profile(() =>
    pool.map(half, [1, 2, 3, 4], { chunksize: 1 }).catch((error) => error.cause.name),
  )
  expect(profile.result).toBe('RangeError')
  expect(profile.jobs[0].failedTasks).toBe(2)
  expect(profile.report()).toMatch(/4 tasks \(2 failed\)/)
})

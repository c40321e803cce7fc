import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { optimise } from '../../src/graph/optimise.ts'
import * as nd from '../../src/index.ts'
import { planCost } from '../../src/plan/explain.ts'
import { lower } from '../../src/plan/lower.ts'
import { layOut } from '../../src/plan/tasks.ts'
import { sequentialBoundBytes } from '../../src/run/bound.ts'
import { forecast, type Needs, needsOf } from '../../src/run/forecast.ts'
import { tableOf } from '../../src/run/job.ts'
import { settingsOf } from '../../src/run/options.ts'

afterAll(() => nd.shutdown())

describe('the bound by stages', () => {
  const side = 60
  const chunk = fc.integer({ min: 3, max: side })
  const source = fc.tuple(chunk, chunk).map((chunks) => nd.random.random([side, side], { seed: 1, chunks }))
  const made = source.map((x) => x.mapBlocks((block) => block))
  const leaf = fc.oneof(source, made)
  const unary: ((x: nd.ChunkedArray, size: number) => nd.ChunkedArray)[] = [
    (x) => x.add(1).mul(x.T),
    (x) => x.sub(x.mean(0)),
    (x) => x.cumulativeSum({ axis: 1 }),
    (x, size) => x.rechunk([size, side]),
    (x, size) => x.rechunk([side, size]).add(1),
    (x) => x.mapBlocks((block) => block),
    (x) => nd.concat([x.at(':20'), x.at('20:').add(1)], { axis: 0 }),
    (x) => x.reshape([side * side]).reshape([side, side]),
    (x) => x.matmul(x.add(1)),
    (x) => x.at('::-1').add(x),
  ]
  const last: ((x: nd.ChunkedArray) => nd.ChunkedArray)[] = [(x) => x, (x) => x.sum(), (x) => x.std(0), (x) => x.max(1)]
  const expression = fc
    .tuple(leaf, fc.array(fc.tuple(fc.nat(unary.length - 1), chunk), { maxLength: 4 }), fc.nat(last.length - 1))
    .map(([x, steps, end]) => last[end](steps.reduce((y, [step, size]) => unary[step](y, size), x)))

  it('is never below what the tasks need in order', () => {
    fc.assert(
      fc.property(expression, fc.constantFrom(2 ** 30, 40_000), (x, roomBytes) => {
        const roots = optimise([x.expr]).roots.map((expr) => ({ expr, assemble: false }))
        const plan = lower(roots, { roomBytes, concurrency: 3 })
        const { inOrderBytes } = needsOf(tableOf(plan, layOut(plan, false), 0), 0)
        expect(sequentialBoundBytes(plan, planCost(plan))).toBeGreaterThanOrEqual(inOrderBytes)
      }),
      { numRuns: 100 },
    )
  })
  it('of a chain that ends in a reduction does not grow with the blocks', () => {
    const peak = (rows: number) =>
      nd.random.random([rows, 1000], { seed: 1, chunks: 1000 }).add(1).sqrt().sum().plan({ memoryLimit: '4GiB' })
        .peakBytes
    expect(peak(1e8)).toBeLessThan(2 ** 28)
  })
})

describe('the forecast', () => {
  const settings = settingsOf({ memoryLimit: 1000, workers: 1 })
  const needs: Needs = {
    inOrderBytes: 300,

    allBytes: 1e6,
    largestBlockBytes: 100,
    deliveredBytes: 0,
    resultBytes: 0,
  }

  it('is the limit where there is more to hold, and all there is where that is less', () => {
    expect(forecast(settings, needs)).toEqual({ peakBytes: 1000, blockBytes: 1000 })
    expect(forecast(settings, { ...needs, allBytes: 600 })).toEqual({ peakBytes: 600, blockBytes: 600 })
  })
  it('counts the result and the block of the reader within the limit', () => {
    expect(forecast(settings, { ...needs, resultBytes: 400 })).toEqual({ peakBytes: 1000, blockBytes: 600 })
    expect(forecast(settings, { ...needs, deliveredBytes: 100 })).toEqual({ peakBytes: 1000, blockBytes: 900 })
  })
})

describe('plans', () => {
  const x = nd.random.random([200, 200], { seed: 1, chunks: 50 })
  it('tell what explain tells', () => {
    const y = x.add(x.T).sub(x.mean(0))
    const plan = y.plan()
    expect(`${plan}`).toBe(y.explain())
    expect(plan.stages.map(({ name, tasks }) => [name, tasks])).toEqual([
      ['random uniform', 16],
      ['mean over axis 0', 16],
      ['combine mean', 4],
      ['add, subtract', 16],
    ])
    expect(plan.tasks).toBe(52)
    expect(plan.bytesWritten).toBe(plan.stages.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0))
  })
  it('of arrays together share their stages', () => {
    expect(nd.plan(x.sum(), x.mean()).stages.filter(({ kind }) => kind === 'random').length).toBe(1)
    expect(nd.plan(x.sum(), x.sum()).tasks).toBe(nd.plan(x.sum()).tasks)
  })
  it('follow the options, and refuse what compute refuses', () => {
    const large = nd.random.random([20_000, 20_000], { seed: 1 }).mapBlocks((block) => block)
    const y = large.sub(large.mean(0))
    for (const memoryLimit of ['256MiB', '1GiB'])
      expect(y.plan({ memoryLimit }).peakBytes).toBe(memoryLimit === '1GiB' ? 2 ** 30 : 2 ** 28)
    expect(() => x.plan({ memoryLimit: 'lots' })).toThrow(nd.NdloomError)
    expect(() => x.explain({ workers: -1 })).toThrow(nd.NdloomError)
    expect(() => nd.plan(3 as never)).toThrow(nd.NdloomError)
  })
  it('of nothing need nothing', () => {
    expect(nd.zeros([0, 5]).plan().peakBytes).toBe(0)
  })
  it('of 10^8 blocks are told at once, by stages', () => {
    const huge = nd.random.random([1e7, 1e7], { seed: 1, chunks: 1000 })
    const plan = huge.add(huge.T).sub(huge.mean(0)).plan({ memoryLimit: '1GiB' })
    expect(plan.tasks).toBeGreaterThan(3e8)
    expect(plan.peakBytes).toBe(2 ** 30)
  })
})

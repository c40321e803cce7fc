import { afterAll, describe, expect, test } from 'vitest'
import * as nd from '../../../src/index.ts'
import { isObserved } from '../../../src/scheduler/observe.ts'

afterAll(() => nd.shutdown())
const x = nd.random.random([400, 400], { chunks: 50, seed: 1 })

function recorder() {
  const written: string[] = []
  return { written, isTTY: false, write: (text: string) => written.push(text) }
}

for (const scheduler of ['local', 'threads'] as const)
  test(`a function is told the tasks and the state of the run (${scheduler})`, async () => {
    const calls: [number, number, nd.ProgressState][] = []
    await x
      .sub(x.mean(0))
      .compute({ scheduler, progress: (finished, total, state) => calls.push([finished, total, state]) })
    const [finished, total, state] = calls.at(-1)!
    expect(finished).toBe(total)
    expect(state).toMatchObject({ finishedTasks: total, totalTasks: total, remainingSeconds: 0 })
    expect(state.stages.every((stage) => stage.finishedTasks === stage.tasks)).toBe(true)
    expect(state.stages.reduce((sum, stage) => sum + stage.tasks, 0)).toBe(total)
    expect(state.bytesPerSecond).toBeGreaterThan(0)
    for (const [done, all, { stages }] of calls) {
      expect(all).toBe(total)
      expect(stages.reduce((sum, stage) => sum + stage.finishedTasks, 0)).toBe(done)
    }
    expect(isObserved()).toBe(false)
  })

test('runs at one time are told of each by itself', async () => {
  const totals = [new Set<number>(), new Set<number>()]
  await Promise.all([
    x.sum().compute({ progress: (_, total, state) => totals[0].add(total).add(state.totalTasks) }),
    x.mean(0).compute({ progress: (_, total, state) => totals[1].add(total).add(state.totalTasks) }),
  ])
  expect(totals.map(({ size }) => size)).toEqual([1, 1])
})

test('what a function throws ends the run, and nothing is left behind', async () => {
  const stop = new RangeError('enough')
  const progress = () => {
    throw stop
  }
  await expect(x.sum().compute({ progress })).rejects.toMatchObject({ cause: stop })
  expect(isObserved()).toBe(false)
})

describe('ProgressBar', () => {
  test('draws all computations until it is unregistered, and again when it is registered', async () => {
    const stream = recorder()
    const bar = new nd.ProgressBar({ stream, force: true, label: 'all' })
    await x.sum().compute()
    await nd.compute(x.mean(), x.std())
    expect(stream.written).toHaveLength(2)
    expect(stream.written[0]).toMatch(/^all ▕█+▏ 100 % .*\d+\/\d+ tasks, .*\n$/)
    bar.unregister()
    bar.unregister()
    await x.sum().compute()
    expect(stream.written).toHaveLength(2)
    bar.register().register()
    await x.sum().compute()
    expect(stream.written).toHaveLength(3)
    bar.unregister()
    expect(isObserved()).toBe(false)
  })
  test('is ended by the block of a using declaration', () => {
    const bar = new nd.ProgressBar({ stream: recorder(), force: true })
    expect(isObserved()).toBe(true)
    bar[Symbol.dispose]()
    expect(isObserved()).toBe(false)
  })
  test('tells of a run that fails, and of one that it leaves', async () => {
    const stream = recorder()
    const bar = new nd.ProgressBar({ stream, force: true })
    const failing = x.mapBlocks(() => {
      throw new Error('no')
    })
    await expect(failing.compute()).rejects.toThrow('no')
    expect(stream.written.at(-1)).toMatch(/^ended after .* not finished\n$/)
    const running = x.sum().compute({ progress: () => bar.unregister() })
    await running
    expect(stream.written).toHaveLength(2)
  })
  test('does not draw runs that are shorter than the minimum', async () => {
    const stream = recorder()
    const bar = new nd.ProgressBar({ stream, force: true, minimum: 60 })
    await x.sum().compute()
    bar.unregister()
    expect(stream.written).toEqual([])
  })
  test('refuses options that are none', () => {
    expect(() => new nd.ProgressBar({ width: 3 } as never)).toThrow('ProgressBar: there is no option width')
    expect(() => new nd.ProgressBar({ minimum: -1 })).toThrow('ProgressBar: got minimum -1, want a number of seconds')
    expect(() => new nd.ProgressBar({ stream: {} as never })).toThrow('ProgressBar: got stream {  }, want one such as')
    expect(() => new nd.ProgressBar({ label: 7 as never })).toThrow('ProgressBar: got label 7, want text')
    expect(isObserved()).toBe(false)
  })
})

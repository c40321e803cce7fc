import { afterAll, expect, it } from 'vitest'
import { mostWorkers } from '../../src/core/config.ts'
import * as nd from '../../src/index.ts'
import { isObserved, type JobStart, type Observation, observe } from '../../src/scheduler/observe.ts'
import { mainThread } from '../../src/scheduler/types.ts'

afterAll(() => nd.shutdown())
const x = nd.random.random([80, 60], { chunks: 20 })
const y = x.add(x.mean(0)).mul(2)

async function observed(run: () => PromiseLike<unknown>): Promise<Observation[]> {
  const told: Observation[] = []
  const stop = observe((observation) => told.push(observation))
  try {
    await run()
  } finally {
    stop()
  }
  return told
}
const ofType = <T extends Observation['type']>(told: readonly Observation[], type: T) =>
  told.filter((observation): observation is Extract<Observation, { type: T }> => observation.type === type)

for (const scheduler of ['local', 'threads'] as const) {
  it(`tells of a job, each of its tasks with its times, the memory and the end (${scheduler})`, async () => {
    const z = x.add(x.mean(0))
    const before = performance.now()
    const told = await observed(() => z.compute({ scheduler, workers: 2, memoryLimit: '64MiB' }))
    const after = performance.now()
    const [start] = ofType(told, 'jobStart')
    expect(start.workers).toBe(scheduler === 'local' ? 0 : Math.min(2, mostWorkers()))
    expect(start.limitBytes).toBeGreaterThan(0)
    expect(start.limitBytes).toBeLessThanOrEqual(64 * 2 ** 20)
    expect(start.tasks).toBe(start.stages.reduce((sum, { tasks }) => sum + tasks, 0))
    expect(start.stages.map(({ kind, tasks }) => [kind, tasks])).toEqual([
      ['random', 12],
      ['kernel', 12],
      ['combine', 3],
      ['kernel', 12],
    ])
    const finished = ofType(told, 'finished')
    const tasks = finished.flatMap((event) => event.tasks)
    expect([...tasks].sort((a, b) => a - b)).toEqual(Array.from({ length: start.tasks }, (_, task) => task))
    for (const { worker, tasks, times } of finished) {
      expect(times).toHaveLength(2 * tasks.length)
      expect([...times!]).toEqual([...times!].sort((a, b) => a - b))
      expect(times![0]).toBeGreaterThanOrEqual(before - 0.1)
      expect(times!.at(-1)).toBeLessThanOrEqual(after + 0.1)
      expect(worker === mainThread).toBe(scheduler === 'local')
    }
    const [end] = ofType(told, 'jobEnd')
    const memory = ofType(told, 'memory').map(({ usedBytes }) => usedBytes)
    expect(Math.max(...memory)).toBeGreaterThanOrEqual(end.peakBytes)
    expect(told.findLast(({ type }) => type !== 'memory')).toBe(end)
  })
}
it('tells the bytes of each task: blocks that it reads, also from a source or persisted, and what it writes', async () => {
  const source = nd.fromArray(new Float64Array(1600), { shape: [40, 40], chunks: 20 })
  const kept = await nd.ones([40, 40], { chunks: 20 }).persist()
  const starts = ofType(await observed(() => source.add(kept).sum(0).compute()), 'jobStart')
  const [start] = starts
  const bytes = Array.from({ length: start.tasks }, (_, task) => ({
    kind: start.stages[start.stageOf(task)].kind,
    block: start.blockOf(task),
    ...start.bytesOf(task),
  }))
  for (const [stage, { bytesOut }] of start.stages.entries()) {
    const own = bytes.filter((_, task) => start.stageOf(task) === stage)
    expect(own.reduce((sum, task) => sum + task.bytesOut, 0)).toBe(bytesOut)
  }
  const combine = bytes.filter(({ kind }) => kind === 'combine')
  expect(combine.length).toBeGreaterThan(0)
  expect(combine.reduce((sum, task) => sum + task.bytesOut, 0)).toBe(40 * 8)
  const kernels = bytes.filter(({ kind }) => kind === 'kernel')
  expect(kernels.every(({ bytesIn }) => bytesIn >= 20 * 20 * 8)).toBe(true)
})
it('tells of a failure', async () => {
  const broken = x.mapBlocks(
    () => {
      throw new RangeError('no luck')
    },
    { dtype: 'float64' },
  )
  let thrown: unknown
  const told = await observed(() =>
    broken
      .sum()
      .compute()
      .catch((error: unknown) => {
        thrown = error
      }),
  )
  expect(ofType(told, 'jobFailed').map(({ error }) => error)).toEqual([thrown])
  expect(ofType(told, 'jobEnd')).toEqual([])
})
it('tells who comes late of the jobs that run, with what they have done', async () => {
  const blocks = y.compute({ ordered: true, workers: 1 })[Symbol.asyncIterator]()
  await blocks.next()
  const starts: JobStart[] = []
  const stop = observe((observation) => {
    if (observation.type === 'jobStart') starts.push(observation)
  })
  stop()
  expect(starts).toHaveLength(1)
  const done = starts[0].finishedTasks.reduce((sum, count) => sum + count, 0)
  expect(done).toBeGreaterThan(0)
  expect(done).toBeLessThan(starts[0].tasks)
  await blocks.return?.(undefined)
  expect(isObserved()).toBe(false)
  observe((observation) => {
    if (observation.type === 'jobStart') starts.push(observation)
  })()
  expect(starts).toHaveLength(1)
})
it('tells of blocks that are spilled and come back, as many bytes as the run itself counts', async () => {
  const z = nd.random.random([512, 512], { chunks: 64 }).mapBlocks((block) => block, { dtype: 'float64' })
  const ends: nd.RunEvent[] = []
  const told = await observed(() =>
    z
      .sub(z.mean())
      .sum()
      .compute({ memoryLimit: '768KiB', onEvent: (event) => event.type === 'end' && ends.push(event) }),
  )
  const moved = ofType(told, 'moved')
  const bytesOf = (wanted: string) =>
    moved.filter(({ kind }) => kind === wanted).reduce((sum, { bytes }) => sum + bytes, 0)
  expect(bytesOf('spill')).toBeGreaterThan(0)
  expect(ends).toEqual([expect.objectContaining({ spilledBytes: bytesOf('spill'), reloadedBytes: bytesOf('reload') })])
})
it('tells which tasks have run before, as their blocks were dropped', async () => {
  const z = nd.random.random([512, 512], { chunks: 64 }).add(1)
  const told = await observed(() => z.sub(z.mean()).mul(z).sum().compute({ memoryLimit: '512KiB' }))
  const seen = new Set<number>()
  for (const { tasks, repeated } of ofType(told, 'finished'))
    for (const task of tasks) {
      expect(repeated.includes(task)).toBe(seen.has(task))
      seen.add(task)
    }
  expect(seen.size).toBe(ofType(told, 'jobStart')[0].tasks)
  expect(ofType(told, 'finished').flatMap(({ repeated }) => repeated).length).toBeGreaterThan(0)
})

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { AbortError, WorkerLostError } from '../../src/core/errors.ts'
import { taskFlag } from '../../src/scheduler/types.ts'
import { expectedValues, start, tableOf, testEngine } from './support/engine.ts'
import type { TestFailure } from './support/executor.ts'

const engine = testEngine()
afterAll(() => engine.shutdown())

const independent = (count: number) => tableOf(Array.from({ length: count }, () => []))
const tree = (count: number, flag?: (task: number) => number) =>
  tableOf(
    Array.from({ length: count }, (_, task) => (task % 3 === 2 ? [task - 1, task - 2] : [])),
    64,
    flag,
  )
const rejection = (result: Promise<unknown>): Promise<unknown> =>
  result.then(
    () => undefined,
    (error: unknown) => error,
  )

for (const workers of [2, 1, 0]) {
  describe(`${workers} workers`, () => {
    test('values go from task to task, each task runs once', async () => {
      const table = tree(3000, (task) => (task % 3 === 2 ? taskFlag.deliver : task % 5 === 0 ? taskFlag.main : 0))
      const { job, begun, values } = start(engine, { table, settings: { workers } })
      const { peakBytes, kept } = await job.result
      const expected = expectedValues(table)
      expect(values.size).toBe(1000)
      for (const [task, value] of values) expect(value).toBe(expected[task])
      expect(begun.every((count) => count === 1)).toBe(true)
      expect(peakBytes).toBeGreaterThan(0)
      expect(kept.size).toBe(0)
    })
    test('a chain, kept blocks and ordered delivery', async () => {
      const before = engine.usedBytes
      const chain = Array.from({ length: 500 }, (_, task) => (task > 0 ? [task - 1] : []))
      const table = tableOf(chain, 64, (task) =>
        task % 7 === 0 ? taskFlag.deliver : task % 7 === 1 ? taskFlag.keep : 0,
      )
      const { job, values } = start(engine, { table, settings: { workers, ordered: true, readAhead: 1 } })
      const { kept } = await job.result
      expect([...values.keys()]).toEqual(chain.map((_, task) => task).filter((task) => task % 7 === 0))
      const expected = expectedValues(table)
      const tasks = [...kept.keys()]
      const given = new Map(tasks.map((task, k) => [k, kept.get(task)!]))
      const readers = tableOf([...tasks.map(() => []), ...tasks.map((_, k) => [k])], 64, (task) =>
        task < tasks.length ? 0 : taskFlag.deliver,
      )
      const reading = start(engine, { table: { ...readers, given }, settings: { workers } })
      await reading.job.result
      expect(kept.size).toBe(72)
      tasks.forEach((task, k) => {
        expect(reading.values.get(tasks.length + k)).toBe(expected[task] + tasks.length + k)
        engine.discard(kept.get(task)!)
      })
      expect(engine.usedBytes).toBeLessThanOrEqual(before + 3 * 2 ** 22)
    })
    test('a failing task: the error with class, fields, stack and cause; the engine goes on', async () => {
      const { job } = start(engine, {
        table: tree(300),
        deeds: { 100: { kind: 'throw', message: 'no luck' } },
        settings: { workers },
      })
      const error = (await rejection(job.result)) as TestFailure
      expect(error).toBeInstanceOf(RangeError)
      expect(error).toMatchObject({ name: 'TestFailure', message: 'no luck', task: 100, cause: { message: 'deeper' } })
      expect(error.cause).toBeInstanceOf(TypeError)
      expect(error.stack).toContain('executor.ts')
      await start(engine, { table: tree(30), settings: { workers } }).job.result
    })
    test('a plan that cannot be defined, and asynchronous tasks', async () => {
      const { job } = start(engine, { table: independent(10), plan: 'undefinable', settings: { workers } })
      expect(await rejection(job.result)).toMatchObject({ name: 'SyntaxError', message: 'this plan is no plan' })
      const deeds = { 3: { kind: 'wait', milliseconds: 20 }, 7: { kind: 'wait', milliseconds: 5 } } as const
      const table = tree(9, () => taskFlag.deliver)
      const run = start(engine, { table, deeds, settings: { workers } })
      await run.job.result
      expect([...run.values].sort(([a], [b]) => a - b)).toEqual([...expectedValues(table).entries()])
    })
    test('abort: before, at once, and while tasks run', async () => {
      const reason = new Error('changed my mind')
      const early = start(engine, { table: tree(30), signal: AbortSignal.abort(reason), settings: { workers } })
      const controller = new AbortController()
      const late = start(engine, {
        table: tree(3000),
        signal: controller.signal,
        deeds: { 40: { kind: 'sleep', milliseconds: 50 } },
        settings: { workers },
      })
      const cancelled = start(engine, { table: tree(30), settings: { workers } })
      cancelled.job.cancel(reason)
      setTimeout(() => controller.abort(reason), 5)
      for (const { job } of [cancelled, late, early]) {
        const error = await rejection(job.result)
        expect(error).toBeInstanceOf(AbortError)
        expect(error).toMatchObject({ cause: reason })
      }
    })
    test('a slow reader holds the tasks back', async () => {
      const table = tableOf(
        Array.from({ length: 200 }, () => []),
        64,
        () => taskFlag.deliver,
      )
      const waiting: number[] = []
      const run = start(engine, { table, onDeliver: (task) => waiting.push(task), settings: { workers, readAhead: 3 } })
      let read = 0
      while (read < 200) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        expect(waiting.length).toBeLessThanOrEqual(3)
        expect(run.begun.filter((count) => count > 0).length).toBeLessThanOrEqual(read + 3)
        for (const task of waiting.splice(0)) {
          run.job.taken(task)
          read++
        }
      }
      await run.job.result
    })
    test('an error in the reader ends the job', async () => {
      const table = tableOf([[], []], 64, () => taskFlag.deliver)
      const onDeliver = () => {
        throw new Error('cannot read')
      }
      const { job } = start(engine, { table, onDeliver, settings: { workers } })
      expect(await rejection(job.result)).toMatchObject({ name: 'AbortError', cause: { message: 'cannot read' } })
    })
  })
}

describe('workers that die', () => {
  test('their tasks run again', async () => {
    const table = tree(600, () => taskFlag.deliver)
    const run = start(engine, {
      table,
      deeds: { 31: { kind: 'exit', times: 2 }, 300: { kind: 'exit', times: 1 }, 452: { kind: 'exit', times: 2 } },
    })
    await run.job.result
    const expected = expectedValues(table)
    expect(run.values.size).toBe(600)
    for (const [task, value] of run.values) expect(value).toBe(expected[task])
    // The count of ended tasks is shared, so no task but the deadly ones was begun twice.
    const again = [...run.begun.entries()].filter(([, count]) => count !== 1)
    expect(again).toEqual([
      [31, 3],
      [300, 2],
      [452, 3],
    ])
  })
  test('a task that always ends its worker is given up, others go on', async () => {
    const deadly = start(engine, { table: tree(60), deeds: { 10: { kind: 'exit', times: 9 } } })
    const harmless = start(engine, { table: tree(600) })
    const error = await rejection(deadly.job.result)
    expect(error).toBeInstanceOf(WorkerLostError)
    expect(error).toMatchObject({ task: 10 })
    expect((error as Error).message).toMatch(/task 10 .* 3 workers/)
    expect(deadly.begun[10]).toBe(3)
    await harmless.job.result
  })
  test('when one is given up, those that never end do not keep the job', async () => {
    const deeds = { 0: { kind: 'exit', times: 9 }, 1: { kind: 'hang' } } as const
    const { job } = start(engine, { table: tableOf([[], []], 64, () => taskFlag.alone), deeds })
    expect(await rejection(job.result)).toMatchObject({ name: 'WorkerLostError', task: 0 })
  })
  test('one that crashes it is given up, with the error that nobody caught', async () => {
    const { job } = start(engine, { table: tree(9), deeds: { 4: { kind: 'crash' } } })
    const error = await rejection(job.result)
    expect(error).toBeInstanceOf(WorkerLostError)
    expect(error).toMatchObject({ cause: { name: 'RangeError', message: 'uncaught' } })
  })
  test('one that never ends is ended with its worker after an abort', async () => {
    const { job, begun } = start(engine, { table: tree(60), deeds: { 0: { kind: 'hang' } } })
    while (begun[0] === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    job.cancel('enough')
    expect(await rejection(job.result)).toMatchObject({ name: 'AbortError', cause: 'enough' })
    await start(engine, { table: tree(60) }).job.result
  })
  test('workers that do not start fail the job', async () => {
    const { createEngine } = await import('../../src/scheduler/engine.ts')
    const broken = createEngine({
      memoryLimitBytes: 2 ** 26,
      workers: 2,
      createExecutor: () => {
        throw new Error('not here')
      },
      workerUrl: new URL('./support/no-such-file.ts', import.meta.url),
    })
    const error = await rejection(start(broken, { table: tree(3) }).job.result)
    expect(error).toBeInstanceOf(WorkerLostError)
    expect(String((error as Error).cause)).toContain('no-such-file')
    expect(await rejection(start(broken, { table: tree(3), settings: { workers: 0 } }).job.result)).toMatchObject({
      message: 'not here',
    })
  })
})

describe('the pool', () => {
  test('many jobs at once', async () => {
    const sizes = Array.from({ length: 60 }, (_, i) => 3 + ((i * 37) % 200))
    const runs = sizes.map((size, i) => start(engine, { table: tree(size), settings: { workers: i % 3 } }))
    await Promise.all(runs.map(({ job }) => job.result))
    for (const { begun } of runs) expect(begun.every((count) => count === 1)).toBe(true)
  })
  test('20,000 tiny tasks, with progress', async () => {
    const seen: number[] = []
    const onProgress = (finished: number, total: number): void => {
      expect(total).toBe(20_000)
      seen.push(finished)
    }
    const { job, begun } = start(engine, { table: independent(20_000), onProgress })
    await job.result
    expect(begun.every((count) => count === 1)).toBe(true)
    expect(seen.at(-1)).toBe(20_000)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
  })
  test('shutdown aborts what runs, and the engine is usable again', async () => {
    const other = testEngine()
    const { job, begun } = start(other, { table: tree(3000), deeds: { 5: { kind: 'hang' } } })
    const ended = rejection(job.result)
    while (begun[5] === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await other.shutdown()
    expect(await ended).toBeInstanceOf(AbortError)
    await start(other, { table: tree(300) }).job.result
    await other.shutdown()
    await other.shutdown()
    await start(other, { table: tree(300), settings: { workers: 0 } }).job.result
  })
  test('regions of the heap', () => {
    const address = engine.allocate(1000)!
    expect(address % 64).toBe(0)
    expect(engine.memory.buffer.byteLength).toBeGreaterThanOrEqual(address + 1000)
    const used = engine.usedBytes
    engine.free(address)
    expect(engine.usedBytes).toBe(used - 1024)
    expect(() => engine.free(address)).toThrow(/internal: free/)
    expect(engine.allocate(2 ** 33)).toBeUndefined()
  })
  test.each([
    ['idle workers', 'await run(3).job.result'],
    ['a job that is not awaited, but runs to its end', 'run(3000).job.result.then(() => console.log("done"))'],
    [
      'a reader that went away',
      'run(30, { onDeliver() {} }, 1); await new Promise((resolve) => setTimeout(resolve, 200))',
    ],
    ['a job on the main thread', 'await run(30, { settings: { workers: 0 } }).job.result'],
  ])('a script ends by itself: %s', async (_, code) => {
    const support = JSON.stringify(new URL('./support/engine.ts', import.meta.url).href)
    const script = `
      import { start, tableOf, testEngine } from ${support}
      const engine = testEngine()
      const run = (count, more = {}, flag = 0) => start(engine, { table: tableOf(Array.from({ length: count }, () => []), 64, () => flag), ...more })
      ${code}
      console.log('last line')
    `
    const flags = ['--no-warnings', '--expose-gc', '--input-type=module', '-e', script]
    const { stdout } = await promisify(execFile)(process.execPath, flags, { timeout: 20_000 })
    expect(stdout).toContain('last line')
    if (code.includes('done')) expect(stdout).toContain('done')
  })
  test('flags of the process that a worker does not take', async () => {
    const script = fileURLToPath(new URL('./support/script.ts', import.meta.url))
    const flags = ['--no-warnings', '--expose-gc', '--max-old-space-size=500', script]
    const { stdout } = await promisify(execFile)(process.execPath, flags, { timeout: 20_000 })
    expect(stdout).toBe('last line\n')
  })
})

import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { AbortError, TaskError, WorkerLostError } from '../../src/core/errors.ts'
import { createCallWorkers } from '../../src/scheduler/call-workers.ts'
import { type CallRequest, type CallsHandle, input, submitCalls } from '../../src/scheduler/calls.ts'
import { createDriver } from '../../src/scheduler/driver.ts'
import { openThread } from '../../src/scheduler/links.ts'
import { createState } from '../../src/scheduler/state.ts'
import { sentFunction } from '../../src/worker/functions.ts'
import { type Random, randomFrom, randomTable } from './simulation.ts'
import { testEngine } from './support/engine.ts'

/** Every way in which calls run: on the process's workers and on workers of their own. */
const engine = testEngine()
const driver = createDriver(createState(2 ** 30), { reach: () => true, scratchBytes: 0 }, (connection) => ({
  local: { run: () => {}, stop: () => {}, forget: () => {} },
  threads: createCallWorkers({ ...connection, open: openThread, initializer: undefined }),
  mover: { move: () => {}, trim: () => {}, shutdown: async () => {} },
}))
const runners: Record<string, (request: CallRequest) => CallsHandle> = {
  'the workers of the process': (request) => engine.submitCalls(request),
  'this thread': (request) => engine.submitCalls({ ...request, workers: 0, pinned: undefined }),
  'workers of their own': (request) => submitCalls(driver, request),
}
afterAll(async () => {
  await engine.shutdown()
  await driver.shutdown()
})

/** What a task does before it adds up its inputs and its own number; every run is counted in shared memory. */
type Deed = 'nothing' | 'wait' | 'throw' | 'exit once' | 'exit always'
const work = async (task: number, deed: Deed, runs: Int32Array, ...inputs: number[]) => {
  const before = Atomics.add(runs, task, 1)
  if (deed === 'wait') await new Promise((resolve) => setTimeout(resolve, task % 5))
  if (deed === 'throw') throw new RangeError(`task ${task}`)
  if (deed === 'exit always' || (deed === 'exit once' && before === 0)) process.exit(3)
  return inputs.reduce((sum, value) => sum + value, task)
}

function deedOf(random: Random, canExit: boolean): Deed {
  const dart = random()
  if (dart < 0.05) return 'throw'
  if (dart < 0.08) return canExit ? 'exit once' : 'throw'
  if (dart < 0.09) return canExit ? 'exit always' : 'throw'
  return dart < 0.2 ? 'wait' : 'nothing'
}

test.each(Object.keys(runners))(
  'random graphs with failures, delays, cancellations and lost workers, on %s',
  async (name) => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.boolean(), async (seed, independent) => {
        const random = randomFrom(seed)
        const shape = { mostInputs: 3, reach: 12, bytes: () => 0, deliver: 0, keep: 0, main: 0, again: 0 }
        const table = randomTable(random, {
          ...shape,
          count: 1 + Math.floor(random() * 60),
          pinned: random() < 0.3 ? 0.3 : 0,
        })
        const { count, inputStart, inputs } = table
        const deeds = Array.from({ length: count }, () => deedOf(random, name !== 'this thread'))
        const runs = new Int32Array(new SharedArrayBuffer(4 * count))
        const told = new Int32Array(count)
        const values = new Map<number, unknown>()
        const errors = new Map<number, unknown>()
        const handle = runners[name]({
          count,
          inputStart,
          inputs,
          functions: [sentFunction(work, 'test')],
          call: (task) => ({
            fn: 0,
            args: [
              task,
              deeds[task],
              runs,
              ...Array.from(inputs.subarray(inputStart[task], inputStart[task + 1]), () => input),
            ],
          }),
          independent,
          workers: 2,
          pinned: table.pinned?.map((worker) => Math.min(worker, 1)),
          onValue: (task, value) => {
            told[task]++
            values.set(task, value)
          },
          onError: (task, error) => {
            told[task]++
            errors.set(task, error)
          },
        })
        const cancelled = Math.floor(random() * count * 3)
        if (cancelled < count && independent) handle.cancelTask(cancelled, 'enough')
        else if (random() < 0.1) setTimeout(() => handle.cancel('no more'), 5 * random())
        const failure = await handle.result.then(
          () => undefined,
          (error: unknown) => error,
        )
        expect(told.every((times) => times <= 1)).toBe(true)
        if (failure !== undefined) {
          const isKnown = [AbortError, TaskError, WorkerLostError].some((known) => failure instanceof known)
          expect(isKnown).toBe(true)
          if (independent) expect(failure).toBeInstanceOf(AbortError)
          return
        }
        const expected = new Map<number, number>()
        for (let task = 0; task < count; task++) {
          const read = [...inputs.subarray(inputStart[task], inputStart[task + 1])]
          const isBad =
            deeds[task] === 'throw' || deeds[task] === 'exit always' || errors.get(task) instanceof AbortError
          if (!isBad && read.every((one) => expected.has(one)))
            expected.set(
              task,
              read.reduce((sum, one) => sum + expected.get(one)!, task),
            )
        }
        expect([...values].sort(([a], [b]) => a - b)).toEqual([...expected])
        expect(values.size + errors.size).toBe(count)
        if (!deeds.some((deed) => deed.startsWith('exit'))) expect(runs.every((times) => times <= 1)).toBe(true)
      }),
      { numRuns: name === 'this thread' ? 100 : 40 },
    )
  },
  120000,
)

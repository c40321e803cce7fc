import { createEngine, type Engine, type Job, type JobRequest } from '../../../src/scheduler/engine.ts'
import type { JobOptions, TaskTable } from '../../../src/scheduler/types.ts'
import { createTestExecutor, type Deed, type TestPlan } from './executor.ts'

export function testEngine(workers = 2, memoryLimitBytes = 2 ** 28): Engine {
  return createEngine({
    memoryLimitBytes,
    workers,
    createExecutor: createTestExecutor,
    workerUrl: new URL('./worker.ts', import.meta.url),
  })
}

export const defaults: JobOptions = { limitBytes: 2 ** 28, workers: 2, ordered: false, readAhead: 8 }

/** A table from what each task reads. */
export function tableOf(
  inputsOf: readonly (readonly number[])[],
  bytes = 64,
  flag: (task: number) => number = () => 0,
): TaskTable {
  const inputStart = new Int32Array(inputsOf.length + 1)
  inputsOf.forEach((inputs, task) => {
    inputStart[task + 1] = inputStart[task] + inputs.length
  })
  return {
    count: inputsOf.length,
    inputStart,
    inputs: Int32Array.from(inputsOf.flat()),
    outputBytes: new Float64Array(inputsOf.length).fill(bytes),
    flags: Uint8Array.from(inputsOf, (_, task) => flag(task)),
  }
}

export interface TestRun {
  readonly job: Job
  readonly begun: Int32Array
  /** First numbers of the delivered blocks, by task. */
  readonly values: Map<number, number>
}
export interface TestRequest extends Partial<JobRequest> {
  readonly table: TaskTable
  readonly deeds?: Readonly<Record<number, Deed>>
  readonly settings?: Partial<JobOptions>
}

export function start(engine: Engine, { table, deeds = {}, settings = {}, ...rest }: TestRequest): TestRun {
  const begun = new Int32Array(new SharedArrayBuffer(4 * Math.max(1, table.count)))
  const values = new Map<number, number>()
  const plan: TestPlan = {
    begun,
    writes: table.outputBytes[0] > 0,
    deeds: new Map(Object.entries(deeds).map(([task, deed]) => [Number(task), deed])),
  }
  const onDeliver = (task: number, address: number): void => {
    values.set(task, new Float64Array(engine.memory.buffer, address, 1)[0])
    run.job.taken(task)
  }
  const run: { job: Job; begun: Int32Array; values: Map<number, number> } = {
    begun,
    values,
    job: undefined as unknown as Job,
  }
  run.job = engine.submit({ plan, onDeliver, ...rest, table, options: { ...defaults, ...settings } })
  return run
}

/** What the tasks' first numbers must be. */
export function expectedValues(table: TaskTable): Float64Array {
  const values = new Float64Array(table.count)
  for (let task = 0; task < table.count; task++) {
    values[task] = task
    for (let k = table.inputStart[task]; k < table.inputStart[task + 1]; k++) values[task] += values[table.inputs[k]]
  }
  return values
}

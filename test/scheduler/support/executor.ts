import type { Executor } from '../../../src/worker/executor.ts'

/** What a task does besides adding up its inputs and its own number. */
export type Deed =
  | { readonly kind: 'throw'; readonly message: string }
  | { readonly kind: 'exit'; readonly times: number }
  | { readonly kind: 'crash' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'sleep'; readonly milliseconds: number }
  | { readonly kind: 'wait'; readonly milliseconds: number }
export interface TestPlan {
  readonly deeds: ReadonlyMap<number, Deed>
  /** Shared: how often each task was begun. */
  readonly begun: Int32Array
  /** Whether tasks have blocks: float64 of [sum of the inputs' first numbers + the task's number, task]. */
  readonly writes: boolean
}

export class TestFailure extends RangeError {
  override name = 'TestFailure'
  task: number
  constructor(message: string, task: number) {
    super(message, { cause: new TypeError('deeper') })
    this.task = task
  }
}

export function createTestExecutor(memory: WebAssembly.Memory): Executor {
  const plans = new Map<number, TestPlan>()
  let floats = new Float64Array(memory.buffer)
  return {
    define(job, plan) {
      if (plan === 'undefinable') throw new SyntaxError('this plan is no plan')
      plans.set(job, plan as TestPlan)
    },
    forget: (job) => void plans.delete(job),
    run(job, task, address, inputs) {
      const plan = plans.get(job)
      if (!plan) throw new Error(`job ${job} is not defined`)
      const count = Atomics.add(plan.begun, task, 1)
      const deed = plan.deeds.get(task)
      const waiting = deed && perform(deed, task, count)
      if (plan.writes) {
        if (floats.byteLength < address + 16) floats = new Float64Array(memory.buffer)
        let sum = task
        for (const input of inputs) sum += floats[input / 8]
        floats[address / 8] = sum
        floats[address / 8 + 1] = task
      }
      return waiting
    },
  }
}

function perform(deed: Deed, task: number, count: number): Promise<void> | undefined {
  switch (deed.kind) {
    case 'throw':
      throw new TestFailure(deed.message, task)
    case 'exit':
      if (count < deed.times) process.exit(3)
      return undefined
    case 'crash':
      return new Promise(() => {
        setTimeout(() => {
          throw new RangeError('uncaught')
        }, 1)
      })
    case 'hang':
      for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
    case 'sleep':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, deed.milliseconds)
      return undefined
    case 'wait':
      return new Promise((resolve) => setTimeout(resolve, deed.milliseconds))
  }
}

import type { Transferable } from 'node:worker_threads'
import { internal } from '../core/errors.ts'
import { toSent } from '../storage/sent.ts'
import { partsOf } from '../worker/buffers.ts'
import { type CallBatch, callWord } from '../worker/call-messages.ts'
import { type CallRequest, input } from './call-request.ts'
import type { JobId } from './types.ts'

/** What the tasks of one job gave: values while somebody reads them, and why tasks failed. */
export class CallValues {
  private readonly request: CallRequest
  private readonly values = new Map<number, unknown>()
  private readonly errors = new Map<number, unknown>()
  private readonly readersLeft: Int32Array

  constructor(request: CallRequest) {
    this.request = request
    this.readersLeft = new Int32Array(request.count)
    for (const task of request.inputs) this.readersLeft[task]++
  }
  isWanted(task: number): boolean {
    return this.request.isWanted?.(task) ?? true
  }
  hasFailed(task: number): boolean {
    return this.errors.has(task)
  }
  failedCount(): number {
    return this.errors.size
  }
  /** Why the task cannot run: it has failed itself (was cancelled), or an input has. */
  failureBefore(task: number): { readonly error: unknown } | undefined {
    const failed = this.errors.has(task) ? task : this.inputsOf(task).find((read) => this.errors.has(read))
    return failed === undefined ? undefined : { error: this.errors.get(failed) }
  }
  /** Its readers fail with it. Only the first failure of a task counts: false for others. */
  setFailed(task: number, error: unknown): boolean {
    if (this.errors.has(task)) return false
    this.errors.set(task, error)
    return true
  }
  /** The task has run, or will not: `value` is kept while there are readers. */
  end(task: number, value?: unknown): void {
    if (this.readersLeft[task] > 0 && !this.errors.has(task)) this.values.set(task, value)
    for (const read of this.inputsOf(task)) if (--this.readersLeft[read] === 0) this.values.delete(read)
  }

  /** The message for tasks that a worker is to run in this order. What is to move with it is added to `moved`. */
  encode(job: JobId, tasks: readonly number[], isTimed: boolean, moved: Transferable[] = []): CallBatch {
    const position = new Map(tasks.map((task, i) => [task, i]))
    const readsInBatch = new Int32Array(tasks.length)
    for (const task of tasks) {
      for (const read of this.inputsOf(task)) {
        const at = position.get(read)
        if (at !== undefined) readsInBatch[at]++
      }
    }
    const numbers = [job, tasks.length, Number(isTimed)]
    const ownArg = ownCopies()
    const args: unknown[] = []
    tasks.forEach((task, i) => {
      const { fn, args: given, mode = 'call', moved: movedWith = [] } = this.request.call(task)
      moved.push(...movedWith)
      const isSent = this.isWanted(task) || this.readersLeft[task] > readsInBatch[i]
      numbers.push(task, callWord(fn, mode, isSent), given.length)
      const inputs = this.inputsOf(task)
      let next = 0
      for (const arg of given) {
        const read =
          arg === input ? (inputs[next++] ?? internal(`task ${task} calls with more inputs than it has`)) : -1
        const source = (position.get(read) ?? -1) + 1
        numbers.push(source)
        if (source === 0) args.push(ownArg(i, toSent(read < 0 ? arg : this.values.get(read))))
      }
    })
    return { numbers: Uint32Array.from(numbers), args }
  }
  private inputsOf(task: number): Int32Array {
    const { inputStart, inputs } = this.request
    return inputs.subarray(inputStart[task], inputStart[task + 1])
  }
}

/**
 * In one message what is one object stays one for all that read it there. So each task but the first gets a copy of it, whether they are
 * sent together or not: none sees what another changes.
 */
function ownCopies(): (task: number, arg: unknown) => unknown {
  const owners = new Map<object, number>()
  return (task, arg) => {
    if (typeof arg !== 'object' || arg === null) return arg
    const { buffers, objects } = partsOf(arg)
    let isShared = false
    for (const part of [...buffers, ...objects]) {
      if (!owners.has(part)) owners.set(part, task)
      else if (owners.get(part) !== task) isShared = true
    }
    return isShared ? structuredClone(arg) : arg
  }
}

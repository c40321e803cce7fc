import type { TaskCall } from '../worker/protocol.ts'
import { type JobState, makeReady, outputSize, readySet, taskState } from './job.ts'
import { admit, advanceFrontier, freeBlock, releaseIfUnused, withdraw } from './memory.ts'
import type { Batch, SchedulerState, WorkerState } from './model.ts'
import type { OrderedSet } from './ordered-set.ts'
import { giveSeat, takeSeat } from './seats.ts'
import { mainThread, taskFlag, type WorkerId } from './types.ts'

/** A message costs as much as some ten tiny tasks: so many go in one, or as many as make or read this many bytes. */
const mostTasks = 256
const mostMadeBytes = 2 ** 20
const mostReadBytes = 2 ** 27
/** How many ready tasks that may not start now are passed over to find one that may. */
const mostMisses = 32

/**
 * Takes the lowest tasks of the set that may start and gives them to the worker. Small tasks go many at once, fewer as the rest
 * shrinks so that all workers end together. Undefined when none may start.
 */
export function fillBatch(
  state: SchedulerState,
  job: JobState,
  set: OrderedSet,
  worker: WorkerState,
): Batch | undefined {
  const most = Math.min(mostTasks, worker.tasksLeft)
  const share = Math.ceil(set.size / (4 * Math.max(1, job.options.workers)))
  const target = Math.min(mostTasks, worker.id === mainThread ? set.size : Math.min(share, timely(job)))
  // When nothing runs and no reader will free memory, any task that may start will do: else the job has to be given up.
  const isAtRest = state.batches.size === 0 && state.moves.size === 0 && job.withReader === 0
  const misses = isAtRest ? set.size : mostMisses
  const chain = new Chain(job, set)
  const tasks: number[] = []
  let taken = 0
  let madeBytes = 0
  let readBytes = 0
  let missed = 0
  let next = set.next(0)
  while (tasks.length < most && missed <= misses) {
    const fromSet = taken < target ? next : -1
    const fromChain = chain.next()
    const useChain = fromChain >= 0 && (fromSet < 0 || fromChain < fromSet)
    const task = useChain ? fromChain : fromSet
    if (task < 0) break
    const made = madeBytes + job.table.outputBytes[task]
    const read = readBytes + inputBytes(job, task)
    const isFull = isAlone(job, task) || made > mostMadeBytes || read > mostReadBytes
    if (tasks.length > 0 && isFull) break
    if (useChain) chain.drop(task)
    else next = set.next(task + 1)
    if ((isAlone(job, task) && worker.batches.length > 0 && worker.id !== mainThread) || !admit(state, job, task)) {
      missed++
      continue
    }
    if (!useChain) {
      set.remove(task)
      taken++
    }
    job.state[task] = taskState.running
    job.batch[task] = state.nextBatch
    tasks.push(task)
    madeBytes = made
    readBytes = read
    if (isAlone(job, task)) break
    if (!isFull) chain.follow(task)
  }
  chain.clear()
  return tasks.length === 0 ? undefined : addBatch(state, job, worker, tasks)
}

/**
 * Tasks whose missing inputs are all in the batch that is being filled: they may follow in it, as a worker runs a batch in order. Only
 * the single reader of a block follows (chains and reduction trees), so nothing that could run beside it is held up.
 */
class Chain {
  private readonly job: JobState
  private readonly set: OrderedSet
  private readonly found: number[] = []
  private readonly counted: number[] = []
  constructor(job: JobState, set: OrderedSet) {
    this.job = job
    this.set = set
  }
  follow(task: number): void {
    if (this.job.dropped.has(task)) return // Its readers do not count it as missing.
    const { dependentStart, dependents, inBatch, missing, state } = this.job
    const start = dependentStart[task]
    const end = dependentStart[task + 1]
    if (start === end || dependents[start] !== dependents[end - 1]) return
    const reader = dependents[start]
    // A call whose other input has failed has ended before this one, which may have to run again.
    if (state[reader] !== taskState.waiting) return
    inBatch[reader] += end - start
    this.counted.push(reader)
    if (inBatch[reader] === missing[reader] && readySet(this.job, reader) === this.set) this.found.push(reader)
  }
  /** The lowest of them, or -1. */
  next(): number {
    let lowest = -1
    for (const task of this.found) if (lowest < 0 || task < lowest) lowest = task
    return lowest
  }
  drop(task: number): void {
    this.found.splice(this.found.indexOf(task), 1)
  }
  clear(): void {
    for (const task of this.counted) this.job.inBatch[task] = 0
  }
}

/**
 * Whether the task goes to a worker that has nothing else to do. Calls do while it is not known that they are short, and a task that
 * was running, or may have been, when its worker was lost: it will then be the only one that is lost.
 */
export const isAlone = (job: JobState, task: number): boolean =>
  (job.table.flags[task] & taskFlag.alone) !== 0 ||
  (job.options.isCalls === true && !(job.taskMilliseconds < longMilliseconds)) ||
  job.losses.has(task)

/** Calls go as many at once as take about so long, by what the ones before took: others may wait for the last of them. */
const batchMilliseconds = 1
const longMilliseconds = 2
const timely = (job: JobState): number =>
  job.options.isCalls ? Math.max(1, Math.floor(batchMilliseconds / job.taskMilliseconds) || 1) : mostTasks

/** Bytes of the blocks that the task reads. */
function inputBytes(job: JobState, task: number): number {
  const { inputStart, inputs, outputBytes } = job.table
  let bytes = 0
  for (let k = inputStart[task]; k < inputStart[task + 1]; k++) bytes += outputBytes[inputs[k]]
  return bytes
}

function addBatch(state: SchedulerState, job: JobState, worker: WorkerState, tasks: readonly number[]): Batch {
  const alone = worker.id !== mainThread && isAlone(job, tasks[0])
  const batch = { id: state.nextBatch++, job, worker, tasks, alone, running: tasks.length }
  state.batches.set(batch.id, batch)
  if (worker.id !== mainThread && worker.batches.length === 0) takeSeat(state.seating)
  worker.batches.push(batch)
  worker.tasksLeft -= tasks.length
  job.batches++
  job.workerBatches.set(worker.id, (job.workerBatches.get(worker.id) ?? 0) + 1)
  return batch
}

export function endBatch(state: SchedulerState, batch: Batch): void {
  const { job, worker } = batch
  state.batches.delete(batch.id)
  worker.batches.splice(worker.batches.indexOf(batch), 1)
  if (worker.id !== mainThread && worker.batches.length === 0) giveSeat(state.seating)
  job.batches--
  const left = job.workerBatches.get(worker.id)! - 1
  if (left > 0) job.workerBatches.set(worker.id, left)
  else job.workerBatches.delete(worker.id)
}

/** The batch's tasks with all addresses, for the worker. */
export function assignedTasks(batch: Batch): TaskCall[] {
  const { blocks, table } = batch.job
  const addressOf = (task: number): number => blocks[task]?.address ?? 0
  return batch.tasks.map((task) => {
    const inputs: number[] = []
    for (let k = table.inputStart[task]; k < table.inputStart[task + 1]; k++) inputs.push(addressOf(table.inputs[k]))
    return { task, address: addressOf(task), inputs }
  })
}

/** The batch in which the worker runs the task; undefined when it does not (a late report of a worker that was given up). */
export function runningBatch(state: SchedulerState, job: JobState, worker: WorkerId, task: number): Batch | undefined {
  const batch = job.state[task] === taskState.running ? state.batches.get(job.batch[task]) : undefined
  return batch?.worker.id === worker ? batch : undefined
}

/** A task has made its block: its readers may become ready, its inputs free. */
export function finishTask(state: SchedulerState, job: JobState, task: number): void {
  const { inputStart, inputs, flags } = job.table
  if (job.dropped.delete(task)) {
    finishAgain(state, job, task)
    return
  }
  job.state[task] = flags[task] & taskFlag.deliver ? taskState.held : taskState.finished
  job.finishedCount++
  if (job.failure) return
  for (let k = inputStart[task]; k < inputStart[task + 1]; k++) {
    job.readers[inputs[k]]--
    releaseIfUnused(state, job, inputs[k])
  }
  for (let k = job.dependentStart[task]; k < job.dependentStart[task + 1]; k++) {
    const reader = job.dependents[k]
    if (--job.missing[reader] === 0 && job.state[reader] === taskState.waiting) makeReady(job, reader)
  }
  releaseIfUnused(state, job, task)
  if (task === job.frontier) advanceFrontier(state, job)
}

/** A task has made its dropped block once more: nothing but its readers' turn has changed. */
function finishAgain(state: SchedulerState, job: JobState, task: number): void {
  job.state[task] = taskState.finished
  state.awayCount--
  if (task === job.frontier) advanceFrontier(state, job)
}

/** Gives back a task whose worker was lost: it has not run. */
export function returnTask(state: SchedulerState, job: JobState, task: number): void {
  withdraw(state, job, task)
  job.state[task] = taskState.waiting
  if (job.missing[task] === 0) makeReady(job, task)
}

/** Frees all that the job has, kept and delivered blocks as well. */
export function freeAll(state: SchedulerState, job: JobState): void {
  for (let task = 0; task < job.table.count; task++) if (outputSize(job, task) > 0) freeBlock(state, job, task)
}

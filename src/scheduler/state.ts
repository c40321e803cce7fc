import { formatBytes } from '../core/bytes.ts'
import { AbortError, internal, MemoryLimitError, WorkerLostError } from '../core/errors.ts'
import { endBatch, finishTask, freeAll, returnTask, runningBatch } from './batch.ts'
import { place } from './block.ts'
import { dispatch, findStuck } from './dispatch.ts'
import { createJob, isComplete, type JobState, outputSize, takenBytes, taskState } from './job.ts'
import { changeReaderBytes, countActive, freeBlock, letGo, releaseIfUnused } from './memory.ts'
import type { SchedulerState } from './model.ts'
import { endMove } from './spill.ts'
import { type SchedulerAction, type SchedulerEvent, taskFlag, type WorkerId } from './types.ts'

export { createState, type SchedulerState } from './model.ts'

/** A task that was running when so many workers were lost ends its job. */
const mostLosses = 3

/**
 * Takes one event into the state and tells what is to be done about it. It does nothing else: no clock, no I/O, no promises, so any
 * run can be replayed from its events.
 *
 * @example
 * const state = createState(2 ** 30)
 * step(state, { type: 'workerReady', worker: 0 })
 * for (const action of step(state, { type: 'submit', job: 1, table, options })) perform(action)
 */
export function step(state: SchedulerState, event: SchedulerEvent): SchedulerAction[] {
  const actions: SchedulerAction[] = []
  handle(state, event, actions)
  dispatch(state, actions)
  for (let stuck = findStuck(state); stuck; stuck = findStuck(state)) {
    end(state, stuck, noMemory(state, stuck), actions)
    dispatch(state, actions)
  }
  if (state.jobs.size === 0) for (const slab of state.slots.takeEmptied()) actions.push({ type: 'trim', slab })
  return actions
}

function handle(state: SchedulerState, event: SchedulerEvent, actions: SchedulerAction[]): void {
  if (event.type === 'submit') submit(state, event, actions)
  else if (event.type === 'wake') wake(state, actions)
  else if (event.type === 'workerReady') addWorker(state, event.worker)
  else if (event.type === 'workerLost') loseWorker(state, event, actions)
  else if (event.type === 'seatFree') return
  else if (event.type === 'release') state.heap.free(event.address)
  else if (event.type === 'discard') discard(state, event.kept)
  else if (event.type === 'moved' || event.type === 'moveFailed') move(state, event, actions)
  else handleOfJob(state, event, actions)
}

type JobEvent = Extract<SchedulerEvent, { type: 'finished' | 'failed' | 'taken' | 'cancel' }>

function handleOfJob(state: SchedulerState, event: JobEvent, actions: SchedulerAction[]): void {
  const job = state.jobs.get(event.job)
  if (!job) return
  if (event.type === 'finished') finish(state, job, event, actions)
  else if (event.type === 'failed') fail(state, job, event.worker, event.task, event.error, actions)
  else if (event.type === 'taken') take(state, job, event.task, actions)
  else if (!job.failure) end(state, job, new AbortError('compute: the computation was aborted', event.reason), actions)
}

function wake(state: SchedulerState, actions: SchedulerAction[]): void {
  for (const { id, batches } of state.workers.values())
    if (batches.length === 0) actions.push({ type: 'wake', worker: id })
  if (state.workers.size + state.spawning > 0) return
  state.spawning = 1
  actions.push({ type: 'spawn', count: 1 })
}

function addWorker(state: SchedulerState, id: WorkerId): void {
  state.spawning = Math.max(0, state.spawning - 1)
  state.spawnFailures = 0
  state.workers.set(id, { id, batches: [], tasksLeft: state.tasksPerWorker })
}

function discard(state: SchedulerState, kept: number): void {
  const block = state.kept.get(kept)
  if (block) letGo(state, block)
}

/** Where the disk is full or broken, the job that needed the room or the block fails; others may still do without. */
function move(
  state: SchedulerState,
  event: SchedulerEvent & { type: 'moved' | 'moveFailed' },
  actions: SchedulerAction[],
): void {
  const ended = state.moves.get(event.move) ?? internal(`there is no move ${event.move}`)
  endMove(state, ended, event.type === 'moveFailed')
  if (ended.owner && !ended.owner.failure && ended.owner.active) deliverInOrder(state, ended.owner, actions)
  const { wantedBy } = ended
  if (event.type === 'moveFailed' && state.jobs.has(wantedBy.id) && !wantedBy.failure)
    end(state, wantedBy, event.error, actions)
}

function submit(state: SchedulerState, event: SchedulerEvent & { type: 'submit' }, actions: SchedulerAction[]): void {
  const { table, options } = event
  let job: JobState
  try {
    job = createJob(event.job, table, options)
  } catch (error) {
    actions.push({ type: 'fail', job: event.job, error })
    return
  }
  const limitBytes = Math.min(options.limitBytes, state.heap.limitBytes)
  if (job.profile.largestTaskBytes > limitBytes) {
    actions.push({ type: 'fail', job: event.job, error: tooLarge(job.profile.largestTaskBytes, limitBytes) })
    return
  }
  if (options.group) joinGroup(state, job, options.group)
  state.jobs.set(job.id, job)
  state.waiting.push(job)
  for (const [task, kept] of table.given ?? []) {
    if (outputSize(job, task) === 0) continue
    const block = state.kept.get(kept) ?? internal(`submit: there is no kept block ${kept}`)
    block.holders++
    job.blocks[task] = block
  }
  completeIfDone(state, job, actions)
}

function joinGroup(state: SchedulerState, job: JobState, group: object): void {
  const workerBatches = state.groups.get(group) ?? job.workerBatches
  state.groups.set(group, workerBatches)
  job.workerBatches = workerBatches
}

function finish(
  state: SchedulerState,
  job: JobState,
  { worker, tasks, milliseconds }: SchedulerEvent & { type: 'finished' },
  actions: SchedulerAction[],
): void {
  if (milliseconds !== undefined) learnTime(job, milliseconds / tasks.length)
  for (const task of tasks) {
    const batch = runningBatch(state, job, worker, task)
    if (!batch) continue
    finishTask(state, job, task)
    if (--batch.running === 0) endBatch(state, batch)
    if (!job.failure && job.state[task] === taskState.held && !job.options.ordered) hand(state, job, task, actions)
  }
  if (!job.failure) deliverInOrder(state, job, actions)
  completeIfDone(state, job, actions)
}

const learnTime = (job: JobState, milliseconds: number): void => {
  const before = job.taskMilliseconds
  job.taskMilliseconds = before >= 0 ? (before + milliseconds) / 2 : milliseconds
}

/** With order kept: hands the finished blocks whose turn has come to the reader; one that is away has to come back first. */
function deliverInOrder(state: SchedulerState, job: JobState, actions: SchedulerAction[]): void {
  if (!job.options.ordered) return
  for (; job.nextDelivery < job.deliveries.length; job.nextDelivery++) {
    const task = job.deliveries[job.nextDelivery]
    const block = job.blocks[task]
    if (job.state[task] !== taskState.held || block?.place === place.away || block?.place === place.coming) return
    hand(state, job, task, actions)
  }
}

function hand(state: SchedulerState, job: JobState, task: number, actions: SchedulerAction[]): void {
  actions.push({ type: 'deliver', job: job.id, task, address: job.blocks[task]?.address ?? 0 })
  job.state[task] = taskState.delivered
  job.withReader++
  releaseIfUnused(state, job, task)
}

function take(state: SchedulerState, job: JobState, task: number, actions: SchedulerAction[]): void {
  if (job.failure || job.state[task] !== taskState.delivered) return
  job.state[task] = taskState.finished
  job.withReader--
  job.untaken--
  if (job.copies.delete(task)) changeReaderBytes(state, job, -outputSize(job, task))
  while (job.nextTaken < job.deliveries.length && job.state[job.deliveries[job.nextTaken]] === taskState.finished) {
    job.nextTaken++
  }
  completeIfDone(state, job, actions)
}

/** A worker stops a batch at the first task that fails, so the tasks behind it have not run and will not. */
function fail(
  state: SchedulerState,
  job: JobState,
  worker: WorkerId,
  task: number,
  error: unknown,
  actions: SchedulerAction[],
): void {
  const batch = runningBatch(state, job, worker, task)
  if (!batch) return
  endBatch(state, batch)
  end(state, job, job.failure ? job.failure.error : error, actions)
}

type WorkerLost = SchedulerEvent & { type: 'workerLost' }

function loseWorker(state: SchedulerState, event: WorkerLost, actions: SchedulerAction[]): void {
  const worker = state.workers.get(event.worker)
  if (!worker) {
    loseStarting(state, event.cause, actions)
    return
  }
  state.workers.delete(event.worker)
  const [first] = worker.batches
  for (const batch of [...worker.batches]) {
    const { job } = batch
    const running = batch.tasks.filter((task) => job.state[task] === taskState.running && job.batch[task] === batch.id)
    const suspects = batch === first ? (event.suspects ?? running.slice(0, 1)) : []
    for (const task of running) {
      const error = suspects.includes(task) ? blame(job, task, suspects.length, event.cause) : undefined
      if (error && job.options.independent) giveUp(state, job, task, error, actions)
      else returnTask(state, job, task)
      if (error && !job.options.independent) job.failure ??= { error }
    }
    endBatch(state, batch)
    completeIfDone(state, job, actions)
  }
}

/** One of so many suspects has ended its worker: where there are several, each will run alone, so that it comes out. */
function blame(job: JobState, task: number, suspects: number, cause: unknown): WorkerLostError | undefined {
  const losses = (job.losses.get(task) ?? 0) + (suspects === 1 ? 1 : 0)
  job.losses.set(task, losses)
  if (losses < (job.options.mostLosses ?? mostLosses) || job.failure) return undefined
  const text = `compute: task ${task} was running when ${losses} worker${losses > 1 ? 's were' : ' was'} lost; it ends the process or takes all its memory`
  return new WorkerLostError(text, { task, cause })
}

/** The job goes on without the task: it counts as finished. */
function giveUp(state: SchedulerState, job: JobState, task: number, error: unknown, actions: SchedulerAction[]): void {
  finishTask(state, job, task)
  actions.push({ type: 'lost', job: job.id, task, error })
}

/**
 * A worker ended before it was ready. When that goes on, all jobs that need workers end, also where others are ready: tasks may be bound to
 * one that never will be, and a host where workers cannot start would be asked again and again.
 */
function loseStarting(state: SchedulerState, cause: unknown, actions: SchedulerAction[]): void {
  state.spawning = Math.max(0, state.spawning - 1)
  if (++state.spawnFailures < mostLosses) return
  state.spawnFailures = 0
  const text = `compute: ${mostLosses} workers ended before they were ready; the cause tells why`
  for (const job of [...state.active, ...state.waiting]) {
    if (job.options.workers > 0) end(state, job, new WorkerLostError(text, { cause }), actions)
  }
}

function completeIfDone(state: SchedulerState, job: JobState, actions: SchedulerAction[]): void {
  if (job.failure) {
    if (job.batches === 0) end(state, job, job.failure.error, actions)
    return
  }
  if (!isComplete(job)) return
  for (const task of job.table.given?.keys() ?? []) freeBlock(state, job, task)
  remove(state, job)
  actions.push({ type: 'done', job: job.id, kept: keep(state, job), ...job.counts })
}

/** Blocks that outlive their job get numbers of their own. */
function keep(state: SchedulerState, { table, blocks }: JobState): Map<number, number> {
  const kept = new Map<number, number>()
  for (let task = 0; task < table.count; task++) {
    if (!(table.flags[task] & taskFlag.keep)) continue
    const block = blocks[task]
    kept.set(task, block ? state.nextKept : 0)
    if (!block) continue
    block.kept = state.nextKept++
    block.holders = 1
    state.kept.set(block.kept, block)
    if (block.address !== 0) state.keptBytes += block.bytes
  }
  return kept
}

/** Ends a job with an error, as soon as none of its tasks runs (a worker may write to its blocks until then). */
function end(state: SchedulerState, job: JobState, error: unknown, actions: SchedulerAction[]): void {
  job.failure ??= { error }
  if (job.batches > 0) return
  freeAll(state, job)
  remove(state, job)
  actions.push({ type: 'fail', job: job.id, error: job.failure.error })
}

function remove(state: SchedulerState, job: JobState): void {
  state.jobs.delete(job.id)
  state.awayCount -= job.dropped.size
  if (state.hungry === job) state.hungry = undefined
  const list = job.active ? state.active : state.waiting
  list.splice(list.indexOf(job), 1)
  if (job.active) countActive(state, job, -1)
}

function tooLarge(neededBytes: number, limitBytes: number): MemoryLimitError {
  const text =
    `compute: one task needs ${formatBytes(neededBytes)} at once (its inputs and its output), the limit is ` +
    `${formatBytes(limitBytes)}; use smaller chunks or a higher memoryLimit`
  return new MemoryLimitError(text, neededBytes, limitBytes)
}

function noMemory(state: SchedulerState, job: JobState): MemoryLimitError {
  const ofJob = takenBytes(job) + job.deniedBytes > job.options.limitBytes
  const usedBytes = ofJob ? takenBytes(job) : state.heap.usedBytes
  const limitBytes = ofJob ? job.options.limitBytes : state.heap.limitBytes
  const neededBytes = usedBytes + job.deniedBytes
  const text =
    `compute: the next task needs ${formatBytes(job.deniedBytes)} beside the ${formatBytes(usedBytes)} in use, the limit is ` +
    `${formatBytes(limitBytes)}; use smaller chunks, a higher memoryLimit, or let go of persisted arrays`
  return new MemoryLimitError(text, neededBytes, limitBytes)
}

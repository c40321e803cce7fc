import { assignedTasks, fillBatch } from './batch.ts'
import { makeRoom } from './eviction.ts'
import type { JobState } from './job.ts'
import { awaitsInputs, countActive, fitsBeside } from './memory.ts'
import type { SchedulerState, WorkerState } from './model.ts'
import type { OrderedSet } from './ordered-set.ts'
import { recallNext, recallSoon } from './spill.ts'
import { mainThread, type SchedulerAction } from './types.ts'

/** Batches that a worker has at once: one runs, the next waits, so that it never waits for the main thread. */
const batchesPerWorker = 2
/** Batches that the main thread has at once when workers run the rest: they read and write files, side by side. */
const batchesOnMain = 4

/** Starts all that may start now. */
export function dispatch(state: SchedulerState, actions: SchedulerAction[]): void {
  retireWorkers(state, actions)
  activateWaiting(state)
  serve(state, actions)
  while (state.waiting.length > 0 && waitsForReaders(state)) {
    activate(state)
    serve(state, actions)
  }
  spawnWorkers(state, actions)
}

/** Starts tasks, the job first whose next task found no room before; where there is none, blocks leave the heap. */
function serve(state: SchedulerState, actions: SchedulerAction[]): void {
  do {
    state.steps++
    if (state.moves.size === 0) state.compacting = false
    if (state.hungry) feed(state, state.hungry, actions)
    assignAll(state, state.active, actions)
  } while (makeRoom(state, actions))
}

/** Lets the hungry job's next task start before any other takes room. */
function feed(state: SchedulerState, job: JobState, actions: SchedulerAction[]): void {
  assignAll(state, [job], actions)
  if (job.deniedStep === state.steps || awaitsInputs(job)) return
  state.hungry = undefined
  job.compactions = 0
  job.idleStep = -1
  job.idleMainStep = -1
}

/** The job that has to end because no task can start, none runs, and no reader will give back a block: the youngest such. */
export function findStuck(state: SchedulerState): JobState | undefined {
  if (state.batches.size > 0 || state.moves.size > 0 || state.spawning > 0) return undefined
  // What a reader has not taken is in its job's way alone.
  return state.active.findLast(
    (job) => job.deniedStep === state.steps && (job === state.hungry || job.withReader === 0),
  )
}

/**
 * Whether nothing runs, and nothing will before a reader gives back a block. The reader may itself wait for a job that is not active,
 * so that goes on with what memory there is.
 */
const waitsForReaders = (state: SchedulerState): boolean =>
  state.batches.size === 0 &&
  state.moves.size === 0 &&
  state.active.some((job) => job.withReader > 0) &&
  !state.active.some((job) => mayUseWorker(state, job) || mayUseMain(state, job))

function retireWorkers(state: SchedulerState, actions: SchedulerAction[]): void {
  for (const worker of state.workers.values()) {
    if (worker.tasksLeft > 0 || worker.batches.length > 0) continue
    state.workers.delete(worker.id)
    actions.push({ type: 'retire', worker: worker.id })
  }
}

function activateWaiting(state: SchedulerState): void {
  while (state.waiting.length > 0 && (state.active.length === 0 || fitsBeside(state, state.waiting[0]))) activate(state)
}

function activate(state: SchedulerState): void {
  const job = state.waiting.shift()!
  job.turn = state.turn
  state.active.push(job)
  countActive(state, job, 1)
}

/** Gives workers and the main thread what they may start of these jobs. */
function assignAll(state: SchedulerState, jobs: readonly JobState[], actions: SchedulerAction[]): void {
  for (const job of jobs) recallNext(state, job, actions)
  assignTasks(state, jobs, actions)
  for (const job of jobs) recallSoon(state, job, actions)
}

function assignTasks(state: SchedulerState, jobs: readonly JobState[], actions: SchedulerAction[]): void {
  while (state.main.batches.length < batchesOnMain && assignMain(state, jobs, actions));
  for (let depth = 0; depth < batchesPerWorker; depth++) {
    for (const worker of state.workers.values()) {
      if (!jobs.some((job) => mayUseWorker(state, job) || hasPinned(job))) return
      if (worker.tasksLeft > 0 && worker.batches.length === depth && !worker.batches[0]?.alone)
        assign(state, jobs, worker, actions)
    }
  }
}

/** Whether the job has tasks for workers, or for the main thread, and was not found unable to start any in this step. */
const mayUseWorker = (state: SchedulerState, job: JobState): boolean =>
  job.options.workers > 0 && job.ready.size > 0 && job.idleStep !== state.steps && !job.failure
/** Whether it has tasks that can run now on one worker only. */
const hasPinned = (job: JobState): boolean => {
  for (const set of job.readyPinned.values()) if (set.size > 0) return true
  return false
}
const mayUseMain = (state: SchedulerState, job: JobState): boolean =>
  mainSet(job).size > 0 && job.idleMainStep !== state.steps && !job.failure

/** Gives the worker a batch: of tasks that only it may run, else of the job whose turn it is. */
function assign(
  state: SchedulerState,
  jobs: readonly JobState[],
  worker: WorkerState,
  actions: SchedulerAction[],
): void {
  for (const job of jobs) {
    const pinned = job.readyPinned.get(worker.id)
    if (pinned && pinned.size > 0 && !job.failure && send(state, job, pinned, worker, actions)) return
  }
  for (let job = nextJob(state, jobs, worker); job; job = nextJob(state, jobs, worker)) {
    if (send(state, job, job.ready, worker, actions)) return
    job.idleStep = state.steps
  }
}

function nextJob(state: SchedulerState, jobs: readonly JobState[], worker: WorkerState): JobState | undefined {
  let best: JobState | undefined
  for (const job of jobs) {
    if (!mayUseWorker(state, job) || (best && !goesBefore(job, best))) continue
    if (job.workerBatches.has(worker.id) || workersOf(job) < job.options.workers) best = job
  }
  return best
}

const priorityOf = (job: JobState): number => job.options.priority ?? 0
const goesBefore = (job: JobState, other: JobState): boolean =>
  priorityOf(job) === priorityOf(other) ? job.turn < other.turn : priorityOf(job) > priorityOf(other)

/** How many workers run tasks of the job. */
const workersOf = (job: JobState): number => job.workerBatches.size - (job.workerBatches.has(mainThread) ? 1 : 0)

/** The same for the main thread. A job without workers has one batch there at a time, so that its memory stays low. */
function assignMain(state: SchedulerState, jobs: readonly JobState[], actions: SchedulerAction[]): boolean {
  for (let job = nextMainJob(state, jobs); job; job = nextMainJob(state, jobs)) {
    if (send(state, job, mainSet(job), state.main, actions)) return true
    job.idleMainStep = state.steps
  }
  return false
}

function nextMainJob(state: SchedulerState, jobs: readonly JobState[]): JobState | undefined {
  let best: JobState | undefined
  for (const job of jobs) {
    if (!mayUseMain(state, job) || (best && !goesBefore(job, best))) continue
    if (job.options.workers > 0 || job.batches === 0) best = job
  }
  return best
}
const mainSet = (job: JobState): OrderedSet => (job.options.workers === 0 ? job.ready : job.readyMain)

function send(
  state: SchedulerState,
  job: JobState,
  set: OrderedSet,
  worker: WorkerState,
  actions: SchedulerAction[],
): boolean {
  const batch = fillBatch(state, job, set, worker)
  if (!batch) return false
  state.turn = job.turn
  job.turn++
  actions.push({ type: 'run', job: job.id, worker: worker.id, tasks: assignedTasks(batch) })
  return true
}

/** Asks for as many workers as there are tasks for, up to what the jobs may use. */
function spawnWorkers(state: SchedulerState, actions: SchedulerAction[]): void {
  let wanted = 0
  let allowed = 0
  for (const job of state.active) {
    if (job.options.workers === 0 || job.failure) continue
    allowed = Math.max(allowed, job.options.workers)
    wanted += Math.min(job.options.workers, workersOf(job) + (job.idleStep === state.steps ? 0 : job.ready.size))
    if (hasPinned(job)) wanted += 1 + Math.max(...job.readyPinned.keys())
    allowed = Math.max(allowed, 1 + Math.max(-1, ...job.readyPinned.keys()))
  }
  const count = Math.min(wanted, allowed) - state.workers.size - state.spawning
  if (count <= 0) return
  state.spawning += count
  actions.push({ type: 'spawn', count })
}

import { assignedTasks, fillBatch, isAlone } from './batch.ts'
import { makeRoom } from './eviction.ts'
import type { JobState } from './job.ts'
import { awaitsDelivery, awaitsInputs, countActive, fitsBeside, mayStartNext } from './memory.ts'
import type { Batch, SchedulerState, WorkerState } from './model.ts'
import type { OrderedSet } from './ordered-set.ts'
import { isWaiting, maySit, mustYield, settleSeats } from './seats.ts'
import { recallNext, recallSoon } from './spill.ts'
import { mainThread, type SchedulerAction, taskFlag } from './types.ts'

/** Batches that a worker has at once: one runs, the next waits, so that it never waits for the main thread. */
const batchesPerWorker = 2
/**
 * Batches of one job that the main thread has at once when workers run the rest: they read and write files, side by side. Of other jobs it
 * takes more, as one that reads may wait for them.
 */
const batchesOnMain = 4

/** Starts all that may start now. */
export function dispatch(state: SchedulerState, actions: SchedulerAction[]): void {
  retireWorkers(state, actions)
  activateWaiting(state)
  serve(state, actions)
  while (state.waiting.length > 0 && waitsForOthers(state)) {
    activate(state, state.waiting[0])
    serve(state, actions)
  }
  feedOthers(state, actions)
  spawnWorkers(state, actions)
  settleSeats(state.seating)
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
  job.idleStep = -1
  job.idleMainStep = -1
}

/**
 * What the main thread has may wait for any job, and the hungry one finds no room before that ends: then the others are hungry in turn,
 * first the one that was so least recently, until something goes on.
 */
function feedOthers(state: SchedulerState, actions: SchedulerAction[]): void {
  const { hungry } = state
  if (!hungry || !waitsForOthers(state)) return
  const others = state.active.filter((job) => job !== hungry)
  for (const next of others.sort((a, b) => a.fedStep - b.fedStep)) {
    if (!mayStartNext(next) && !awaitsDelivery(next)) continue
    next.fedStep = state.steps
    state.hungry = next
    serve(state, actions)
    if (!waitsForOthers(state)) return
  }
  state.hungry = hungry
  serve(state, actions) // So that it counts as denied in this step.
}

/** The job that has to end because no task can start, none runs, and no reader will give back a block: the youngest such. */
export function findStuck(state: SchedulerState): JobState | undefined {
  if (state.batches.size > 0 || state.moves.size > 0 || state.spawning > 0 || isWaiting(state.seating)) return undefined
  // What a reader has not taken is in its job's way alone.
  return state.active.findLast(
    (job) => job.deniedStep === state.steps && (job === state.hungry || job.withReader === 0),
  )
}

/**
 * Whether nothing will go on before a reader gives back a block or what the user has here on the main thread ends. Both may themselves wait
 * for a job that is not active, so that goes on with what memory there is.
 */
const waitsForOthers = (state: SchedulerState): boolean =>
  state.batches.size === state.main.batches.length &&
  state.main.batches.every(mayWaitForJob) &&
  state.moves.size === 0 &&
  (state.batches.size > 0 || state.active.some((job) => job.withReader > 0)) &&
  !state.active.some((job) => mayUseWorker(state, job) || mayUseMain(state, job))
const mayWaitForJob = ({ job, tasks }: Batch): boolean =>
  job.options.isCalls === true || (job.table.flags[tasks[0]] & (taskFlag.main | taskFlag.alone)) !== 0

function retireWorkers(state: SchedulerState, actions: SchedulerAction[]): void {
  for (const worker of state.workers.values()) {
    if (worker.tasksLeft > 0 || worker.batches.length > 0) continue
    state.workers.delete(worker.id)
    actions.push({ type: 'retire', worker: worker.id })
  }
}

/** Calls need no memory: they pass those that wait for it, and nobody waits for them. */
function activateWaiting(state: SchedulerState): void {
  for (const job of state.waiting.filter(({ options }) => options.isCalls)) activate(state, job)
  const isFree = (): boolean => state.active.every(({ options }) => options.isCalls)
  while (state.waiting.length > 0 && (isFree() || fitsBeside(state, state.waiting[0])))
    activate(state, state.waiting[0])
}

function activate(state: SchedulerState, job: JobState): void {
  state.waiting.splice(state.waiting.indexOf(job), 1)
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
  while (assignMain(state, jobs, actions));
  for (let depth = 0; depth < batchesPerWorker; depth++) {
    if (depth > 0 && mustYield(state.seating)) return
    for (const worker of state.workers.values()) {
      if (!jobs.some((job) => mayUseWorker(state, job) || hasPinned(job))) return
      if (worker.tasksLeft <= 0 || worker.batches.length !== depth || worker.batches[0]?.alone) continue
      if (depth === 0 || !isWanted(state, jobs, worker)) assign(state, jobs, worker, actions)
    }
  }
}

/** Whether a task waits for the worker that goes only to one without anything else to do: nothing is queued before it then. */
const isWanted = (state: SchedulerState, jobs: readonly JobState[], worker: WorkerState): boolean =>
  jobs.some(
    (job) =>
      !job.failure &&
      (startsAlone(job, job.readyPinned.get(worker.id)) ||
        (mayUseWorker(state, job) && mayGoTo(job, worker) && startsAlone(job, job.ready))),
  )
const startsAlone = (job: JobState, set: OrderedSet | undefined): boolean =>
  set !== undefined && set.size > 0 && isAlone(job, set.next(0))

/** Whether the job has tasks for workers, or for the main thread, and was not found unable to start any in this step. */
const mayUseWorker = (state: SchedulerState, job: JobState): boolean =>
  job.options.workers > 0 && job.ready.size > 0 && job.idleStep !== state.steps && !job.failure
/** Whether it has tasks that can run now on one worker only. */
const hasPinned = (job: JobState): boolean => {
  for (const set of job.readyPinned.values()) if (set.size > 0) return true
  return false
}
const mayUseMain = (state: SchedulerState, job: JobState): boolean =>
  mainSet(job).size > 0 && job.idleMainStep !== state.steps && !job.failure && hasMainTurn(job)

/** Gives the worker a batch: of tasks that only it may run, else of the job whose turn it is. */
function assign(
  state: SchedulerState,
  jobs: readonly JobState[],
  worker: WorkerState,
  actions: SchedulerAction[],
): void {
  const pinnedHere = jobs.filter((job) => !job.failure && (job.readyPinned.get(worker.id)?.size ?? 0) > 0)
  for (const job of pinnedHere.sort(byPriority)) {
    if (!hasSeat(state, worker)) return
    if (send(state, job, job.readyPinned.get(worker.id)!, worker, actions)) return
  }
  for (let job = nextJob(state, jobs, worker); job; job = nextJob(state, jobs, worker)) {
    if (!hasSeat(state, worker)) return
    if (send(state, job, job.ready, worker, actions)) return
    job.idleStep = state.steps
  }
}

/** Whether the worker is at work, or may go to work. */
const hasSeat = (state: SchedulerState, worker: WorkerState): boolean =>
  worker.batches.length > 0 || maySit(state.seating, state.active.some(hasGang))
/** Of calls that wait for each other some have begun and others not. */
const hasGang = (job: JobState): boolean =>
  !job.failure &&
  job.options.isCalls === true &&
  job.batches > 0 &&
  job.ready.size > 0 &&
  (job.table.flags[job.ready.next(0)] & taskFlag.alone) !== 0

function nextJob(state: SchedulerState, jobs: readonly JobState[], worker: WorkerState): JobState | undefined {
  let best: JobState | undefined
  for (const job of jobs) {
    if (!mayUseWorker(state, job) || (best && !goesBefore(job, best))) continue
    if (mayGoTo(job, worker)) best = job
  }
  return best
}

const priorityOf = (job: JobState): number => job.options.priority ?? 0
const byPriority = (job: JobState, other: JobState): number => priorityOf(other) - priorityOf(job)
const goesBefore = (job: JobState, other: JobState): boolean =>
  priorityOf(job) === priorityOf(other) ? job.turn < other.turn : priorityOf(job) > priorityOf(other)

/** How many workers run tasks of the job. */
const workersOf = (job: JobState): number => job.workerBatches.size - (job.workerBatches.has(mainThread) ? 1 : 0)
const mayGoTo = (job: JobState, worker: WorkerState): boolean =>
  job.workerBatches.has(worker.id) || workersOf(job) < job.options.workers

/** A job without workers has one batch on the main thread at a time, so that its memory stays low. */
const hasMainTurn = (job: JobState): boolean =>
  job.options.workers > 0 ? (job.workerBatches.get(mainThread) ?? 0) < batchesOnMain : job.batches === 0

/** The same as `assign` for the main thread. */
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
    if (mayUseMain(state, job) && (!best || goesBefore(job, best))) best = job
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

/**
 * How many workers have to start until those are there that tasks of the job, which can run now, are pinned to: a new worker takes the
 * lowest number that is free.
 */
function missingPinned(state: SchedulerState, job: JobState): number {
  let last = -1
  for (const [worker, set] of job.readyPinned)
    if (set.size > 0 && !state.workers.has(worker)) last = Math.max(last, worker)
  let missing = 0
  for (let worker = 0; worker <= last; worker++) if (!state.workers.has(worker)) missing++
  return missing
}

/** Asks for as many workers as there are tasks for, up to what the jobs may use. */
function spawnWorkers(state: SchedulerState, actions: SchedulerAction[]): void {
  let wanted = 0
  let allowed = 0
  let named = 0
  for (const job of state.active) {
    if (job.options.workers === 0 || job.failure) continue
    allowed = Math.max(allowed, job.options.workers)
    wanted += Math.min(job.options.workers, workersOf(job) + (job.idleStep === state.steps ? 0 : job.ready.size))
    named = Math.max(named, missingPinned(state, job))
  }
  const count = Math.max(Math.min(wanted, allowed) - state.workers.size, named) - state.spawning
  if (count <= 0) return
  state.spawning += count
  actions.push({ type: 'spawn', count })
}

import {
  type CellView,
  cellMilliseconds,
  type JobView,
  type Update,
  type WorkerView,
  windowMilliseconds,
} from '../views.ts'

/** All that the page shows. Times in milliseconds since the dashboard began. */
export interface PageState extends Omit<Update, 'jobs' | 'workers' | 'cells'> {
  readonly connection: 'opening' | 'open' | 'lost' | 'closed'
  readonly jobs: ReadonlyMap<number, JobView>
  readonly workers: ReadonlyMap<number, WorkerView>
  readonly cells: ReadonlyMap<string, CellView>
}
export const emptyState: PageState = {
  connection: 'opening',
  time: 0,
  limitBytes: 0,
  spilledBytes: 0,
  reloadedBytes: 0,
  jobs: new Map(),
  workers: new Map(),
  cells: new Map(),
  memory: [],
  rates: [],
  errors: [],
}
const mostJobs = 12
const mostErrors = 20

/** The state with what has changed. */
export function merge(state: PageState, update: Update): PageState {
  const oldest = update.time - windowMilliseconds
  const cells = new Map(state.cells)
  for (const [key, { span }] of cells) if ((span + 1) * cellMilliseconds < oldest) cells.delete(key)
  for (const cell of update.cells) cells.set(`${cell.worker} ${cell.span}`, cell)
  const jobs = new Map(state.jobs)
  for (const job of update.jobs) jobs.set(job.id, job)
  for (const { id, state: is } of jobs.values()) if (jobs.size > mostJobs && is !== 'running') jobs.delete(id)
  const workers = new Map(state.workers)
  for (const worker of update.workers) workers.set(worker.id, worker)
  const recent = <T extends { readonly time: number }>(samples: readonly T[]): T[] =>
    samples.filter(({ time }) => time >= oldest)
  return {
    connection: 'open',
    time: update.time,
    limitBytes: update.limitBytes,
    spilledBytes: update.spilledBytes,
    reloadedBytes: update.reloadedBytes,
    jobs,
    workers,
    cells,
    memory: recent([...state.memory, ...update.memory]),
    rates: recent([...state.rates, ...update.rates]),
    errors: [...state.errors, ...update.errors].slice(-mostErrors),
  }
}

/** Those that can run, and those that ran in the last minute. */
export function shownWorkers({ workers, cells }: PageState): WorkerView[] {
  const seen = new Set([...cells.values()].map(({ worker }) => worker))
  return [...workers.values()].filter(({ id, isLost }) => !isLost || seen.has(id)).sort((a, b) => a.id - b.id)
}

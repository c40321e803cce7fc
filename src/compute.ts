import type { NdArray } from 'ndarray'
import { blockBox, boxShape, gridShape } from './core/chunks.ts'
import { config, parseBytes, parseScheduler, parseWorkers } from './core/config.ts'
import { allocate, facts, type TypedArray, viewBytes } from './core/dtype.ts'
import { AbortError, formatGiven, internal, MemoryLimitError, NdloomError, WorkerLostError } from './core/errors.ts'
import { checkFlag, checkOptions } from './core/options.ts'
import { formatShape, sizeOf, unravel } from './core/shape.ts'
import { type Progress, progressOf } from './diagnostics/progress.ts'
import { fromSource } from './graph/build.ts'
import type { Expr } from './graph/expr.ts'
import { optimise } from './graph/optimise.ts'
import { type ExecutablePlan, taskAxes } from './kernel/stage.ts'
import { explainPlan, formatBytes, type PlanCost, planCost } from './plan/explain.ts'
import { checkFits } from './plan/fits.ts'
import { lower, type Root } from './plan/lower.ts'
import type { Plan } from './plan/plan.ts'
import { layOut, type Tasks } from './plan/tasks.ts'
import { asResult, freeWith, makeRoom, type Result, reserve, takeResult } from './results.ts'
import type { Engine, Job } from './scheduler/engine.ts'
import { getEngine } from './scheduler/process.ts'
import { taskFlag } from './scheduler/types.ts'
import { ndarrayOver } from './storage/ndarray.ts'

export interface ComputeOptions {
  /** 'threads' (default): on the pool of workers; 'local': on this thread. */
  scheduler?: 'threads' | 'local'
  /** The most workers to use. */
  workers?: number
  /** The most bytes that blocks may take: a number, or text such as '512MiB'. */
  memoryLimit?: number | string
  signal?: AbortSignal
  /** Told how far the work is; true draws a bar in the terminal. */
  progress?: boolean | Progress
  /** Stream blocks in row-major order of the grid rather than as they finish. */
  ordered?: boolean
}

/** A block as it is streamed: its grid coordinate, the position of its first element, and its elements. */
export interface Block {
  readonly index: readonly number[]
  readonly offset: readonly number[]
  readonly data: NdArray
}

/** A computation that has not begun: awaiting it gives the whole result, iterating it streams the blocks. */
export class Computation<T extends Result = NdArray> implements PromiseLike<T>, AsyncIterable<Block> {
  #expr: Expr
  #options: ComputeOptions
  #result: Promise<T> | undefined
  constructor(expr: Expr, options: ComputeOptions) {
    this.#expr = expr
    this.#options = options
  }
  #whole(): Promise<T> {
    this.#result ??= computeAll([this.#expr], this.#options).then(([result]) => result as T)
    return this.#result
  }
  // biome-ignore lint/suspicious/noThenProperty: a computation is awaited
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#whole().then(onFulfilled, onRejected)
  }
  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.#whole().catch(onRejected)
  }
  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.#whole().finally(onFinally)
  }
  [Symbol.asyncIterator](): AsyncGenerator<Block> {
    return streamBlocks(this.#expr, this.#options)
  }
}

export const computeOne = (expr: Expr, options: ComputeOptions = {}): Computation => new Computation(expr, options)

/** The options of a run, checked, with the settings for those that are not given. */
interface Settings {
  readonly limitBytes: number
  readonly workers: number
  readonly ordered: boolean
  readonly signal: AbortSignal | undefined
  readonly progress: Progress | undefined
}
const optionNames = ['scheduler', 'workers', 'memoryLimit', 'signal', 'progress', 'ordered'] as const

/** Errors: NdloomError for an unknown option or a value that is not of its kind, AbortError when the signal is aborted already. */
function settingsOf(given: ComputeOptions): Settings {
  const { signal, progress, ordered, ...options } = checkOptions<ComputeOptions>(given, optionNames, 'compute')
  const scheduler = parseScheduler(options.scheduler ?? config().scheduler, 'compute: scheduler')
  const workers = parseWorkers(options.workers ?? config().workers, 'compute: workers')
  const limitBytes = parseBytes(options.memoryLimit ?? config().memoryLimit, 'compute: memoryLimit')
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    throw new NdloomError(
      `compute: got signal ${formatGiven(signal)}, want an AbortSignal, as new AbortController().signal`,
    )
  if (progress !== undefined && typeof progress !== 'boolean' && typeof progress !== 'function')
    throw new NdloomError(
      `compute: got progress ${formatGiven(progress)}, want true or a function (finished, total) => ...`,
    )
  if (signal?.aborted) throw new AbortError('compute: aborted before it began', signal.reason)
  return {
    limitBytes,
    workers: scheduler === 'local' ? 0 : workers,
    ordered: checkFlag(ordered, 'ordered', 'compute'),
    signal,
    progress: progressOf(progress),
  }
}

interface Prepared {
  readonly plan: Plan
  readonly engine: Engine
}

function prepare(roots: readonly Root[], engine: Engine): Prepared {
  const { roots: better } = optimise(roots.map((root) => root.expr))
  return { engine, plan: lower(better.map((expr, i) => ({ ...roots[i], expr }))) }
}

/** Hands the tasks to the scheduler; `flags` marks the output tasks. */
function start(
  { plan, engine }: Prepared,
  tasks: Tasks,
  flag: number,
  { limitBytes, workers, ordered, signal, progress }: Settings,
  onDeliver?: (task: number, address: number) => void,
): Job {
  const flags = new Uint8Array(tasks.count)
  for (const blocks of tasks.outputs) for (const task of blocks) flags[task] |= flag
  for (let t = 0; t < tasks.count; t++)
    if (plan.stages[tasks.stage[t]].stage.kind === 'user') flags[t] |= taskFlag.alone
  checkFits(plan, tasks, limitBytes)
  const executable: ExecutablePlan = {
    stages: plan.stages.map(({ stage }) => stage),
    taskStage: tasks.stage,
    taskBlock: tasks.block,
  }
  const job = engine.submit({
    table: {
      count: tasks.count,
      inputStart: tasks.inputStart,
      inputs: tasks.inputs,
      outputBytes: tasks.outputBytes,
      flags,
    },
    plan: executable,
    options: { limitBytes, workers, ordered, readAhead: Math.max(2, 2 * workers) },
    signal,
    onDeliver,
    onProgress: progress,
  })
  const result = job.result.catch((error) => {
    throw error instanceof WorkerLostError ? namedLoss(error, plan, tasks) : error
  })
  result.catch(() => undefined) // A reader that leaves does not look at it; that alone must not end the process.
  return { ...job, result }
}

/** The scheduler knows the number of the task whose worker was lost; this tells its stage and block. */
function namedLoss(error: WorkerLostError, plan: Plan, tasks: Tasks): WorkerLostError {
  if (error.task === undefined) return error
  const { stage } = plan.stages[tasks.stage[error.task]]
  const block = unravel(tasks.block[error.task], taskAxes(stage, gridShape(stage.grid)))
  const text = `${stage.name}: block [${block.join(', ')}]: ${error.message}`
  return new WorkerLostError(text, { stage: stage.name, block, task: error.task, cause: error.cause })
}

/** Whole results, from one plan in which shared work is done once. 0-d results are plain values. */
export async function computeAll(exprs: readonly Expr[], options: ComputeOptions = {}): Promise<Result[]> {
  const settings = settingsOf(options)
  const distinct = [...new Set(exprs)]
  const filled = distinct.filter((expr) => sizeOf(expr.shape) > 0)
  const results = new Map<Expr, Result>(
    distinct.map((expr) => [expr, asResult(allocate(expr.dtype, 0), expr.dtype, expr.shape)]),
  )
  const engine = await getEngine()
  const assembled = new Map<Expr, number>()
  try {
    for (const expr of filled) {
      const address = await reserve(engine, expr.shape, expr.dtype)
      if (address === undefined) results.set(expr, await collectBlocks(expr, settings))
      else assembled.set(expr, address)
    }
    if (assembled.size > 0) await assemble(engine, assembled, settings)
  } catch (error) {
    for (const address of assembled.values()) engine.free(address)
    throw error
  }
  for (const [expr, address] of assembled) results.set(expr, takeResult(engine, address, expr.shape, expr.dtype))
  return exprs.map((expr) => results.get(expr)!)
}

/** Computes into regions of the heap, in place. */
async function assemble(engine: Engine, regions: ReadonlyMap<Expr, number>, settings: Settings): Promise<void> {
  const exprs = [...regions.keys()]
  const prepared = prepare(
    exprs.map((expr) => ({ expr, assemble: true })),
    engine,
  )
  const stages = [...prepared.plan.stages]
  prepared.plan.outputs.forEach((output, i) => {
    const number = output.blocks.kind === 'stage' ? output.blocks.stage : internal('a result is not made by a stage')
    const { stage, buffers } = stages[number]
    if (stage.kind !== 'kernel') internal('a result is not made by a kernel')
    stages[number] = {
      stage: { ...stage, region: { address: regions.get(exprs[i])!, shape: exprs[i].shape } },
      buffers,
    }
  })
  const plan = { ...prepared.plan, stages }
  await start({ plan, engine }, layOut(plan, false), 0, settings).result
}

/** The result where the heap has no room for it: blocks are copied into an array outside as they come. */
async function collectBlocks(expr: Expr, settings: Settings): Promise<Result> {
  const { default: ops } = await import('ndarray-ops') // Compiles its functions when it is imported: only where it is needed.
  const data = allocateResult(expr)
  const whole = ndarrayOver(data, expr.dtype, expr.shape)
  for await (const { offset, data: block } of deliverBlocks(expr, settings)) {
    const corner = whole.lo(...offset).hi(...block.shape)
    ops.assign(corner, block)
  }
  return asResult(data, expr.dtype, expr.shape)
}

function allocateResult({ dtype, shape }: Expr): TypedArray {
  try {
    return allocate(dtype, sizeOf(shape))
  } catch {
    const neededBytes = sizeOf(shape) * facts[dtype].itemsize
    throw new MemoryLimitError(
      `compute: the result of shape ${formatShape(shape)} needs ${formatBytes(neededBytes)}, which this process cannot have in one piece; stream it with for await, or write it to a file`,
      neededBytes,
      config().memoryLimit,
    )
  }
}

/** The blocks as they finish. The reader holds the scheduler back; leaving the loop cancels what is left. */
export async function* streamBlocks(expr: Expr, options: ComputeOptions = {}): AsyncGenerator<Block> {
  yield* deliverBlocks(expr, settingsOf(options))
}

async function* deliverBlocks(expr: Expr, settings: Settings): AsyncGenerator<Block> {
  if (sizeOf(expr.shape) === 0) return
  const engine = await getEngine()
  const prepared = prepare([{ expr, assemble: false }], engine)
  const tasks = layOut(prepared.plan, settings.ordered)
  const shape = gridShape(expr.grid)
  const blockOf = new Map<number, number>()
  tasks.outputs[0].forEach((task, block) => {
    blockOf.set(task, block)
  })
  const waiting: { task: number; address: number }[] = []
  let wake = () => {}
  const job = start(prepared, tasks, taskFlag.deliver, settings, (task, address) => {
    waiting.push({ task, address })
    wake()
  })
  job.result.then(
    () => wake(),
    () => wake(),
  )
  try {
    for (let left = blockOf.size; left > 0 && job.isRunning(); ) {
      const next = waiting.shift()
      if (!next) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        continue
      }
      const index = unravel(blockOf.get(next.task)!, shape)
      const box = blockBox(expr.grid, index)
      const bytes = viewBytes(expr.dtype, engine.memory.buffer, next.address, sizeOf(boxShape(box)))
      const copy = bytes.slice() as TypedArray
      job.taken(next.task)
      left--
      yield { index, offset: box.map(([low]) => low), data: ndarrayOver(copy, expr.dtype, boxShape(box)) }
    }
    await job.result
  } finally {
    if (job.isRunning()) {
      job.cancel('the reader has stopped')
      await job.result.catch(() => {})
    }
  }
}

/** Computes the blocks and leaves them in the heap: an expression that reads them. */
export async function persist(expr: Expr, options: ComputeOptions = {}): Promise<Expr> {
  const settings = settingsOf(options)
  if (sizeOf(expr.shape) === 0 || (expr.kind === 'source' && expr.source.type === 'heap')) return expr
  const engine = await getEngine()
  await makeRoom(engine, sizeOf(expr.shape) * facts[expr.dtype].itemsize)
  const prepared = prepare([{ expr, assemble: false }], engine)
  const tasks = layOut(prepared.plan, false)
  const { kept } = await start(prepared, tasks, taskFlag.keep, settings).result
  const addresses = Array.from(tasks.outputs[0], (task) => kept.get(task) ?? internal(`task ${task} kept no block`))
  const source = { type: 'heap', addresses, grid: expr.grid, dtype: expr.dtype, shape: expr.shape } as const
  freeWith(source, engine, addresses)
  return fromSource(source, expr.grid)
}

/** The plan of an expression and what it costs; nothing runs. */
export function planOf(expr: Expr): { plan: Plan; cost: PlanCost; text: string } {
  const { roots, fired } = optimise([expr])
  const plan = lower([{ expr: roots[0], assemble: false }])
  const cost = planCost(plan, config().workers, sizeOf(expr.shape) * facts[expr.dtype].itemsize)
  return { plan, cost, text: explainPlan(expr, plan, fired, cost) }
}
export const explain = (expr: Expr): string => planOf(expr).text

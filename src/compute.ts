import type { NdArray } from 'ndarray'
import { formatBytes } from './core/bytes.ts'
import { type Box, blockBox, boxShape, gridShape } from './core/chunks.ts'
import { config } from './core/config.ts'
import { allocate, facts, type TypedArray, viewBytes } from './core/dtype.ts'
import { internal, MemoryLimitError } from './core/errors.ts'
import { formatShape, sizeOf, unravel } from './core/shape.ts'
import { describeArray } from './diagnostics/array.ts'
import { inspectName } from './diagnostics/notebook.ts'
import { showing } from './diagnostics/result.ts'
import { fromSource } from './graph/build.ts'
import type { Expr } from './graph/expr.ts'
import { writeInPlace } from './plan/regions.ts'
import { layOut } from './plan/tasks.ts'
import { engineFor, prepare, startJob } from './run/job.ts'
import { type ComputeOptions, type Settings, settingsOf } from './run/options.ts'
import { asResult, freeWith, makeRoom, noteStreamed, type Result, reserve, takeResult } from './run/results.ts'
import { resultBytesOf } from './run/summary.ts'
import type { Engine } from './scheduler/engine.ts'
import { taskFlag } from './scheduler/types.ts'
import { ndarrayOver } from './storage/ndarray.ts'

export type { ComputeOptions, RunEvent } from './run/options.ts'
export { type ExplainOptions, explain, type PlanSummary, type StageSummary, summarise } from './run/summary.ts'

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
  /** What the console prints where an await was forgotten. */
  [inspectName](): string {
    return `Computation of ${describeArray(this.#expr)}; await it, or iterate over its blocks`
  }
  [Symbol.asyncIterator](): AsyncGenerator<Block> {
    return streamBlocks(this.#expr, this.#options)
  }
}

export const computeOne = (expr: Expr, options: ComputeOptions = {}): Computation => new Computation(expr, options)

/** Whole results, from one plan in which shared work is done once. 0-d results are plain values. */
export async function computeAll(exprs: readonly Expr[], options: ComputeOptions = {}): Promise<Result[]> {
  const settings = settingsOf(options)
  const distinct = [...new Set(exprs)]
  const filled = distinct.filter((expr) => sizeOf(expr.shape) > 0)
  const results = new Map<Expr, Result>(
    distinct.map((expr) => [expr, asResult(allocate(expr.dtype, 0), expr.dtype, expr.shape)]),
  )
  if (filled.length === 0) return exprs.map((expr) => results.get(expr)!)
  const engine = engineFor(settings)
  const assembled = new Map<Expr, number>()
  const resultBytes = resultBytesOf(filled)
  if (resultBytes > settings.limitBytes) throw resultTooLarge(filled, resultBytes, settings)
  try {
    for (const expr of filled) {
      const address = await reserve(engine, expr.shape, expr.dtype)
      if (address === undefined) results.set(expr, await collectBlocks(expr, settings, resultBytes))
      else assembled.set(expr, address)
    }
    if (assembled.size > 0) await assemble(engine, assembled, settings, resultBytes)
  } catch (error) {
    for (const address of assembled.values()) engine.free(address)
    throw error
  }
  for (const [expr, address] of assembled) results.set(expr, takeResult(engine, address, expr.shape, expr.dtype))
  return exprs.map((expr) => results.get(expr)!)
}

/** Computes into regions of the heap, in place. */
async function assemble(
  engine: Engine,
  regions: ReadonlyMap<Expr, number>,
  settings: Settings,
  resultBytes: number,
): Promise<void> {
  const exprs = [...regions.keys()]
  const { plan: lowered } = prepare(
    exprs.map((expr) => ({ expr, assemble: true })),
    engine,
    settings,
    resultBytes,
  )
  const plan = writeInPlace(
    lowered,
    exprs.map((expr) => ({ address: regions.get(expr)!, shape: expr.shape })),
  )
  await (await startJob({ plan, engine, resultBytes }, layOut(plan, false), 0, settings)).result
}

/** The result where the heap has no room for it: blocks are copied into an array outside as they come. */
async function collectBlocks(expr: Expr, settings: Settings, resultBytes: number): Promise<Result> {
  const { default: ops } = await import('ndarray-ops') // Compiles its functions when it is imported: only where it is needed.
  const data = allocateResult(expr)
  const whole = ndarrayOver(data, expr.dtype, expr.shape)
  for await (const { offset, data: block } of deliverBlocks(expr, settings, resultBytes)) {
    const corner = whole.lo(...offset).hi(...block.shape)
    ops.assign(corner, block)
  }
  return asResult(data, expr.dtype, expr.shape)
}

function resultTooLarge(exprs: readonly Expr[], neededBytes: number, { limitBytes }: Settings): MemoryLimitError {
  const shapes = exprs.map(({ shape }) => formatShape(shape)).join(' and ')
  const it = exprs.length > 1 ? 'them' : 'it'
  const text =
    `compute: whole results of shape ${shapes} take ${formatBytes(neededBytes)}, the limit is ${formatBytes(limitBytes)}; ` +
    `stream ${it} with for await, write ${it} to a file (toZarr, toNpy), persist ${it}, or raise memoryLimit`
  return new MemoryLimitError(text, neededBytes, limitBytes)
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
async function* streamBlocks(expr: Expr, options: ComputeOptions = {}): AsyncGenerator<Block> {
  yield* deliverBlocks(expr, settingsOf(options))
}

async function* deliverBlocks(expr: Expr, settings: Settings, resultBytes = 0): AsyncGenerator<Block> {
  if (sizeOf(expr.shape) === 0) return
  const engine = engineFor(settings)
  const prepared = prepare([{ expr, assemble: false }], engine, settings, resultBytes)
  const tasks = layOut(prepared.plan, settings.ordered)
  const shape = gridShape(expr.grid)
  const blockOf = new Map<number, number>()
  tasks.outputs[0].forEach((task, block) => {
    blockOf.set(task, block)
  })
  const indexOf = (task: number): number[] => unravel(blockOf.get(task)!, shape)
  const boxOf = (task: number): Box => blockBox(expr.grid, indexOf(task))
  const waiting: { task: number; box: Box; data: TypedArray }[] = []
  let wake = () => {}
  const job = await startJob(prepared, tasks, taskFlag.deliver, settings, (task, address) => {
    const box = boxOf(task)
    const bytes = viewBytes(expr.dtype, engine.memory.buffer, address, sizeOf(boxShape(box)))
    waiting.push({ task, box, data: bytes.slice() as TypedArray })
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
      const { task, box, data } = next
      job.taken(task)
      left--
      yield {
        index: indexOf(task),
        offset: box.map(([low]) => low),
        data: showing(ndarrayOver(data, expr.dtype, boxShape(box)), expr.dtype),
      }
      await noteStreamed(data.byteLength)
    }
    await job.result
  } finally {
    if (job.isRunning()) {
      job.cancel('the reader has stopped')
      await job.result.catch(() => {})
    }
  }
}

/** Computes the blocks and leaves them with the scheduler, in the heap or out of it: an expression that reads them. */
export async function persist(expr: Expr, options: ComputeOptions = {}): Promise<Expr> {
  const settings = settingsOf(options)
  if (sizeOf(expr.shape) === 0 || (expr.kind === 'source' && expr.source.type === 'kept')) return expr
  const engine = engineFor(settings)
  await makeRoom(engine, sizeOf(expr.shape) * facts[expr.dtype].itemsize)
  const prepared = prepare([{ expr, assemble: false }], engine, settings)
  const tasks = layOut(prepared.plan, false)
  const { kept } = await (await startJob(prepared, tasks, taskFlag.keep, settings)).result
  const blocks = Array.from(tasks.outputs[0], (task) => kept.get(task) ?? internal(`task ${task} kept no block`))
  const source = { type: 'kept', blocks, grid: expr.grid, dtype: expr.dtype, shape: expr.shape } as const
  freeWith(source, () => blocks.forEach(engine.discard))
  return fromSource(source, expr.grid)
}

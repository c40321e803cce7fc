import { type Box, blockBox, blockLength, boxShape, gridExtents, gridShape } from '../core/chunks.ts'
import { facts } from '../core/dtype.ts'
import { internal, NdloomError, TaskError } from '../core/errors.ts'
import { rowMajorStrides, sizeOf, unravel } from '../core/shape.ts'
import { createKernels } from '../kernel/kernels.ts'
import type { TaskPlace } from '../kernel/nests.ts'
import { createRandom } from '../kernel/random.ts'
import type { Kernels } from '../kernel/spec.ts'
import {
  type CombineStage,
  type ExecutablePlan,
  type KernelStage,
  type LoadStage,
  type RandomStage,
  type Stage,
  type StoreStage,
  stateOffsets,
  taskAxes,
} from '../kernel/stage.ts'
import { createTaskRunner } from '../kernel/templates.ts'
import { readBox } from '../storage/read.ts'
import { writeBox } from '../storage/write.ts'
import type { Executor } from './executor.ts'
import type { runUserFunction } from './user-function.ts'

/** What all tasks of a stage share: the shape of the task grid, and what starts one. */
interface StageRunner {
  readonly shape: readonly number[]
  readonly start: (place: TaskPlace) => void | Promise<void>
}

/** An Executor over the heap; `scratchAddress` is a region of kernel/spec.ts's scratchBytes that only it writes. */
export function createExecutor(memory: WebAssembly.Memory, scratchAddress: number): Executor {
  const plans = new Map<number, ExecutablePlan & { readonly runners: StageRunner[] }>()
  const ends = new Map<number, AbortController>()
  const kernels = createKernels(memory, scratchAddress)
  const random = createRandom(memory)

  const signalOf = (job: number): AbortSignal => {
    const end = ends.get(job) ?? new AbortController()
    ends.set(job, end)
    return end.signal
  }
  const starterOf = (stage: Stage, job: number): StageRunner['start'] => {
    switch (stage.kind) {
      case 'kernel':
        return kernelStarter(kernels, memory, stage)
      case 'combine':
        return (place) => runCombine(kernels, memory, stage, place)
      case 'kept':
        return () => internal('the task of a kept block is run')
      case 'load':
        return (place) => runLoad(memory, stage, place, signalOf(job))
      case 'store':
        return (place) => runStore(memory, stage, place, signalOf(job))
      case 'random':
        return (place) => runRandom(random, stage, place)
      case 'user':
        return (place) => runUser(memory, stage, place, () => plans.has(job))
    }
  }
  return {
    define: (job, plan) => void plans.set(job, { ...(plan as ExecutablePlan), runners: [] }),
    forget(job) {
      plans.delete(job)
      ends.delete(job)
    },
    stop: (job) => ends.get(job)?.abort(),
    run(job, task, address, inputs) {
      const plan = plans.get(job) ?? internal(`job ${job} is not defined here`)
      const number = plan.taskStage[task]
      const stage = plan.stages[number]
      plan.runners[number] ??= {
        shape: taskAxes(stage, gridShape(stage.grid)),
        start: starterOf(stage, job),
      }
      const { shape, start } = plan.runners[number]
      const coordinate = unravel(plan.taskBlock[task], shape)
      try {
        const running = start({ coordinate, address, inputs })
        return running?.catch((error) => fail(stage, coordinate, error))
      } catch (error) {
        return fail(stage, coordinate, error)
      }
    },
  }
}

/** Errors of our own keep their class; a user's becomes the cause of a TaskError. */
function fail(stage: Stage, coordinate: readonly number[], error: unknown): never {
  if (error instanceof NdloomError) throw error
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  throw new TaskError(
    `${stage.name}: block [${coordinate.join(', ')}] failed: ${text}`,
    stage.name,
    [...coordinate],
    error,
  )
}

function kernelStarter(kernels: Kernels, memory: WebAssembly.Memory, stage: KernelStage): StageRunner['start'] {
  const { grid, axes, spec } = stage
  const run = createTaskRunner(kernels, stage)
  if (spec.kind !== 'reduce') return run
  return (place) => {
    run(place)
    let count = 1
    for (const axis of axes) count *= blockLength(grid[axis], place.coordinate[axis])
    writeCount(memory, place.address, count)
  }
}

function writeCount(memory: WebAssembly.Memory, address: number, count: number): void {
  new Float64Array(memory.buffer, address, 1)[0] = count
}

function runCombine(
  kernels: Kernels,
  memory: WebAssembly.Memory,
  stage: CombineStage,
  { coordinate, address, inputs }: TaskPlace,
): void {
  const box = blockBox(stage.grid, coordinate.slice(0, -1))
  const length = sizeOf(boxShape(box))
  const offsets = stateOffsets(stage.state, length)
  const partials = inputs.map((partial) => ({
    count: new Float64Array(memory.buffer, partial, 1)[0],
    addresses: stage.state.map((_, k) => partial + offsets[k]),
  }))
  const { itemsize } = facts[stage.dtype]
  const outputs = stage.combine.outputs.map((dtype, k) =>
    stage.combine.finalize
      ? { address: resultAddress(stage, box, address) + k * facts[dtype].itemsize, stride: itemsize }
      : { address: address + offsets[k], stride: facts[dtype].itemsize },
  )
  kernels.combine(stage.combine, { length, partials, outputs })
  if (!stage.combine.finalize)
    writeCount(
      memory,
      address,
      partials.reduce((sum, { count }) => sum + count, 0),
    )
}

/** A block of the result: its own, or its place in the region, where only the first axis is cut. */
function resultAddress({ region, dtype }: CombineStage, box: Box, address: number): number {
  if (!region) return address
  const rows = box.length > 0 ? box[0][0] : 0
  return region.address + rows * sizeOf(region.shape.slice(1)) * facts[dtype].itemsize
}

/** What user functions need is loaded when the first one runs: a worker starts sooner without. */
const runUser: typeof runUserFunction = async (...given) =>
  (await import('./user-function.ts')).runUserFunction(...given)

function runLoad(
  memory: WebAssembly.Memory,
  stage: LoadStage,
  { coordinate, address }: TaskPlace,
  signal: AbortSignal,
): Promise<void> {
  const { box, bytes } = movedBlock(memory, stage, coordinate, address)
  return readBox(stage.source, box, bytes, signal)
}

function runStore(
  memory: WebAssembly.Memory,
  stage: StoreStage,
  { coordinate, inputs }: TaskPlace,
  signal: AbortSignal,
): Promise<void> {
  const { box, bytes } = movedBlock(memory, stage, coordinate, inputs[0])
  return writeBox(stage.sink, box, bytes, signal)
}

/** A block at a byte address, and its box in the source's or sink's own positions. */
function movedBlock(
  { buffer }: WebAssembly.Memory,
  { grid, dtype, origin }: LoadStage | StoreStage,
  coordinate: readonly number[],
  address: number,
): { box: Box; bytes: Uint8Array } {
  const box = blockBox(grid, coordinate)
  const bytes = new Uint8Array(buffer, address, sizeOf(boxShape(box)) * facts[dtype].itemsize)
  return { box: box.map(([low, high], axis) => [low + origin[axis], high + origin[axis]]), bytes }
}

/** Random numbers are counted along the whole array: each row of the block is a run of them. */
function runRandom(
  random: ReturnType<typeof createRandom>,
  stage: RandomStage,
  { coordinate, address }: TaskPlace,
): void {
  const box = blockBox(stage.grid, coordinate)
  const shape = gridExtents(stage.grid)
  const { extent: run, axis: outer } = contiguousRun(box, shape)
  const rows = boxShape(box).slice(0, outer)
  const steps = rowMajorStrides(shape)
  const first = box.reduce((sum, [low], axis) => sum + low * steps[axis], 0)
  for (let row = 0; row < sizeOf(rows); row++) {
    const index = unravel(row, rows).reduce((sum, c, axis) => sum + c * steps[axis], first)
    random.fill(
      stage.distribution,
      stage.dtype as 'float64',
      stage.key,
      index,
      run,
      address + row * run * facts[stage.dtype].itemsize,
    )
  }
}

/** How many elements of a box lie one after the other in its array: the trailing axes it spans whole, and one more. */
function contiguousRun(box: Box, shape: readonly number[]): { extent: number; axis: number } {
  let axis = shape.length
  let extent = 1
  while (axis > 0) {
    const [low, high] = box[--axis]
    extent *= high - low
    if (high - low < shape[axis]) break
  }
  return { extent, axis }
}

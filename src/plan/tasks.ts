import { blockLength, type Grid, gridCount, gridShape } from '../core/chunks.ts'
import { facts, type RealDType } from '../core/dtype.ts'
import { internal, MemoryLimitError } from '../core/errors.ts'
import { unravel } from '../core/shape.ts'
import { type Read, type Stage, stateOffsets } from '../kernel/stage.ts'
import { inputsOf, previousInScan, taskCount } from './inputs.ts'
import { depthFirstOrder } from './order.ts'
import type { Buffer, Plan } from './plan.ts'

/** The tasks of a plan that its outputs need, numbered in the order they are best run. */
export interface Tasks {
  readonly count: number
  readonly inputStart: Int32Array
  readonly inputs: Int32Array
  /** Bytes of each task's block; 0 when it writes into a region. */
  readonly outputBytes: Float64Array
  readonly stage: Int32Array
  /** Linear position in the stage's task grid. */
  readonly block: Int32Array
  /** For each output of the plan, the task of each of its wanted blocks, row-major. */
  readonly outputs: readonly Int32Array[]
}

/** More tasks than this are not laid out: the chunks are too small for the array. */
const mostTasks = 2 ** 24

/** Says of a block of an output whether it is wanted. */
export type Wanted = (output: number, block: number) => boolean

/**
 * Lays out the tasks that the wanted blocks of the outputs need: all blocks unless told. With `ordered`, they keep their row-major
 * order. Errors: MemoryLimitError beyond 2^24 tasks.
 */
export function layOut(plan: Plan, ordered: boolean, wanted: Wanted = () => true): Tasks {
  checkCount(plan)
  const found = discover(plan, wanted)
  const roots = found.outputs.flatMap((blocks) => [...blocks])
  const delivered = new Set(ordered ? roots : [])
  const order = depthFirstOrder(found, roots, (t) =>
    delivered.has(t) ? 'never' : found.outputBytes[t] === 0 || plan.stages[found.stage[t]].isEager ? 'always' : 'frees',
  )
  const number = new Int32Array(found.count)
  order.forEach((task, place) => {
    number[task] = place
  })
  const inputStart = new Int32Array(found.count + 1)
  const inputs = new Int32Array(found.inputs.length)
  order.forEach((task, place) => {
    let next = inputStart[place]
    for (let k = found.inputStart[task]; k < found.inputStart[task + 1]; k++) inputs[next++] = number[found.inputs[k]]
    inputStart[place + 1] = next
  })
  return {
    count: found.count,
    inputStart,
    inputs,
    outputBytes: Float64Array.from(order, (task) => found.outputBytes[task]),
    stage: Int32Array.from(order, (task) => found.stage[task]),
    block: Int32Array.from(order, (task) => found.block[task]),
    outputs: found.outputs.map((blocks) => blocks.map((task) => number[task])),
  }
}

/** The task that makes a block of a buffer. */
function makerOf(buffer: Buffer, block: number): { stage: number; block: number } {
  const { blocks } = buffer
  if (blocks.kind === 'stage') return { stage: blocks.stage, block }
  const coordinate = unravel(block, blocks.shape)
  for (const part of blocks.parts) {
    const shape = gridShape(part.grid)
    if (coordinate[blocks.axis] < shape[blocks.axis])
      return makerOf(
        part,
        coordinate.reduce((sum, c, axis) => sum * shape[axis] + c, 0),
      )
    coordinate[blocks.axis] -= shape[blocks.axis]
  }
  return internal(`block ${block} is past the parts of a concatenation`)
}

const tooMany = (): MemoryLimitError =>
  new MemoryLimitError(
    `compute: the plan has more than ${mostTasks} tasks; use larger chunks`,
    mostTasks + 1,
    mostTasks,
  )

/** Refuses at once where stages that are needed as a whole, from the outputs down, have too many tasks. */
function checkCount({ stages, outputs }: Plan): void {
  const whole = new Set<number>()
  const needed = [...outputs]
  let count = 0
  for (const { blocks } of needed) {
    if (blocks.kind === 'concat') for (const part of blocks.parts) needed.push(part)
    if (blocks.kind !== 'stage' || whole.has(blocks.stage)) continue
    whole.add(blocks.stage)
    const { stage, buffers } = stages[blocks.stage]
    count += taskCount(stage)
    if (count > mostTasks) throw tooMany()
    buffers.forEach((buffer, i) => {
      if (!('reads' in stage) || readsAll(stage.reads[i])) needed.push(buffer)
    })
  }
}

const readsAll = ({ grid, view }: Read): boolean =>
  view.axes.every(({ from, step }, k) => from >= 0 && Math.abs(step) === 1 && view.shape[from] === grid[k].extent)

/** The numbers of a stage's tasks by their blocks, kept in an array, or sparsely where there are very many blocks. */
function numbering(count: number): { get(block: number): number | undefined; set(block: number, task: number): void } {
  if (count > mostTasks) return new Map<number, number>()
  let numbers: Int32Array | undefined
  return {
    get: (block) => (numbers && numbers[block] >= 0 ? numbers[block] : undefined),
    set(block, task) {
      numbers ??= new Int32Array(count).fill(-1)
      numbers[block] = task
    },
  }
}

/** Finds every task that the outputs need, breadth first, each after the ones that read it. */
function discover(plan: Plan, wanted: Wanted): Tasks {
  const known = plan.stages.map(({ stage }) => numbering(taskCount(stage)))
  const stage: number[] = []
  const block: number[] = []
  const taskOf = (maker: { stage: number; block: number }): number => {
    const numbers = known[maker.stage]
    const number = numbers.get(maker.block)
    if (number !== undefined) return number
    if (stage.length >= mostTasks) throw tooMany()
    block.push(maker.block)
    numbers.set(maker.block, stage.push(maker.stage) - 1)
    return stage.length - 1
  }
  const outputs = plan.outputs.map((buffer, output) => {
    const count = gridCount(buffer.grid)
    if (count > mostTasks) throw tooMany()
    const blocks = Array.from({ length: count }, (_, k) => k).filter((k) => wanted(output, k))
    return Int32Array.from(blocks, (k) => taskOf(makerOf(buffer, k)))
  })
  const inputs: number[] = []
  const inputStart = [0]
  const outputBytes: number[] = []
  const stages = plan.stages.map((planned) => ({
    stage: planned.stage,
    eachInput: inputsOf(planned),
    bytesOf: makesBlock(planned.stage) ? writtenBytes(planned.stage) : () => 0,
  }))
  const visit = (buffer: Buffer, k: number): number => inputs.push(taskOf(makerOf(buffer, k)))
  for (let task = 0; task < stage.length; task++) {
    const of = stages[stage[task]]
    of.eachInput(block[task], visit)
    const previous = previousInScan(of.stage, block[task])
    if (previous !== undefined) inputs.push(taskOf({ stage: stage[task], block: previous }))
    inputStart.push(inputs.length)
    outputBytes.push(of.bytesOf(block[task]))
  }
  return {
    count: stage.length,
    inputStart: Int32Array.from(inputStart),
    inputs: Int32Array.from(inputs),
    outputBytes: Float64Array.from(outputBytes),
    stage: Int32Array.from(stage),
    block: Int32Array.from(block),
    outputs,
  }
}

/** Whether its tasks make blocks of their own: they do not write into a region or a sink. */
const makesBlock = (stage: Stage): boolean => stage.kind !== 'store' && !('region' in stage && stage.region)

/**
 * Bytes of the whole blocks that a task reads (one that it reads twice counts twice), of a load those that it takes from its source, and of
 * what it writes, to its block, a region or a sink.
 */
export function taskBytes({ stages }: Plan, number: number, task: number): { bytesIn: number; bytesOut: number } {
  const planned = stages[number]
  const bytesOut = writtenBytes(planned.stage)(task)
  let bytesIn = planned.stage.kind === 'load' ? bytesOut : 0
  inputsOf(planned)(task, (buffer, block) => {
    const maker = makerOf(buffer, block)
    bytesIn += writtenBytes(stages[maker.stage].stage)(maker.block)
  })
  const previous = previousInScan(planned.stage, task)
  if (previous !== undefined) bytesIn += writtenBytes(planned.stage)(previous)
  return { bytesIn, bytesOut }
}

/** Bytes that a task of the stage writes. */
function writtenBytes(stage: Stage): (task: number) => number {
  const shape = gridShape(stage.grid)
  const groups = stage.kind === 'combine' ? stage.groups : 1
  const skipped = stage.kind === 'kernel' && stage.spec.kind === 'reduce' ? stage.axes : []
  const state = stateOf(stage)
  const { itemsize } = facts[stage.dtype]
  return (task) => {
    const elements = elementsOf(stage.grid, unravel(Math.floor(task / groups), shape), skipped)
    return state ? stateOffsets(state, elements)[state.length] : elements * itemsize
  }
}

/** The components of partial states, where tasks write those. */
function stateOf(stage: Stage): readonly RealDType[] | undefined {
  if (stage.kind === 'kernel' && stage.spec.kind === 'reduce') return stage.spec.outputs
  if (stage.kind === 'combine' && !stage.combine.finalize) return stage.state
  return undefined
}

function elementsOf(grid: Grid, coordinate: readonly number[], skipped: readonly number[]): number {
  let elements = 1
  for (let axis = 0; axis < grid.length; axis++)
    if (!skipped.includes(axis)) elements *= blockLength(grid[axis], coordinate[axis])
  return elements
}

import type { NdArray } from 'ndarray'
import { blockBox, boxShape } from '../core/chunks.ts'
import { facts, viewBytes } from '../core/dtype.ts'
import { internal, TaskError } from '../core/errors.ts'
import { formatShape, sameShape, sizeOf } from '../core/shape.ts'
import type { UserStage } from '../kernel/stage.ts'
import { ndarrayOver } from '../storage/ndarray.ts'
import { explainThrown, receiveFunction } from './functions.ts'

/**
 * Runs a user's function over the blocks of one task. It gets copies, so that it may change what it is given. Throws what the
 * function throws; an outside name it refers to is named with the cure. `isWanted`: whether its job still is.
 */
export async function runUserFunction(
  memory: WebAssembly.Memory,
  stage: UserStage,
  { coordinate, address, inputs }: { coordinate: readonly number[]; address: number; inputs: readonly number[] },
  isWanted: () => boolean,
): Promise<void> {
  const box = blockBox(stage.grid, coordinate)
  let next = 0
  const blocks = stage.reads.map((read) => {
    const aligned = read.grid.map((axis, k) =>
      Math.min(coordinate[k + coordinate.length - read.grid.length], lastBlock(axis)),
    )
    const shape = boxShape(blockBox(read.grid, aligned))
    const from = inputs[next++]
    return ndarrayOver(viewBytes(read.dtype, memory.buffer, from, sizeOf(shape)).slice(), read.dtype, shape)
  })
  const fn = await receiveFunction(stage.fn)
  const result = await call(fn, stage, [
    ...blocks,
    { index: [...coordinate], offset: box.map(([low]) => low), args: stage.fn.args },
  ])
  // A function that nobody waits for any more must not write where another block lies by now.
  if (isWanted()) store(result, stage, boxShape(box), memory, address, coordinate)
}

const lastBlock = (axis: { extent: number; size: number; bounds?: readonly number[] }): number =>
  axis.bounds ? axis.bounds.length - 2 : Math.max(1, Math.ceil(axis.extent / axis.size)) - 1

async function call(fn: (...blocks: unknown[]) => unknown, stage: UserStage, args: unknown[]): Promise<unknown> {
  try {
    return await fn(...args)
  } catch (error) {
    throw explainThrown(error, stage.fn, 'pass the value in `args`')
  }
}

/** Copies what the function gave into the task's block, whatever its strides. */
function store(
  result: unknown,
  stage: UserStage,
  shape: number[],
  memory: WebAssembly.Memory,
  address: number,
  coordinate: readonly number[],
): void {
  const given = result as NdArray | undefined
  if (!given || !Array.isArray(given.shape) || typeof given.get !== 'function')
    throw new TaskError(
      `mapBlocks: the function gave ${describe(result)}, want an ndarray of shape ${formatShape(shape)}`,
      stage.name,
      [...coordinate],
    )
  if (!sameShape(given.shape, shape))
    throw new TaskError(
      `mapBlocks: the function gave a block of shape ${formatShape(given.shape)}, want ${formatShape(shape)}; give \`chunks\` if it changes the shape`,
      stage.name,
      [...coordinate],
    )
  const target = viewBytes(stage.dtype, memory.buffer, address, sizeOf(shape))
  if (target.length !== sizeOf(shape) * (facts[stage.dtype].kind === 'complex' ? 2 : 1))
    internal('a block of another size')
  copyInto(target, given, stage.dtype)
}

const describe = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value

function copyInto(target: ReturnType<typeof viewBytes>, source: NdArray, dtype: UserStage['dtype']): void {
  const into = ndarrayOver(target, dtype, source.shape)
  const position = source.shape.map(() => 0)
  for (let k = 0; k < sizeOf(source.shape); k++) {
    const value: unknown = source.get(...position)
    into.set(...position, convert(value, dtype) as number)
    for (let axis = position.length - 1; axis >= 0 && ++position[axis] === source.shape[axis]; axis--)
      position[axis] = 0
  }
}

const convert = (value: unknown, dtype: UserStage['dtype']): unknown => {
  if (dtype === 'int64' || dtype === 'uint64')
    return typeof value === 'bigint' ? value : BigInt(Math.trunc(Number(value)))
  return facts[dtype].kind === 'complex' ? value : Number(value)
}

import type { NdArray } from 'ndarray'
import { type Box, boxShape } from '../core/chunks.ts'
import { type DType, facts, isComplex, type TypedArray, viewBytes } from '../core/dtype.ts'
import { AbortError, formatGiven, StorageError } from '../core/errors.ts'
import { formatShape, sameShape, sizeOf } from '../core/shape.ts'
import { tied } from './host.ts'
import { ndarrayOver } from './ndarray.ts'
import { walk } from './runs.ts'
import type { UserSink } from './sink.ts'
import type { UserSource } from './source.ts'

/**
 * Gives the elements of a box, [start, stop) for each axis: a typed array of the source's dtype in row-major order (complex numbers as
 * re, im pairs), or an ndarray of the box's shape. The signal is aborted when they are not wanted any more.
 */
export type ReadFunction = (box: [number, number][], signal: AbortSignal) => UserBlock | PromiseLike<UserBlock>
/** Takes the elements of a box; it settles when they are safe. The block is the function's own. */
export type WriteFunction = (box: [number, number][], block: NdArray, signal: AbortSignal) => unknown
export type UserBlock = TypedArray | NdArray

const always = new AbortController().signal
const copyOf = (box: Box): [number, number][] => box.map(([low, high]) => [low, high])

/** Errors: StorageError when the function gives something else than it should, and what the function throws. */
export async function readUser(source: UserSource, box: Box, target: Uint8Array, signal = always): Promise<void> {
  const read = tied(source) as ReadFunction
  const given: unknown = await read(copyOf(box), signal)
  // What comes after the end must not be written where another block lies by now.
  if (signal.aborted) throw new AbortError('fromSource: the block is not wanted any more', signal.reason)
  const shape = boxShape(box)
  const { dtype } = source
  const into = viewBytes(dtype, target.buffer, target.byteOffset, sizeOf(shape))
  if (given instanceof facts[dtype].array && given.length === into.length) into.set(given as never)
  else if (isNdArray(given) && sameShape(given.shape, shape)) copyStrided(given, into, dtype)
  else throw unwanted(given, dtype, shape)
}

export async function writeUser(sink: UserSink, box: Box, bytes: Uint8Array, signal = always): Promise<void> {
  const write = tied(sink) as WriteFunction
  const shape = boxShape(box)
  const data = viewBytes(sink.dtype, bytes.buffer, bytes.byteOffset, sizeOf(shape)).slice() as TypedArray
  await write(copyOf(box), ndarrayOver(data, sink.dtype, shape), signal)
}

const isNdArray = (given: unknown): given is NdArray =>
  typeof given === 'object' && given !== null && 'data' in given && 'stride' in given && 'get' in given

function copyStrided(given: NdArray, into: TypedArray, dtype: DType): void {
  const block = ndarrayOver(into, dtype, given.shape)
  const store = given.data as unknown as { get?(index: number): number; [index: number]: number }
  const at = (index: number): number => (typeof store.get === 'function' ? store.get(index) : store[index])
  let next = 0
  for (const index of walk(given.offset, given.shape, given.stride, sizeOf(given.shape))) {
    if (isComplex(dtype)) (block.data as unknown as { set(i: number, value: unknown): void }).set(next++, at(index))
    else into[next++] = at(index)
  }
}

function unwanted(given: unknown, dtype: DType, shape: readonly number[]): StorageError {
  const got = isNdArray(given)
    ? `an ndarray of shape ${formatShape(given.shape)}`
    : ArrayBuffer.isView(given)
      ? `a ${given.constructor.name} of ${(given as TypedArray).length}`
      : formatGiven(given)
  const length = sizeOf(shape) * (isComplex(dtype) ? 2 : 1)
  return new StorageError(
    `fromSource: read gave ${got}, want a ${facts[dtype].array.name} of ${length} elements in row-major order, or an ndarray of shape ${formatShape(shape)}`,
  )
}

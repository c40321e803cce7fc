import type { NdArray } from 'ndarray'
import { type DType, facts, isComplex, type TypedArray, type Value, viewBytes } from '../core/dtype.ts'
import { type Shape, sizeOf } from '../core/shape.ts'
import { showing } from '../diagnostics/result.ts'
import type { Engine } from '../scheduler/engine.ts'
import { ndarrayOver } from '../storage/ndarray.ts'
import { markInHeap } from '../storage/sent.ts'

/** What compute gives: a scijs ndarray, or for a 0-d array a plain JavaScript value. */
export type Result = NdArray | Value

/** Results up to this many bytes are copied out of the heap; larger ones stay where the kernels wrote them. */
const copiedBytes = 2 ** 20

const bytesOf = (shape: Shape, dtype: DType): number => sizeOf(shape) * facts[dtype].itemsize

/** Results and kept blocks belong to an object of the user's side; they are freed when it is collected. */
const owned = new FinalizationRegistry<() => void>((free) => {
  ownedCount--
  free()
})
let ownedCount = 0

/** Calls `free`, which must not refer to `owner`, when that is collected. */
export function freeWith(owner: object, free: () => void): void {
  ownedCount++
  owned.register(owner, free)
}

/**
 * Before the heap grows by much: results and persisted arrays that nobody holds any more give their blocks back only when the garbage
 * collector has run, so it is asked to.
 */
export async function makeRoom(engine: Engine, bytes: number): Promise<void> {
  if (bytes > copiedBytes && ownedCount > 0 && engine.heapBytes - engine.usedBytes < bytes) await collectGarbage()
}

/** Whether garbage in the heap may be in the way of a job that needs so much at least: then the collector is asked first. */
export async function makeRoomForJob(engine: Engine, neededBytes: () => number): Promise<void> {
  if (ownedCount > 0 && engine.usedBytes + neededBytes() > engine.memoryLimitBytes) await collectGarbage()
}

/** Room for a result in the heap, or undefined where there is none. */
export async function reserve(engine: Engine, shape: Shape, dtype: DType): Promise<number | undefined> {
  await makeRoom(engine, bytesOf(shape, dtype))
  return engine.allocate(bytesOf(shape, dtype))
}

/** Node's collector, where it can be asked; elsewhere results are collected when the platform sees fit. */
async function collectGarbage(): Promise<void> {
  const collect = await openCollector()
  if (!collect) return
  collect()
  await new Promise((resolve) => setTimeout(resolve, 0))
}

type Collect = (options?: { type: 'minor' | 'major' }) => void
let collector: Promise<Collect | undefined> | undefined
const openCollector = (): Promise<Collect | undefined> => {
  collector ??= Promise.all([import('node:v8'), import('node:vm')])
    .then(([v8, vm]) => {
      v8.setFlagsFromString('--expose-gc')
      return vm.runInNewContext('gc') as Collect
    })
    .catch(() => undefined) // no Node: nothing to ask
  return collector
}

/** So much of a stream's blocks may wait for the collector. */
const garbageBytes = 64 * 2 ** 20
let streamedBytes = 0

/**
 * To be called when the reader of a stream has done with a block. The memory of such blocks counts little for the collector, which would let
 * hundreds of megabytes of them lie; so it is asked now and then for those that are young.
 */
export async function noteStreamed(bytes: number): Promise<void> {
  streamedBytes += bytes
  if (streamedBytes < garbageBytes) return
  streamedBytes = 0
  const collect = await openCollector()
  collect?.({ type: 'minor' })
}

/**
 * The result in a reserved region. A small one is copied and the region freed. A large one is not: its views share a buffer object of their
 * own (growing a shared memory by nothing makes one over the same bytes), and when that is collected the region is freed.
 */
export function takeResult(engine: Engine, address: number, shape: Shape, dtype: DType): Result {
  const bytes = bytesOf(shape, dtype)
  if (bytes <= copiedBytes) {
    const data = viewBytes(dtype, engine.memory.buffer, address, sizeOf(shape)).slice() as TypedArray
    engine.free(address)
    return asResult(data, dtype, shape)
  }
  engine.memory.grow(0)
  const own = engine.memory.buffer
  engine.memory.grow(0)
  freeWith(own, () => engine.free(address))
  markInHeap(own)
  return asResult(viewBytes(dtype, own, address, sizeOf(shape)), dtype, shape)
}

/** A plain value for 0-d, an ndarray otherwise. */
export function asResult(data: TypedArray, dtype: DType, shape: Shape): Result {
  if (shape.length > 0) return showing(ndarrayOver(data, dtype, shape), dtype)
  if (isComplex(dtype)) return { re: Number(data[0]), im: Number(data[1]) }
  return dtype === 'bool' ? data[0] !== 0 : data[0]
}

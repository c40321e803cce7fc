import { randomUUID } from 'node:crypto'
import { mkdtemp, rename } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { NdArray } from 'ndarray'
import type { ComputeOptions } from '../compute.ts'
import { checkDType, type DType } from '../core/dtype.ts'
import { formatGiven, NdloomError, StorageError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import { formatShape, sameShape } from '../core/shape.ts'
import type { Expr } from '../graph/expr.ts'
import { type Stored, storeAll } from '../run/store.ts'
import { storageError } from '../storage/file.ts'
import { openFileTarget, openNpyTarget } from '../storage/file-target.ts'
import { tie } from '../storage/host.ts'
import type { UserSink } from '../storage/sink.ts'
import type { StoreLike } from '../storage/store/store.ts'
import { addTemporary, removeTemporary } from '../storage/temporaries.ts'
import type { WriteFunction } from '../storage/user.ts'
import { ChunkedArray } from './chunked-array.ts'
import { typedDType } from './data.ts'
import { checkCast } from './operands.ts'
import { pathOf } from './storage.ts'
import { openZarrTarget, type ZarrTargetOptions, zarrTargetNames } from './to-zarr.ts'

/** A place for an array that functions of your own write to. */
export interface StoreTarget {
  /** Takes each block with its box, [start, stop) for each axis; several at once, no two of the same elements. */
  write: WriteFunction
  /** Blocks are cut between multiples of these lengths, so that no two tasks write parts of one unit; 1 unless given. */
  unit?: readonly number[]
  /** The dtype that is wanted, the array's own unless given. */
  dtype?: DType
}
/** Where `store` puts an array: an .npy file by its path, a raw file, a Zarr store, functions of yours, or an ndarray that is there. */
export type Target =
  | string
  | URL
  | { npy: string | URL }
  | ({ binary: string | URL } & BinaryOptions)
  | ({ zarr: StoreLike } & ZarrTargetOptions)
  | StoreTarget
  | NdArray
export interface BinaryOptions {
  /** 'little' unless given. */
  byteOrder?: 'little' | 'big'
}

/** What is written, and how it ends: under its name when all went well, or not at all. */
export interface OpenTarget extends Stored {
  commit(): void | Promise<void>
  abandon(): void | Promise<void>
}
const nothing = (): void => {}

/**
 * Computes arrays and writes each to its target, in one run: what they share is computed once. Files appear under their names when all
 * is written; on an error none does. Errors: StorageError, ShapeError, DTypeError, and those of `compute`.
 * @example
 * const anomaly = x.sub(x.mean(0))
 * await nd.store([anomaly, x.std(0)], ['anomaly.npy', { binary: 'deviation.raw' }])
 * @example
 * const rows = new Map<number, Float64Array>()
 * await nd.store(x, { unit: [1, 4], write: ([[row]], block) => rows.set(row, block.data as Float64Array) })
 */
export async function store(
  x: ChunkedArray | readonly ChunkedArray[],
  target: Target | readonly Target[],
  options: ComputeOptions = {},
): Promise<void> {
  const arrays = [x].flat()
  const targets = [target].flat() as Target[]
  if (arrays.length !== targets.length)
    throw new NdloomError(`store: got ${arrays.length} arrays and ${targets.length} targets, want as many`)
  await storeOpened(
    arrays.map((array, i) => () => openTarget(array, targets[i], 'store')),
    options,
  )
}

type Open = () => OpenTarget | Promise<OpenTarget>
/** Opens targets, fills them in one run, and ends each. */
export async function storeOpened(opens: readonly Open[], options: ComputeOptions): Promise<void> {
  const targets: OpenTarget[] = []
  try {
    for (const open of opens) targets.push(await open())
    await storeAll(targets, options)
    for (const target of targets) await target.commit()
  } catch (error) {
    for (const target of targets) await target.abandon()
    throw error
  }
}

function openTarget(x: ChunkedArray, target: Target, operation: string): OpenTarget | Promise<OpenTarget> {
  if (!(x instanceof ChunkedArray))
    throw new NdloomError(`${operation}: got ${formatGiven(x)}, want a lazy array; make one with nd.array`)
  const { expr, dtype, shape } = x
  if (typeof target === 'string' || target instanceof URL) {
    const path = pathOf(target, operation)
    if (path.endsWith('.npy')) return { expr, ...openNpyTarget(path, dtype, shape, operation) }
  } else if (typeof target === 'object' && target !== null) {
    if ('npy' in target) {
      const { npy } = checkOptions<{ npy: string | URL }>(target, ['npy'], operation)
      return { expr, ...openNpyTarget(pathOf(npy, operation), dtype, shape, operation) }
    }
    if ('binary' in target) return openBinary(x, target, operation)
    if ('zarr' in target) return openZarr(expr, target, operation)
    if ('write' in target) return { expr, sink: userSink(x, target, operation), commit: nothing, abandon: nothing }
    if ('data' in target && 'stride' in target) return openNdarray(x, target, operation)
  }
  throw new StorageError(
    `${operation}: got the target ${formatGiven(target)}, want a path that ends in .npy, { npy: path }, { binary: path }, ` +
      '{ zarr: store }, an ndarray, or { write(box, block) }',
  )
}

async function openZarr(expr: Expr, { zarr, ...given }: { zarr: StoreLike }, operation: string): Promise<OpenTarget> {
  const options = checkOptions<ZarrTargetOptions>(given, zarrTargetNames, operation)
  return { ...(await openZarrTarget(expr, zarr, options)), abandon: nothing }
}

function openBinary(x: ChunkedArray, target: { binary: string | URL } & BinaryOptions, operation: string): OpenTarget {
  const { binary, byteOrder = 'little' } = checkOptions<typeof target>(target, ['binary', 'byteOrder'], operation)
  if (byteOrder !== 'little' && byteOrder !== 'big')
    throw new StorageError(`${operation}: got byteOrder ${formatGiven(byteOrder)}, want 'little' or 'big'`)
  const { expr, dtype, shape } = x
  return {
    expr,
    ...openFileTarget(pathOf(binary, operation), { dtype, shape, byteOrder }, new Uint8Array(0), operation),
  }
}

function userSink(x: ChunkedArray, target: StoreTarget, operation: string): UserSink {
  const { write, unit = x.shape.map(() => 1), dtype = x.dtype } = target
  if (typeof write !== 'function')
    throw new StorageError(`${operation}: got write ${formatGiven(write)}, want a function (box, block, signal) => ...`)
  const isUnit = Array.isArray(unit) && unit.length === x.ndim && unit.every((n) => Number.isInteger(n) && n > 0)
  if (!isUnit)
    throw new StorageError(
      `${operation}: got unit ${formatGiven(unit)}, want ${x.ndim} lengths of 1 or more, one an axis`,
    )
  const facts = { type: 'user', dtype: checkDType(dtype, operation), shape: x.shape, unit } as const
  return tie({ ...facts }, (...given: Parameters<WriteFunction>) => write.apply(target, given))
}

/** Blocks are cast to the dtype of an ndarray's typed array and copied into it on this thread. */
function openNdarray(x: ChunkedArray, target: NdArray, operation: string): OpenTarget {
  if (!sameShape(target.shape, x.shape))
    throw new StorageError(
      `${operation}: an array of shape ${formatShape(x.shape)} does not go into an ndarray of shape ${formatShape(target.shape)}; give one of the same shape`,
    )
  const dtype = ndarrayDType(x.dtype, target, operation)
  const write: WriteFunction = async (box, block) => {
    const { default: ops } = await import('ndarray-ops')
    ops.assign(target.lo(...box.map(([low]) => low)).hi(...block.shape), block)
  }
  return { expr: x.expr, sink: userSink(x, { write, dtype }, operation), commit: nothing, abandon: nothing }
}

/** A clamped array rounds and clamps by itself what it is given; an array of whatever takes elements as they are. */
function ndarrayDType(own: DType, { data }: NdArray, operation: string): DType {
  if (!ArrayBuffer.isView(data)) return own
  const dtype = data instanceof Uint8ClampedArray ? 'float64' : typedDType(data, operation)
  checkCast(own, dtype, operation)
  return dtype
}

/**
 * Computes an array and writes it to an NPY file, block by block in the workers, so that it need not fit in memory. The file
 * appears under its name when it is whole; on an error nothing is left behind. Errors: StorageError, and those of `compute`.
 * @example
 * await x.sub(x.mean(0)).toNpy('anomaly.npy', { memoryLimit: '1GiB' })
 */
export const toNpy = (x: ChunkedArray, file: string | URL, options: ComputeOptions = {}): Promise<void> =>
  storeOpened([() => openTarget(x, { npy: file }, 'toNpy')], options)

/**
 * Computes an array and writes its bare elements to a file, row-major; what `fromBinary` reads. Ends as `toNpy` does.
 * Errors: StorageError, and those of `compute`.
 * @example
 * await x.astype('float32').toBinary('heights.raw', { byteOrder: 'big' })
 */
export async function toBinary(
  x: ChunkedArray,
  file: string | URL,
  { byteOrder, ...options }: BinaryOptions & ComputeOptions = {},
): Promise<void> {
  await storeOpened([() => openTarget(x, { binary: file, byteOrder }, 'toBinary')], options)
}

export interface ToNpzOptions extends ComputeOptions {
  /** Deflate the arrays: smaller, but a part of one cannot be read by itself then. False unless given. */
  compressed?: boolean
}
/**
 * Computes arrays and writes them to one NPZ file under their names, as numpy.savez (or savez_compressed) does. It needs twice the
 * room on the disk meanwhile. Errors: StorageError, and those of `compute`.
 * @example
 * await nd.toNpz('grid.npz', { x, mean: x.mean(0) }, { compressed: true })
 */
export async function toNpz(
  file: string | URL,
  arrays: Readonly<Record<string, ChunkedArray>>,
  { compressed = false, ...options }: ToNpzOptions = {},
): Promise<void> {
  const path = pathOf(file, 'toNpz')
  if (typeof arrays !== 'object' || arrays === null || Array.isArray(arrays))
    throw new NdloomError(`toNpz: got ${formatGiven(arrays)}, want arrays by their names, as { x, y }`)
  const names = Object.keys(arrays)
  const guard = (error: unknown): never => {
    throw error instanceof NdloomError ? error : storageError(path, 'toNpz', error)
  }
  const folder = await mkdtemp(join(dirname(path), `.${basename(path)}-`)).catch(guard)
  addTemporary(folder)
  try {
    const parts = names.map((_, i) => join(folder, `${i}.npy`))
    await storeOpened(
      names.map((name, i) => () => openTarget(arrays[name], { npy: parts[i] }, 'toNpz')),
      options,
    )
    const part = join(folder, `${randomUUID()}.npz`)
    const { packNpz } = await import('../storage/npz.ts')
    await packNpz(
      part,
      names.map((name, i) => [name, parts[i]]),
      compressed,
    )
    await rename(part, path)
  } catch (error) {
    guard(error)
  } finally {
    removeTemporary(folder)
  }
}

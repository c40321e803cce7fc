import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ChunksOption } from '../core/chunks.ts'
import { checkDType, type DType } from '../core/dtype.ts'
import { formatGiven, StorageError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import { checkShape } from '../core/shape.ts'
import { fromSource as fromSourceExpr } from '../graph/build.ts'
import { checkFile, type FileSource } from '../storage/file.ts'
import { tie } from '../storage/host.ts'
import { readNpyHeader } from '../storage/npy.ts'
import type { NpzEntry } from '../storage/npz.ts'
import type { UserSource } from '../storage/source.ts'
import type { ReadFunction } from '../storage/user.ts'
import { ChunkedArray } from './chunked-array.ts'
import { gridOf } from './data.ts'
import { permuteDims } from './manipulation.ts'
import { rechunk } from './rechunk.ts'

export interface FromNpyOptions {
  /** How it is cut into blocks, 'auto' (about 32 MiB a block) unless given. */
  chunks?: ChunksOption
}
export interface FromBinaryOptions extends FromNpyOptions {
  dtype: DType
  shape: number | readonly number[]
  /** Where the elements begin, in bytes; 0 unless given. */
  offset?: number
  /** 'little' unless given. */
  byteOrder?: 'little' | 'big'
}

/**
 * The array in a file of bare elements in row-major order. Nothing is read before it is needed, and then only the parts that
 * are. Errors: StorageError (missing, unreadable, shorter than its shape says), ShapeError, DTypeError, ChunkError.
 * @example
 * const geoid = nd.fromBinary('egm96_15.gtx', { dtype: 'float32', shape: [721, 1440], offset: 40, byteOrder: 'big' })
 */
export function fromBinary(file: string | URL, given: FromBinaryOptions): ChunkedArray {
  const names = ['dtype', 'shape', 'chunks', 'offset', 'byteOrder'] as const
  const options = checkOptions<FromBinaryOptions>(given, names, 'fromBinary')
  const { offset = 0, byteOrder = 'little' } = options
  const dtype = checkDType(options.dtype, 'fromBinary')
  const shape = checkShape(options.shape, 'fromBinary')
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new StorageError(`fromBinary: got offset ${formatGiven(offset)}, want a number of bytes, 0 or more`)
  if (byteOrder !== 'little' && byteOrder !== 'big')
    throw new StorageError(`fromBinary: got byteOrder ${formatGiven(byteOrder)}, want 'little' or 'big'`)
  const path = pathOf(file, 'fromBinary')
  const source: FileSource = { type: 'file', path, offset, byteOrder, fortranOrder: false, dtype, shape }
  return arrayOf(source, options.chunks, 'fromBinary')
}

/**
 * The array in an NPY file, as numpy.save writes it, of any version, byte order and order of axes. Only its header is read before
 * elements are needed. Errors: StorageError (missing, damaged, cut short, or of a dtype that ndloom does not have), ChunkError.
 * @example
 * const x = nd.fromNpy('measurements.npy', { chunks: [10, -1] })
 */
export function fromNpy(file: string | URL, options: FromNpyOptions = {}): ChunkedArray {
  const { chunks } = checkOptions<FromNpyOptions>(options, ['chunks'], 'fromNpy')
  const path = pathOf(file, 'fromNpy')
  return arrayOf({ type: 'file', path, ...readNpyHeader(path) }, chunks, 'fromNpy')
}

/**
 * The arrays in an NPZ file, by their names, as numpy.savez writes it. Only the headers are read before elements are needed. An entry that
 * is compressed is read as one block, as its parts cannot be found (cut by `chunks` afterwards): for large arrays numpy.savez is
 * better than savez_compressed, and Zarr better still. Errors: StorageError, ChunkError.
 * @example
 * await nd.toNpz('pair.npz', { x, mean: x.mean(0) })
 * const { mean } = await nd.fromNpz('pair.npz')
 * mean.shape // -> [ 4 ]
 */
export async function fromNpz(file: string | URL, options: FromNpyOptions = {}): Promise<Record<string, ChunkedArray>> {
  const { chunks } = checkOptions<FromNpyOptions>(options, ['chunks'], 'fromNpz')
  const path = pathOf(file, 'fromNpz')
  const { readNpzEntries } = await import('../storage/npz.ts')
  const entries = await readNpzEntries(path)
  return Object.fromEntries(entries.map((entry) => [entry.name, npzArray(path, entry, chunks)]))
}

function npzArray(path: string, entry: NpzEntry, chunks: ChunksOption | undefined): ChunkedArray {
  const { header, start, compressed } = entry
  if (!compressed) return arrayOf({ type: 'file', path, ...header }, chunks, 'fromNpz')
  const { dtype, shape, fortranOrder, offset, byteOrder } = header
  const rowMajor = fortranOrder ? [...shape].reverse() : shape
  const source = { type: 'inflated', path, start, ...compressed, offset, byteOrder, dtype, shape: rowMajor } as const
  const whole = new ChunkedArray(fromSourceExpr(source, gridOf(rowMajor, -1, dtype, 'fromNpz')))
  const reversed = shape.map((_, axis) => shape.length - 1 - axis)
  return rechunk(fortranOrder ? permuteDims(whole, reversed) : whole, chunks)
}

export interface FromHdf5Options extends FromNpyOptions {
  /** The dataset's path in the file. */
  path: string
}
/**
 * A dataset of an HDF5 or NetCDF-4 file, read by hyperslabs; without `chunks` its blocks are whole multiples of the chunks it is stored in.
 * Needs the package h5wasm. Errors: StorageError (no such dataset, a filter or a type that cannot be read, h5wasm missing), ChunkError.
 */
export async function fromHdf5(file: string | URL, given: FromHdf5Options): Promise<ChunkedArray> {
  const { path: dataset, chunks } = checkOptions<FromHdf5Options>(given, ['path', 'chunks'], 'fromHdf5')
  if (typeof dataset !== 'string')
    throw new StorageError(
      `fromHdf5: got path ${formatGiven(dataset)}, want the dataset's path in the file, as { path: '/x' }`,
    )
  const path = pathOf(file, 'fromHdf5')
  const { readHdf5Header } = await import('../storage/hdf5.ts')
  const { dtype, shape, chunks: stored } = await readHdf5Header(path, dataset)
  const auto = gridOf(shape, 'auto', dtype, 'fromHdf5')
  const grid =
    chunks === undefined && stored
      ? gridOf(
          shape,
          multiples(
            stored,
            auto.map((axis) => axis.size),
          ),
          dtype,
          'fromHdf5',
        )
      : gridOf(shape, chunks, dtype, 'fromHdf5')
  return new ChunkedArray(fromSourceExpr({ type: 'hdf5', path, dataset, dtype, shape }, grid))
}
/** The whole multiples of stored chunks that are nearest below the wanted lengths. */
const multiples = (stored: readonly number[], wanted: readonly number[]): number[] =>
  stored.map((length, axis) => length * Math.max(1, Math.floor(wanted[axis] / length)))

export interface FromSourceOptions {
  shape: number | readonly number[]
  dtype: DType
  /** How it is cut into blocks, 'auto' (about 32 MiB a block) unless given. */
  chunks?: ChunksOption
  /** Gives the elements of a box; called when they are needed, several at once, on this thread. */
  read: ReadFunction
}
/**
 * An array that a function of yours gives, for formats of your own: it is asked for boxes, which lie within the blocks, and may be async.
 * Errors: ShapeError, DTypeError, ChunkError; when it runs, StorageError for a box of another size, TaskError for what it throws.
 * @example
 * const squares = nd.fromSource({ shape: 10, dtype: 'float64', chunks: 4, read: ([[start, stop]]) =>
 *   Float64Array.from({ length: stop - start }, (_, i) => (start + i) ** 2) })
 * await squares.sum().compute() // -> 285
 */
export function fromSource(given: FromSourceOptions): ChunkedArray {
  const options = checkOptions<FromSourceOptions>(given, ['shape', 'dtype', 'chunks', 'read'], 'fromSource')
  const dtype = checkDType(options.dtype, 'fromSource')
  const shape = checkShape(options.shape, 'fromSource')
  const { read } = options
  if (typeof read !== 'function')
    throw new StorageError(`fromSource: got read ${formatGiven(read)}, want a function (box, signal) => elements`)
  const source = tie<UserSource>({ type: 'user', dtype, shape }, (...of: Parameters<ReadFunction>) =>
    read.apply(given, of),
  )
  return new ChunkedArray(fromSourceExpr(source, gridOf(shape, options.chunks, dtype, 'fromSource')))
}

function arrayOf(source: FileSource, chunks: ChunksOption | undefined, operation: string): ChunkedArray {
  checkFile(source, operation)
  return new ChunkedArray(fromSourceExpr(source, gridOf(source.shape, chunks, source.dtype, operation)))
}

export function pathOf(file: string | URL, operation: string): string {
  if (file instanceof URL) {
    if (file.protocol === 'file:') return fileURLToPath(file)
    throw new StorageError(`${operation}: got the URL ${file}, want a file: URL or a path; download the file first`)
  }
  if (typeof file === 'string' && file !== '') return resolve(file)
  throw new StorageError(`${operation}: got ${formatGiven(file)} as file, want a path or a file: URL`)
}

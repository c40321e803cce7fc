import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { NdArray } from 'ndarray'
import { type ComputeOptions, computeOne } from '../compute.ts'
import type { ChunksOption } from '../core/chunks.ts'
import { checkDType, type DType, type TypedArray } from '../core/dtype.ts'
import { formatGiven, StorageError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import { checkShape } from '../core/shape.ts'
import { fromSource } from '../graph/build.ts'
import { checkFile, type FileSource } from '../storage/file.ts'
import { readNpyHeader } from '../storage/npy.ts'
import { ChunkedArray } from './chunked-array.ts'
import { gridOf } from './data.ts'

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
 * Computes an array and writes it to an NPY file, block by block as they finish, so that it need not fit in memory. The file
 * appears under its name when it is whole; on an error nothing is left behind. Errors: StorageError, and those of `compute`.
 * @example
 * await x.sub(x.mean(0)).toNpy('anomaly.npy', { progress: true })
 */
export async function toNpy(x: ChunkedArray, file: string | URL, options: ComputeOptions = {}): Promise<void> {
  const { openNpySink } = await import('../storage/npy-sink.ts')
  const sink = await openNpySink(pathOf(file, 'toNpy'), x.dtype, x.shape)
  try {
    for await (const block of computeOne(x.expr, options)) {
      const box = block.offset.map((start, axis) => [start, start + block.data.shape[axis]] as const)
      await sink.write(box, blockBytes(block.data))
    }
    await sink.commit()
  } catch (error) {
    await sink.abandon()
    throw error
  }
}

function arrayOf(source: FileSource, chunks: ChunksOption | undefined, operation: string): ChunkedArray {
  checkFile(source, operation)
  return new ChunkedArray(fromSource(source, gridOf(source.shape, chunks, source.dtype, operation)))
}

function pathOf(file: string | URL, operation: string): string {
  if (file instanceof URL) {
    if (file.protocol === 'file:') return fileURLToPath(file)
    throw new StorageError(`${operation}: got the URL ${file}, want a file: URL or a path; download the file first`)
  }
  if (typeof file === 'string' && file !== '') return resolve(file)
  throw new StorageError(`${operation}: got ${formatGiven(file)} as file, want a path or a file: URL`)
}

/** The bytes of a streamed block, whose elements lie in row-major order from the start of its store. */
function blockBytes({ data }: NdArray): Uint8Array {
  const { buffer, byteOffset, byteLength } = ('parts' in data ? data.parts : data) as TypedArray
  return new Uint8Array(buffer, byteOffset, byteLength)
}

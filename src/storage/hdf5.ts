import type { Dataset, File } from 'h5wasm/node'
import { type Box, boxShape } from '../core/chunks.ts'
import { type DType, facts, itemsize, type TypedArray, viewBytes } from '../core/dtype.ts'
import { formatGiven, StorageError } from '../core/errors.ts'
import { type Shape, sizeOf } from '../core/shape.ts'
import { fileBytes } from './file.ts'
import type { Hdf5Source } from './source.ts'

type Hdf5 = typeof import('h5wasm/node')
/** Filters that the HDF5 library has built in: deflate, shuffle, fletcher32, n-bit, scale-offset. */
const builtInFilters = new Set([1, 2, 3, 5, 6])

let library: Promise<Hdf5> | undefined
/** The optional package. Errors: StorageError that tells how to install it. */
function loadLibrary(operation: string): Promise<Hdf5> {
  library ??= import('h5wasm/node').then(async (loaded) => {
    // Without this a filter that fails gives what happens to lie in memory.
    ;(await loaded.ready).activate_throwing_error_handler()
    return loaded
  })
  return library.catch((cause) => {
    library = undefined
    throw new StorageError(`${operation}: HDF5 files need the package h5wasm; run \`npm install h5wasm\``, { cause })
  })
}

/** What is known of a dataset before its elements are read. `chunks`: as it is stored, if in chunks. */
export interface Hdf5Header {
  readonly dtype: DType
  readonly shape: Shape
  readonly chunks: readonly number[] | undefined
}

/** Errors: StorageError when there is no such file or dataset, or it is of a type or behind a filter that cannot be read. */
export async function readHdf5Header(path: string, dataset: string): Promise<Hdf5Header> {
  fileBytes(path, 'fromHdf5')
  const file = await open(path, 'fromHdf5')
  try {
    const found = datasetOf(file, path, dataset)
    const { metadata, filters } = found
    const missing = filters.find(({ id }) => !builtInFilters.has(id))
    if (missing)
      throw new StorageError(
        `fromHdf5: ${path}: ${dataset} is compressed with the filter ${missing.name} (${missing.id}), which h5wasm does not have; ` +
          'write it again with gzip, as h5repack -f GZIP=4 does',
      )
    return { dtype: dtypeOf(found, path, dataset), shape: metadata.shape ?? [], chunks: metadata.chunks ?? undefined }
  } catch (cause) {
    throw damaged('fromHdf5', path, dataset, cause)
  } finally {
    file.close()
  }
}

/** What the HDF5 library says of a file, in its first line. */
function damaged(operation: string, path: string, dataset: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause
  const text = cause instanceof Error ? cause.message : String(cause)
  return new StorageError(
    `${operation}: ${path}: ${dataset} cannot be read: ${text.split('\n')[0]}; the file is damaged, get it again`,
    { cause },
  )
}

/** Reads a hyperslab: of a chunked dataset the chunks that it touches, of another only its elements. Errors: StorageError. */
export async function readHdf5(source: Hdf5Source, box: Box, target: Uint8Array): Promise<void> {
  const shape = boxShape(box)
  if (sizeOf(shape) === 0) return
  const file = await open(source.path, 'read')
  try {
    const found = datasetOf(file, source.path, source.dataset)
    const given = shape.length === 0 ? found.value : found.slice(box.map(([low, high]) => [low, high]))
    place(given, source.dtype, viewBytes(source.dtype, target.buffer, target.byteOffset, sizeOf(shape)))
  } catch (cause) {
    throw damaged('read', source.path, source.dataset, cause)
  } finally {
    file.close()
  }
}

async function open(path: string, operation: string): Promise<File> {
  const { File } = await loadLibrary(operation)
  try {
    return new File(path, 'r')
  } catch (cause) {
    fileBytes(path, operation)
    throw new StorageError(`${operation}: ${path} is no HDF5 file, or a damaged one; check the path`, { cause })
  }
}

function datasetOf(file: File, path: string, dataset: string): Dataset {
  let found: ReturnType<File['get']> = null
  try {
    found = file.get(dataset)
  } catch {
    // h5wasm throws for some paths that do not exist, and gives null for others.
  }
  if (found && 'slice' in found) return found as Dataset
  const kind = found ? 'is a group, no dataset' : 'is not there'
  throw new StorageError(
    `fromHdf5: ${path}: ${formatGiven(dataset)} ${kind}; the file has ${file.paths().slice(0, 20).join(', ') || 'nothing'}`,
  )
}

const codes: Readonly<Record<string, DType>> = {
  b: 'int8',
  h: 'int16',
  i: 'int32',
  q: 'int64',
  B: 'uint8',
  H: 'uint16',
  I: 'uint32',
  Q: 'uint64',
  f: 'float32',
  d: 'float64',
}
const codeOf = (code: unknown): DType | undefined => codes[String(code).replace(/^[<>|=]/, '')]

/** h5py writes bool as an enumeration of FALSE and TRUE, complex numbers as a compound of r and i. */
function dtypeOf({ dtype, metadata }: Dataset, path: string, dataset: string): DType {
  const code = codeOf(dtype)
  if (code) return code
  const members = metadata.enum_type?.members
  if (members && metadata.size === 1 && members.FALSE === 0 && members.TRUE === 1) return 'bool'
  if (Array.isArray(dtype) && dtype.length === 2 && dtype[0][0] === 'r' && dtype[1][0] === 'i') {
    const part = codeOf(dtype[0][1])
    if (part === 'float32') return 'complex64'
    if (part === 'float64') return 'complex128'
  }
  throw new StorageError(
    `fromHdf5: ${path}: ${dataset} is of the type ${JSON.stringify(dtype)}, which ndloom does not have; it reads numbers of ` +
      `${Object.values(codes).join(', ')}, bool and complex`,
  )
}

function place(given: unknown, dtype: DType, into: TypedArray): void {
  const { array, kind } = facts[dtype]
  if (kind === 'complex') into.set((given as number[][]).flat() as never)
  else if (ArrayBuffer.isView(given)) {
    const { buffer, byteOffset, byteLength } = given
    if (byteLength !== into.length * itemsize(dtype))
      throw new StorageError(
        `read: h5wasm gave ${byteLength} bytes, want ${into.length * itemsize(dtype)}; get the file again`,
      )
    into.set(new array(buffer as ArrayBuffer, byteOffset, into.length) as never)
  } else into.set([given] as never)
}

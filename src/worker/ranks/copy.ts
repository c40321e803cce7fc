import { NdloomError } from '../../core/errors.ts'

/** A value on its way to another rank, and the buffers that move with it: they are copies that nobody else has. */
export interface Parcel {
  readonly value: unknown
  readonly moved: ArrayBuffer[]
}

export type NumberArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array

export const isTypedArray = (value: unknown): value is NumberArray =>
  ArrayBuffer.isView(value) && !(value instanceof DataView)

/** The class of a typed array; Node's Buffer is bytes. */
export function typedArrayClass(
  array: NumberArray,
): new (
  buffer: ArrayBufferLike,
  start?: number,
  length?: number,
) => NumberArray {
  const name = array[Symbol.toStringTag]
  return Reflect.get(globalThis, name)
}

/** Below this a typed array travels inside its message. */
const movedBytes = 8192

/**
 * Makes a value ready to be sent. A large typed array, by itself or in a list, is copied once and the copy is moved: by itself
 * structured clone would copy it twice, and all of the buffer that it is a view of. What lies in shared memory stays where it is.
 */
export function pack(value: unknown): Parcel {
  const moved: ArrayBuffer[] = []
  if (Array.isArray(value) && value.some(isTypedArray))
    return { value: value.map((item) => packArray(item, moved)), moved }
  return { value: packArray(value, moved), moved }
}

function packArray(value: unknown, moved: ArrayBuffer[]): unknown {
  if (!isTypedArray(value) || value.buffer instanceof SharedArrayBuffer) return value
  const { buffer, byteOffset, byteLength } = value
  if (byteLength < movedBytes && byteLength === buffer.byteLength) return value
  const copy = (buffer as ArrayBuffer).slice(byteOffset, byteOffset + byteLength)
  moved.push(copy)
  return new (typedArrayClass(value))(copy)
}

/** A copy such as another rank would get. */
export function copyOf(value: unknown, operation: string): unknown {
  const { value: packed, moved } = pack(value)
  return sending(operation, () => structuredClone(packed, { transfer: moved }))
}

/** Runs what structured clone does not take into an error that tells the cure. */
export function sending<T>(operation: string, send: () => T): T {
  try {
    return send()
  } catch (error) {
    throw new NdloomError(
      `${operation}: got a value that cannot go to another thread (${(error as Error).message}); give plain data, no functions`,
      { cause: error },
    )
  }
}

import ndarray, { type NdArray } from 'ndarray'
import type { TypedArray } from '../core/dtype.ts'
import { rowMajorStrides, sizeOf } from '../core/shape.ts'
import { type ComplexStore, complexStore } from './ndarray.ts'
import { copyStrided } from './strided.ts'

/*
 * Structured clone takes neither the methods of ndarrays nor the stores of complex ones, and it takes whole buffers. `toSent` gives what
 * it takes, `fromSent` what was meant; values go through them on every way between the threads. They look into lists and plain objects.
 */

/** An ndarray without its methods. */
interface SentNdArray {
  readonly isNdArray: true
  readonly data: TypedArray | readonly unknown[]
  readonly shape: readonly number[]
  readonly stride: readonly number[]
  readonly offset: number
  /** Elements are complex: `data` holds re, im pairs. */
  readonly isComplex: boolean
}

/** Buffers over the heap, which must not reach another thread: there nobody keeps them from being used again. */
const heapBuffers = new WeakSet<object>()
export const markInHeap = (buffer: ArrayBufferLike): void => void heapBuffers.add(buffer)
export const isInHeap = ({ buffer }: ArrayBufferView): boolean => heapBuffers.has(buffer)

export const isNdArray = (value: object): value is NdArray =>
  'stride' in value && 'offset' in value && 'get' in value && typeof value.get === 'function' && 'data' in value

/** The value as it can be sent: itself, unless something in it has to be changed. */
export function toSent(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value)) return sentView(value)
  return needsChange(value, new Set()) ? changed(value, new Map()) : value
}

const sentView = (view: ArrayBufferView): unknown => (isInHeap(view) ? (view as TypedArray).slice() : view)
const isRecord = (value: object): value is Record<string, unknown> => Object.getPrototypeOf(value) === Object.prototype

function needsChange(value: unknown, seen: Set<object>): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (ArrayBuffer.isView(value)) return isInHeap(value)
  if (!Array.isArray(value) && !isRecord(value)) return isNdArray(value)
  if (seen.has(value)) return false
  seen.add(value)
  return (Array.isArray(value) ? value : Object.values(value)).some((part) => needsChange(part, seen))
}
/** A list or plain object that contains itself does so in the copy too. */
function changed(value: unknown, copies: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value)) return sentView(value)
  if (copies.has(value)) return copies.get(value)
  if (Array.isArray(value)) {
    const list: unknown[] = []
    copies.set(value, list)
    for (const part of value) list.push(changed(part, copies))
    return list
  }
  if (isRecord(value)) {
    const record: Record<string, unknown> = {}
    copies.set(value, record)
    for (const key of Object.keys(value)) record[key] = changed(value[key], copies)
    return record
  }
  if (isNdArray(value)) copies.set(value, sentNdArray(value))
  return copies.get(value) ?? value
}

function sentNdArray({ data, shape, stride, offset }: NdArray): SentNdArray {
  const pairs = (data as unknown as Partial<ComplexStore>).parts
  const elements: unknown = pairs ?? data
  const sent = { isNdArray: true, shape, stride, offset, isComplex: pairs !== undefined } as const
  if (!ArrayBuffer.isView(elements)) return { ...sent, data: elements as unknown[] }
  const typed = elements as TypedArray
  const bytes = sizeOf(shape) * typed.BYTES_PER_ELEMENT * (pairs ? 2 : 1)
  const isWhole = typed.buffer instanceof SharedArrayBuffer || typed.buffer.byteLength === bytes
  if (isWhole && !isInHeap(typed)) return { ...sent, data: typed }
  return { ...sent, data: packed(typed, sent), stride: rowMajorStrides(shape), offset: 0 }
}

/** The elements alone, in row-major order. */
function packed(data: TypedArray, { shape, stride, offset, isComplex }: Omit<SentNdArray, 'data'>): TypedArray {
  const parts = isComplex ? 2 : 1
  const copy = new (data.constructor as new (length: number) => TypedArray)(parts * sizeOf(shape))
  const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array =>
    new Uint8Array(buffer, byteOffset, byteLength)
  copyStrided(
    parts * data.BYTES_PER_ELEMENT,
    shape,
    { bytes: bytesOf(data), start: offset, strides: stride },
    { bytes: bytesOf(copy), start: 0, strides: rowMajorStrides(shape) },
  )
  return copy
}

/** What has come from another thread as it was meant. Its lists and plain objects are changed where they lie. */
export const fromSent = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? received(value, new Map()) : value

function received(value: unknown, seen: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if (seen.has(value)) return seen.get(value)
  if (Array.isArray(value)) {
    seen.set(value, value)
    for (let i = 0; i < value.length; i++) if (typeof value[i] === 'object') value[i] = received(value[i], seen)
  } else if (isRecord(value)) {
    const meant = value.isNdArray === true ? receivedNdArray(value as unknown as SentNdArray) : value
    seen.set(value, meant)
    if (meant !== value) return meant
    for (const key of Object.keys(value)) if (typeof value[key] === 'object') value[key] = received(value[key], seen)
  }
  return value
}

function receivedNdArray({ data, shape, stride, offset, isComplex }: SentNdArray): NdArray {
  const store = isComplex ? complexStore(data as Float64Array) : data
  return ndarray(store as Float64Array, [...shape], [...stride], offset) as NdArray
}

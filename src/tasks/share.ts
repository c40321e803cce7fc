import { fromSent, isInHeap, isNdArray, toSent } from '../storage/sent.ts'

/** A copy of the value in which the bytes of typed arrays lie in shared memory: sent to another thread they are not copied. */
export function shareBytes(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return shareView(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof ArrayBuffer) return sharedCopy(new Uint8Array(value))
  if (Array.isArray(value)) return value.map(shareBytes)
  if (value instanceof Map) return new Map(Array.from(value, ([key, item]) => [shareBytes(key), shareBytes(item)]))
  if (isNdArray(value)) return fromSent(shareBytes(toSent(value)))
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shareBytes(item)]))
}

function sharedCopy(bytes: Uint8Array): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(bytes.length)
  new Uint8Array(shared).set(bytes)
  return shared
}

type ViewClass = new (buffer: SharedArrayBuffer, offset: number, length: number) => ArrayBufferView
function shareView(view: ArrayBufferView): ArrayBufferView {
  if (view.buffer instanceof SharedArrayBuffer && !isInHeap(view)) return view
  const shared = sharedCopy(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
  const length = 'length' in view ? Number(view.length) : view.byteLength
  // Node's Buffer is sent as a Uint8Array anyway.
  const viewClass = view instanceof Uint8Array ? Uint8Array : (view.constructor as ViewClass)
  return new viewClass(shared, 0, length)
}

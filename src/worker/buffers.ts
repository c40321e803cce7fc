/** The buffers in a value that structured clone takes: of its typed arrays, in lists, plain objects, maps and sets, however deep. */
export const buffersOf = (value: unknown): Set<ArrayBufferLike> => partsOf(value).buffers
/** The same, and the objects that it is made of. */
export function partsOf(value: unknown) {
  const buffers = new Set<ArrayBufferLike>()
  const objects = new Set<object>()
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return
    if (ArrayBuffer.isView(part)) buffers.add(part.buffer)
    else if (part instanceof ArrayBuffer || part instanceof SharedArrayBuffer) buffers.add(part)
    else if (!objects.has(part)) {
      objects.add(part)
      const parts =
        Array.isArray(part) || part instanceof Set ? part : part instanceof Map ? [...part].flat() : Object.values(part)
      for (const inner of parts) visit(inner)
    }
  }
  visit(value)
  return { buffers, objects }
}

/** Smaller buffers cost more to move than to copy. */
const smallestMovedBytes = 2 ** 16
export const isWorthMoving = (buffer: ArrayBufferLike): buffer is ArrayBuffer =>
  buffer instanceof ArrayBuffer && buffer.byteLength >= smallestMovedBytes

/** A list of numbers alone as a Float64Array, which is cloned a hundred times as fast; any other list as it is. */
export function packNumbers(list: readonly unknown[]): ArrayLike<unknown> {
  const packed = new Float64Array(list.length)
  for (let i = 0; i < list.length; i++) {
    const value = list[i]
    if (typeof value !== 'number') return list
    packed[i] = value
  }
  return packed
}

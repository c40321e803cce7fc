/** Buffers of this thread that were given back; memory that is touched for the first time costs more than to read a file into it. */
const free: Uint8Array[] = []
const mostFree = 4
/** The buffers that were made here: another's is not to be taken from under it. */
const own = new WeakSet<object>()
/** Smaller ones are not worth it. */
const leastBytes = 64 * 1024
const granuleBytes = 1024 * 1024

/** A buffer of so many bytes, whatever they are. */
export function takeBuffer(length: number): Uint8Array {
  if (length < leastBytes) return new Uint8Array(length)
  const found = free.findIndex((buffer) => buffer.length >= length && buffer.length <= 2 * length + granuleBytes)
  const buffer = found < 0 ? new Uint8Array(Math.ceil(length / granuleBytes) * granuleBytes) : free.splice(found, 1)[0]
  own.add(buffer.buffer)
  return buffer.subarray(0, length)
}

/** Gives back a buffer that nothing uses any more; to keep it instead is no mistake. */
export function giveBuffer(bytes: Uint8Array): void {
  if (!own.has(bytes.buffer) || free.some(({ buffer }) => buffer === bytes.buffer)) return
  if (free.length === mostFree) free.shift()
  free.push(new Uint8Array(bytes.buffer))
}

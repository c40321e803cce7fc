/** An N-d part of bytes: where its first element lies and how far the next one is along each axis, all in elements. */
export interface Strided {
  readonly bytes: Uint8Array
  readonly start: number
  readonly strides: readonly number[]
}

/** Runs shorter than this many bytes are copied by a loop: a typed array's `set` costs as much as its call. */
const shortRunBytes = 128

/** Copies `extents` elements of `size` bytes from one part to another. */
export function copyStrided(size: number, extents: readonly number[], from: Strided, to: Strided): void {
  if (extents.includes(0)) return
  const axes = mergeAxes(extents, from.strides, to.strides)
  const inner = axes.pop() ?? { extent: 1, from: 1, to: 1 }
  const isRun = inner.from === 1 && inner.to === 1
  const copyLine = isRun && inner.extent * size >= shortRunBytes ? copyRun : lineCopier(size, from.bytes, to.bytes)
  const visit = (depth: number, source: number, target: number): void => {
    if (depth === axes.length) {
      copyLine(from.bytes, to.bytes, source, target, inner, size)
      return
    }
    const axis = axes[depth]
    for (let i = 0; i < axis.extent; i++) visit(depth + 1, source + i * axis.from, target + i * axis.to)
  }
  visit(0, from.start, to.start)
}

interface Axis {
  readonly extent: number
  readonly from: number
  readonly to: number
}

/** Axes longer than 1, those that continue each other in both parts as one; the one that is contiguous in the target last. */
function mergeAxes(extents: readonly number[], from: readonly number[], to: readonly number[]): Axis[] {
  const merged: Axis[] = []
  extents.forEach((extent, i) => {
    if (extent === 1) return
    const last = merged[merged.length - 1]
    if (last && last.from === from[i] * extent && last.to === to[i] * extent)
      merged[merged.length - 1] = { extent: last.extent * extent, from: from[i], to: to[i] }
    else merged.push({ extent, from: from[i], to: to[i] })
  })
  return merged
}

type LineCopy = (from: Uint8Array, to: Uint8Array, source: number, target: number, axis: Axis, size: number) => void

const copyRun: LineCopy = (from, to, source, target, { extent }, size) =>
  to.set(from.subarray(source * size, (source + extent) * size), target * size)

/** Copies single elements by the widest words that both parts are aligned for. */
function lineCopier(size: number, from: Uint8Array, to: Uint8Array): LineCopy {
  const word = [4, 2, 1].find(
    (bytes) => size % bytes === 0 && from.byteOffset % bytes === 0 && to.byteOffset % bytes === 0,
  )!
  const words = size / word
  const a = wordsOf(from, word)
  const b = wordsOf(to, word)
  return (_from, _to, source, target, axis) => {
    const [stepA, stepB] = [axis.from * words, axis.to * words]
    let at = source * words
    let into = target * words
    for (let i = 0; i < axis.extent; i++, at += stepA, into += stepB)
      for (let w = 0; w < words; w++) b[into + w] = a[at + w]
  }
}

function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array, word: number): Uint8Array | Uint16Array | Uint32Array {
  const Words = word === 4 ? Uint32Array : word === 2 ? Uint16Array : Uint8Array
  return new Words(buffer as ArrayBuffer, byteOffset, Math.floor(byteLength / word))
}

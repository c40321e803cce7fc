import { IndexError } from '../core/errors.ts'
import { formatShape, type Shape } from '../core/shape.ts'
import type { View, ViewAxis } from '../core/view.ts'
import { view } from '../graph/build.ts'
import { ChunkedArray } from './chunked-array.ts'
import { type BasicEntry, ellipsis, isSlice, newaxis, parseIndex, type Slice, slice } from './index-syntax.ts'
import { exprOf, type Operand } from './operands.ts'

/** One entry of an index: an integer, a slice, text in NumPy's syntax, `nd.newaxis` or `nd.ellipsis`. */
export type IndexEntry = number | bigint | string | Slice | null

/**
 * The part of an array that a basic index selects, as NumPy's `x[...]`: one text for all axes, or one entry an axis. An integer
 * drops its axis; entries that are left out are whole axes. No element is moved before it is needed.
 * Errors: IndexError with the axis and its range.
 * @example
 * x.at('5:-5:3, ::-2')
 * x.at(0, nd.slice(1, -1), nd.newaxis)
 */
export function at(x: Operand, ...index: IndexEntry[]): ChunkedArray {
  const expr = exprOf(x, 'at')
  return new ChunkedArray(view(expr, indexView(expr.shape, index, 'at')))
}

function readEntry(entry: IndexEntry, operation: string): BasicEntry[] {
  if (typeof entry === 'string') return parseIndex(entry, operation)
  if (entry === newaxis) return [entry]
  if (isSlice(entry)) return [slice(entry.start, entry.stop, entry.step)]
  if (typeof entry === 'bigint') return [Number(entry)]
  if (typeof entry === 'number' && Number.isInteger(entry)) return [entry]
  if (typeof entry === 'number') throw new IndexError(`${operation}: got index ${entry}, want an integer`)
  throw new IndexError(
    `${operation}: got an index of type ${describeEntry(entry)}, want integers, nd.slice, text such as '1:-1', nd.newaxis or nd.ellipsis; ` +
      'integer-array and boolean indexing is not available yet',
  )
}

const describeEntry = (entry: unknown): string =>
  Array.isArray(entry) || ArrayBuffer.isView(entry) || entry instanceof ChunkedArray ? 'array' : typeof entry

/** The view of an array of `shape` that a basic index selects. Errors: IndexError. */
export function indexView(shape: Shape, index: readonly IndexEntry[], operation: string): View {
  const entries = index.flatMap((entry) => readEntry(entry, operation))
  const out: number[] = []
  const axes: ViewAxis[] = []
  for (const entry of fillAxes(shape, entries, operation)) {
    if (entry === newaxis) {
      out.push(1)
      continue
    }
    const axis = axes.length
    if (typeof entry === 'number') {
      axes.push({ from: -1, start: position(entry, shape[axis], axis, operation), step: 0 })
      continue
    }
    const { start, step, extent } = resolveSlice(entry, shape[axis])
    axes.push({ from: out.length, start, step })
    out.push(extent)
  }
  return { shape: out, axes }
}

const whole: Slice = { kind: 'slice', start: null, stop: null, step: null }

/** The entries with whole axes for the ellipsis, or at the end: one entry an axis, besides new axes. */
function fillAxes(shape: Shape, entries: readonly BasicEntry[], operation: string): (number | Slice | null)[] {
  const used = entries.filter((entry) => entry !== newaxis && entry !== ellipsis).length
  if (used > shape.length)
    throw new IndexError(
      `${operation}: got ${used} indices for the ${shape.length} axes of shape ${formatShape(shape)}; leave out ${used - shape.length}`,
    )
  const first = entries.indexOf(ellipsis)
  if (first !== entries.lastIndexOf(ellipsis))
    throw new IndexError(`${operation}: got '...' twice; one stands for all axes left over`)
  const rest = new Array<Slice>(shape.length - used).fill(whole)
  return (first < 0 ? [...entries, ellipsis] : entries).flatMap((entry) =>
    entry === ellipsis ? rest : [entry as number | Slice | null],
  )
}

function position(index: number, extent: number, axis: number, operation: string): number {
  if (index >= -extent && index < extent) return index < 0 ? index + extent : index
  const range = extent === 0 ? 'which has no elements' : `want ${-extent} to ${extent - 1}`
  throw new IndexError(
    `${operation}: index ${index} is out of range for axis ${axis} of extent ${extent}, ${range}; a slice may reach beyond the end`,
  )
}

/** The elements start + step * i (0 <= i < extent) that a slice takes of an axis, by Python's rules. */
export function resolveSlice(
  { start, stop, step }: Slice,
  length: number,
): { start: number; step: number; extent: number } {
  const by = step ?? 1
  const [low, high] = by > 0 ? [0, length] : [-1, length - 1]
  const clip = (bound: number) => Math.max(low, Math.min(high, bound < 0 ? bound + length : bound))
  const first = start === null ? (by > 0 ? low : high) : clip(start)
  const past = stop === null ? (by > 0 ? high : low) : clip(stop)
  const extent = Math.max(0, Math.ceil((past - first) / by))
  return extent === 0 ? { start: 0, step: 1, extent } : { start: first, step: extent === 1 ? 1 : by, extent }
}

import { formatGiven, IndexError } from '../core/errors.ts'

/** A slice as Python's: undefined or null ends are the array's own, negative ones count from the end. */
export interface Slice {
  readonly kind: 'slice'
  readonly start: number | null
  readonly stop: number | null
  readonly step: number | null
}
export type Bound = number | bigint | null | undefined

/** A new axis of extent 1 in `at`. */
export const newaxis = null
/** In `at`: all axes that the other entries leave over. */
export const ellipsis = '...'

/**
 * The slice `start:stop:step` of one axis; null or undefined is what an empty place is in NumPy's text.
 * Errors: IndexError for a bound that is no integer, or a step of 0.
 * @example x.at(nd.slice(1, -1), nd.slice(null, null, -1)) // x.at('1:-1, ::-1')
 */
export function slice(start?: Bound, stop?: Bound, step?: Bound): Slice {
  const by = bound(step, 'step')
  if (by === 0) throw new IndexError('slice: got step 0, want a positive or negative one')
  return Object.freeze({ kind: 'slice', start: bound(start, 'start'), stop: bound(stop, 'stop'), step: by })
}

function bound(value: Bound, what: string): number | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'bigint' || Number.isInteger(value)) return Number(value)
  throw new IndexError(`slice: got ${what} ${formatGiven(value)}, want an integer, or null for none`)
}

export const isSlice = (entry: unknown): entry is Slice =>
  typeof entry === 'object' && entry !== null && 'kind' in entry && entry.kind === 'slice'

/** One entry of a basic index: an integer, a slice, a new axis, or the ellipsis. */
export type BasicEntry = number | Slice | typeof newaxis | typeof ellipsis

/**
 * NumPy's text for a basic index: entries with commas between them. Errors: IndexError that shows the entry.
 * '5:-5:3, ..., None' gives [slice(5, -5, 3), ellipsis, newaxis].
 */
export function parseIndex(text: string, operation: string): BasicEntry[] {
  const parts = text.split(',')
  if (parts.length > 1 && parts[parts.length - 1].trim() === '') parts.pop()
  return parts.map((part) => parseEntry(part.trim(), text, operation))
}

function parseEntry(entry: string, text: string, operation: string): BasicEntry {
  if (entry === '...' || entry === 'Ellipsis') return ellipsis
  if (entry === 'None' || entry === 'newaxis') return newaxis
  const bounds = entry.split(':').map((part) => parseInteger(part.trim()))
  const [first] = bounds
  if (bounds.length === 1 && typeof first === 'number') return first
  const [start, stop, step] = bounds
  if (
    bounds.length < 2 ||
    bounds.length > 3 ||
    start === undefined ||
    stop === undefined ||
    (bounds.length === 3 && step === undefined)
  )
    throw new IndexError(
      `${operation}: got '${entry}' in '${text}', want an integer, a slice such as 1:-1 or ::2, '...' or 'None', with commas between them`,
    )
  return slice(start, stop, step)
}

/** An integer, null for none, or undefined for what is neither. */
function parseInteger(part: string): number | null | undefined {
  if (part === '' || part === 'None') return null
  return /^[+-]?\d+(_\d+)*$/.test(part) ? Number(part.replaceAll('_', '')) : undefined
}

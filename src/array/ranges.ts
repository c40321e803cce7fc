import {
  type Complex,
  checkDType,
  type DType,
  isComplexValue,
  isInteger,
  promoteTypes,
  type Value,
} from '../core/dtype.ts'
import { DTypeError, formatGiven, ShapeError } from '../core/errors.ts'
import { checkFlag } from '../core/options.ts'
import { apply, cast, indexAlong } from '../graph/build.ts'
import type { Expr } from '../graph/expr.ts'
import { ChunkedArray } from './chunked-array.ts'
import { type CreationOptions, creationOptions } from './creation.ts'
import { gridOf, valueDType } from './data.ts'
import { checkCount, takeOptions } from './options.ts'

export type Real = number | bigint

/**
 * Evenly spaced numbers from `start` (0 unless given) up to, without, `stop`: start + i * step. bigints give int64, numbers
 * float64. Errors: ShapeError for a step of 0 or a bound that is not finite, DTypeError, ChunkError.
 * @example nd.arange(5); nd.arange(10n); nd.arange(2, 8, 0.5, { chunks: 4 })
 */
export function arange(stop: Real, options?: CreationOptions): ChunkedArray
export function arange(start: Real, stop: Real, options?: CreationOptions): ChunkedArray
export function arange(start: Real, stop: Real, step: Real, options?: CreationOptions): ChunkedArray
export function arange(...args: readonly (Real | CreationOptions | undefined)[]): ChunkedArray {
  const [positional, options] = takeOptions<Real | undefined, CreationOptions>(args, creationOptions, 'arange')
  const [first, second] = positional
  const start = second === undefined ? 0n : first!
  const bounds: Real[] = [start, second ?? first!, positional[2] ?? 1n]
  if (bounds.some((bound) => typeof bound !== 'bigint' && !Number.isFinite(bound)) || Number(bounds[2]) === 0)
    throw new ShapeError(
      `arange: got start, stop, step ${bounds.map(formatGiven).join(', ')}, want finite numbers and a step that is not 0`,
    )
  const big = positional.every((bound) => bound === undefined || typeof bound === 'bigint')
  const dtype = checkDType(options.dtype ?? (big ? 'int64' : 'float64'), 'arange')
  const whole =
    (big || isInteger(dtype)) && bounds.every((bound) => typeof bound === 'bigint' || Number.isInteger(bound))
  const expr = whole ? wholeRange(bounds.map(BigInt), dtype, options) : floatRange(bounds.map(Number), dtype, options)
  return new ChunkedArray(cast(expr, dtype))
}

/** Computed in int64, which wraps around as every integer dtype does. */
function wholeRange([start, stop, step]: bigint[], dtype: DType, options: CreationOptions): Expr {
  const length = (stop - start + step - (step > 0n ? 1n : -1n)) / step
  const index = positions(length > 0n ? Number(length) : 0, 'int64', dtype, options, 'arange')
  return affine(index, BigInt.asIntN(64, step), BigInt.asIntN(64, start))
}

/** NumPy's rule: i-th element start + i * ((start + step) - start); for an integer dtype the two ends are cut to integers first. */
function floatRange([start, stop, step]: number[], dtype: DType, options: CreationOptions): Expr {
  const cut = isInteger(dtype) ? Math.trunc : (x: number) => x
  const index = positions(Math.max(0, Math.ceil((stop - start) / step)), 'float64', dtype, options, 'arange')
  return affine(index, cut(start + step) - cut(start), cut(start))
}

function positions(
  length: number,
  as: 'int64' | 'float64',
  dtype: DType,
  options: CreationOptions,
  operation: string,
): Expr {
  return indexAlong(gridOf([checkCount(length, 'length', operation)], options.chunks, dtype, operation), 0, as)
}

/** index * step + start. */
function affine(index: Expr, step: Value, start: Value): Expr {
  const scaled = step === 1 || step === 1n ? index : apply('multiply', [index, step])
  return scaled === index && (start === 0 || start === 0n) ? scaled : apply('add', [scaled, start])
}

export interface LinspaceOptions extends CreationOptions {
  /** Whether `stop` is the last element (true unless given). */
  endpoint?: boolean
}
/**
 * `num` (50 unless given) evenly spaced numbers from `start` to `stop`. float64, complex128 for complex ends; an integer dtype
 * takes the floor. Errors: ShapeError, DTypeError, ChunkError.
 * @example nd.linspace(0, 1, 11)
 */
export function linspace(start: Value, stop: Value, num?: Real, options?: LinspaceOptions): ChunkedArray
export function linspace(start: Value, stop: Value, options?: LinspaceOptions): ChunkedArray
export function linspace(
  start: Value,
  stop: Value,
  ...rest: readonly (Real | LinspaceOptions | undefined)[]
): ChunkedArray {
  const [[num], options] = takeOptions<Real | undefined, LinspaceOptions>(
    rest,
    [...creationOptions, 'endpoint'],
    'linspace',
  )
  const count = checkCount(num ?? 50, 'num', 'linspace')
  const natural = [start, stop].map((end) => promoteTypes(valueDType(end, 'linspace'), 'float64')).reduce(promoteTypes)
  const dtype = checkDType(options.dtype ?? natural, 'linspace')
  const index = positions(count, 'float64', dtype, options, 'linspace')
  const endpoint = checkFlag(options.endpoint, 'endpoint', 'linspace', true)
  const ends = { intervals: endpoint ? count - 1 : count, endpoint }
  if (natural !== 'complex128') return new ChunkedArray(spaced(index, Number(start), Number(stop), ends, dtype))
  if (isInteger(dtype)) throw new DTypeError(`linspace: got complex ends for dtype ${dtype}; use dtype 'complex128'`)
  const [from, to] = [start, stop].map((end): Complex => (isComplexValue(end) ? end : { re: Number(end), im: 0 }))
  const [re, im] = (['re', 'im'] as const).map((part) => spaced(index, from[part], to[part], ends, 'float64'))
  return new ChunkedArray(cast(apply('add', [re, apply('multiply', [im, { re: 0, im: 1 }])]), dtype))
}

/** The last element is `stop` itself, though rounding may miss it. */
function spaced(
  index: Expr,
  start: number,
  stop: number,
  ends: { intervals: number; endpoint: boolean },
  dtype: DType,
): Expr {
  const step = (stop - start) / Math.max(1, ends.intervals)
  const line = affine(index, step, start)
  const exact = !ends.endpoint || ends.intervals < 1 || Object.is(ends.intervals * step + start, stop)
  const values = exact ? line : apply('where', [apply('equal', [index, ends.intervals]), stop, line])
  return cast(isInteger(dtype) ? apply('floor', [values]) : values, dtype)
}

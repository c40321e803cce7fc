import type { ChunksOption } from '../core/chunks.ts'
import { checkDType, type DType, integerRange, isInteger, toValue, type Value } from '../core/dtype.ts'
import { DTypeError, formatGiven, NdloomError, ShapeError } from '../core/errors.ts'
import { checkFlag, checkOptions } from '../core/options.ts'
import { checkShape, formatShape, sameShape } from '../core/shape.ts'
import { apply, cast, indexAlong, randomNumbers, reduce } from '../graph/build.ts'
import type { Distribution, Expr } from '../graph/expr.ts'
import { splitKey } from '../kernel/philox.ts'
import { ChunkedArray } from './chunked-array.ts'
import { gridOf, isValue } from './data.ts'
import { expandDims } from './manipulation.ts'
import { exprOf, type Operand } from './operands.ts'

export type Seed = number | bigint | string
/** The shape of an array of random numbers; [] (unless given) is 0-d. */
export type RandomShape = number | readonly number[]
export interface RandomOptions {
  /** How the array is cut into blocks; the numbers do not depend on it. */
  chunks?: ChunksOption
  /** float64 (unless given) or float32; of `integers`, any integer dtype (int64 unless given). */
  dtype?: DType
}
export interface SeedOption {
  /** The same seed gives the same numbers, whatever the blocks and workers; fresh ones unless given. */
  seed?: Seed
}
export interface IntegersOptions extends RandomOptions {
  /** Whether `high` itself may come. */
  endpoint?: boolean
}
export interface ChoiceOptions extends RandomOptions {
  /** Whether an element may come twice; true, and only true is available yet. */
  replace?: boolean
}

/**
 * Random numbers from a seed: each call takes the next stream. Element i of an array is a function of the seed, the call's number
 * and i alone (Philox4x32-10, see kernel/random.ts). Make one with `nd.random.defaultRng`.
 */
export interface Generator {
  /** Uniform in [0, 1). Errors: ShapeError, DTypeError, ChunkError; so for all of them. */
  random(shape?: RandomShape, options?: RandomOptions): ChunkedArray
  /** Uniform in [low, high); 0 and 1 unless given. */
  uniform(low?: Operand, high?: Operand, shape?: RandomShape, options?: RandomOptions): ChunkedArray
  /** Normal, of mean `loc` (0 unless given) and standard deviation `scale` (1 unless given). */
  normal(loc?: Operand, scale?: Operand, shape?: RandomShape, options?: RandomOptions): ChunkedArray
  /** Exponential, of mean `scale` (1 unless given). */
  exponential(scale?: Operand, shape?: RandomShape, options?: RandomOptions): ChunkedArray
  /** Integers from `low` up to, without, `high`; with high undefined or null from 0 up to `low`. */
  integers(
    low: number | bigint,
    high?: number | bigint | null,
    shape?: RandomShape,
    options?: IntegersOptions,
  ): ChunkedArray
  /** Elements of an array of one axis, or of 0 to n - 1; each element costs time in proportion to the array's length. */
  choice(a: Operand, shape?: RandomShape, options?: ChoiceOptions): ChunkedArray
}

/**
 * A generator whose numbers follow from the seed; without one they are fresh each time.
 * @example const rng = nd.random.defaultRng(7); rng.normal(0, 1, [1000, 1000], { chunks: 500 })
 */
export function defaultRng(seed?: Seed): Generator {
  const root = seed === undefined ? freshKey() : checkSeed(seed)
  let calls = 0
  return generator(() => splitKey(root, calls++))
}

/** 64 bits from the platform's source of randomness. */
const freshKey = (): bigint => crypto.getRandomValues(new BigUint64Array(1))[0]

function checkSeed(seed: Seed): Seed {
  if (typeof seed === 'bigint' || typeof seed === 'string' || Number.isSafeInteger(seed)) return seed
  throw new NdloomError(`random: got seed ${formatGiven(seed)}, want an integer, a bigint or a text`)
}

function generator(nextKey: () => bigint): Generator {
  const draw = (
    distribution: Distribution,
    shape: RandomShape,
    given: RandomOptions | undefined,
    operation: string,
  ): Expr => {
    const options = checkOptions<RandomOptions>(given, randomOptions, operation)
    const dtype = floatingDType(options.dtype, operation)
    const grid = gridOf(checkShape(shape, operation), options.chunks, dtype, operation)
    return randomNumbers(distribution, nextKey(), dtype, grid)
  }
  const drawWhole = (
    { low, range }: WholeRange,
    shape: RandomShape,
    options: RandomOptions,
    operation: string,
  ): Expr => {
    const dtype = options.dtype ?? 'int64'
    const grid = gridOf(checkShape(shape, operation), options.chunks, dtype, operation)
    const below = scaleBits(randomNumbers('bits', nextKey(), 'uint64', grid), range)
    return cast(cast(apply('add', [below, BigInt.asUintN(64, low)]), 'int64'), dtype)
  }
  const chosen = (a: Operand, shape: RandomShape, given: ChoiceOptions | undefined): Expr => {
    const options = checkOptions<ChoiceOptions>(given, [...randomOptions, 'replace'], 'choice')
    if (!checkFlag(options.replace, 'replace', 'choice', true))
      throw new NdloomError('choice: replace: false is not available yet; draw with replacement (replace: true)')
    if (typeof a === 'number' || typeof a === 'bigint')
      return drawWhole(wholeRange(a, null, options, 'choice'), shape, options, 'choice')
    const values = exprOf(a, 'choice')
    if (values.shape.length !== 1)
      throw new ShapeError(
        `choice: got shape ${formatShape(values.shape)}, want an array of one axis, or a count; use ravel`,
      )
    const range = wholeRange(values.shape[0], null, {}, 'choice')
    return pick(values, drawWhole(range, shape, { chunks: options.chunks }, 'choice'))
  }
  return {
    random: (shape = [], options) => new ChunkedArray(draw('uniform', shape, options, 'random')),
    uniform: (low = 0, high = 1, shape = [], options) =>
      placed(draw('uniform', shape, options, 'uniform'), low, widthOf(low, high), 'uniform'),
    normal: (loc = 0, scale = 1, shape = [], options) =>
      placed(draw('normal', shape, options, 'normal'), loc, checkScale(scale, 'normal'), 'normal'),
    exponential: (scale = 1, shape = [], options) => {
      const uniform = draw('uniform', shape, options, 'exponential')
      const noise = apply('negative', [apply('log1p', [apply('negative', [uniform])])])
      return placed(noise, 0, checkScale(scale, 'exponential'), 'exponential')
    },
    integers: (low, high, shape = [], given) => {
      const options = checkOptions<IntegersOptions>(given, [...randomOptions, 'endpoint'], 'integers')
      return new ChunkedArray(drawWhole(wholeRange(low, high, options, 'integers'), shape, options, 'integers'))
    },
    choice: (a, shape = [], options) => new ChunkedArray(chosen(a, shape, options)),
  }
}

const randomOptions = ['dtype', 'chunks'] as const

/** Errors: NdloomError for a negative scale, where it is a scalar. */
function checkScale(scale: Operand, operation: string): Operand {
  if (isReal(scale) && scale < 0) throw new NdloomError(`${operation}: got scale ${scale}, want 0 or more`)
  return scale
}

function floatingDType(dtype: DType | undefined, operation: string): 'float64' | 'float32' {
  const checked = checkDType(dtype ?? 'float64', operation)
  if (checked === 'float64' || checked === 'float32') return checked
  throw new DTypeError(
    `${operation}: got dtype ${checked}, want float64 or float32; use integers for integer dtypes, or astype`,
  )
}

/** noise * scale + loc, of the noise's shape. */
function placed(noise: Expr, loc: Operand, scale: Operand, operation: string): ChunkedArray {
  const scaled = scale === 1 ? noise : apply('multiply', [noise, weak(scale, operation)], operation)
  const moved = loc === 0 ? scaled : apply('add', [scaled, weak(loc, operation)], operation)
  if (sameShape(moved.shape, noise.shape)) return new ChunkedArray(moved)
  throw new ShapeError(
    `${operation}: the parameters broadcast to ${formatShape(moved.shape)}, the shape is ${formatShape(noise.shape)}; give that shape`,
  )
}
const weak = (operand: Operand, operation: string): Expr | Value =>
  isValue(operand) ? operand : exprOf(operand, operation)

/** Errors: NdloomError where both are scalars and too far apart. */
function widthOf(low: Operand, high: Operand): Operand {
  if (!isReal(low) || !isReal(high))
    return new ChunkedArray(apply('subtract', [exprOf(high, 'uniform'), weak(low, 'uniform')], 'uniform'))
  const width = Number(high) - Number(low)
  if (Number.isFinite(width)) return width
  throw new NdloomError(`uniform: got low ${low} and high ${high}, want finite numbers whose difference is finite`)
}
const isReal = (operand: Operand): operand is number | bigint =>
  typeof operand === 'number' || typeof operand === 'bigint'

interface WholeRange {
  low: bigint
  /** How many integers there are from `low` on: 1 to 2^64. */
  range: bigint
}
function wholeRange(
  low: number | bigint,
  high: number | bigint | null | undefined,
  options: IntegersOptions,
  operation: string,
): WholeRange {
  const dtype = checkDType(options.dtype ?? 'int64', operation)
  if (!isInteger(dtype))
    throw new DTypeError(`${operation}: got dtype ${dtype}, want an integer dtype; use astype on the result`)
  const bounds = high === undefined || high === null ? [0, low] : [low, high]
  if (!bounds.every((bound) => typeof bound === 'bigint' || Number.isSafeInteger(bound)))
    throw new ShapeError(
      `${operation}: got bounds ${bounds.map(formatGiven).join(' and ')}, want integers (bigints beyond 2^53)`,
    )
  const [first, past] = [
    BigInt(bounds[0]),
    BigInt(bounds[1]) + (checkFlag(options.endpoint, 'endpoint', operation) ? 1n : 0n),
  ]
  const [least, greatest] = integerRange(dtype)
  if (past <= first)
    throw new ShapeError(`${operation}: no integer from ${first} below ${past}; make high greater than low`)
  if (first < least || past - 1n > greatest)
    throw new DTypeError(
      `${operation}: ${first} to ${past - 1n} does not fit ${dtype} (${least} to ${greatest}); use a wider dtype`,
    )
  return { low: first, range: past - first }
}

/**
 * floor(bits * range / 2^64) for uniform 64-bit integers, without division or rejection, so that element i stays a function of i
 * (Lemire, "Fast random integer generation in an interval", 2019, without its rejection step: the bias is below range / 2^64).
 */
function scaleBits(bits: Expr, range: bigint): Expr {
  if (range === 1n << 64n) return bits
  const times = (x: Expr, factor: bigint) => apply('multiply', [x, factor])
  const high = (x: Expr) => apply('bitwiseRightShift', [x, 32n])
  const low = (x: Expr) => apply('bitwiseAnd', [x, 0xffffffffn])
  const plus = (x: Expr, y: Expr) => apply('add', [x, y])
  const [rangeHigh, rangeLow] = [range >> 32n, range & 0xffffffffn]
  if (range <= 1n << 32n) return high(plus(times(high(bits), range), high(times(low(bits), range))))
  const middle = plus(times(high(bits), rangeLow), high(times(low(bits), rangeLow)))
  const carried = plus(times(low(bits), rangeHigh), low(middle))
  return plus(plus(times(high(bits), rangeHigh), high(middle)), high(carried))
}

/** values[index], as the sum over the values of value where its position is the index: until there is a gather node. */
function pick(values: Expr, index: Expr): Expr {
  const positions = indexAlong(values.grid, 0, 'int64')
  const chosen = apply('equal', [expandDims(new ChunkedArray(index), -1).expr, positions])
  const terms = apply('where', [chosen, values, toValue(0, values.dtype)])
  const last = [index.shape.length]
  return values.dtype === 'bool' ? reduce('any', terms, last) : reduce('sum', terms, last, { dtype: values.dtype })
}

export type Seeded<O> = O & SeedOption
/** The generator of the `seed` option, and the other options. */
function seeded<O extends object>(given: Seeded<O> | undefined): [Generator, O] {
  const { seed, ...options } = { ...given } as Seeded<O>
  return [defaultRng(seed), options as unknown as O]
}
/** Uniform in [0, 1). Errors: ShapeError, DTypeError, ChunkError. @example nd.random.random([1000, 1000], { seed: 7, chunks: 500 }) */
export const random = (shape?: RandomShape, options?: Seeded<RandomOptions>): ChunkedArray => {
  const [rng, rest] = seeded(options)
  return rng.random(shape, rest)
}
/** Uniform in [low, high). Errors: ShapeError, DTypeError, ChunkError. */
export const uniform = (
  low?: Operand,
  high?: Operand,
  shape?: RandomShape,
  options?: Seeded<RandomOptions>,
): ChunkedArray => {
  const [rng, rest] = seeded(options)
  return rng.uniform(low, high, shape, rest)
}
/** Normal, of mean `loc` and standard deviation `scale`. Errors: ShapeError, DTypeError, ChunkError. */
export const normal = (
  loc?: Operand,
  scale?: Operand,
  shape?: RandomShape,
  options?: Seeded<RandomOptions>,
): ChunkedArray => {
  const [rng, rest] = seeded(options)
  return rng.normal(loc, scale, shape, rest)
}
/** Exponential, of mean `scale`. Errors: ShapeError, DTypeError, ChunkError. */
export const exponential = (scale?: Operand, shape?: RandomShape, options?: Seeded<RandomOptions>): ChunkedArray => {
  const [rng, rest] = seeded(options)
  return rng.exponential(scale, shape, rest)
}
/** Integers from `low` up to, without, `high` (from 0 below `low` when there is no `high`). Errors: ShapeError, DTypeError, ChunkError. */
export const integers = (
  low: number | bigint,
  high?: number | bigint | null,
  shape?: RandomShape,
  options?: Seeded<IntegersOptions>,
): ChunkedArray => {
  const [rng, rest] = seeded(options)
  return rng.integers(low, high, shape, rest)
}
/** Elements of an array of one axis, or of 0 to n - 1. Errors: ShapeError, DTypeError, ChunkError. */
export const choice = (a: Operand, shape?: RandomShape, options?: Seeded<ChoiceOptions>): ChunkedArray => {
  const [rng, rest] = seeded(options)
  return rng.choice(a, shape, rest)
}

import {
  type AxisChunks,
  blockCount,
  chunkLengths,
  fromLengths,
  type Grid,
  mostBounds,
  regular,
  sameGrid,
} from '../core/chunks.ts'
import {
  type DType,
  integerRange,
  isComplex,
  isFloating,
  kindOf,
  realOf,
  resultTypeOf,
  toValue,
  type Value,
} from '../core/dtype.ts'
import { ChunkError, DTypeError, internal, ShapeError } from '../core/errors.ts'
import { broadcastShapes, formatShape, type Shape, sameShape, sizeOf } from '../core/shape.ts'
import { broadcastView, identityView, isIdentity, type View } from '../core/view.ts'
import { elementwise } from '../ops/elementwise.ts'
import type { ElementwiseRecord } from '../ops/record.ts'
import { reductions } from '../ops/reductions.ts'
import { scans } from '../ops/scans.ts'
import type { Source } from '../storage/source.ts'
import { type Distribution, type Expr, intern, type UserFunction, viewGrid } from './expr.ts'
import { reshapeGrids } from './reshape.ts'

/** An operand: an array's expression, or a weak JavaScript scalar. */
export type Operand = Expr | Value
export const isExpr = (operand: unknown): operand is Expr =>
  typeof operand === 'object' && operand !== null && 'kind' in operand

export const fromSource = (source: Source, grid: Grid): Expr =>
  intern({ kind: 'source', source, origin: grid.map(() => 0) }, source.dtype, grid)
export const constant = (value: Value, dtype: DType, grid: Grid): Expr =>
  intern({ kind: 'constant', value: toValue(value, dtype) }, dtype, grid)
export const indexAlong = (grid: Grid, axis: number, dtype: 'int64' | 'float64'): Expr =>
  intern({ kind: 'index', axis }, dtype, grid)
export const randomNumbers = (
  distribution: Distribution,
  key: bigint,
  dtype: 'float64' | 'float32' | 'uint64',
  grid: Grid,
): Expr => intern({ kind: 'random', distribution, key }, dtype, grid)

export const cast = (input: Expr, dtype: DType): Expr =>
  input.dtype === dtype ? input : intern({ kind: 'cast', input }, dtype, input.grid)
export const view = (input: Expr, map: View): Expr =>
  isIdentity(map, input.shape)
    ? input
    : intern({ kind: 'view', view: map, input }, input.dtype, viewGrid(map, input.grid))
export const rechunk = (input: Expr, grid: Grid): Expr =>
  sameGrid(input.grid, grid) ? input : intern({ kind: 'rechunk', input }, input.dtype, grid)

/** Errors: ShapeError when the shape is not reached by stretching extents of 1. */
export function broadcastTo(input: Expr, shape: Shape, operation = 'broadcastTo'): Expr {
  if (!sameShape(broadcastShapes([input.shape, shape], operation), shape))
    throw new ShapeError(`${operation}: shape ${formatShape(input.shape)} does not stretch to ${formatShape(shape)}`)
  return view(input, broadcastView(input.shape, shape))
}

/** The blocks of an element-wise result: those of the operand with most elements; stretched axes from the next one. */
function commonGrid(operands: readonly Expr[], shape: Shape): Grid {
  const bySize = [...operands].sort((a, b) => sizeOf(b.shape) - sizeOf(a.shape))
  return shape.map((extent, axis): AxisChunks => {
    for (const { grid } of bySize) {
      const chunks = grid[axis - shape.length + grid.length]
      if (chunks?.extent === extent) return chunks
    }
    return regular(extent, extent)
  })
}

/**
 * An element-wise record over arrays and weak scalars: dtypes promote, shapes broadcast. Errors: ShapeError, DTypeError.
 * At least one operand is an array.
 */
export function apply(name: string, given: readonly Operand[], operation = name): Expr {
  const operands = name.startsWith('logical') ? given.map(truthOf) : given
  const record = elementwise[name] ?? internal(`no element-wise record ${name}`)
  const arrays = operands.filter(isExpr)
  const values = name === 'where' ? operands.slice(1) : operands
  const beyond = comparisonBeyond(name, operands)
  if (beyond !== undefined) return constant(beyond, 'bool', arrays[0].grid)
  const exact = comparisonAcrossSigns(name, operands, operation)
  if (exact !== undefined) return exact
  const promoted = promote(name, values, operation)
  const signature = record.signature(promoted)
  if (!signature)
    throw new DTypeError(
      `${operation}: not defined for dtype ${promoted}; cast the operands first, as in x.astype('${dtypeFor(record)}')`,
    )
  const shape = broadcastShapes(
    arrays.map((array) => array.shape),
    operation,
  )
  const grid = commonGrid(arrays, shape)
  const args = operands.map((operand, i): Expr => {
    const dtype = name === 'where' && i === 0 ? 'bool' : signature.loop
    return isExpr(operand) ? cast(broadcastTo(operand, shape), dtype) : constant(operand, dtype, grid)
  })
  return intern({ kind: 'elementwise', name, loop: signature.loop, args }, signature.output, grid)
}

/** Of a scalar beside a logical function only its truth counts. */
const truthOf = (operand: Operand): Operand => (isExpr(operand) ? operand : toValue(operand, 'bool'))

/** A dtype that an element-wise function is defined for. */
const dtypeFor = ({ signature }: ElementwiseRecord): DType =>
  (['float64', 'int64', 'complex128'] as const).find(signature) ?? 'bool'

/** The dtype that operands promote to. A scalar that an integer dtype does not hold will do where the function computes in floats. */
function promote(name: string, values: readonly Operand[], operation: string): DType {
  const dtypes = values.filter(isExpr).map((v) => v.dtype)
  const scalars = values.filter((v): v is Value => !isExpr(v))
  try {
    return resultTypeOf(dtypes, scalars)
  } catch (error) {
    if (!(error instanceof DTypeError)) throw error
    const loop = elementwise[name].signature(resultTypeOf(dtypes, []))?.loop
    if (loop && isFloating(loop)) return 'float64'
    throw new DTypeError(`${operation}: ${error.message}`)
  }
}

const comparisons = new Set(['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual'])

/** What a comparison of an integer array gives everywhere when the integer beside it lies beyond its dtype: x < 300 of uint8 is true. */
function comparisonBeyond(name: string, operands: readonly Operand[]): Value | undefined {
  const array = operands.find(isExpr)
  const scalar = operands.find((operand) => typeof operand === 'bigint' || Number.isInteger(operand))
  if (!comparisons.has(name) || !array || isFloating(array.dtype) || isComplex(array.dtype) || scalar === undefined)
    return undefined
  const [low, high] = integerRange(array.dtype === 'bool' ? 'int64' : array.dtype)
  const side = BigInt(scalar as number) > high ? 1 : BigInt(scalar as number) < low ? -1 : 0
  if (side === 0) return undefined
  return elementwise[name].meaning('float64', ...(operands.map((operand) => (isExpr(operand) ? 0 : side)) as never[]))
}

/** A comparison of a signed dtype with uint64, which no integer dtype holds both of: exact, as NumPy's, where float64 would round. */
function comparisonAcrossSigns(name: string, operands: readonly Operand[], operation: string): Expr | undefined {
  if (!comparisons.has(name) || !operands.every(isExpr)) return undefined
  const [signed, unsigned] = ['int', 'uint'].map((kind) => operands.findIndex(({ dtype }) => kindOf(dtype) === kind))
  if (signed < 0 || operands[unsigned]?.dtype !== 'uint64') return undefined
  const isBelow = apply('less', [operands[signed], 0])
  const ofBelow = elementwise[name].meaning('float64', ...(operands.map((_, i) => (i === signed ? -1 : 0)) as never[]))
  const compared = apply(
    name,
    operands.map((operand) => cast(operand, 'uint64')),
    operation,
  )
  return ofBelow
    ? apply('logicalOr', [isBelow, compared])
    : apply('logicalAnd', [apply('logicalNot', [isBelow]), compared])
}

const without = <T>(list: readonly T[], axes: readonly number[]): T[] => list.filter((_, axis) => !axes.includes(axis))

export interface ReduceOptions {
  readonly dtype?: DType
  readonly correction?: number
}

/**
 * A reduction record over `axes`, which are dropped from the shape. Errors: DTypeError where it is not defined; ShapeError over no
 * elements where it has no value.
 */
export function reduce(name: string, input: Expr, axes: readonly number[], options: ReduceOptions = {}): Expr {
  if (name === 'any' || name === 'all' || name === 'countNonzero')
    return reduceOver(name, cast(input, 'bool'), axes, {})
  if ((name === 'var' || name === 'std') && isComplex(options.dtype ?? input.dtype))
    return complexVariance(name, input, axes, options)
  return reduceOver(name, input, axes, options)
}

function reduceOver(
  name: string,
  input: Expr,
  axes: readonly number[],
  { dtype, correction = 0 }: ReduceOptions,
): Expr {
  const record = reductions[name] ?? internal(`no reduction record ${name}`)
  const signature = record.signature(dtype ?? input.dtype)
  if (!signature)
    throw new DTypeError(
      `${name}: not defined for dtype ${dtype ?? input.dtype}; cast first, as in x.astype('float64')`,
    )
  const output = dtype ?? signature.output
  const grid = without(input.grid, axes)
  if (sizeOf(input.shape) === 0) {
    if (axes.some((axis) => input.shape[axis] === 0) && record.empty === undefined)
      throw new ShapeError(
        `${name}: no elements along axes ${formatShape(axes)} of shape ${formatShape(input.shape)}; reduce over an axis that has some`,
      )
    return constant(record.empty ?? 0, output, grid)
  }
  if (axes.length > 0)
    return intern(
      { kind: 'reduce', name, loop: signature.loop, axes, correction, input: cast(input, signature.loop) },
      output,
      grid,
    )
  const stretched = view(input, { shape: [...input.shape, 1], axes: identityView(input.shape).axes })
  return reduceOver(name, stretched, [input.shape.length], { dtype, correction })
}

/** var(z) = var(re z) + var(im z). Without degrees of freedom the sum is divided by 0, as 0 / 0 of one part would spoil it. */
function complexVariance(
  name: string,
  input: Expr,
  axes: readonly number[],
  { dtype, correction = 0 }: ReduceOptions,
): Expr {
  const isFree = axes.reduce((count, axis) => count * input.shape[axis], 1) > correction
  const options = { dtype: dtype && realOf(dtype), correction: isFree ? correction : 0 }
  const parts = ['real', 'imag'].map((part) => reduceOver('var', apply(part, [input]), axes, options))
  const sum = apply('add', parts, name)
  const variance = isFree ? sum : apply('divide', [sum, 0])
  return name === 'std' ? apply('sqrt', [variance]) : variance
}

/** A cumulative record along `axis`; the shape stays. Errors: DTypeError where it is not defined. */
export function scan(name: string, input: Expr, axis: number, dtype?: DType): Expr {
  const record = scans[name] ?? internal(`no scan record ${name}`)
  const signature = record.signature(dtype ?? input.dtype)
  if (!signature) throw new DTypeError(`${name}: not defined for dtype ${dtype ?? input.dtype}`)
  const typed = cast(input, signature.loop)
  const scanned =
    sizeOf(input.shape) === 0 ? typed : intern({ kind: 'scan', name, axis, input: typed }, signature.output, input.grid)
  return cast(scanned, dtype ?? signature.output)
}

/** Arrays one after the other along `axis`; dtypes and the other extents are equal. */
export function concat(inputs: readonly Expr[], axis: number): Expr {
  const filled = inputs.filter((input) => input.shape[axis] > 0)
  if (filled.length <= 1) return filled[0] ?? inputs[0]
  const blocks = filled.reduce((sum, input) => sum + blockCount(input.grid[axis]), 0)
  if (blocks > mostBounds)
    throw new ChunkError(
      `concat: got ${blocks} blocks along axis ${axis}, want at most ${mostBounds}; use larger chunks`,
    )
  const along = fromLengths(filled.flatMap((input) => chunkLengths(input.grid[axis])))
  const grid = filled[0].grid.map((chunks, i) => (i === axis ? along : chunks))
  const aligned = filled.map((input) =>
    rechunk(
      input,
      grid.map((chunks, i) => (i === axis ? input.grid[axis] : chunks)),
    ),
  )
  return intern({ kind: 'concat', axis, inputs: aligned }, inputs[0].dtype, grid)
}

/** The same elements in row-major order under another shape of as many elements. */
export function reshape(input: Expr, shape: Shape): Expr {
  if (sameShape(input.shape, shape)) return input
  if (sizeOf(shape) === 0)
    return constant(
      0,
      input.dtype,
      shape.map((extent) => regular(extent, extent)),
    )
  const dropped = squeezeView(input.shape, shape)
  if (dropped) return view(input, dropped)
  const grids = reshapeGrids(input.grid, shape)
  return intern({ kind: 'reshape', input: rechunk(input, grids.input) }, input.dtype, grids.output)
}

/** The view that only drops and adds axes of extent 1, where that is all there is to do. */
function squeezeView(from: Shape, to: Shape): View | undefined {
  const kept = to.map((_, axis) => axis).filter((axis) => to[axis] !== 1)
  if (
    !sameShape(
      from.filter((n) => n !== 1),
      kept.map((axis) => to[axis]),
    )
  )
    return undefined
  let next = 0
  return {
    shape: to,
    axes: from.map((n) => (n === 1 ? { from: -1, start: 0, step: 0 } : { from: kept[next++], start: 0, step: 1 })),
  }
}

let nextToken = 0
const tokens = new WeakMap<UserFunction, number>()
/** A user's function over the blocks of arrays that are cut alike; `grid` is the result's, with as many blocks. */
export function mapBlocks(fn: UserFunction, inputs: readonly Expr[], dtype: DType, grid: Grid): Expr {
  if (!tokens.has(fn)) tokens.set(fn, nextToken++)
  return intern({ kind: 'mapBlocks', fn, inputs, token: tokens.get(fn)! }, dtype, grid)
}

import { checkDType, type DType, toValue } from '../core/dtype.ts'
import { formatGiven, NdloomError, ShapeError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import { checkShape, formatShape } from '../core/shape.ts'
import { apply, broadcastTo, cast, indexAlong } from '../graph/build.ts'
import type { Expr } from '../graph/expr.ts'
import { ChunkedArray } from './chunked-array.ts'
import { type CreationOptions, creationOptions } from './creation.ts'
import { gridOf } from './data.ts'
import { expandDims, ravel } from './manipulation.ts'
import { exprOf, type Operand } from './operands.ts'
import { checkCount, takeOptions, withBare } from './options.ts'

export interface DiagonalOptions {
  /** Which diagonal: 0 is the main one, positive ones lie above it. */
  k?: number
}
export type MatrixOptions = CreationOptions & DiagonalOptions

function diagonal(k: number | undefined, operation: string): bigint {
  if (Number.isSafeInteger(k ?? 0)) return BigInt(k ?? 0)
  throw new ShapeError(`${operation}: got diagonal k ${formatGiven(k)}, want an integer`)
}

/** `relation(column, row + k)` over a matrix (over the last two axes) with the blocks `grid`. */
function relate(relation: string, grid: Expr['grid'], k: bigint): Expr {
  const [row, column] = [2, 1].map((back) => indexAlong(grid, grid.length - back, 'int64'))
  return apply(relation, [column, k === 0n ? row : apply('add', [row, k])])
}

function matrix(
  relation: string,
  args: readonly (number | undefined | MatrixOptions)[],
  operation: string,
): ChunkedArray {
  const [[rows, columns, k], options] = takeOptions<number | undefined, MatrixOptions>(
    args,
    ['k', 'dtype', 'chunks'],
    operation,
  )
  const shape = [checkCount(rows, 'rows', operation), checkCount(columns ?? rows, 'columns', operation)]
  const dtype = checkDType(options.dtype ?? 'float64', operation)
  const grid = gridOf(shape, options.chunks, dtype, operation)
  return new ChunkedArray(cast(relate(relation, grid, diagonal(k ?? options.k, operation)), dtype))
}

/**
 * Ones on a diagonal, zeros elsewhere. Errors: ShapeError, DTypeError, ChunkError.
 * @example nd.eye(3); nd.eye(3, 4, { k: 1 })
 */
export const eye = (nRows: number, ...rest: readonly (number | undefined | MatrixOptions)[]): ChunkedArray =>
  matrix('equal', [nRows, ...rest], 'eye')
/** Ones on a diagonal and below it, zeros above. Errors: ShapeError, DTypeError, ChunkError. */
export const tri = (nRows: number, ...rest: readonly (number | undefined | MatrixOptions)[]): ChunkedArray =>
  matrix('lessEqual', [nRows, ...rest], 'tri')

/** The elements of the last two axes where the relation holds, zeros elsewhere. */
function triangle(
  x: Operand,
  relation: string,
  given: number | DiagonalOptions | undefined,
  operation: string,
): ChunkedArray {
  const expr = exprOf(x, operation)
  if (expr.shape.length < 2)
    throw new ShapeError(`${operation}: got shape ${formatShape(expr.shape)}, want two axes or more; use expandDims`)
  const { k } = withBare<DiagonalOptions>(['k'], given, operation)
  const mask = relate(relation, expr.grid, diagonal(k, operation))
  return new ChunkedArray(apply('where', [mask, expr, toValue(0, expr.dtype)], operation))
}
/** The lower triangle of the last two axes: zeros above the diagonal k (0 unless given). Errors: ShapeError. */
export const tril = (x: Operand, options?: number | DiagonalOptions): ChunkedArray =>
  triangle(x, 'lessEqual', options, 'tril')
/** The upper triangle of the last two axes: zeros below the diagonal k (0 unless given). Errors: ShapeError. */
export const triu = (x: Operand, options?: number | DiagonalOptions): ChunkedArray =>
  triangle(x, 'greaterEqual', options, 'triu')

export interface MeshgridOptions {
  /** 'xy' (unless given): the first array runs along axis 1, the second along axis 0; 'ij': array i runs along axis i. */
  indexing?: 'xy' | 'ij'
}
/**
 * One array for each array of one axis, stretched to the grid that they span. Errors: ShapeError.
 * @example const [longitude, latitude] = nd.meshgrid(nd.arange(360), nd.linspace(-90, 90, 181))
 */
export function meshgrid(...args: readonly (Operand | MeshgridOptions)[]): ChunkedArray[] {
  const last = args[args.length - 1]
  const hasOptions = typeof last === 'object' && last !== null && 'indexing' in last
  const { indexing = 'xy' } = checkOptions<MeshgridOptions>(hasOptions ? last : {}, ['indexing'], 'meshgrid')
  if (indexing !== 'xy' && indexing !== 'ij')
    throw new ShapeError(`meshgrid: got indexing ${formatGiven(indexing)}, want 'xy' or 'ij'`)
  const vectors = (hasOptions ? args.slice(0, -1) : args).map((entry) => vector(entry as Operand))
  const order = vectors.map((_, axis) => (indexing === 'xy' && vectors.length > 1 && axis < 2 ? 1 - axis : axis))
  const shape = vectors.map((_, axis) => vectors[order[axis]].shape[0])
  return vectors.map((expr, i) => {
    const others = shape.map((_, axis) => axis).filter((axis) => axis !== order[i])
    return new ChunkedArray(broadcastTo(expandDims(new ChunkedArray(expr), others).expr, shape))
  })
}

function vector(entry: Operand): Expr {
  const expr = exprOf(entry, 'meshgrid')
  if (expr.shape.length <= 1) return ravel(new ChunkedArray(expr)).expr
  throw new ShapeError(`meshgrid: got shape ${formatShape(expr.shape)}, want arrays of one axis; use ravel`)
}

/**
 * What a function makes of the positions: it is called once with one lazy array an axis (of `dtype`, float64 unless given), and
 * its result is stretched to the shape. Errors: ShapeError, DTypeError, ChunkError.
 * @example nd.fromFunction((i, j) => i.mul(10).add(j), [3, 4])
 */
export function fromFunction(
  fn: (...positions: ChunkedArray[]) => Operand,
  shape: number | readonly number[],
  given: CreationOptions = {},
): ChunkedArray {
  if (typeof fn !== 'function')
    throw new NdloomError(
      `fromFunction: got ${formatGiven(fn)}, want a function of positions such as (i, j) => i.add(j)`,
    )
  const options = checkOptions<CreationOptions>(given, creationOptions, 'fromFunction')
  const extents = checkShape(shape, 'fromFunction')
  const dtype: DType = checkDType(options.dtype ?? 'float64', 'fromFunction')
  const grid = gridOf(extents, options.chunks, dtype, 'fromFunction')
  const positions = extents.map(
    (_, axis) => new ChunkedArray(cast(indexAlong(grid, axis, dtype === 'float64' ? 'float64' : 'int64'), dtype)),
  )
  return new ChunkedArray(broadcastTo(exprOf(fn(...positions), 'fromFunction'), extents, 'fromFunction'))
}

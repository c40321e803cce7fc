import { isComplex, promoteTypes } from '../core/dtype.ts'
import { formatGiven, ShapeError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import { broadcastShapes, checkAxis, formatShape, type Shape } from '../core/shape.ts'
import { apply, reduce, view } from '../graph/build.ts'
import type { Expr } from '../graph/expr.ts'
import { ChunkedArray } from './chunked-array.ts'
import { permuteDims, ravel } from './manipulation.ts'
import { exprOf, type Operand } from './operands.ts'

/** A factor of a product whose axes have names; equal names are one axis, of which one factor may have just one element. */
interface Factor {
  readonly expr: Expr
  readonly axes: readonly string[]
}

/**
 * The sum over the axes `summed` of the product of two factors, with the axes `kept`: Einstein's summation. Both factors are
 * laid along all axes by views and the product is reduced as it is made, so nothing of the size of the product exists.
 */
function contract(
  a: Factor,
  b: Factor,
  kept: readonly string[],
  summed: readonly string[],
  operation: string,
): ChunkedArray {
  const order = [...kept, ...summed]
  const [left, right] = [a, b].map((factor) => alongAxes(factor, order))
  const dtype = promoteTypes(left.dtype, right.dtype)
  const product = apply(dtype === 'bool' ? 'logicalAnd' : 'multiply', [left, right], operation)
  const axes = summed.map((_, i) => kept.length + i)
  if (axes.length === 0) return new ChunkedArray(product)
  return new ChunkedArray(dtype === 'bool' ? reduce('any', product, axes) : reduce('sum', product, axes, { dtype }))
}

/** The factor with one axis for each name, of extent 1 where it has none of that name. */
function alongAxes({ expr, axes }: Factor, order: readonly string[]): Expr {
  const shape = order.map((name) => (axes.includes(name) ? expr.shape[axes.indexOf(name)] : 1))
  return view(expr, { shape, axes: axes.map((name) => ({ from: order.indexOf(name), start: 0, step: 1 })) })
}

const batchNames = (count: number, ndim: number): string[] =>
  Array.from({ length: count }, (_, i) => `batch${ndim - count + i}`)

function checkMatch(a: Shape, axisA: number, b: Shape, axisB: number, operation: string): void {
  if (a[axisA] === b[axisB]) return
  throw new ShapeError(
    `${operation}: shapes ${formatShape(a)} and ${formatShape(b)} do not fit (axis ${axisA} has ${a[axisA]}, axis ${axisB} has ${b[axisB]}); make them equal`,
  )
}

/**
 * The matrix product of the last two axes; the axes before them broadcast. An array of one axis is a row on the left, a column
 * on the right, and that axis is dropped. dtypes promote and stay (int32 with int32 is int32); bool is or of and.
 * Errors: ShapeError for 0-d arrays and extents that do not fit, DTypeError.
 * @example x.matmul(y)
 */
export function matmul(x1: Operand, x2: Operand): ChunkedArray {
  const [a, b] = [exprOf(x1, 'matmul'), exprOf(x2, 'matmul')]
  const [na, nb] = [a.shape.length, b.shape.length]
  if (na === 0 || nb === 0)
    throw new ShapeError(
      `matmul: got shapes ${formatShape(a.shape)} and ${formatShape(b.shape)}, want one axis or more; use multiply for scalars`,
    )
  checkMatch(a.shape, na - 1, b.shape, Math.max(0, nb - 2), 'matmul')
  const batches = [a, b].map((expr) => expr.shape.slice(0, -2))
  broadcastShapes(batches, 'matmul')
  const ndim = Math.max(batches[0].length, batches[1].length)
  const row = na > 1 ? ['row'] : []
  const column = nb > 1 ? ['column'] : []
  const left = { expr: a, axes: [...batchNames(batches[0].length, ndim), ...row, 'inner'] }
  const right = { expr: b, axes: [...batchNames(batches[1].length, ndim), 'inner', ...column] }
  return contract(left, right, [...batchNames(ndim, ndim), ...row, ...column], ['inner'], 'matmul')
}

export interface TensordotOptions {
  /** How many axes to contract (the last of x1 with the first of x2; 2 unless given), or the axes of each. */
  axes?: number | readonly [readonly number[], readonly number[]]
}

/**
 * The sum of products over some axes of both arrays; the result has the other axes of x1, then those of x2.
 * Errors: ShapeError when the contracted extents differ, DTypeError.
 * @example nd.tensordot(x, y, { axes: [[1], [0]] })
 */
export function tensordot(x1: Operand, x2: Operand, options: number | TensordotOptions = {}): ChunkedArray {
  const [a, b] = [exprOf(x1, 'tensordot'), exprOf(x2, 'tensordot')]
  const { axes = 2 } =
    typeof options === 'number' ? { axes: options } : checkOptions<TensordotOptions>(options, ['axes'], 'tensordot')
  const [fromA, fromB] = contractedAxes(axes, a.shape.length, b.shape.length)
  for (const [i, axis] of fromA.entries()) checkMatch(a.shape, axis, b.shape, fromB[i], 'tensordot')
  const name = (letter: string, contracted: readonly number[]) => (_: number, axis: number) =>
    contracted.includes(axis) ? `sum${contracted.indexOf(axis)}` : `${letter}${axis}`
  const left = { expr: a, axes: a.shape.map(name('a', fromA)) }
  const right = { expr: b, axes: b.shape.map(name('b', fromB)) }
  const summed = fromA.map((_, i) => `sum${i}`)
  const kept = [...left.axes, ...right.axes].filter((axis) => !axis.startsWith('sum'))
  return contract(left, right, kept, summed, 'tensordot')
}

function contractedAxes(axes: Required<TensordotOptions>['axes'], ndimA: number, ndimB: number): [number[], number[]] {
  if (typeof axes === 'number') {
    if (!Number.isInteger(axes) || axes < 0 || axes > Math.min(ndimA, ndimB))
      throw new ShapeError(
        `tensordot: got axes ${axes}, want 0 to ${Math.min(ndimA, ndimB)}, the axes that both arrays have`,
      )
    return [Array.from({ length: axes }, (_, i) => ndimA - axes + i), Array.from({ length: axes }, (_, i) => i)]
  }
  if (!Array.isArray(axes) || axes.length !== 2 || !axes.every(Array.isArray))
    throw new ShapeError(
      `tensordot: got axes ${formatGiven(axes)}, want how many, or a list for each array: [[0], [1]]`,
    )
  const [a, b] = [
    [...axes[0]].map((axis) => checkAxis(axis, ndimA, 'tensordot')),
    [...axes[1]].map((axis) => checkAxis(axis, ndimB, 'tensordot')),
  ]
  if (a.length !== b.length || new Set(a).size !== a.length || new Set(b).size !== b.length)
    throw new ShapeError(`tensordot: got axes ${formatGiven(axes)}; name as many axes of both arrays, each once`)
  return [a, b]
}

export interface VecdotOptions {
  /** The axis, counted from the end (-1 unless given). */
  axis?: number
}
/**
 * The sum of conj(x1) * x2 along an axis; the other axes broadcast. Errors: ShapeError, DTypeError.
 */
export function vecdot(x1: Operand, x2: Operand, options: number | VecdotOptions = {}): ChunkedArray {
  const [first, b] = [exprOf(x1, 'vecdot'), exprOf(x2, 'vecdot')]
  const { axis = -1 } =
    typeof options === 'number' ? { axis: options } : checkOptions<VecdotOptions>(options, ['axis'], 'vecdot')
  const [fromA, fromB] = [first, b].map((expr) => checkAxis(axis, expr.shape.length, 'vecdot'))
  checkMatch(first.shape, fromA, b.shape, fromB, 'vecdot')
  broadcastShapes([first.shape.toSpliced(fromA, 1), b.shape.toSpliced(fromB, 1)], 'vecdot')
  const a = isComplex(first.dtype) ? apply('conj', [first], 'vecdot') : first
  const named = (expr: Expr, from: number): Factor => {
    const names = batchNames(expr.shape.length - 1, ndim)
    return { expr, axes: names.toSpliced(from, 0, 'sum') }
  }
  const ndim = Math.max(a.shape.length, b.shape.length) - 1
  return contract(named(a, fromA), named(b, fromB), batchNames(ndim, ndim), ['sum'], 'vecdot')
}

/** The products of all pairs: element [i, j] is x1[i] * x2[j]; arrays of more axes are flattened first. Errors: DTypeError. */
export const outer = (x1: Operand, x2: Operand): ChunkedArray =>
  contract(
    { expr: flat(x1, 'outer'), axes: ['row'] },
    { expr: flat(x2, 'outer'), axes: ['column'] },
    ['row', 'column'],
    [],
    'outer',
  )

const flat = (x: Operand, operation: string): Expr => ravel(new ChunkedArray(exprOf(x, operation))).expr

/** The last two axes exchanged. Errors: ShapeError below two axes. */
export function matrixTranspose(x: Operand): ChunkedArray {
  const expr = exprOf(x, 'matrixTranspose')
  const ndim = expr.shape.length
  if (ndim < 2)
    throw new ShapeError(`matrixTranspose: got shape ${formatShape(expr.shape)}, want two axes or more; use expandDims`)
  return permuteDims(
    new ChunkedArray(expr),
    expr.shape.map((_, i) => (i < ndim - 2 ? i : 2 * ndim - 3 - i)),
  )
}

import { regular } from '../core/chunks.ts'
import { ShapeError } from '../core/errors.ts'
import { broadcastShapes, formatShape, sameShape } from '../core/shape.ts'
import { identityView, type View, type ViewAxis } from '../core/view.ts'
import * as build from '../graph/build.ts'
import type { Expr } from '../graph/expr.ts'
import { ChunkedArray } from './chunked-array.ts'
import { exactValue, isValue } from './data.ts'
import { astype } from './dtypes.ts'
import { type IndexEntry, indexView } from './indexing.ts'
import { exprOf, type Operand } from './operands.ts'

/**
 * A new array with the part that a basic index selects replaced, as NumPy's `x[index] = value`; x stays. The value is stretched to
 * the part and cast to the dtype of x. The index is one entry of `at`, or a list of them.
 * Errors: IndexError, ShapeError, DTypeError.
 * @example
 * x.with('1:3, 0', 5)
 * x.with([0, nd.slice(1)], nd.zeros(3))
 */
function replace(x: Operand, index: IndexEntry | readonly IndexEntry[], value: Operand): ChunkedArray {
  const expr = exprOf(x, 'with')
  const part = indexView(expr.shape, [index].flat(), 'with')
  const given = isValue(value)
    ? build.constant(exactValue(value, expr.dtype, 'with'), expr.dtype, [])
    : astype(new ChunkedArray(exprOf(value, 'with')), expr.dtype).expr
  if (!sameShape(broadcastShapes([given.shape, part.shape], 'with'), part.shape))
    throw new ShapeError(
      `with: a value of shape ${formatShape(given.shape)} does not stretch to the part's ${formatShape(part.shape)}`,
    )
  if (part.shape.includes(0)) return new ChunkedArray(expr)
  const placed = part.axes.reduce(
    (spread, axis, k) => spreadAxis(spread, axis, k, expr.shape[k]),
    alongSource(given, part),
  )
  const masks = part.axes.flatMap((axis, k) => maskOf(expr, k, axis, axis.from < 0 ? 1 : part.shape[axis.from]))
  if (masks.length === 0) return new ChunkedArray(build.broadcastTo(placed, expr.shape))
  const mask = masks.reduce((a, b) => build.apply('logicalAnd', [a, b]))
  return new ChunkedArray(build.apply('where', [mask, placed, expr], 'with'))
}

export { replace as with }

/** The value with an axis for each axis of x: one element where the part has one, or where the value is stretched. */
function alongSource(value: Expr, part: View): Expr {
  const offset = part.shape.length - value.shape.length
  const shape = part.axes.map(({ from }) => value.shape[from - offset] ?? 1)
  const axes = value.shape.map((_, j): ViewAxis => {
    const from = part.axes.findIndex((axis) => axis.from === j + offset)
    return from < 0 ? { from, start: 0, step: 0 } : { from, start: 0, step: 1 }
  })
  return build.view(value, { shape, axes })
}

/** Elements along axis k moved to where the part has them; what lies between and around them does not matter. */
function spreadAxis(value: Expr, { start, step }: ViewAxis, k: number, extent: number): Expr {
  const count = value.shape[k]
  if (count === 1) return value
  const width = Math.abs(step)
  const first = step < 0 ? start + step * (count - 1) : start
  const length = (count - 1) * width + 1
  const ascending = step < 0 ? alongAxis(value, k, count, { start: count - 1, step: -1 }) : value
  const repeated =
    width === 1 ? ascending : alongAxis(repeatAxis(ascending, k, width), k, length, { start: 0, step: 1 })
  const padding = (size: number) => {
    const chunks = value.grid.map((axis, i) => (i === k ? regular(size, size) : axis))
    return build.constant(0, value.dtype, chunks)
  }
  return build.concat([padding(first), repeated, padding(extent - first - length)], k)
}

const alongAxis = (value: Expr, k: number, extent: number, walk: { start: number; step: number }): Expr => {
  const { shape, axes } = identityView(value.shape)
  return build.view(value, { shape: shape.with(k, extent), axes: axes.with(k, { from: k, ...walk }) })
}

/** Each element `times` times along axis k. */
function repeatAxis(value: Expr, k: number, times: number): Expr {
  const apart = identityView(value.shape).axes.map((axis) => ({
    ...axis,
    from: axis.from > k ? axis.from + 1 : axis.from,
  }))
  const stretched = build.view(value, { shape: value.shape.toSpliced(k + 1, 0, times), axes: apart })
  return build.reshape(stretched, value.shape.with(k, value.shape[k] * times))
}

/** The conditions under which a position along axis k is in the part; none where all are. */
function maskOf(expr: Expr, k: number, { start, step }: ViewAxis, count: number): Expr[] {
  const position = build.indexAlong(expr.grid, k, 'int64')
  const [first, last] = [start, start + step * (count - 1)].sort((a, b) => a - b)
  if (first === last) return expr.shape[k] === 1 ? [] : [build.apply('equal', [position, first])]
  const masks: Expr[] = []
  if (first > 0) masks.push(build.apply('greaterEqual', [position, first]))
  if (last < expr.shape[k] - 1) masks.push(build.apply('lessEqual', [position, last]))
  const width = Math.abs(step)
  if (width > 1) masks.push(build.apply('equal', [build.apply('remainder', [position, width]), first % width]))
  return masks
}

import { chunkLengths, gridShape } from '../core/chunks.ts'
import { type DType, itemsize } from '../core/dtype.ts'
import { NdloomError, ShapeError } from '../core/errors.ts'
import { formatShape, type Shape, sizeOf } from '../core/shape.ts'
import { permuteView } from '../core/view.ts'
import { view } from '../graph/build.ts'
import type { Expr } from '../graph/expr.ts'
import { formatExpr } from '../graph/format.ts'

/**
 * A lazy N-d array, cut into blocks: a thin handle on one expression. Nothing is computed before `compute()` (or `persist`,
 * `toNpy`), and an array never changes. Make one with `nd.array`, `nd.zeros`, `nd.random.random`, `nd.fromNpy` and kin; every
 * function whose first argument is an array is also a method (see methods.ts).
 * @example
 * const x = nd.arange(6).reshape([2, 3])
 * await x.add(x.mean(0)).sum().compute() // -> 30
 */
export class ChunkedArray {
  /** The expression that this array stands for; equal expressions are the same object. */
  readonly expr: Expr
  constructor(expr: Expr) {
    if (!expr?.shape)
      throw new NdloomError('ChunkedArray: got no expression; make arrays with nd.array, nd.zeros and kin')
    if (!Number.isSafeInteger(sizeOf(expr.shape)))
      throw new ShapeError(
        `${expr.kind}: shape ${formatShape(expr.shape)} has more than 2^53 elements; take a part of it`,
      )
    this.expr = expr
  }

  /** The extent of each axis. */
  get shape(): Shape {
    return this.expr.shape
  }
  /** The number of axes. */
  get ndim(): number {
    return this.expr.shape.length
  }
  /** The number of elements. */
  get size(): number {
    return sizeOf(this.expr.shape)
  }
  /** The dtype of the elements. */
  get dtype(): DType {
    return this.expr.dtype
  }
  /** Bytes of one element. */
  get itemsize(): number {
    return itemsize(this.expr.dtype)
  }
  /** Bytes of all elements. */
  get nbytes(): number {
    return this.size * this.itemsize
  }
  /** The lengths of the blocks along each axis, worked out when asked for. */
  get chunks(): number[][] {
    return this.expr.grid.map(chunkLengths)
  }
  /** The number of blocks along each axis. */
  get numblocks(): number[] {
    return gridShape(this.expr.grid)
  }
  /** The array with its axes reversed; no element is moved. */
  get T(): ChunkedArray {
    return new ChunkedArray(view(this.expr, permuteView(this.shape, this.shape.map((_, i) => i).reverse())))
  }
  /** The array with its last two axes exchanged. Errors: ShapeError below two axes. */
  get mT(): ChunkedArray {
    const { ndim } = this
    if (ndim < 2)
      throw new ShapeError(`mT: got shape ${formatShape(this.shape)}, want two axes or more; use expandDims`)
    const axes = this.shape.map((_, i) => (i < ndim - 2 ? i : 2 * ndim - 3 - i))
    return new ChunkedArray(view(this.expr, permuteView(this.shape, axes)))
  }

  /** dtype, shape, blocks, bytes and the expression in short. */
  toString(): string {
    const { dtype, shape, numblocks, nbytes, expr } = this
    const blocks =
      sizeOf(numblocks) === 1
        ? '1 block'
        : `${numblocks.join('x')} blocks of ${expr.grid.map((axis) => axis.size).join('x')}`
    return `ChunkedArray ${dtype} ${formatShape(shape)} in ${blocks}, ${formatBytes(nbytes)}: ${formatExpr(expr, 4)}`
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }
  /** JavaScript's operators would make text or NaN of an array; this says so instead. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString()
    throw new NdloomError(
      'an array has no value yet, and JavaScript operators do not work on arrays; use x.add(y), x.lt(y) or await x.compute()',
    )
  }
}

const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB']
function formatBytes(bytes: number): string {
  const unit = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  return `${Number((bytes / 1000 ** unit).toPrecision(4))} ${units[unit]}`
}

import { chunkLengths, gridShape } from '../core/chunks.ts'
import { type DType, itemsize } from '../core/dtype.ts'
import { formatGiven, NdloomError, ShapeError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import { formatShape, sizeOf } from '../core/shape.ts'
import { permuteView } from '../core/view.ts'
import { arrayPicture, describeArray, shownArray } from '../diagnostics/array.ts'
import { inspected, inspectName } from '../diagnostics/notebook.ts'
import { view } from '../graph/build.ts'
import type { Expr } from '../graph/expr.ts'

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

  /** The extent of each axis: a list of the caller's own, so that reversing or changing it does not change the array. */
  get shape(): number[] {
    return [...this.expr.shape]
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
    return describeArray(this.expr)
  }
  /** What Node's console prints; in a tslab notebook a table and the block picture. */
  [inspectName](depth: number | null, options?: { depth?: number | null }): string {
    return inspected(shownArray(this.expr), depth, options)
  }
  /**
   * The block picture as SVG: the extent of each axis, where it is cut, and below dtype, bytes and blocks. Three axes are drawn as a
   * cuboid, more as several; where there are too many blocks to draw they are a shading. `size`: pixels of the longest axis.
   * @example const picture = nd.zeros([10000, 10000], { chunks: 1000 }).toSVG()
   */
  toSVG(options?: { size?: number }): string {
    const { size = 160 } = checkOptions<{ size?: number }>(options, ['size'], 'toSVG')
    if (!(typeof size === 'number' && size >= 16 && size <= 4096))
      throw new NdloomError(`toSVG: got size ${formatGiven(size)}, want a number of pixels from 16 to 4096`)
    return arrayPicture(this.expr, { size })
  }
  /** JavaScript's operators would make text or NaN of an array; this says so instead. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString()
    throw new NdloomError(
      'an array has no value yet, and JavaScript operators do not work on arrays; use x.add(y), x.lt(y) or await x.compute()',
    )
  }
}

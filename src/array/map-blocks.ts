import type ndarray from 'ndarray'
import { blockCount, fromLengths, type Grid, gridShape, regular } from '../core/chunks.ts'
import { checkDType, type DType } from '../core/dtype.ts'
import { ChunkError, formatGiven, NdloomError, ShapeError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import { broadcastShapes, formatShape } from '../core/shape.ts'
import * as build from '../graph/build.ts'
import type { Expr, UserFunction } from '../graph/expr.ts'
import { type ModuleFunction, sentFunction } from '../worker/functions.ts'
import { ChunkedArray } from './chunked-array.ts'
import { freeVariables } from './free-variables.ts'
import { exprOf, type Operand } from './operands.ts'

export type { ModuleFunction } from '../worker/functions.ts'

/** A block as a user's function gets it: a scijs ndarray. */
export type Block = ndarray.NdArray<ndarray.Data>
export interface BlockInfo {
  /** The block's coordinate in the grid of blocks. */
  readonly index: readonly number[]
  /** The position of its first element in the array. */
  readonly offset: readonly number[]
  /** The data given as `args`. */
  readonly args: unknown
}
export interface MapBlocksOptions {
  /** The dtype of what the function returns; else that of the first array. */
  dtype?: DType
  /** The blocks' lengths along each axis, where the function changes them: a number for all, or a list, of each axis. */
  chunks?: readonly (number | readonly number[])[]
  /** Data for the function, sent with it by structured clone. */
  args?: unknown
}
export type BlocksOf<A extends readonly Operand[]> = { [K in keyof A]: Block }

/**
 * A function of the user's called on every block; blocks of several arrays come together (they broadcast and are cut as the
 * first one). It gets one ndarray an array, then `{ index, offset, args }`, and returns an ndarray (the one it got, changed, will
 * do); it may be async. It runs in a worker, sent as text: it sees no variable from outside, only `args`.
 * Errors: ShapeError, ChunkError, DTypeError, NdloomError for what is no function text and for one that refers to a variable from outside.
 * @example nd.mapBlocks((a, b, { args }) => { a.set(0, 0, args.top); return a }, [x, y], { args: { top: 1 } })
 */
export function mapBlocks<const A extends readonly Operand[]>(
  fn: ((...blocksAndInfo: [...BlocksOf<A>, BlockInfo]) => unknown) | ModuleFunction,
  arrays: A,
  given: MapBlocksOptions = {},
): ChunkedArray {
  const options = checkOptions<MapBlocksOptions>(given, ['dtype', 'chunks', 'args'], 'mapBlocks')
  if (!Array.isArray(arrays))
    throw new ShapeError(`mapBlocks: got ${formatGiven(arrays)} as arrays, want a list of arrays such as [x, y]`)
  if (arrays.length === 0) throw new ShapeError('mapBlocks: got no arrays, want one or more')
  const exprs = [...arrays].map((array) => exprOf(array, 'mapBlocks'))
  const shape = broadcastShapes(
    exprs.map((expr) => expr.shape),
    'mapBlocks',
  )
  const stretched = exprs.map((expr) => build.broadcastTo(expr, shape))
  const grid = stretched[exprs.findIndex((expr) => expr.shape.length === shape.length)].grid
  const inputs = stretched.map((expr): Expr => build.rechunk(expr, grid))
  const dtype = options.dtype === undefined ? exprs[0].dtype : checkDType(options.dtype, 'mapBlocks')
  return new ChunkedArray(
    build.mapBlocks(userFunction(fn, options.args), inputs, dtype, outputGrid(grid, options.chunks)),
  )
}

function outputGrid(grid: Grid, chunks: MapBlocksOptions['chunks']): Grid {
  if (chunks === undefined) return grid
  const wanted = formatShape(gridShape(grid))
  if (!Array.isArray(chunks) || chunks.length !== grid.length)
    throw new ChunkError(
      `mapBlocks: got chunks ${formatGiven(chunks)}, the result has ${grid.length} axes; give a list of one entry an axis`,
    )
  const output = chunks.map((entry, axis) => {
    const lengths = [entry].flat()
    if (!lengths.every((n) => Number.isSafeInteger(n) && n > 0))
      throw new ChunkError(`mapBlocks: got chunks ${formatGiven(entry)} for axis ${axis}, want positive integers`)
    return typeof entry === 'number' ? regular(entry * blockCount(grid[axis]), entry) : fromLengths(entry)
  })
  if (formatShape(gridShape(output)) !== wanted)
    throw new ChunkError(
      `mapBlocks: got chunks for ${formatShape(gridShape(output))} blocks, want ${wanted}: one for each block of the array`,
    )
  return output
}

function userFunction(fn: unknown, data: unknown): UserFunction {
  const sent = sentFunction(fn, 'mapBlocks')
  const [outside] = 'text' in sent ? freeVariables(sent.text) : []
  if (outside !== undefined)
    throw new NdloomError(
      `mapBlocks: the function refers to ${outside}, which is not defined where it runs: it is sent as text, so it sees no variables from ` +
        'around it; pass the value in `args`, or name an exported function by { module, name }',
    )
  return { ...sent, args: cloned(data) }
}

/** `args` as it is now: a later change does not reach the array. Errors: NdloomError for what structured clone does not take. */
function cloned(args: unknown): unknown {
  try {
    return structuredClone(args)
  } catch (error) {
    throw new NdloomError(
      `mapBlocks: got args that cannot be sent to a worker (${(error as Error).message}); give plain data, no functions`,
      { cause: error },
    )
  }
}

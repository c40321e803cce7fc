import type { ChunksOption } from '../core/chunks.ts'
import * as build from '../graph/build.ts'
import { ChunkedArray } from './chunked-array.ts'
import { gridOf } from './data.ts'
import { exprOf, type Operand } from './operands.ts'

/**
 * The same elements in other blocks: `chunks` as in `nd.zeros` ('auto' unless given). Errors: ChunkError.
 * @example x.rechunk([1000, -1])
 */
export function rechunk(x: Operand, chunks?: ChunksOption): ChunkedArray {
  const expr = exprOf(x, 'rechunk')
  return new ChunkedArray(build.rechunk(expr, gridOf(expr.shape, chunks, expr.dtype, 'rechunk')))
}

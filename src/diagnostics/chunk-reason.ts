import { type Grid, normalizeChunks, sameGrid } from '../core/chunks.ts'
import { config } from '../core/config.ts'
import { itemsize } from '../core/dtype.ts'
import { type Expr, inputsOf } from '../graph/expr.ts'
import { formatNode } from '../graph/format.ts'

/** Why an array is cut as it is, as the end of a sentence that begins with its blocks. */
export function chunkReason(expr: Expr): string {
  const origin = originOf(expr)
  const reason = reasonOf(origin)
  return origin === expr ? `cut ${reason}` : `cut as ${formatNode(origin)} is: ${reason}`
}

/** The array whose cut is kept up to here: down the operands as long as one is cut alike. */
function originOf(expr: Expr): Expr {
  let origin = expr
  while (
    origin.kind === 'elementwise' ||
    origin.kind === 'cast' ||
    origin.kind === 'scan' ||
    origin.kind === 'mapBlocks'
  ) {
    const { grid } = origin
    const alike = inputsOf(origin).filter((input) => input.kind !== 'constant' && sameGrid(input.grid, grid))
    const next = alike.find((input) => input.kind !== 'view') ?? alike[0]
    if (!next) break
    origin = next
  }
  return origin
}

function reasonOf(expr: Expr): string {
  switch (expr.kind) {
    case 'rechunk':
      return 'as rechunk says'
    case 'view':
      return `where what it is a part of, ${formatNode(expr.input)}, is cut`
    case 'reduce':
      return `as ${formatNode(expr.input)} is along the axes that are kept`
    case 'reshape':
      return `from the blocks of ${formatNode(expr.input)}`
    case 'concat':
      return 'as the parts that are joined'
    case 'elementwise':
    case 'scan':
    case 'mapBlocks':
    case 'cast':
      return 'at all cuts of its operands'
    default:
      return isAutomatic(expr.grid, expr)
        ? `as chunks: 'auto' cuts it (at most ${config().chunkBytes / 2 ** 20} MiB a block)`
        : 'as its chunks say'
  }
}

const isAutomatic = (grid: Grid, { shape, dtype }: Expr): boolean =>
  sameGrid(grid, normalizeChunks('auto', shape, itemsize(dtype), config().chunkBytes, 'explain'))

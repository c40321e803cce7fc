import { formatBytes } from '../core/bytes.ts'
import { gridCount, gridShape } from '../core/chunks.ts'
import { itemsize } from '../core/dtype.ts'
import { formatShape, sizeOf } from '../core/shape.ts'
import type { Expr } from '../graph/expr.ts'
import { formatExpr } from '../graph/format.ts'
import { type BlocksPictureOptions, blocksPicture } from './blocks-picture.ts'
import type { Shown } from './notebook.ts'
import { escapeXml } from './svg.ts'

/** Functions of an expression that are shown, one inside the other. */
const shownDepth = 4

const largestBlock = ({ grid }: Expr): number[] => grid.map((axis) => axis.size)
const bytesOf = ({ dtype }: Expr, shape: readonly number[]): string => formatBytes(sizeOf(shape) * itemsize(dtype))

/** dtype, shape, blocks, bytes and the expression in short. */
export function describeArray(expr: Expr): string {
  const { dtype, shape, grid } = expr
  const blocks =
    gridCount(grid) === 1 ? '1 block' : `${gridShape(grid).join('x')} blocks of ${largestBlock(expr).join('x')}`
  return `ChunkedArray ${dtype} ${formatShape(shape)} in ${blocks}, ${bytesOf(expr, shape)}: ${formatExpr(expr, shownDepth)}`
}

/** The block picture of an array with its facts below. */
export function arrayPicture(expr: Expr, options: Omit<BlocksPictureOptions, 'caption'> = {}): string {
  const { dtype, shape, grid } = expr
  const count = gridCount(grid)
  const block = `${formatShape(largestBlock(expr))}, ${bytesOf(expr, largestBlock(expr))}`
  return blocksPicture(grid, {
    ...options,
    caption: [
      `${dtype} ${formatShape(shape)}, ${bytesOf(expr, shape)}`,
      count === 1 ? 'one block' : `${count} blocks of ${block} ${isEven(expr) ? 'each' : 'at most'}`,
    ],
  })
}
const isEven = ({ grid }: Expr): boolean => grid.every(({ extent, size, bounds }) => !bounds && extent % size === 0)

export function shownArray(expr: Expr): Shown {
  return {
    short: `[ChunkedArray ${expr.dtype} ${formatShape(expr.shape)}]`,
    text: () => describeArray(expr),
    html: () => arrayHtml(expr),
  }
}

/** A table of what there is to know, and the block picture beside it. */
function arrayHtml(expr: Expr): string {
  const { dtype, shape, grid } = expr
  const block = largestBlock(expr)
  const wide = (text: string) =>
    `<td colspan="2" style="text-align: left; max-width: 30em; overflow-wrap: anywhere">${escapeXml(text)}</td>`
  const rows = [
    ['', '<th>Array</th>', '<th>Block</th>'],
    ['Shape', `<td>${formatShape(shape)}</td>`, `<td>${formatShape(block)}</td>`],
    ['Bytes', `<td>${bytesOf(expr, shape)}</td>`, `<td>${bytesOf(expr, block)}</td>`],
    ['Count', `<td>${sizeOf(shape)}</td>`, `<td>${gridCount(grid)}</td>`],
    ['dtype', wide(dtype)],
    ['Computes', wide(formatExpr(expr, shownDepth))],
  ]
  const table = rows.map(([name, ...cells]) => `<tr><th style="text-align: left">${name}</th>${cells.join('')}</tr>`)
  return `<div style="display: flex; flex-wrap: wrap; align-items: center; gap: 2em"><table>${table.join('')}</table>${blocksPicture(grid)}</div>`
}

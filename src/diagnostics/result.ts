import type { NdArray } from 'ndarray'
import type { DType } from '../core/dtype.ts'
import { formatShape } from '../core/shape.ts'
import { dtypeName, elementsOf } from './elements.ts'
import { format, formattedCells } from './format.ts'
import { inspected, inspectName, type Shown } from './notebook.ts'
import { escapeXml, preformatted } from './svg.ts'

/** Lets an ndarray show itself. Nothing is made up before it is shown, and walking over its properties does not find these. */
export function showing(array: NdArray, dtype: DType): NdArray {
  Object.defineProperty(array, inspectName, { value: inspectResult, configurable: true, writable: true })
  return Object.defineProperty(array, dtypeName, { value: dtype, configurable: true, writable: true })
}

/** dtype, shape and values. */
function inspectResult(this: NdArray, depth: number, options?: { depth?: number }): string {
  return inspected(shownResult(this), depth, options)
}

function shownResult(array: NdArray): Shown {
  const { dtype, shape } = elementsOf(array)
  const head = `${dtype} ${formatShape(shape)}`
  return {
    short: `[ndarray ${head}]`,
    text: () => `${head}\n${format(array)}`,
    html: () => `<div>${head}</div>${shape.length <= 2 ? table(array) : preformatted(format(array))}`,
  }
}

/** The values of one or two axes as a table with their positions, large ones by their edges. */
function table(array: NdArray): string {
  const { axes, textOf } = formattedCells(array, { threshold: 100, edgeitems: 4, precision: 5 })
  const rows = axes.length === 2 ? axes[0] : [undefined]
  const columns = axes[axes.length - 1]
  const head = columns.map((column) => `<th>${column ?? '…'}</th>`).join('')
  const body = rows.map((row) => {
    const cells = columns.map((column) => {
      const isLeftOut = column === undefined || (axes.length === 2 && row === undefined)
      return `<td style="text-align: right">${isLeftOut ? '…' : escapeXml(textOf(axes.length === 2 ? [row!, column] : [column]))}</td>`
    })
    const name = axes.length === 2 ? (row ?? '…') : ''
    return `<tr><th>${name}</th>${cells.join('')}</tr>`
  })
  return `<table cellpadding="4" style="font-variant-numeric: tabular-nums"><tr><th></th>${head}</tr>${body.join('')}</table>`
}

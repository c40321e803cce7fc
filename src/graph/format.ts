import type { Value } from '../core/dtype.ts'
import { formatShape } from '../core/shape.ts'
import type { View } from '../core/view.ts'
import { type Expr, inputsOf } from './expr.ts'

const formatValue = (value: Value): string =>
  typeof value === 'object' ? `${value.re}+${value.im}i` : Object.is(value, -0) ? '-0' : `${value}`

/** A view as what it is: a permutation of axes, a broadcast, or in NumPy's manner a slice `start:+extent:step` of each source axis. */
export function formatView({ shape, axes }: View, source: readonly number[]): string {
  const whole = axes.every(
    ({ from, start, step }, k) => start === 0 && (from < 0 || (step === 1 && shape[from] === source[k])),
  )
  const order = axes.map(({ from }) => from)
  if (whole && order.length === shape.length && !order.includes(-1))
    return `permute[${shape.map((_, axis) => order.indexOf(axis)).join(', ')}]`
  if (whole && shape.length >= axes.length) return `broadcast${formatShape(shape)}`
  const inOrder = axes.every(({ from }, k) => from === k) && axes.length === shape.length
  const slices = axes.map(({ from, start, step }) =>
    from < 0 ? `${start}` : `${inOrder ? '' : `a${from}:`}${start}:+${shape[from]}${step === 1 ? '' : `:${step}`}`,
  )
  return `view[${slices.join(', ')}]`
}

/** What a node does, without its operands. */
export function formatNode(expr: Expr): string {
  switch (expr.kind) {
    case 'source':
      return `${expr.source.type}${expr.origin.some((o) => o > 0) ? `@${expr.origin}` : ''}${formatShape(expr.shape)}`
    case 'constant':
      return formatValue(expr.value)
    case 'index':
      return `index${expr.axis}`
    case 'random':
      return `random.${expr.distribution}`
    case 'elementwise':
      return expr.name
    case 'reduce':
      return `${expr.name}<${expr.axes}>`
    case 'scan':
      return `${expr.name}<${expr.axis}>`
    case 'cast':
      return expr.dtype
    case 'view':
      return formatView(expr.view, expr.input.shape)
    case 'rechunk':
      return `rechunk<${expr.grid.map((axis) => axis.size)}>`
    case 'reshape':
      return `reshape${formatShape(expr.shape)}`
    case 'concat':
      return `concat<${expr.axis}>`
    case 'mapBlocks':
      return 'mapBlocks'
  }
}

/**
 * An expression as text, from the outside in: `add(memory[4, 3], 1)`. Below `depth` operands are left out.
 *
 * @example formatExpr(expr) // 'subtract(view[0:+5](memory[10]), 1)'
 */
export function formatExpr(expr: Expr, depth = 100): string {
  const inputs = inputsOf(expr)
  if (inputs.length === 0) return formatNode(expr)
  const shown = depth > 1 ? inputs.slice(0, 6).map((input) => formatExpr(input, depth - 1)) : ['...']
  return `${formatNode(expr)}(${shown.join(', ')}${depth > 1 && inputs.length > 6 ? ', ...' : ''})`
}

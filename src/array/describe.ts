import type { Value } from '../core/dtype.ts'
import { type Expr, inputsOf } from '../graph/expr.ts'

const formatValue = (value: Value): string =>
  typeof value === 'object' ? `{ re: ${value.re}, im: ${value.im} }` : `${value}${typeof value === 'bigint' ? 'n' : ''}`

/** What a node does, without its operands. */
function nameOf(expr: Expr): string {
  switch (expr.kind) {
    case 'source':
      return expr.source.type
    case 'constant':
      return formatValue(expr.value)
    case 'index':
      return `index ${expr.axis}`
    case 'random':
      return `random ${expr.distribution}`
    case 'elementwise':
    case 'reduce':
    case 'scan':
      return expr.name
    case 'cast':
      return expr.dtype
    default:
      return expr.kind
  }
}

/** An expression in short, for people: `add(random uniform, view(random uniform))`; deep parts are left out. */
export function describe(expr: Expr, depth = 4): string {
  const inputs = inputsOf(expr)
  if (inputs.length === 0) return nameOf(expr)
  const shown = inputs.slice(0, 4).map((input) => (depth > 1 ? describe(input, depth - 1) : '...'))
  return `${nameOf(expr)}(${shown.join(', ')}${inputs.length > 4 ? ', ...' : ''})`
}

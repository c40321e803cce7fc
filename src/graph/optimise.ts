import { internal } from '../core/errors.ts'
import { sameShape } from '../core/shape.ts'
import { rechunk } from './build.ts'
import { type Expr, inputsOf, withInputs } from './expr.ts'
import { type Rule, rules } from './rules.ts'

/** How often each rule has fired, by its name. */
export type RuleCounts = Map<string, number>

/**
 * The expressions after the rules: the same values, dtypes, shapes and chunks. Shared parts are rewritten once. Walks with a stack of
 * its own, for a chain of ten thousand operations must not overflow the call stack.
 */
export function optimise(roots: readonly Expr[], only: readonly Rule[] = rules): { roots: Expr[]; fired: RuleCounts } {
  const fired: RuleCounts = new Map()
  const done = new Map<Expr, Expr>()
  const better = new Map<Expr, Expr>()
  const stack = [...roots]
  while (stack.length > 0) {
    const expr = stack[stack.length - 1]
    const next = better.get(expr)
    const pending = done.has(expr) ? [] : (next ? [next] : inputsOf(expr)).filter((input) => !done.has(input))
    if (pending.length > 0) {
      stack.push(...pending)
      continue
    }
    if (!done.has(expr) && next) done.set(expr, done.get(next)!)
    if (done.has(expr)) {
      stack.pop()
      continue
    }
    const rebuilt = withInputs(
      expr,
      inputsOf(expr).map((input) => done.get(input)!),
    )
    const rewritten = applyFirst(rebuilt, only, fired)
    if (rewritten) better.set(expr, rewritten)
    else done.set(expr, rebuilt)
  }
  return { roots: roots.map((root) => done.get(root)!), fired }
}

/** What the first rule that applies makes of the node, checked, and cut into the blocks that the node had. */
function applyFirst(expr: Expr, only: readonly Rule[], fired: RuleCounts): Expr | undefined {
  for (const rule of only) {
    const better = rule.apply(expr)
    if (!better || better === expr) continue
    if (better.dtype !== expr.dtype || !sameShape(better.shape, expr.shape))
      internal(`rule ${rule.name} changed dtype or shape`)
    fired.set(rule.name, (fired.get(rule.name) ?? 0) + 1)
    return rechunk(better, expr.grid)
  }
  return undefined
}

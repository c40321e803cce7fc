import { cutAxis, isAligned } from '../core/chunks.ts'
import { canCastTo, type DType, facts, isComplex, toValue } from '../core/dtype.ts'
import { compose, isIdentity, repeats, type View } from '../core/view.ts'
import { elementwise } from '../ops/elementwise.ts'
import { apply, constant, rechunk } from './build.ts'
import { type Expr, intern, viewGrid } from './expr.ts'

/** One rewrite of a node whose operands are rewritten already; undefined where it does not apply. */
export interface Rule {
  readonly name: string
  readonly meaning: string
  readonly apply: (expr: Expr) => Expr | undefined
}

/**
 * The optimiser: these rules, in this order, at every node from the sources up until none applies. None may change a value: not
 * a rounding, a NaN, an infinity or a signed zero. Common parts are one node from the start, and element-wise fusion, the folding
 * of moves into index maps and the fusion of a reduction's first step are how stages are made (plan/lower.ts).
 */
export const rules: readonly Rule[] = [
  { name: 'fold-view', meaning: 'a view of a view is one view; one that moves nothing is none', apply: foldView },
  {
    name: 'push-view',
    meaning: 'a view of an element-wise result is the result of views: slices reach the sources',
    apply: pushView,
  },
  {
    name: 'view-constant',
    meaning: 'a view of one value everywhere is that value in the new shape',
    apply: viewOfConstant,
  },
  {
    name: 'view-rechunk',
    meaning: 'a view of re-cut blocks is a view of the blocks as they were',
    apply: viewOfRechunk,
  },
  { name: 'narrow-source', meaning: 'of a source only the box that a slice needs is read', apply: narrowSource },
  {
    name: 'fold-cast',
    meaning: 'a cast to the dtype at hand is none; a cast after a lossless one is one cast',
    apply: foldCast,
  },
  { name: 'fold-constant', meaning: 'an element-wise function of constants is a constant', apply: foldConstant },
  { name: 'square', meaning: 'pow(x, 2) is x * x, which is what it rounds to', apply: squareOfPow },
  {
    name: 'no-op-rechunk',
    meaning: 'of rechunks in a row the last one counts; one to the same blocks is none',
    apply: foldRechunk,
  },
  {
    name: 'rechunk-source',
    meaning: 'a source is read in the wanted blocks where they do not split what it reads as a whole',
    apply: rechunkSource,
  },
]

const viewed = (input: Expr, map: View): Expr =>
  isIdentity(map, input.shape)
    ? input
    : intern({ kind: 'view', view: map, input }, input.dtype, viewGrid(map, input.grid))

function foldView(expr: Expr): Expr | undefined {
  if (expr.kind !== 'view') return undefined
  if (isIdentity(expr.view, expr.input.shape)) return expr.input
  return expr.input.kind === 'view' ? viewed(expr.input.input, compose(expr.view, expr.input.view)) : undefined
}

/** Not where the view repeats elements: a broadcast result is computed once, not once a copy. */
function pushView(expr: Expr): Expr | undefined {
  if (expr.kind !== 'view' || repeats(expr.view)) return undefined
  const { input, view } = expr
  if (input.kind !== 'elementwise' && input.kind !== 'cast') return undefined
  const inputs = input.kind === 'cast' ? [input.input] : input.args
  const moved = inputs.map((operand) => viewed(operand, view))
  if (input.kind === 'cast') return intern({ kind: 'cast', input: moved[0] }, expr.dtype, expr.grid)
  return intern({ kind: 'elementwise', name: input.name, loop: input.loop, args: moved }, expr.dtype, expr.grid)
}

function viewOfConstant(expr: Expr): Expr | undefined {
  return expr.kind === 'view' && expr.input.kind === 'constant'
    ? constant(expr.input.value, expr.dtype, expr.grid)
    : undefined
}

function viewOfRechunk(expr: Expr): Expr | undefined {
  return expr.kind === 'view' && expr.input.kind === 'rechunk'
    ? rechunk(viewed(expr.input.input, expr.view), expr.grid)
    : undefined
}

/** Kept blocks stay whole; everything else can be read from any element on. */
function narrowSource(expr: Expr): Expr | undefined {
  if (expr.kind !== 'view' || expr.input.kind !== 'source' || expr.input.source.type === 'kept') return undefined
  const { view, input } = expr
  const used = view.axes.map(({ from, start, step }) => {
    const last = from < 0 ? start : start + step * (view.shape[from] - 1)
    return { low: Math.min(start, last), extent: Math.abs(last - start) + 1 }
  })
  if (view.shape.includes(0) || used.every(({ extent }, k) => extent === input.shape[k])) return undefined
  const grid = input.grid.map((chunks, k) => cutAxis(chunks, used[k].extent, used[k].low, 1))
  const source = intern(
    { kind: 'source', source: input.source, origin: input.origin.map((o, k) => o + used[k].low) },
    input.dtype,
    grid,
  )
  const map = { shape: view.shape, axes: view.axes.map((axis, k) => ({ ...axis, start: axis.start - used[k].low })) }
  return rechunk(viewed(source, map), expr.grid)
}

/** float32 to complex64 and integers to wider ones lose nothing; int64 to float64 does. */
const lossless = (from: DType, to: DType): boolean =>
  canCastTo(from, to) &&
  (facts[from].kind === facts[to].kind || from === 'bool' || facts[from].itemsize < facts[to].itemsize)

function foldCast(expr: Expr): Expr | undefined {
  if (expr.kind !== 'cast') return undefined
  const { input } = expr
  if (input.dtype === expr.dtype) return input
  if (input.kind === 'constant') return constant(input.value, expr.dtype, expr.grid)
  if (input.kind === 'cast' && lossless(input.input.dtype, input.dtype) && !isComplex(input.dtype))
    return intern({ kind: 'cast', input: input.input }, expr.dtype, expr.grid)
  return undefined
}

function foldConstant(expr: Expr): Expr | undefined {
  if (expr.kind !== 'elementwise' || isComplex(expr.loop) || isComplex(expr.dtype)) return undefined
  const values = expr.args.flatMap((arg) => (arg.kind === 'constant' ? [arg.value] : []))
  if (values.length < expr.args.length || !isExact(expr.name)) return undefined
  return constant(elementwise[expr.name].meaning(expr.loop as never, ...(values as never[])), expr.dtype, expr.grid)
}

/** Functions whose plain-JS meaning and kernel give the same bits; the transcendental ones may differ in the last. */
const exactNames = new Set(
  'add subtract multiply divide negative positive abs square sqrt floorDivide remainder equal notEqual less lessEqual greater greaterEqual where logicalAnd logicalOr logicalNot logicalXor maximum minimum'.split(
    ' ',
  ),
)
const isExact = (name: string): boolean => exactNames.has(name)

function squareOfPow(expr: Expr): Expr | undefined {
  if (expr.kind !== 'elementwise' || expr.name !== 'pow' || isComplex(expr.loop)) return undefined
  const [base, exponent] = expr.args
  const two = exponent.kind === 'constant' && exponent.value === toValue(2, expr.loop)
  return two
    ? apply(
        'multiply',
        [base, base].map((arg) => withDType(arg, expr.loop)),
      )
    : undefined
}
const withDType = (expr: Expr, dtype: DType): Expr =>
  expr.dtype === dtype ? expr : intern({ kind: 'cast', input: expr }, dtype, expr.grid)

function foldRechunk(expr: Expr): Expr | undefined {
  if (expr.kind !== 'rechunk') return undefined
  return expr.input.kind === 'rechunk' || rechunk(expr.input, expr.grid) === expr.input
    ? rechunk(innermost(expr.input), expr.grid)
    : undefined
}
const innermost = (expr: Expr): Expr => (expr.kind === 'rechunk' ? innermost(expr.input) : expr)

function rechunkSource(expr: Expr): Expr | undefined {
  if (expr.kind !== 'rechunk' || expr.input.kind !== 'source' || expr.input.source.type === 'kept') return undefined
  const { source, origin } = expr.input
  if ('unit' in source && !isAligned(expr.grid, source.unit, origin)) return undefined
  return intern({ kind: 'source', source, origin }, expr.dtype, expr.grid)
}

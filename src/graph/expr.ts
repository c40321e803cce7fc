import { type AxisChunks, cutAxis, type Grid, gridExtents, gridKey } from '../core/chunks.ts'
import type { DType, Value } from '../core/dtype.ts'
import type { Shape } from '../core/shape.ts'
import { type View, viewKey } from '../core/view.ts'
import type { Source } from '../storage/source.ts'

/** What every node has. `id` is unique; equal nodes are the same object, so common parts are found for free. */
interface NodeFacts {
  readonly id: number
  readonly dtype: DType
  readonly grid: Grid
  readonly shape: Shape
}
/** A function of the user's, as text with its data, or by module and name. */
export type UserFunction =
  | { readonly text: string; readonly args: unknown }
  | { readonly module: string; readonly name: string; readonly args: unknown }

/** The nodes of an expression: about a dozen kinds; everything a user calls is built of these. */
export type ExprNode =
  /** Data from outside, read block by block; element 0 is the source's element at `origin`. */
  | { readonly kind: 'source'; readonly source: Source; readonly origin: readonly number[] }
  /** One value everywhere. */
  | { readonly kind: 'constant'; readonly value: Value }
  /** An element's position along one axis, int64 or float64. */
  | { readonly kind: 'index'; readonly axis: number }
  /** Random numbers, a function of the key and the element's linear index alone. */
  | { readonly kind: 'random'; readonly distribution: Distribution; readonly key: bigint }
  /** An element-wise record over operands of the node's shape, each cast to `loop` first (not the condition of where). */
  | { readonly kind: 'elementwise'; readonly name: string; readonly loop: DType; readonly args: readonly Expr[] }
  | { readonly kind: 'cast'; readonly input: Expr }
  /** Elements moved, none computed. */
  | { readonly kind: 'view'; readonly view: View; readonly input: Expr }
  /** A reduction record over `axes`, which are dropped. */
  | {
      readonly kind: 'reduce'
      readonly name: string
      readonly loop: DType
      readonly axes: readonly number[]
      readonly correction: number
      readonly input: Expr
    }
  /** A cumulative record along `axis`. */
  | { readonly kind: 'scan'; readonly name: string; readonly axis: number; readonly input: Expr }
  | { readonly kind: 'concat'; readonly axis: number; readonly inputs: readonly Expr[] }
  /** The same elements in other blocks. */
  | { readonly kind: 'rechunk'; readonly input: Expr }
  /** The same elements in row-major order under another shape. */
  | { readonly kind: 'reshape'; readonly input: Expr }
  /** A user's function over blocks that lie alike. */
  | { readonly kind: 'mapBlocks'; readonly fn: UserFunction; readonly inputs: readonly Expr[]; readonly token: number }
export type Distribution = 'uniform' | 'normal' | 'bits'
export type Expr = ExprNode & NodeFacts

let nextId = 0
const interned = new Map<string, WeakRef<Expr>>()
const forgotten = new FinalizationRegistry<string>((key) => {
  if (!interned.get(key)?.deref()) interned.delete(key)
})
const sourceIds = new WeakMap<object, number>()
const objectId = (object: object): number => {
  if (!sourceIds.has(object)) sourceIds.set(object, nextId++)
  return sourceIds.get(object)!
}

const valueKey = (value: Value): string =>
  typeof value === 'object'
    ? `${valueKey(value.re)}+${valueKey(value.im)}i`
    : Object.is(value, -0)
      ? '-0'
      : `${typeof value === 'bigint' ? 'n' : ''}${value}`

/** What makes a node equal to another of its kind; children count by identity. */
function nodeKey(node: ExprNode): string {
  switch (node.kind) {
    case 'source':
      return `${objectId(node.source)} ${node.origin}`
    case 'constant':
      return valueKey(node.value)
    case 'index':
      return `${node.axis}`
    case 'random':
      return `${node.distribution} ${node.key}`
    case 'elementwise':
      return `${node.name} ${node.loop} ${node.args.map((arg) => arg.id)}`
    case 'view':
      return `${viewKey(node.view)} ${node.input.id}`
    case 'reduce':
      return `${node.name} ${node.loop} ${node.axes} ${node.correction} ${node.input.id}`
    case 'scan':
      return `${node.name} ${node.axis} ${node.input.id}`
    case 'concat':
      return `${node.axis} ${node.inputs.map((input) => input.id)}`
    case 'mapBlocks':
      return `${node.token} ${node.inputs.map((input) => input.id)}`
    case 'cast':
    case 'rechunk':
    case 'reshape':
      return `${node.input.id}`
  }
}

/** The one node with these facts: a new one, or the equal one that exists. */
export function intern(node: ExprNode, dtype: DType, grid: Grid): Expr {
  const key = `${node.kind} ${dtype} ${gridKey(grid)} ${nodeKey(node)}`
  const known = interned.get(key)?.deref()
  if (known) return known
  const expr = Object.freeze({ ...node, id: nextId++, dtype, grid, shape: gridExtents(grid) }) as Expr
  interned.set(key, new WeakRef(expr))
  forgotten.register(expr, key)
  return expr
}

/** The operands of a node, in order. */
export function inputsOf(expr: Expr): readonly Expr[] {
  if ('args' in expr) return expr.args
  if ('inputs' in expr) return expr.inputs
  return 'input' in expr ? [expr.input] : []
}

/** The same node over other operands; dtype and grid stay. */
export function withInputs(expr: Expr, inputs: readonly Expr[]): Expr {
  if (inputsOf(expr).every((input, i) => input === inputs[i])) return expr
  const { id: _id, dtype, grid, shape: _shape, ...node } = expr
  if ('args' in node) return intern({ ...node, args: inputs }, dtype, grid)
  if ('inputs' in node) return intern({ ...node, inputs }, dtype, grid)
  return intern({ ...node, input: inputs[0] } as ExprNode, dtype, grid)
}

/** The grid that a view of an array has: cut where the source is cut. */
export function viewGrid(view: View, source: Grid): Grid {
  return view.shape.map((extent, axis): AxisChunks => axisOfView(view, axis, extent, source))
}

function axisOfView(view: View, axis: number, extent: number, source: Grid): AxisChunks {
  const k = view.axes.findIndex((a) => a.from === axis)
  if (k < 0) return { extent, size: Math.max(1, extent) }
  const { start, step } = view.axes[k]
  const chunks = source[k]
  if (extent === chunks.extent && start === 0 && step === 1) return chunks
  return cutAxis(chunks, extent, start, step)
}

/** All that expressions are made of and themselves, once each, after their inputs. Without recursion: chains may be very long. */
export function inputsFirst(roots: readonly Expr[]): Set<Expr> {
  const done = new Set<Expr>()
  const stack = [...roots]
  while (stack.length > 0) {
    const expr = stack[stack.length - 1]
    const pending = done.has(expr) ? [] : inputsOf(expr).filter((input) => !done.has(input))
    if (pending.length > 0) {
      stack.push(...pending)
      continue
    }
    stack.pop()
    done.add(expr)
  }
  return done
}

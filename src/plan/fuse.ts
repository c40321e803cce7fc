import { type DType, facts, isComplex, type RealDType, realOf, type Value } from '../core/dtype.ts'
import { internal } from '../core/errors.ts'
import { rowMajorStrides } from '../core/shape.ts'
import { compose, identityView, repeats, type View, viewKey } from '../core/view.ts'
import type { Expr } from '../graph/expr.ts'
import { type SpecNode, specKey } from '../kernel/spec.ts'
import type { Affine, Operand, Read } from '../kernel/stage.ts'
import { elementwise } from '../ops/elementwise.ts'
import type { Builder } from '../ops/record.ts'
import type { Buffer } from './plan.ts'

/** What a kernel under construction consists of. */
export interface KernelParts {
  readonly nodes: SpecNode[]
  readonly reads: Read[]
  /** The buffer of each read. */
  readonly buffers: Buffer[]
  readonly operands: Operand[]
  readonly operandDTypes: RealDType[]
  readonly indices: Affine[]
  /** Names of the element-wise functions, for people. */
  readonly names: string[]
}
/** A kernel under construction: everything between its reads and its results, as one list of nodes over one iteration space. */
export interface Fusion extends KernelParts {
  /** Node numbers of an expression's parts (one, or re and im) over the iteration space. */
  partsOf(expr: Expr, dtype?: DType): number[]
  /** The int64 row-major linear index along some axes of the iteration space. */
  linearIndex(axes: readonly number[]): number
}

/**
 * Starts a kernel over `shape`. `materialise` gives the blocks of an expression that is not computed inside, `separate` says which
 * element-wise ones and casts are not either. A broadcast result is not: it is computed once, not once a copy.
 */
export function fuse(
  shape: readonly number[],
  materialise: (expr: Expr) => Buffer,
  separate: (expr: Expr) => boolean,
): Fusion {
  const kernel: KernelParts = {
    nodes: [],
    reads: [],
    buffers: [],
    operands: [],
    operandDTypes: [],
    indices: [],
    names: [],
  }
  const node = nodeTable(kernel.nodes)
  const builder = specBuilder(kernel.nodes, node)
  const done = new Map<string, number[]>()

  const parts = (expr: Expr, view: View): number[] => {
    const key = `${expr.id} ${viewKey(view)}`
    if (!done.has(key)) done.set(key, make(expr, view))
    return done.get(key)!
  }
  const make = (expr: Expr, view: View): number[] => {
    switch (expr.kind) {
      case 'constant':
        return constantParts(builder, expr.value, expr.dtype)
      case 'index': {
        const slot = affineSlot(kernel.indices, axisAffine(view, expr.axis))
        return [node({ op: 'index', dtype: expr.dtype as 'int64', slot })]
      }
      case 'view':
        return parts(expr.input, compose(view, expr.view))
      case 'rechunk':
        return parts(expr.input, view)
      case 'cast':
        if (separate(expr) || (repeats(view) && !isLeaf(expr.input))) return load(expr, view)
        return castParts(builder, parts(expr.input, view), expr.input.dtype, expr.dtype)
      case 'elementwise': {
        if (separate(expr) || repeats(view)) return load(expr, view)
        kernel.names.push(expr.name)
        const args = expr.args.map((arg, i) => {
          const dtype = expr.name === 'where' && i === 0 ? 'bool' : expr.loop
          return castParts(builder, parts(arg, view), arg.dtype, dtype)
        })
        return applyRecord(builder, expr, args)
      }
      default:
        return load(expr, view)
    }
  }
  const load = (expr: Expr, view: View): number[] => {
    const read = readOf(kernel, materialise(expr), view)
    const dtype = realOf(expr.dtype)
    const offsets = isComplex(expr.dtype) ? [0, facts[dtype].itemsize] : [0]
    return offsets.map((offsetBytes) =>
      node({ op: 'load', dtype, operand: operandOf(kernel, { read, offsetBytes }, dtype) }),
    )
  }
  return {
    ...kernel,
    partsOf: (expr, dtype = expr.dtype) => castParts(builder, parts(expr, identityView(shape)), expr.dtype, dtype),
    linearIndex(axes) {
      const steps = rowMajorStrides(axes.map((axis) => shape[axis]))
      const strides = shape.map((_, axis) => (axes.includes(axis) ? steps[axes.indexOf(axis)] : 0))
      return node({ op: 'index', dtype: 'int64', slot: affineSlot(kernel.indices, { start: 0, strides }) })
    },
  }
}

/** Adds nodes to a list, equal ones once. */
function nodeTable(nodes: SpecNode[]): (spec: SpecNode) => number {
  const known = new Map<string, number>()
  return (spec) => {
    const key = specKey(spec)
    if (!known.has(key)) known.set(key, nodes.push(spec) - 1)
    return known.get(key)!
  }
}

function operandOf({ operands, operandDTypes }: KernelParts, operand: Operand, dtype: RealDType): number {
  const same = operands.findIndex((o) => o.read === operand.read && o.offsetBytes === operand.offsetBytes)
  if (same >= 0) return same
  operandDTypes.push(dtype)
  return operands.push(operand) - 1
}

const isLeaf = (expr: Expr): boolean => expr.kind !== 'elementwise' && expr.kind !== 'cast' && expr.kind !== 'view'

function axisAffine(view: View, axis: number): Affine {
  const { from, start, step } = view.axes[axis]
  return { start, strides: view.shape.map((_, i) => (i === from ? step : 0)) }
}

function affineSlot(slots: Affine[], affine: Affine): number {
  const same = slots.findIndex(
    (slot) => slot.start === affine.start && slot.strides.every((s, i) => s === affine.strides[i]),
  )
  return same >= 0 ? same : slots.push(affine) - 1
}

function readOf({ reads, buffers }: KernelParts, buffer: Buffer, view: View): number {
  const same = reads.findIndex((read, i) => buffers[i] === buffer && viewKey(read.view) === viewKey(view))
  if (same >= 0) return same
  buffers.push(buffer)
  return reads.push({ grid: buffer.grid, view, itemBytes: facts[buffer.dtype].itemsize }) - 1
}

/** A Builder whose values are node numbers. */
function specBuilder(nodes: readonly SpecNode[], node: (spec: SpecNode) => number): Builder<number> {
  const dtypeOf = (v: number): RealDType => {
    const spec = nodes[v]
    if (spec.op !== 'call') return spec.dtype
    return realOf(
      elementwise[spec.name].signature(spec.dtype)?.output ??
        internal(`${spec.name} has no signature for ${spec.dtype}`),
    )
  }
  return {
    dtypeOf,
    constant: (value: Value, dtype) => node({ op: 'constant', dtype, value }),
    cast: (v, dtype) => (dtypeOf(v) === dtype ? v : node({ op: 'cast', dtype, args: [v] })),
    op: (name, ...args) => node({ op: 'call', name, dtype: dtypeOf(name === 'where' ? args[1] : args[0]), args }),
  }
}

function constantParts(b: Builder<number>, value: Value, dtype: DType): number[] {
  if (!isComplex(dtype)) return [b.constant(value, dtype as RealDType)]
  const { re, im } = value as { re: number; im: number }
  return [b.constant(re, realOf(dtype)), b.constant(im, realOf(dtype))]
}

/** Parts of one dtype as parts of another: a real number gets a zero imaginary part, a complex one keeps its real part. */
function castParts(b: Builder<number>, parts: number[], from: DType, to: DType): number[] {
  if (from === to) return parts
  if (to === 'bool' && isComplex(from)) return [b.op('logicalOr', b.cast(parts[0], 'bool'), b.cast(parts[1], 'bool'))]
  const re = b.cast(parts[0], realOf(to))
  if (!isComplex(to)) return [re]
  return [re, isComplex(from) ? b.cast(parts[1], realOf(to)) : b.constant(0, realOf(to))]
}

function applyRecord(b: Builder<number>, expr: Expr & { kind: 'elementwise' }, args: number[][]): number[] {
  const record = elementwise[expr.name]
  if (!isComplex(expr.loop)) return [b.op(expr.name, ...args.map((parts) => parts[0]))]
  const complex = record.complex ?? internal(`${expr.name} has no complex form`)
  return complex(b, ...args.map(([re, im]): [number, number] => [re, im ?? re]))
}

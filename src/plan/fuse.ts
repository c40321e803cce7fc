import type { Grid } from '../core/chunks.ts'
import { type DType, facts, isComplex, type RealDType, realOf, type Value } from '../core/dtype.ts'
import { internal } from '../core/errors.ts'
import { rowMajorStrides } from '../core/shape.ts'
import { compose, identityView, type View, viewKey } from '../core/view.ts'
import type { Expr } from '../graph/expr.ts'
import type { SpecNode } from '../kernel/spec.ts'
import type { Affine, Operand, Read } from '../kernel/stage.ts'
import { elementwise } from '../ops/elementwise.ts'
import type { Builder } from '../ops/record.ts'
import type { Buffer } from './plan.ts'

/** A kernel under construction: everything between its reads and its results, as one list of nodes over one iteration space. */
export interface Fusion {
  /** Node numbers of an expression's parts (one, or re and im) as seen through the identity of the iteration space. */
  parts(expr: Expr, dtype?: DType): number[]
  /** The int64 row-major linear index along some axes of the iteration space. */
  linearIndex(axes: readonly number[]): number
  readonly nodes: SpecNode[]
  readonly reads: Read[]
  readonly buffers: Buffer[]
  readonly operands: Operand[]
  readonly operandDTypes: RealDType[]
  readonly indices: Affine[]
  /** Names of the element-wise functions, for people. */
  readonly names: string[]
}

/**
 * Starts a kernel over `shape`. `materialise` gives the blocks of an expression that is not computed inside, `separate` says which
 * element-wise ones are not either.
 */
export function fuse(
  shape: readonly number[],
  materialise: (expr: Expr) => Buffer,
  separate: (expr: Expr) => boolean,
): Fusion {
  const nodes: SpecNode[] = []
  const known = new Map<string, number>()
  const fusion = {
    nodes,
    reads: [],
    buffers: [],
    operands: [],
    operandDTypes: [],
    indices: [],
    names: [],
  } as unknown as Fusion & { -readonly [K in 'parts' | 'linearIndex']: Fusion[K] }
  const done = new Map<string, number[]>()

  const node = (spec: SpecNode): number => {
    const key = JSON.stringify(spec, (_, v) =>
      typeof v === 'bigint'
        ? `${v}n`
        : Object.is(v, -0)
          ? '-0'
          : typeof v === 'number' && !Number.isFinite(v)
            ? `${v}`
            : v,
    )
    if (!known.has(key)) known.set(key, nodes.push(spec) - 1)
    return known.get(key)!
  }
  const builder = specBuilder(nodes, node)

  const parts = (expr: Expr, view: View): number[] => {
    const key = `${expr.id} ${viewKey(view)}`
    if (!done.has(key)) done.set(key, make(expr, view))
    return done.get(key)!
  }
  const make = (expr: Expr, view: View): number[] => {
    switch (expr.kind) {
      case 'constant':
        return constantParts(builder, expr.value, expr.dtype)
      case 'index':
        return [
          node({
            op: 'index',
            dtype: expr.dtype as 'int64',
            slot: affineSlot(fusion.indices, axisAffine(view, expr.axis)),
          }),
        ]
      case 'view':
        return parts(expr.input, compose(view, expr.view))
      case 'rechunk':
        return parts(expr.input, view)
      case 'cast':
        if (repeats(view) && !isLeaf(expr.input)) return load(expr, view)
        return castParts(builder, parts(expr.input, view), expr.input.dtype, expr.dtype)
      case 'elementwise':
        if (separate(expr) || repeats(view)) return load(expr, view)
        fusion.names.push(expr.name)
        return applyRecord(
          builder,
          expr,
          expr.args.map((arg, i) => operandParts(expr, arg, i, view)),
        )
      default:
        return load(expr, view)
    }
  }
  const operandParts = (expr: Expr & { kind: 'elementwise' }, arg: Expr, i: number, view: View): number[] =>
    castParts(builder, parts(arg, view), arg.dtype, expr.name === 'where' && i === 0 ? 'bool' : expr.loop)

  const load = (expr: Expr, view: View): number[] => {
    const buffer = materialise(expr)
    const read = readOf(fusion, buffer, view)
    const part = realOf(expr.dtype)
    return Array.from({ length: isComplex(expr.dtype) ? 2 : 1 }, (_, k) => {
      const operand: Operand = { read, offsetBytes: k * facts[part].itemsize }
      const slot = fusion.operands.findIndex((o) => o.read === read && o.offsetBytes === operand.offsetBytes)
      if (slot < 0) fusion.operandDTypes.push(part)
      return node({ op: 'load', dtype: part, operand: slot >= 0 ? slot : fusion.operands.push(operand) - 1 })
    })
  }

  fusion.parts = (expr, dtype = expr.dtype) => castParts(builder, parts(expr, identityView(shape)), expr.dtype, dtype)
  fusion.linearIndex = (axes) => {
    const steps = rowMajorStrides(axes.map((axis) => shape[axis]))
    const strides = shape.map((_, axis) => (axes.includes(axis) ? steps[axes.indexOf(axis)] : 0))
    return node({ op: 'index', dtype: 'int64', slot: affineSlot(fusion.indices, { start: 0, strides }) })
  }
  return fusion
}

const isLeaf = (expr: Expr): boolean => expr.kind !== 'elementwise' && expr.kind !== 'cast' && expr.kind !== 'view'

/** Whether the view shows elements more than once: then computing them inside the kernel would compute them more than once. */
const repeats = (view: View): boolean =>
  view.shape.some((extent, axis) => extent > 1 && !view.axes.some((a) => a.from === axis && a.step !== 0))

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

function readOf(fusion: Fusion, buffer: Buffer, view: View): number {
  const same = fusion.reads.findIndex((read, i) => fusion.buffers[i] === buffer && viewKey(read.view) === viewKey(view))
  if (same >= 0) return same
  const heap = buffer.blocks.kind === 'heap' ? { heap: buffer.blocks.addresses } : {}
  fusion.buffers.push(buffer)
  return fusion.reads.push({ grid: buffer.grid as Grid, view, itemBytes: facts[buffer.dtype].itemsize, ...heap }) - 1
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

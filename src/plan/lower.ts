import { blockCount, type Grid, gridKey, gridShape } from '../core/chunks.ts'
import { facts, isComplex, realOf } from '../core/dtype.ts'
import { sizeOf } from '../core/shape.ts'
import { identityView } from '../core/view.ts'
import { type Expr, inputsFirst, inputsOf } from '../graph/expr.ts'
import type { Sink } from '../storage/sink.ts'
import { fuse } from './fuse.ts'
import { kernelStage, type Lowering } from './lowering.ts'
import type { Buffer, Plan, PlannedStage } from './plan.ts'
import type { Rechunk } from './rechunk.ts'
import { lowerReduce } from './reduce.ts'
import { type Budget, copyStage, fitReads, gatherReads, mayRound, rechunkBuffer } from './staged-reads.ts'
import { withoutUnused } from './unused.ts'

/** How a root is wanted: as blocks of its own, written in place into one row-major array, or written to a sink. */
export interface Root {
  readonly expr: Expr
  readonly assemble: boolean
  readonly store?: { readonly sink: Sink; readonly origin: readonly number[] }
}

/** Above this many bytes an array that can be made again (read, or random) is made again for each pass instead of being held. */
const holdBytes = 64 * 2 ** 20
/** The budget where nothing has to fit. */
const anyMemory: Budget = { roomBytes: Number.POSITIVE_INFINITY, concurrency: 1 }
/** A longer chain of element-wise functions and casts is cut. */
const longestKernel = 150
/** An expression of more operands is cut; a kernel has room for those of three such and its results (see kernel/layout.ts). */
const mostOperands = 48
/** Expressions one in the other that lowering goes down through at most. */
const deepestDescent = 200

/** Turns optimised expressions into stages whose tasks fit the budget where blocks can be cut to fit. */
export function lower(roots: readonly Root[], budget: Budget = anyMemory): Plan {
  const stages: PlannedStage[] = []
  const replaced = new Map<Buffer, Map<string, Buffer>>()
  const made = new Map<string, Buffer>()
  const { separate, depthOf, read } = analyse(roots.map((root) => root.expr))

  const addStage = (planned: PlannedStage): Buffer => {
    const { dtype, grid } = planned.stage
    return { dtype, grid, blocks: { kind: 'stage', stage: stages.push(planned) - 1 } }
  }
  const once = (buffer: Buffer, to: string, make: () => Buffer): Buffer => {
    if (!replaced.has(buffer)) replaced.set(buffer, new Map())
    const known = replaced.get(buffer)!
    if (!known.has(to)) known.set(to, make())
    return known.get(to)!
  }
  const replace = (buffer: Buffer, rechunk: Rechunk): Buffer =>
    once(buffer, `through ${gridKey(rechunk.to)}`, () => {
      const maker = buffer.blocks.kind === 'stage' ? stages[buffer.blocks.stage] : undefined
      return rechunkBuffer(buffer, maker, rechunk, addStage)
    })
  const gather = (buffer: Buffer, grid: Grid): Buffer =>
    once(buffer, `to ${gridKey(grid)}`, () => lowering.add(copyStage(buffer, grid), [buffer]))
  const fitted = (planned: PlannedStage): PlannedStage => {
    const { stage, buffers } = planned
    if (stage.kind !== 'kernel') return planned
    return mayRound(stage.spec)
      ? gatherReads({ stage, buffers }, gather)
      : fitReads({ stage, buffers }, budget, replace)
  }
  const lowering: Lowering = {
    add: (stage, buffers) => addStage(fitted({ stage, buffers })),
    materialise(expr, depth) {
      const key = keyOf(expr, depth)
      if (!made.has(key)) made.set(key, makeBuffer(lowering, expr, depthOf(expr)))
      return made.get(key)!
    },
    fusion: (expr) =>
      fuse(
        expr.shape,
        (leaf) => lowering.materialise(leaf, depthOf(expr)),
        (inner) => inner !== expr && separate.has(inner),
      ),
  }
  for (const expr of separate) lowering.materialise(expr, depthOf(expr))
  const alone = (expr: Expr) => !read.has(expr) && roots.filter((root) => root.expr === expr).length === 1
  const outputs = roots.map((root) => {
    const buffer = lowerRoot(lowering, root, depthOf(root.expr), alone(root.expr))
    return root.store ? storeStage(lowering, buffer, root.store) : buffer
  })
  return withoutUnused({ stages, outputs })
}

/** Blocks that can be made again are shared only by stages of one pass, that is, with as many reductions below them. */
function keyOf(expr: Expr, depth: number): string {
  const again = expr.kind === 'random' || (expr.kind === 'source' && expr.source.type !== 'kept')
  return again && sizeOf(expr.shape) * facts[expr.dtype].itemsize > holdBytes ? `${expr.id}@${depth}` : `${expr.id}`
}

interface Analysis {
  readonly separate: ReadonlySet<Expr>
  readonly depthOf: (expr: Expr) => number
  /** The expressions that others read. */
  readonly read: ReadonlySet<Expr>
}

/**
 * Finds, from the sources up, how many reductions lie one below the other, and which expressions are made apart, before what reads them:
 * so that no kernel grows too long or reads too much, and that lowering does not descend too deep.
 */
function analyse(roots: readonly Expr[]): Analysis {
  const read = new Set<Expr>()
  const depths = new Map<Expr, number>()
  const extents = new Map<Expr, Extent>()
  const separate = new Set<Expr>()
  for (const expr of inputsFirst(roots)) {
    for (const input of inputsOf(expr)) read.add(input)
    const below = Math.max(0, ...inputsOf(expr).map((input) => depths.get(input)!))
    depths.set(expr, expr.kind === 'reduce' ? below + 1 : below)
    const inputs = inputsOf(expr).map((input) => extents.get(input)!)
    const extent = extentOf(expr, inputs)
    const isCut = isApart(expr, extent)
    if (isCut) separate.add(expr)
    extents.set(expr, isCut ? { functions: 0, operands: partsIn(expr), descent: 0 } : extent)
  }
  return { separate, depthOf: (expr) => depths.get(expr)!, read }
}

/** How much of an expression a kernel that computes it inside takes on. */
interface Extent {
  readonly functions: number
  readonly operands: number
  /** Expressions one in the other, down to those that are made already. */
  readonly descent: number
}

const partsIn = ({ dtype }: Expr): number => (isComplex(dtype) ? 2 : 1)
const isFunction = ({ kind }: Expr): boolean => kind === 'elementwise' || kind === 'cast'

function extentOf(expr: Expr, inputs: readonly Extent[]): Extent {
  const sum = (of: (input: Extent) => number) => inputs.reduce((total, input) => total + of(input), 0)
  const descent = 1 + Math.max(0, ...inputs.map((input) => input.descent))
  if (isFunction(expr) || expr.kind === 'view')
    return {
      functions: sum((e) => e.functions) + (isFunction(expr) ? 1 : 0),
      operands: sum((e) => e.operands),
      descent,
    }
  if (expr.kind === 'constant') return { functions: 0, operands: 0, descent }
  // The place of an index takes twice as much as that of an operand.
  return { functions: 0, operands: expr.kind === 'index' ? 2 : partsIn(expr), descent }
}

function isApart(expr: Expr, { functions, operands, descent }: Extent): boolean {
  if (isFunction(expr)) return functions > longestKernel || operands > mostOperands || descent > deepestDescent
  return descent > deepestDescent && inputsOf(expr).length > 0 && expr.kind !== 'view' && expr.kind !== 'rechunk'
}

/**
 * A result written in place is made by a pass of its own; a scan is one already, and so is the last step of a reduction that nothing
 * else reads (`alone`) when its blocks lie one after the other.
 */
function lowerRoot(lowering: Lowering, { expr, assemble }: Root, depth: number, alone: boolean): Buffer {
  if (assemble && expr.kind === 'scan') return scanStage(lowering, expr)
  const inPlace = assemble ? expr.kind === 'reduce' && alone && liesInOrder(expr.grid) : ownsBlocks(expr)
  return inPlace ? lowering.materialise(expr, depth) : mapStage(lowering, expr)
}
/** Whether the blocks of a row-major array follow each other in it: only the first axis is cut. */
const liesInOrder = (grid: Grid): boolean => grid.slice(1).every((axis) => blockCount(axis) === 1)
/** Whether an array's blocks are its own, rather than those of an array that it is a part or a rearrangement of. */
const ownsBlocks = (expr: Expr): boolean =>
  ['reduce', 'scan', 'mapBlocks', 'random'].includes(expr.kind) ||
  (expr.kind === 'source' && expr.source.type !== 'kept')

function makeBuffer(lowering: Lowering, expr: Expr, depth: number): Buffer {
  const { grid } = expr
  switch (expr.kind) {
    case 'source':
      if (expr.source.type === 'kept')
        return lowering.add(
          { kind: 'kept', name: 'persisted', dtype: expr.dtype, grid, blocks: expr.source.blocks },
          [],
        )
      return lowering.add(
        {
          kind: 'load',
          name: `read ${expr.source.type}`,
          dtype: expr.dtype,
          grid,
          source: expr.source,
          origin: expr.origin,
        },
        [],
      )
    case 'random':
      return lowering.add(
        {
          kind: 'random',
          name: `random ${expr.distribution}`,
          dtype: expr.dtype,
          grid,
          distribution: expr.distribution,
          key: expr.key,
        },
        [],
      )
    case 'reduce':
      return lowerReduce(lowering, expr)
    case 'scan':
      return scanStage(lowering, expr)
    case 'reshape':
      return { ...lowering.materialise(expr.input, depth), grid }
    case 'concat':
      return concatBuffer(lowering, expr, depth)
    case 'mapBlocks':
      return userStage(lowering, expr, depth)
    default:
      return mapStage(lowering, expr)
  }
}

/** One pass that computes the expression's elements. */
function mapStage(lowering: Lowering, expr: Expr): Buffer {
  const fusion = lowering.fusion(expr)
  const results = fusion.partsOf(expr)
  const name = fusion.names.length > 0 ? [...new Set(fusion.names)].reverse().join(', ') : 'copy'
  const outputs = results.map(() => realOf(expr.dtype))
  return lowering.add(
    kernelStage(fusion, { kind: 'map', name, dtype: expr.dtype, grid: expr.grid, results, outputs, axes: [] }),
    fusion.buffers,
  )
}

/** Each block goes on from the last slice of the block before it. */
function scanStage(lowering: Lowering, { name: reduction, axis, input, dtype, grid }: Expr & { kind: 'scan' }): Buffer {
  const fusion = lowering.fusion(input)
  const results = fusion.partsOf(input, dtype)
  const outputs = results.map(() => realOf(dtype))
  const name = `${reduction} along axis ${axis}`
  return lowering.add(
    kernelStage(fusion, { kind: 'scan', name, dtype, grid, results, outputs, axes: [axis], reduction }),
    fusion.buffers,
  )
}

function concatBuffer(lowering: Lowering, expr: Expr & { kind: 'concat' }, depth: number): Buffer {
  const parts = expr.inputs.map((input) => lowering.materialise(input, depth))
  return {
    dtype: expr.dtype,
    grid: expr.grid,
    blocks: { kind: 'concat', axis: expr.axis, shape: gridShape(expr.grid), parts },
  }
}

function storeStage(lowering: Lowering, buffer: Buffer, { sink, origin }: NonNullable<Root['store']>): Buffer {
  const { dtype, grid } = buffer
  return lowering.add({ kind: 'store', name: `write ${sink.type}`, dtype, grid, sink, origin }, [buffer])
}

function userStage(lowering: Lowering, expr: Expr & { kind: 'mapBlocks' }, depth: number): Buffer {
  const buffers = expr.inputs.map((input) => lowering.materialise(input, depth))
  const reads = buffers.map((buffer) => ({
    grid: buffer.grid,
    view: identityView(buffer.grid.map((axis) => axis.extent)),
    itemBytes: facts[buffer.dtype].itemsize,
    dtype: buffer.dtype,
  }))
  return lowering.add(
    { kind: 'user', name: 'mapBlocks', dtype: expr.dtype, grid: expr.grid, fn: expr.fn, reads },
    buffers,
  )
}

import { gridShape } from '../core/chunks.ts'
import { isComplex, realOf } from '../core/dtype.ts'
import { sizeOf } from '../core/shape.ts'
import type { Expr } from '../graph/expr.ts'
import type { CombineSpec } from '../kernel/spec.ts'
import type { CombineStage } from '../kernel/stage.ts'
import { reductions } from '../ops/reductions.ts'
import { kernelStage, type Lowering } from './lowering.ts'
import type { Buffer } from './plan.ts'

/** How many partial states one task merges. Fixed, so that the tree and with it the rounding depend on the blocks alone. */
const fanIn = 16

/**
 * A reduction: each block of the input is reduced in the kernel that computes it, then the partial states are merged in a tree whose
 * last step finishes.
 */
export function lowerReduce(lowering: Lowering, expr: Expr & { kind: 'reduce' }): Buffer {
  const { input, axes } = expr
  const record = reductions[expr.name]
  const loop = realOf(expr.loop)
  const parts = isComplex(expr.loop) ? 2 : 1
  const state = record.state(loop, parts)
  const fusion = lowering.fusion(input)
  const results = fusion.partsOf(input, expr.loop)
  if (record.indexed) results.push(fusion.linearIndex(axes))
  const inner = [...new Set(fusion.names)].reverse()
  const name = `${expr.name} over ${axes.length === input.shape.length ? 'all' : `axis ${axes.join(', ')}`}`
  const first = {
    kind: 'reduce',
    name: [...inner, name].join(', '),
    dtype: expr.dtype,
    grid: input.grid,
    results,
    outputs: state,
    axes,
    reduction: expr.name,
  } as const
  let buffer = lowering.add(kernelStage(fusion, first), fusion.buffers)

  let partials = sizeOf(gridShape(input.grid).filter((_, axis) => axes.includes(axis)))
  let source: CombineStage['source'] = { kind: 'blocks', shape: gridShape(input.grid), axes }
  for (let last = false; !last; source = { kind: 'level' }) {
    const groups = Math.ceil(partials / fanIn)
    last = groups === 1
    const outputs = last ? Array<typeof loop>(isComplex(expr.dtype) ? 2 : 1).fill(realOf(expr.dtype)) : state
    const combine: CombineSpec = {
      reduction: expr.name,
      loop,
      parts,
      finalize: last,
      outputs,
      correction: expr.correction,
    }
    const stage = {
      kind: 'combine',
      name: `combine ${expr.name}`,
      dtype: expr.dtype,
      grid: expr.grid,
      combine,
      state,
      fanIn,
      partials,
      groups,
      source,
    } as const
    buffer = lowering.add(stage, [buffer])
    partials = groups
  }
  return buffer
}

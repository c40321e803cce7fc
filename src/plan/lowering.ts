import type { Grid } from '../core/chunks.ts'
import type { DType, RealDType } from '../core/dtype.ts'
import type { Expr } from '../graph/expr.ts'
import type { KernelSpec } from '../kernel/spec.ts'
import type { KernelStage, Stage } from '../kernel/stage.ts'
import type { Fusion } from './fuse.ts'
import type { Buffer } from './plan.ts'

/** What lowering keeps: stages so far, and the buffers of the expressions that have one. */
export interface Lowering {
  add(stage: Stage, buffers: readonly Buffer[]): Buffer
  materialise(expr: Expr, depth: number): Buffer
  fusion(expr: Expr): Fusion
}

/** The stage of one fused loop over the blocks of `grid`: what the kernel computes is in `fusion`, what is done with it in the facts. */
export function kernelStage(
  fusion: Fusion,
  facts: {
    kind: KernelSpec['kind']
    name: string
    dtype: DType
    grid: Grid
    results: number[]
    outputs: readonly RealDType[]
    axes: readonly number[]
    reduction?: string
  },
): KernelStage {
  const { kind, name, dtype, grid, results, outputs, axes, reduction } = facts
  const { nodes, operandDTypes: operands, reads, indices } = fusion
  const spec: KernelSpec = { kind, nodes, operands, indices: indices.length, results, outputs, reduction }
  return { kind: 'kernel', name, dtype, grid, spec, reads, operands: fusion.operands, indices, axes }
}

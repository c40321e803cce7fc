import type { Grid } from '../core/chunks.ts'
import type { DType } from '../core/dtype.ts'
import type { Stage } from '../kernel/stage.ts'

/** An array in blocks that stages make. Reshaped arrays are the same blocks under another grid. */
export interface Buffer {
  readonly dtype: DType
  readonly grid: Grid
  readonly blocks: Blocks
}
/** Where block number k, row-major, of a buffer comes from. */
export type Blocks =
  | { readonly kind: 'stage'; readonly stage: number }
  /** Arrays one after the other along an axis of the block grid. */
  | {
      readonly kind: 'concat'
      readonly axis: number
      readonly shape: readonly number[]
      readonly parts: readonly Buffer[]
    }

/** A stage with what the main thread knows besides: which buffers its reads read. */
export interface PlannedStage {
  readonly stage: Stage
  /** One a read; of a combine stage the one buffer of partials (grid unused). */
  readonly buffers: readonly Buffer[]
  /** Its tasks go as soon as they can: they cut up blocks that are then free. */
  readonly isEager?: boolean
}

/** Stages in an order in which each comes after those it reads; its size depends on the expression, not on the blocks. */
export interface Plan {
  readonly stages: readonly PlannedStage[]
  /** The buffer of each root. */
  readonly outputs: readonly Buffer[]
}

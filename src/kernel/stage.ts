import type { Grid } from '../core/chunks.ts'
import { type DType, itemsize, type RealDType } from '../core/dtype.ts'
import type { Shape } from '../core/shape.ts'
import type { View } from '../core/view.ts'
import type { Sink } from '../storage/sink.ts'
import type { Source } from '../storage/source.ts'
import type { CombineSpec, KernelSpec } from './spec.ts'

/**
 * What a worker needs to know to run the tasks of a stage: plain data, sent once a computation. A task is a coordinate of the stage's
 * task grid; its inputs are the blocks that `reads` touch, read by read, row-major.
 */
export type Stage = KernelStage | CombineStage | LoadStage | KeptStage | RandomStage | UserStage | StoreStage

interface StageFacts {
  /** For people: what it computes. */
  readonly name: string
  readonly dtype: DType
  /** How the stage's own array (for a reduction: what is reduced) is cut. */
  readonly grid: Grid
}

/** An array that is read through an index map. */
export interface Read {
  readonly grid: Grid
  readonly view: View
  /** Bytes of one element (16 for complex128). */
  readonly itemBytes: number
}
/** An operand of the kernel: which read, and where its part lies in an element. */
export interface Operand {
  readonly read: number
  readonly offsetBytes: number
}
/** An affine function of the element's position in the stage's array. */
export interface Affine {
  readonly start: number
  readonly strides: readonly number[]
}

/** A row-major array in the heap that results are written into in place: byte address and shape. */
export interface Region {
  readonly address: number
  readonly shape: Shape
}

/** One fused loop over each block: map, the first step of a reduction, or a scan. */
export interface KernelStage extends StageFacts {
  readonly kind: 'kernel'
  readonly spec: KernelSpec
  readonly reads: readonly Read[]
  readonly operands: readonly Operand[]
  readonly indices: readonly Affine[]
  /** The axes that are reduced; of a scan the one it runs along. */
  readonly axes: readonly number[]
  /** map: the row-major array that blocks are written to in place, by its byte address; otherwise they are blocks of their own. */
  readonly region?: Region
}
/** Merges up to `fanIn` partial states to one, or to the result. The last axis of the task grid counts the groups. */
export interface CombineStage extends StageFacts {
  readonly kind: 'combine'
  readonly combine: CombineSpec
  readonly state: readonly RealDType[]
  readonly fanIn: number
  /** How many partials, and groups of them, there are for each block of the result. */
  readonly partials: number
  readonly groups: number
  /** Where the partials come from: the blocks of a grid of this shape, along its reduced axes, or the level of groups below. */
  readonly source:
    | { readonly kind: 'blocks'; readonly shape: readonly number[]; readonly axes: readonly number[] }
    | { readonly kind: 'level' }
  /** Of the last level: where the result goes, if not to blocks of its own; its blocks lie contiguous there. */
  readonly region?: Region
}
export interface LoadStage extends StageFacts {
  readonly kind: 'load'
  readonly source: Source
  readonly origin: readonly number[]
}
/** Blocks that another computation left with the scheduler (persist), by their numbers there: its tasks need not run. */
export interface KeptStage extends StageFacts {
  readonly kind: 'kept'
  readonly blocks: readonly number[]
}
export interface RandomStage extends StageFacts {
  readonly kind: 'random'
  readonly distribution: 'uniform' | 'normal' | 'bits'
  readonly key: bigint
}
export interface UserStage extends StageFacts {
  readonly kind: 'user'
  readonly fn:
    | { readonly text: string; readonly args: unknown }
    | { readonly module: string; readonly name: string; readonly args: unknown }
  readonly reads: readonly (Read & { readonly dtype: DType })[]
}

/** Writes the block of the same coordinate of the buffer it reads, and makes none of its own; element 0 goes to the sink's `origin`. */
export interface StoreStage extends StageFacts {
  readonly kind: 'store'
  readonly sink: Sink
  readonly origin: readonly number[]
}

/** What is sent to the workers: the stages, and the number of each one's first task and block coordinates by task. */
export interface ExecutablePlan {
  readonly stages: readonly Stage[]
  /** Of each task: its stage, and its linear position in the stage's task grid. */
  readonly taskStage: Int32Array
  readonly taskBlock: Int32Array
}

/**
 * A partial state of `length` kept elements lies in its block as the number of elements it stands for (one float64 in 16 bytes), then each
 * component, contiguous, at a multiple of 16 bytes. Offsets in bytes; the last one is the size of the block.
 */
export function stateOffsets(state: readonly RealDType[], length: number): number[] {
  const offsets = [16]
  for (const dtype of state) offsets.push(offsets[offsets.length - 1] + Math.ceil((itemsize(dtype) * length) / 16) * 16)
  return offsets
}

/** The shape of a stage's task grid is its grid's; a combine stage's has the groups as one more axis. */
export const taskAxes = (stage: Stage, gridShape: readonly number[]): number[] =>
  stage.kind === 'combine' ? [...gridShape, stage.groups] : [...gridShape]

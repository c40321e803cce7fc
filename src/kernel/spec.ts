import type { RealDType, Value } from '../core/dtype.ts'

/**
 * What one fused kernel computes for one element, as a list in which operands come before their users. `dtype` is the dtype of
 * the node's own value for load, constant, index and cast, and the loop dtype (that of its operands) for an element-wise op.
 * Complex numbers are already taken apart into real parts.
 */
export type SpecNode =
  | { readonly op: 'load'; readonly dtype: RealDType; readonly operand: number }
  | { readonly op: 'constant'; readonly dtype: RealDType; readonly value: Value }
  /** An affine function of the element's position, start + sum of stride * position; see LoopNest.indices. */
  | { readonly op: 'index'; readonly dtype: 'int64' | 'float64'; readonly slot: number }
  | { readonly op: 'cast'; readonly dtype: RealDType; readonly args: readonly [number] }
  | { readonly op: 'call'; readonly name: string; readonly dtype: RealDType; readonly args: readonly number[] }

/**
 * map: stores `results` to the outputs. reduce: merges the elements into states (record `reduction`, element parts = `results`;
 * an indexed record's index is the last result); outputs are the state's components. scan: cumulative along the one axis marked
 * reduced, starting from what the outputs' previous position holds (`carry`) or the identity.
 */
export interface KernelSpec {
  readonly kind: 'map' | 'reduce' | 'scan'
  readonly nodes: readonly SpecNode[]
  /** Dtype in memory of each operand that is loaded. */
  readonly operands: readonly RealDType[]
  /** How many index slots there are. */
  readonly indices: number
  readonly results: readonly number[]
  /** Dtype in memory of each output. */
  readonly outputs: readonly RealDType[]
  /** Name of the reduction or scan record. */
  readonly reduction?: string
}

/** The slot of the elements' index, where it is what the slot holds. */
export function plainIndex({ nodes, results }: KernelSpec): number | undefined {
  const node = nodes[results[results.length - 1]]
  return node.op === 'index' && node.dtype === 'int64' ? node.slot : undefined
}

/** Where an operand lies: byte address of the first element and byte strides, one an axis of the nest (0: not used, or broadcast). */
export interface Access {
  readonly address: number
  readonly strides: readonly number[]
}

/** One box to run a kernel over. All axes are in the data's order, the last one innermost; the kernel may walk them otherwise. */
export interface LoopNest {
  readonly extents: readonly number[]
  /** reduce: the axes that are reduced. scan: the one axis it runs along. */
  readonly reduced: readonly boolean[]
  readonly operands: readonly Access[]
  readonly indices: readonly { readonly start: number; readonly strides: readonly number[] }[]
  /** map and scan: the outputs. reduce: the state's components (strides 0 on reduced axes). */
  readonly outputs: readonly Access[]
  /** reduce: how many elements are merged in the outputs already; 0 overwrites them. */
  readonly mergedCount: number
  /** scan: where the accumulators before the first position lie (stride 0 along the scan axis); undefined: the identity. */
  readonly carry?: readonly Access[]
}

/** The merge of partial states of one reduction, element by element over contiguous arrays of `length` states. */
export interface CombineSpec {
  readonly reduction: string
  /** The real loop dtype, and how many parts an element has (2: complex). */
  readonly loop: RealDType
  readonly parts: number
  /** Whether to finish: then the outputs are the result's parts instead of the state's components. */
  readonly finalize: boolean
  /** Dtypes in memory of the outputs, and bytes from one element of an output to its next (interleaved complex parts). */
  readonly outputs: readonly RealDType[]
  readonly correction: number
}
export interface CombineCall {
  readonly length: number
  /** One entry a partial: how many elements it stands for, and the byte address of each component. */
  readonly partials: readonly { readonly count: number; readonly addresses: readonly number[] }[]
  readonly outputs: readonly { readonly address: number; readonly stride: number }[]
}

/** A nest that lacks but where it starts (see startsOf in run.ts); `walks`: how many calls of kernels it makes, whose parameters it keeps. */
export interface PreparedNest {
  readonly walks: number
  run(starts: readonly number[]): void
}

/** Compiled kernels over one memory. `scratch` is a region that only this instance writes. */
export interface Kernels {
  run(spec: KernelSpec, nest: LoopNest): void
  /** Plans a nest for wherever it starts: its own addresses and index starts do not matter. */
  prepare(spec: KernelSpec, nest: LoopNest): PreparedNest
  combine(spec: CombineSpec, call: CombineCall): void
  /** The WebAssembly text of the kernel that would run. */
  text(spec: KernelSpec, nest: LoopNest): string
}
/** Bytes of scratch each Kernels instance must be given. */
export const scratchBytes = 4 * 1024 * 1024

/** A text that is the same for equal specs and parts of them, also where JSON knows no difference (-0, NaN, bigint). */
export const specKey = (spec: object): string =>
  JSON.stringify(spec, (_, value) =>
    typeof value === 'bigint'
      ? `${value}n`
      : typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
        ? `number ${Object.is(value, -0) ? '-0' : value}`
        : value,
  )

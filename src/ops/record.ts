import type { DType, RealDType, Value } from '../core/dtype.ts'

/**
 * What composed meanings are written against: the interpreter evaluates with V = Value, the emitter writes WebAssembly with
 * V = a local, so one text serves both. Operands of `op` have one dtype (the first of `where` is bool).
 */
export interface Builder<V> {
  op(name: string, ...operands: V[]): V
  constant(value: Value, dtype: RealDType): V
  cast(value: V, dtype: RealDType): V
  dtypeOf(value: V): RealDType
}

/** What an emitter of one op has at hand. Operands are WAT expressions without side effects and may be repeated. */
export interface EmitTools {
  /** The lane type of the loop dtype, `f64x2`, `i32x4`, ... */
  readonly lane: string
  /** Calls a function of the maths library (kernel/math), v128 to v128, by its name there, such as `exp_f64`. */
  call(name: string, ...operands: string[]): string
  /** Works lane by lane with scalar instructions; `template` gets one scalar WAT expression an operand. For f32x4 and f64x2
   * lanes the scalars are f32 and f64, for i64x2 i64, for the others i32 (sign- or zero-extended by the dtype). The result is a
   * scalar of the loop dtype, or with `mask` an i32 truth value for each lane. */
  scalar(template: (...operands: string[]) => string, options?: { mask?: boolean }): string
  /** Works lane by lane with an imported function of JavaScript's Math (float32 lanes go through double). */
  imported(name: string, ...operands: string[]): string
}
/** The WAT of one op on vectors. A comparison gives a mask, all ones or zeros in every lane of the operands' width; a bool operand is one. */
export type Emit = (tools: EmitTools, ...operands: string[]) => string

/** An element-wise function, written once: everything else derives from this. */
export interface ElementwiseRecord {
  readonly name: string
  readonly arity: 1 | 2 | 3
  /** One or two sentences with dtypes and special values. */
  readonly doc: string
  /** The dtype computed in and the dtype of the result, for the operands' promoted dtype; undefined where not defined. */
  readonly signature: (promoted: DType) => { loop: DType; output: DType } | undefined
  /** The oracle, on values of the loop dtype: what an element of the result is. Real loop dtypes only. */
  readonly meaning: (dtype: RealDType, ...operands: never[]) => Value
  /** How it looks in WebAssembly for a real loop dtype. */
  readonly emit: (dtype: RealDType) => Emit
  /** On complex operands, as [re, im] pairs; one part where the result is real or bool. The condition of `where` is the first of its pair. */
  readonly complex?: <V>(b: Builder<V>, ...operands: [V, V][]) => V[]
  /** Estimated nanoseconds an element and thread, for the planner. */
  readonly costNanoseconds: number
}

/** A reduction as a merge of states; a state is a list of component values. `a` always precedes `c` in the data's order. */
export interface ReductionRecord {
  readonly name: string
  readonly doc: string
  /** The dtype to accumulate in (elements are cast to it first) and of the result; undefined where not defined. */
  readonly signature: (input: DType) => { loop: DType; output: DType } | undefined
  /** Dtypes of the state's components for the real loop dtype (`parts` of them: 1, or 2 for complex). */
  readonly state: (loop: RealDType, parts: number) => RealDType[]
  /** Whether elements come with their index (int64) along the reduced axes. */
  readonly indexed: boolean
  /** The state of one element. */
  readonly lift: <V>(b: Builder<V>, parts: V[], index?: V) => V[]
  /** The state of two runs of `na` and `nc` elements (float64 values; only counts-aware records look at them). */
  readonly merge: <V>(b: Builder<V>, a: V[], c: V[], na: V, nc: V) => V[]
  /** The state of a few elements in the data's order where that is cheaper than merging lifts; the index of an indexed one comes last. */
  readonly leaf?: <V>(b: Builder<V>, elements: V[][]) => V[]
  /** Of an indexed record: how the value that wins is found without its index, by merging components of its own. */
  readonly best?: {
    readonly lift: <V>(b: Builder<V>, value: V) => V[]
    readonly merge: <V>(b: Builder<V>, a: V[], c: V[]) => V[]
    readonly value: <V>(b: Builder<V>, components: V[]) => V
  }
  /**
   * Whether an element cannot take the place of a state of elements before it, where that is cheap to see: a reduction along a run then
   * skips what changes nothing.
   */
  readonly never?: <V>(b: Builder<V>, state: V[], element: V[]) => V
  /** The result's parts from a state of `n` elements (float64). `correction` is ddof. */
  readonly finalize: <V>(b: Builder<V>, state: V[], n: V, correction: V) => V[]
  /** The result over no elements at all (0 for sum, NaN for mean), or undefined where that is an error. */
  readonly empty: Value | undefined
}

/** A cumulative function. */
export interface ScanRecord {
  readonly name: string
  readonly doc: string
  readonly signature: (input: DType) => { loop: DType; output: DType } | undefined
  /** The accumulator before the first element: its real and its imaginary part. */
  readonly identity: readonly [number, number]
  /** The next accumulator; the loop dtype's parts. */
  readonly step: <V>(b: Builder<V>, accumulator: V[], element: V[]) => V[]
}

import type { NdArray } from 'ndarray'
import {
  type Computation,
  type ComputeOptions,
  computeOne,
  type ExplainOptions,
  explain,
  type PlanSummary,
  persist,
  summarise,
} from '../compute.ts'
import type { Picture, VisualizeOptions } from '../diagnostics/visualize.ts'
import type { Result } from '../run/results.ts'
import { ChunkedArray } from './chunked-array.ts'
import * as creation from './creation.ts'
import * as cumulative from './cumulative.ts'
import * as dtypes from './dtypes.ts'
import * as elementwise from './elementwise.ts'
import * as indexing from './indexing.ts'
import * as linear from './linear.ts'
import * as manipulation from './manipulation.ts'
import { type Block, type BlockInfo, type MapBlocksOptions, type ModuleFunction, mapBlocks } from './map-blocks.ts'
import * as matrices from './matrices.ts'
import * as rechunking from './rechunk.ts'
import * as reductions from './reductions.ts'
import * as replacing from './replacing.ts'
import * as storing from './storing.ts'
import * as tiling from './tiling.ts'
import * as zarr from './to-zarr.ts'
import * as visualizing from './visualize.ts'

// Every function whose first argument is an array is a method: a line for each module whose functions all are, or for each name.
/** Short names beside the standard's. */
const shortNames = {
  sub: elementwise.subtract,
  mul: elementwise.multiply,
  div: elementwise.divide,
  neg: elementwise.negative,
  eq: elementwise.equal,
  ne: elementwise.notEqual,
  lt: elementwise.less,
  le: elementwise.lessEqual,
  gt: elementwise.greater,
  ge: elementwise.greaterEqual,
}
const functions = {
  ...elementwise,
  ...shortNames,
  ...reductions,
  ...cumulative,
  ...manipulation,
  ...tiling,
  ...linear,
  ...rechunking,
  ...replacing,
  ...visualizing,
  at: indexing.at,
  astype: dtypes.astype,
  tril: matrices.tril,
  triu: matrices.triu,
  store: storing.store,
  toBinary: storing.toBinary,
  toNpy: storing.toNpy,
  toZarr: zarr.toZarr,
  emptyLike: creation.emptyLike,
  fullLike: creation.fullLike,
  onesLike: creation.onesLike,
  zerosLike: creation.zerosLike,
}

/** A function without its first argument, which is `this`. */
type Method<F> = F extends (x: never, ...rest: infer R) => infer O ? (...rest: R) => O : never
type Methods<F> = { [name in keyof F]: Method<F[name]> }

const methods = {
  ...Object.fromEntries(
    Object.entries(functions).map(([name, fn]) => [name, methodOf(fn as (...args: unknown[]) => unknown)]),
  ),
  /** What this array is computed by; see compute.ts. */
  compute(this: ChunkedArray, options?: ComputeOptions) {
    return computeOne(this.expr, options)
  },
  async persist(this: ChunkedArray, options?: ComputeOptions) {
    return new ChunkedArray(await persist(this.expr, options))
  },
  plan(this: ChunkedArray, options?: ComputeOptions) {
    return summarise([this.expr], options)
  },
  explain(this: ChunkedArray, options?: ExplainOptions) {
    return explain([this.expr], options)
  },
  mapBlocks(
    this: ChunkedArray,
    fn: ((block: Block, info: BlockInfo) => unknown) | ModuleFunction,
    options?: MapBlocksOptions,
  ) {
    return mapBlocks(fn, [this], options)
  },
}
function methodOf(fn: (...args: unknown[]) => unknown) {
  return function (this: ChunkedArray, ...rest: unknown[]): unknown {
    return fn(this, ...rest)
  }
}
for (const [name, value] of Object.entries(methods))
  Object.defineProperty(ChunkedArray.prototype, name, { value, writable: true, configurable: true, enumerable: false })

declare module './chunked-array.ts' {
  interface ChunkedArray
    extends Methods<typeof elementwise>,
      Methods<typeof shortNames>,
      Methods<typeof reductions>,
      Methods<typeof cumulative>,
      Methods<typeof manipulation>,
      Methods<typeof tiling>,
      Methods<typeof linear>,
      Methods<typeof rechunking>,
      Methods<typeof replacing>,
      Methods<Pick<typeof indexing, 'at'>>,
      Methods<Pick<typeof dtypes, 'astype'>>,
      Methods<Pick<typeof matrices, 'tril' | 'triu'>>,
      Methods<Pick<typeof storing, 'store' | 'toBinary' | 'toNpy'>>,
      Methods<Pick<typeof zarr, 'toZarr'>>,
      Methods<Pick<typeof creation, 'emptyLike' | 'fullLike' | 'onesLike' | 'zerosLike'>> {
    /**
     * The computation of this array: awaited, it is the whole result (a scijs ndarray; of a 0-d array a plain value); iterated with
     * `for await`, it streams the blocks as they finish. Errors: MemoryLimitError, TaskError, WorkerLostError, StorageError, AbortError.
     * @example const result = await x.add(x.T).compute()
     */
    compute<T extends Result = NdArray>(options?: ComputeOptions): Computation<T>
    /** Computes the blocks and keeps them in memory; the array given back reads them. Errors: as for `compute`. */
    persist(options?: ComputeOptions): Promise<ChunkedArray>
    /**
     * What computing would do: stages, tasks, bytes read and written, and the most bytes it will take. Nothing runs. The options are those
     * of `compute`; memoryLimit, workers, scheduler and ordered count.
     * @example const { peakBytes } = x.add(x.T).plan({ memoryLimit: '512MiB' })
     */
    plan(options?: ComputeOptions): PlanSummary
    /**
     * The same as text, and more: the expression before and after it was optimised, the rules that fired, and why it is cut as it is. With
     * `wat` the kernels as WebAssembly text: true for all, or a stage's number or name for one.
     * @example const text = x.sum().explain({ workers: 2, wat: true })
     */
    explain(options?: ExplainOptions): string
    /** `nd.visualize` of this array alone. @example await x.sum().visualize('plan.svg', { level: 'tasks' }) */
    visualize(options?: VisualizeOptions): Promise<Picture>
    visualize(file: string | URL, options?: VisualizeOptions): Promise<void>
    /** `nd.mapBlocks` over this array alone. @example x.mapBlocks((block) => { block.set(0, 0, 1); return block }) */
    mapBlocks(
      fn: ((block: Block, info: BlockInfo) => unknown) | ModuleFunction,
      options?: MapBlocksOptions,
    ): ChunkedArray
  }
}

export { ChunkedArray }

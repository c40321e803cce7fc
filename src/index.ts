export type { CreationOptions, ShapeLike } from './array/creation.ts'
export {
  array,
  asarray,
  empty,
  emptyLike,
  fromArray,
  full,
  fullLike,
  ones,
  onesLike,
  zeros,
  zerosLike,
} from './array/creation.ts'
export * from './array/cumulative.ts'
export type { ArrayData, DataOptions, Nested, Strided } from './array/data.ts'
export * from './array/dtypes.ts'
export * from './array/elementwise.ts'
export { type Bound, ellipsis, newaxis, type Slice, slice } from './array/index-syntax.ts'
export { at, type IndexEntry } from './array/indexing.ts'
export * from './array/joining.ts'
export * from './array/linear.ts'
export * from './array/manipulation.ts'
export * from './array/map-blocks.ts'
export * from './array/matrices.ts'
export { ChunkedArray } from './array/methods.ts'
export type { Operand } from './array/operands.ts'
export type { Axes, AxesOption, AxisOption, CopyOption } from './array/options.ts'
export * as random from './array/random.ts'
export * from './array/ranges.ts'
export * from './array/rechunk.ts'
export * from './array/reductions.ts'
export * from './array/replacing.ts'
export * from './array/running.ts'
export {
  type FromBinaryOptions,
  type FromHdf5Options,
  type FromNpyOptions,
  type FromSourceOptions,
  fromBinary,
  fromHdf5,
  fromNpy,
  fromNpz,
  fromSource,
} from './array/storage.ts'
export {
  type BinaryOptions,
  type StoreTarget,
  store,
  type Target,
  type ToNpzOptions,
  toBinary,
  toNpy,
  toNpz,
} from './array/storing.ts'
export * from './array/tiling.ts'
export { consolidateZarr, type ToZarrOptions, toZarr, type ZarrTargetOptions } from './array/to-zarr.ts'
export * from './array/visualize.ts'
export {
  type ByteRange,
  type FromZarrOptions,
  fromZarr,
  type OpenZarrOptions,
  openZarr,
  type RemoteStore,
  type StoreLike,
  type ZarrArrayInfo,
  type ZarrAttributes,
  type ZarrGroupInfo,
  type ZarritaStore,
} from './array/zarr.ts'
export type { ZarrCodec, ZarrCodecName, ZarrLayout } from './array/zarr-layout.ts'
export {
  type Block as ComputedBlock,
  Computation,
  type ComputeOptions,
  type ExplainOptions,
  type PlanSummary,
  type RunEvent,
  type StageSummary,
} from './compute.ts'
export type { ChunksOption } from './core/chunks.ts'
export { type ConfigOptions, configure } from './core/config.ts'
export type { Complex, DType, TypedArray, Value } from './core/dtype.ts'
export {
  AbortError,
  ChunkError,
  DTypeError,
  IndexError,
  MemoryLimitError,
  NdloomError,
  ShapeError,
  StorageError,
  TaskError,
  WorkerLostError,
} from './core/errors.ts'
export type { Shape } from './core/shape.ts'
export { type Dashboard, type DashboardOptions, dashboard } from './diagnostics/dashboard/dashboard.ts'
export { type FormatOptions, format } from './diagnostics/format.ts'
export type { ProfileData, ProfiledJob, ProfiledStage, ProfiledTask } from './diagnostics/profile/data.ts'
export { Profile, profile } from './diagnostics/profile/profile.ts'
export type { Spill } from './diagnostics/profile/record.ts'
export type { ProgressStream } from './diagnostics/progress/display.ts'
export type { ProgressState, StageProgress } from './diagnostics/progress/estimate.ts'
export { type Progress, ProgressBar, type ProgressBarOptions } from './diagnostics/progress/progress.ts'
export type { Sample } from './diagnostics/series.ts'
export { Picture, type VisualizeOptions } from './diagnostics/visualize.ts'
export type { Result } from './run/results.ts'
export { shutdown } from './scheduler/process.ts'
export type { ReadFunction, UserBlock, WriteFunction } from './storage/user.ts'
export { type DelayedBlocks, type FromDelayedOptions, fromDelayed, toDelayed } from './tasks/arrays.ts'
export type { PoolOptions } from './tasks/backend.ts'
export {
  type Argument,
  type Arguments,
  Client,
  type ClientMapOptions,
  type ClientOptions,
  client,
  type Gathered,
  type SubmitOptions,
  type WorkerInfo,
} from './tasks/client.ts'
export { Delayed, type DelayedFunction, type DelayedOptions, delayed } from './tasks/delayed.ts'
export { Future, type FutureStatus } from './tasks/future.ts'
export { Graph, type GraphSpec, graph, type Keys } from './tasks/graph.ts'
export type { TaskContext, TaskFunction } from './tasks/options.ts'
export { parallel } from './tasks/parallel.ts'
export { type MapOptions, Pool, type StreamOptions } from './tasks/pool.ts'
export { type RanksOptions, ranks } from './tasks/ranks/ranks.ts'
export type {
  Comm,
  ReceiveOptions,
  ReduceAllOptions,
  RootOptions,
  SendOptions,
  SendReceiveOptions,
  Status,
} from './worker/ranks/comm.ts'
export type { Reduction as RankReduction, ReductionName } from './worker/ranks/reduction.ts'

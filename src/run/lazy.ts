import type { ComputeOptions } from './options.ts'

/** Under this symbol a lazy thing that is no array says how things of its kind are computed: `nd.compute` takes them too. */
export const lazyKind: unique symbol = Symbol('lazyKind')

/** Computes things of one kind together, so that shared work is done once. */
export interface LazyKind<T = unknown> {
  computeAll(things: readonly T[], options: ComputeOptions): Promise<unknown[]>
}
export interface Lazy {
  readonly [lazyKind]: LazyKind<never>
}
export const isLazy = (value: unknown): value is Lazy =>
  typeof value === 'object' && value !== null && lazyKind in value

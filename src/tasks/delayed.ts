import { ChunkedArray } from '../array/chunked-array.ts'
import { formatGiven, NdloomError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import { inspectName } from '../diagnostics/notebook.ts'
import { drawPicture, type Picture, writePicture } from '../diagnostics/visualize.ts'
import { type LazyKind, lazyKind } from '../run/lazy.ts'
import type { ComputeOptions } from '../run/options.ts'
import { functionName, type ModuleFunction, sentFunction } from '../worker/functions.ts'
import { concatenate, list, record } from './assemble.ts'
import { computeDelayed } from './compute-delayed.ts'
import { Node } from './node.ts'
import type { NamedFunction } from './options.ts'
import { graphOfCalls } from './picture.ts'

/**
 * A value that is computed when it is asked for: by `compute`, or because another one needs it. Equal calls are two tasks; one
 * that is used twice runs once.
 */
export class Delayed<T = unknown> extends Node {
  /** What pictures and errors call it. */
  get name(): string {
    return this.fn?.name ?? 'value'
  }
  /**
   * Runs what it needs, on the workers. Errors: TaskError (its `cause` is what a function has thrown), WorkerLostError, AbortError, and
   * those of `compute` for arrays among its arguments.
   * @example await nd.delayed((a, b) => a + b)(1, 2).compute() // -> 3
   */
  async compute(options: ComputeOptions = {}): Promise<T> {
    const [value] = await computeDelayed([this], options)
    return value as T
  }
  /**
   * Draws the calls that it needs, up to 1000: into a file as SVG, PNG or DOT, as its name ends, or as a Picture that is given back. Errors:
   * NdloomError when there are more, or the package @viz-js/viz (for PNG @resvg/resvg-js too) is missing.
   */
  visualize(): Promise<Picture>
  visualize(file: string | URL): Promise<void>
  async visualize(file?: string | URL): Promise<unknown> {
    const graph = graphOfCalls([this])
    return file === undefined ? drawPicture(graph, 'visualize') : writePicture(graph, file, 'visualize')
  }
  get [lazyKind](): LazyKind<Delayed> {
    return delayedKind
  }
  override toString(): string {
    return `Delayed ${this.name}`
  }
  [inspectName](): string {
    return this.toString()
  }
}
const delayedKind: LazyKind<Delayed> = { computeAll: computeDelayed }

export interface DelayedOptions {
  /** What pictures and errors call it, the function's own name unless given. */
  name?: string
}
/** What a delayed function takes for an argument: a value, a delayed one, or an array, which comes as an ndarray. */
export type DelayedFunction<R = unknown> = (...args: unknown[]) => Delayed<Awaited<R>>

/**
 * Makes a function lazy: a call gives a `Delayed`, and calls of calls build a graph that runs on the workers when it is computed. Arguments
 * may be values, delayed values and arrays (which come as ndarrays), also in lists and plain objects. The function is sent as text,
 * so it sees no variable from around it, or is an exported one, as { module, name }. Of any other value the delayed value is that value.
 * Errors: NdloomError for a native or bound function.
 * @example
 * const inc = nd.delayed((a) => a + 1)
 * const total = nd.delayed((list) => list.reduce((a, b) => a + b))
 * await total([inc(1), inc(2), inc(inc(3))]).compute() // -> 10
 */
export function delayed<R>(fn: ((...args: never[]) => R) | ModuleFunction, options?: DelayedOptions): DelayedFunction<R>
export function delayed<T>(value: T, options?: DelayedOptions): Delayed<T>
export function delayed(given: unknown, options: DelayedOptions = {}): DelayedFunction | Delayed {
  const { name } = checkOptions<DelayedOptions>(options, ['name'], 'delayed')
  if (name !== undefined && typeof name !== 'string')
    throw new NdloomError(`delayed: got name ${formatGiven(name)}, want text`)
  if (!isFunction(given)) return lift(given)
  const fn = taskFunction(given, 'delayed', name)
  return (...args) => callOf(fn, args)
}

export const isFunction = (given: unknown): boolean =>
  typeof given === 'function' ||
  (typeof given === 'object' && given !== null && 'module' in given && 'name' in given && !(given instanceof Delayed))
export const taskFunction = (fn: unknown, operation: string, name = functionName(fn) || 'function'): NamedFunction => ({
  fn: sentFunction(fn, operation),
  name,
})
export const callOf = (fn: NamedFunction, args: readonly unknown[]): Delayed => new Delayed(fn, args.map(argument))

const isPart = (value: unknown): boolean => value instanceof Delayed || value instanceof ChunkedArray
const isRecord = (value: object): boolean => Object.getPrototypeOf(value) === Object.prototype

/** An argument by itself: delayed values and arrays in lists and plain objects become one delayed value. */
function argument(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if (value instanceof Delayed) return value.fn ? value : value.args[0]
  if (value instanceof ChunkedArray) return value
  if (Array.isArray(value)) {
    const items = value.map(argument)
    return items.some(isPart) ? listOf(items) : items
  }
  if (!isRecord(value)) return value
  const keys = Object.keys(value)
  const items = Object.values(value).map(argument)
  if (!items.some(isPart)) return record(keys, ...items)
  return new Delayed(assembling.record, [keys, ...items])
}
/** A delayed value of anything. */
export const lift = (value: unknown): Delayed => {
  const own = argument(value)
  return own instanceof Delayed ? own : new Delayed(undefined, [own])
}

/** More arguments than this are put together in parts. */
const mostItems = 4096
const assembling = Object.fromEntries(
  Object.entries({ list, concatenate, record }).map(([name, fn]) => [name, taskFunction(fn, 'delayed', name)]),
) as Record<'list' | 'concatenate' | 'record', NamedFunction>

function listOf(items: readonly unknown[]): Delayed {
  if (items.length <= mostItems) return new Delayed(assembling.list, items)
  const size = Math.ceil(items.length / Math.ceil(items.length / mostItems))
  const parts: unknown[] = []
  for (let start = 0; start < items.length; start += size) parts.push(listOf(items.slice(start, start + size)))
  const whole = parts.length <= mostItems ? parts : [listOf(parts)]
  return new Delayed(assembling.concatenate, whole)
}

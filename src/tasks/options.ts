import { config, parseWorkers } from '../core/config.ts'
import { formatGiven, NdloomError } from '../core/errors.ts'
import type { TaskContext } from '../worker/call-messages.ts'
import { functionName, type ModuleFunction, type SentFunction, sentFunction } from '../worker/functions.ts'

export type { TaskContext } from '../worker/call-messages.ts'

/**
 * A function that runs in a worker. It is sent as text, so it sees no variable from around it; its `this` (not of an arrow function)
 * is the TaskContext. Or an exported function of a module, which may import and keep what it likes.
 */
export type TaskFunction<A extends readonly unknown[] = readonly never[], R = unknown> =
  | ((this: TaskContext, ...args: A) => R)
  | ModuleFunction

/** A function ready to be sent, with the name by which errors call its tasks. */
export interface NamedFunction {
  readonly fn: SentFunction
  readonly name: string
}
export const namedFunction = (fn: unknown, operation: string): NamedFunction => ({
  fn: sentFunction(fn, operation),
  name: [operation, functionName(fn)].filter(Boolean).join(': '),
})

/** How many workers a pool or a client has: never more than the process may run; nested ones have none of their own. */
export const workersOf = (given: unknown, operation: string): number =>
  given === undefined ? config().workers : parseWorkers(given, `${operation}: workers`)

/** A whole number of at least `least`, `fallback` unless given. Errors: NdloomError. */
export function checkCount(value: unknown, name: string, operation: string, least: number, fallback: number): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
  throw new NdloomError(`${operation}: got ${name} ${formatGiven(value)}, want a whole number from ${least} on`)
}

/** The items of anything that can be iterated. Errors: NdloomError. */
export function itemsOf<T>(items: Iterable<T>, operation: string): readonly T[] {
  if (Array.isArray(items)) return items
  if (typeof items !== 'object' || items === null || typeof items[Symbol.iterator] !== 'function')
    throw new NdloomError(`${operation}: got ${formatGiven(items)} as items, want a list or another iterable`)
  return Array.from(items)
}

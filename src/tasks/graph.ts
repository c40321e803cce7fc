import { formatGiven, NdloomError } from '../core/errors.ts'
import type { ComputeOptions } from '../run/options.ts'
import { computeDelayed } from './compute-delayed.ts'
import { callOf, type Delayed, isFunction, lift, taskFunction } from './delayed.ts'
import type { NamedFunction } from './options.ts'

/** Keys and what stands under them: a task `[fn, ...arguments]`, another key, a list of such things, or a value. */
export type GraphSpec = Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>
/** A key, or lists of keys, however nested. */
export type Keys = string | readonly Keys[]

/**
 * A graph in Dask's own form. A list that begins with a function (or { module, name }) is a task: the function is called with the
 * rest. Text that is a key stands for what is under it, other text for itself; tasks and keys may stand within lists.
 *
 * @example
 * const graph = nd.graph({ x: 1, y: [(a) => a + 1, 'x'], z: [(a, b) => a + b, 'y', 10] })
 * await graph.get(['y', 'z']) // -> [ 2, 12 ]
 */
export class Graph {
  readonly #entries: ReadonlyMap<string, unknown>
  readonly #built = new Map<string, Delayed>()
  readonly #functions = new Map<unknown, NamedFunction>()

  constructor(spec: GraphSpec) {
    if (typeof spec !== 'object' || spec === null || Array.isArray(spec))
      throw new NdloomError(
        `graph: got ${formatGiven(spec)}, want an object or a Map of keys and tasks, as { x: 1, y: [fn, 'x'] }`,
      )
    this.#entries = spec instanceof Map ? new Map(spec) : new Map(Object.entries(spec))
  }
  get keys(): string[] {
    return [...this.#entries.keys()]
  }
  /** A key as a delayed value, to go on with. Errors: NdloomError for a key that is not there, or whose task needs itself. */
  delayed(key: string): Delayed {
    if (!this.#entries.has(key))
      throw new NdloomError(`graph: there is no key ${formatGiven(key)}; there are ${this.#some()}`)
    if (!this.#built.has(key)) this.#build(key)
    return this.#built.get(key)!
  }
  /**
   * The values of keys, in lists nested as they are asked for; only what they need is run. Errors: NdloomError for a key that is not
   * there and for cycles, TaskError, WorkerLostError, AbortError.
   */
  async get(keys: Keys, options: ComputeOptions = {}): Promise<unknown> {
    const wanted: Delayed[] = []
    const find = (key: Keys): void => {
      if (typeof key === 'string') wanted.push(this.delayed(key))
      else if (Array.isArray(key)) key.forEach(find)
      else throw new NdloomError(`graph: got ${formatGiven(key)}, want a key or a list of keys`)
    }
    find(keys)
    const values = await computeDelayed(wanted, options)
    let next = 0
    const arrange = (key: Keys): unknown => (typeof key === 'string' ? values[next++] : key.map(arrange))
    return arrange(keys)
  }

  /** Keys that it needs first, without recursion: a chain may be a million keys long. */
  #build(wanted: string): void {
    const stack = [wanted]
    const open = new Set<string>()
    while (stack.length > 0) {
      const key = stack[stack.length - 1]
      const missing = this.#built.has(key) || open.has(key) ? [] : this.#missing(this.#entries.get(key), [])
      open.add(key)
      for (const needed of missing) if (open.has(needed)) throw cycleError(stack, open, needed)
      if (missing.length > 0) {
        for (const needed of missing) stack.push(needed)
        continue
      }
      stack.pop()
      open.delete(key)
      if (!this.#built.has(key)) this.#built.set(key, lift(this.#resolve(this.#entries.get(key))))
    }
  }
  /** The keys within a thing that are not built yet. */
  #missing(thing: unknown, found: string[]): string[] {
    if (typeof thing === 'string' && this.#entries.has(thing) && !this.#built.has(thing)) found.push(thing)
    if (Array.isArray(thing)) for (const part of thing) this.#missing(part, found)
    return found
  }
  #resolve(thing: unknown): unknown {
    if (typeof thing === 'string') return this.#built.get(thing) ?? thing
    if (!Array.isArray(thing)) return thing
    if (!isFunction(thing[0])) return thing.map((part) => this.#resolve(part))
    const args = thing.slice(1).map((part) => this.#resolve(part))
    return callOf(this.#function(thing[0]), args)
  }
  #function(fn: unknown): NamedFunction {
    const found = this.#functions.get(fn) ?? taskFunction(fn, 'graph')
    this.#functions.set(fn, found)
    return found
  }
  #some(): string {
    const keys = this.keys
    return `${keys.slice(0, 10).join(', ')}${keys.length > 10 ? `, and ${keys.length - 10} more` : ''}`
  }
}

/** `open` are the keys on the stack whose needs are on it above them. */
function cycleError(stack: readonly string[], open: ReadonlySet<string>, needed: string): NdloomError {
  const path = stack.filter((key) => open.has(key))
  const ring = [...new Set(path.slice(path.indexOf(needed))), needed]
  return new NdloomError(`graph: the tasks ${ring.join(' -> ')} need each other; break the cycle`)
}

/** A graph of tasks under keys: see Graph. */
export const graph = (spec: GraphSpec): Graph => new Graph(spec)

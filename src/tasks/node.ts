import type { NamedFunction } from './options.ts'

/** What a graph of calls is made of. A million of them are usual: each is one small object. */
export class Node {
  /** What is called; undefined: it is the value args[0] itself. */
  readonly fn: NamedFunction | undefined
  /** Values, nodes of calls, and arrays (nodes and arrays not within lists). */
  readonly args: readonly unknown[]
  /** Its number in the last graph that it was collected for, counted over all graphs; -1: in none. See `collect`. */
  place = -1

  constructor(fn: NamedFunction | undefined, args: readonly unknown[]) {
    this.fn = fn
    this.args = args
  }
}

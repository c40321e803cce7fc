import type { SentFunction } from '../worker/functions.ts'

/** A function as it is called by tasks, made ready once. */
export interface TaskFunction {
  readonly sent: SentFunction
  readonly name: string
}

/** What a graph of calls is made of. A million of them are usual: each is one small object. */
export interface Node {
  /** What is called; undefined: it is the value args[0] itself. */
  readonly fn: TaskFunction | undefined
  /** Values, nodes of calls, and arrays (nodes and arrays not within lists). */
  readonly args: readonly unknown[]
  /** Its number in the last graph that it was collected for, counted over all graphs; -1: in none. See `collect`. */
  place: number
}

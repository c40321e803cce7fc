import type { SentFunction } from '../worker/functions.ts'

/** A function as it is called by tasks, made ready once. */
export interface TaskFunction {
  readonly sent: SentFunction
  readonly name: string
}
/** What a delayed value is: a call, whose arguments may be other delayed calls and arrays (not within lists), or a value that is there. */
export type DelayedNode =
  | { readonly kind: 'call'; readonly fn: TaskFunction; readonly args: readonly unknown[] }
  | { readonly kind: 'value'; readonly value: unknown }

/** What a graph of calls is made of. */
export interface Node {
  readonly node: DelayedNode
}

import type { NumberArray } from './copy.ts'
import type { Reduction } from './reduction.ts'

/** Where a received message came from. */
export interface Status {
  source?: number
  tag?: number
}
export interface SendOptions {
  readonly dest: number
  /** A whole number from 0 (the default). */
  readonly tag?: number
}
export interface ReceiveOptions {
  /** The sender; any one when it is left out or -1. */
  readonly source?: number
  /** The tag; any one when it is left out or -1. */
  readonly tag?: number
  /** Filled with the sender and the tag of the message. */
  readonly status?: Status
}
export interface SendReceiveOptions {
  readonly dest: number
  readonly sendtag?: number
  readonly source?: number
  readonly recvtag?: number
  readonly status?: Status
}
export interface RootOptions {
  /** The rank that has or gets the whole: 0 by default. */
  readonly root?: number
}
export interface ReduceAllOptions {
  /**
   * A typed array of the value's class and length that takes the result (the value itself will do) and is returned: a large new
   * array costs more time than the reduction.
   */
  readonly out?: NumberArray
}

/**
 * A rank's way to the others, after mpi4py's. Values go by structured clone (a large typed array is copied once); a typed array over a
 * SharedArrayBuffer is not copied: both sides then have the same memory. All ranks make the same collective calls in the same order.
 * Errors of all calls: NdloomError for what is out of range or cannot be sent, AbortError when another rank has ended the run.
 *
 * @example
 * if (comm.rank === 0) await comm.send({ a: 7 }, { dest: 1, tag: 11 })
 * else return comm.recv({ source: 0, tag: 11 })
 */
export interface Comm<Args = unknown> {
  /** This rank's number, from 0 to size - 1. */
  readonly rank: number
  /** How many ranks there are. */
  readonly size: number
  /** What `nd.ranks` was given as `args`. */
  readonly args: Args
  /** Sends a copy of the value; does not wait until it is received. Messages between two ranks keep their order. */
  send(value: unknown, options: SendOptions): Promise<void>
  /** The next message that fits. */
  recv<T = unknown>(options?: ReceiveOptions): Promise<T>
  /** `send`, then `recv`. */
  sendrecv<T = unknown>(value: unknown, options: SendReceiveOptions): Promise<T>
  /** The root's value, in all ranks. */
  bcast<T>(value: T, options?: RootOptions): Promise<T>
  /** Of the root's list, one value for each rank. */
  scatter<T>(values: readonly T[] | undefined, options?: RootOptions): Promise<T>
  /** At the root the list of all ranks' values, undefined elsewhere. */
  gather<T>(value: T, options?: RootOptions): Promise<T[] | undefined>
  /** The list of all ranks' values, in all ranks. */
  allgather<T>(value: T): Promise<T[]>
  /** The k-th value of each rank goes to rank k: the list of what this rank was given, by sender. */
  alltoall<T>(values: readonly T[]): Promise<T[]>
  /**
   * ((v0 op v1) op v2) ... over the ranks' values, at the root; undefined elsewhere. Named reductions ('sum' unless given, 'prod', 'min',
   * 'max', 'land', 'lor', 'lxor', 'band', 'bor', 'bxor') go element by element through lists and typed arrays; a function gets
   * two whole values. Always in the order of the ranks: the same bits in every run. Errors: ShapeError for other lengths or classes.
   */
  reduce<T>(value: T, op?: Reduction, options?: RootOptions): Promise<T | undefined>
  /** As `reduce`, in all ranks. */
  allreduce<T>(value: T, op?: Reduction, options?: ReduceAllOptions): Promise<T>
  /** The reduction over the values of the ranks up to this one. */
  scan<T>(value: T, op?: Reduction): Promise<T>
  /** Ends when all ranks have come to it. */
  barrier(): Promise<void>
}

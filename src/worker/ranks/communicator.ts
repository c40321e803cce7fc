import { formatGiven, NdloomError, ShapeError } from '../../core/errors.ts'
import { checkOptions } from '../../core/options.ts'
import type { ArrayReduction } from './array-reduction.ts'
import * as collectives from './collectives.ts'
import { copyOf, isTypedArray, type NumberArray } from './copy.ts'
import type { Host } from './host.ts'
import { any, type Message } from './mailbox.ts'
import { checkReduction, type Reduction } from './reduction.ts'

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
 * else console.log(await comm.recv({ source: 0, tag: 11 }))
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

/** From this size on a typed array is reduced by all ranks together. */
const largeBytes = 65536

export function createComm(rank: number, args: unknown, host: Host, arrays: ArrayReduction): Comm {
  const { size } = host.layout
  let calls = 0

  function checkRank(given: unknown, name: string, operation: string): number {
    if (typeof given === 'number' && Number.isInteger(given) && given >= 0 && given < size) return given
    throw new NdloomError(
      `${operation}: got ${name} ${formatGiven(given)}, want the number of a rank, 0 to ${size - 1}`,
    )
  }
  function post(value: unknown, dest: unknown, tag: unknown, operation: string): void {
    const to = checkRank(dest, 'dest', operation)
    host.send({ source: rank, dest: to, tag: checkTag(tag, operation), call: 0, name: '', value }, operation)
  }
  async function receive<T>({ source = any, tag = any, status }: ReceiveOptions, operation: string): Promise<T> {
    const from = source === any ? any : checkRank(source, 'source', operation)
    const wanted = { source: from, tag: tag === any ? any : checkTag(tag, operation), call: 0, name: '' }
    const message: Message = await host.receive(rank, wanted)
    if (status) Object.assign(status, { source: message.source, tag: message.tag })
    return message.value as T
  }
  function begin(name: string): collectives.Call {
    const call = ++calls
    const message = { source: rank, tag: 0, call, name }
    return {
      name,
      rank,
      size,
      number: call,
      put: (dest, value) => host.send({ ...message, dest, value }, name),
      copy: (value) => copyOf(value, name),
      get: async (source) => (await host.receive(rank, { source, tag: 0, call, name })).value,
    }
  }
  const beginAt = (name: string, given: unknown): { call: collectives.Call; root: number } => {
    const { root = 0 } = checkOptions<RootOptions>(given, ['root'], name)
    return { root: checkRank(root, 'root', name), call: begin(`${name} with root ${root}`) }
  }
  async function reduceAll(value: unknown, given: unknown, options: unknown): Promise<unknown> {
    const op = checkReduction(given, 'allreduce')
    const { out } = checkOptions<ReduceAllOptions>(options, ['out'], 'allreduce')
    if (out !== undefined) checkOut(out, value)
    if (isTypedArray(value) && typeof op === 'string' && value.byteLength >= largeBytes)
      return arrays.reduceAll(begin(`allreduce ${op} of ${describeArray(value)}`), op, value, out)
    const result = await collectives.reduceAll(begin(`allreduce ${nameOf(op)}`), value, op)
    if (!out) return result
    out.set(result as never)
    return out
  }
  const comm: Record<keyof Comm, unknown> = {
    rank,
    size,
    args,
    send: async (value: unknown, given: unknown) => {
      const { dest, tag = 0 } = checkOptions<SendOptions>(given, ['dest', 'tag'], 'send')
      post(value, dest, tag, 'send')
    },
    recv: (given: unknown) => receive(checkOptions<ReceiveOptions>(given, ['source', 'tag', 'status'], 'recv'), 'recv'),
    sendrecv: async (value: unknown, given: unknown) => {
      const names = ['dest', 'sendtag', 'source', 'recvtag', 'status'] as const
      const { dest, sendtag = 0, source, recvtag, status } = checkOptions<SendReceiveOptions>(given, names, 'sendrecv')
      post(value, dest, sendtag, 'sendrecv')
      return receive({ source, tag: recvtag, status }, 'sendrecv')
    },
    bcast: async (value: unknown, given: unknown) => {
      const { call, root } = beginAt('bcast', given)
      return collectives.broadcast(call, value, root)
    },
    scatter: async (values: unknown, given: unknown) => {
      const { call, root } = beginAt('scatter', given)
      return collectives.scatter(call, values, root)
    },
    gather: async (value: unknown, given: unknown) => {
      const { call, root } = beginAt('gather', given)
      return collectives.gather(call, value, root)
    },
    allgather: async (value: unknown) => collectives.gatherAll(begin('allgather'), value),
    alltoall: async (values: unknown) => collectives.exchangeAll(begin('alltoall'), values),
    reduce: async (value: unknown, op: unknown = 'sum', given: unknown) => {
      const reduction = checkReduction(op, 'reduce')
      const { call, root } = beginAt(`reduce ${nameOf(reduction)}`, given)
      return collectives.reduce(call, value, reduction, root)
    },
    allreduce: async (value: unknown, op: unknown = 'sum', given: unknown) => reduceAll(value, op, given),
    scan: async (value: unknown, op: unknown = 'sum') => {
      const reduction = checkReduction(op, 'scan')
      return collectives.scan(begin(`scan ${nameOf(reduction)}`), value, reduction)
    },
    barrier: async () => collectives.barrier(begin('barrier')),
  }
  return Object.freeze(quiet(comm)) as unknown as Comm
}

/** A call that nobody awaits and that fails when the run ends must not end its worker. */
function quiet(comm: Record<keyof Comm, unknown>): Record<string, unknown> {
  const wrap = (value: unknown): unknown => {
    if (typeof value !== 'function') return value
    return (...args: unknown[]) => {
      const promise: Promise<unknown> = value(...args)
      promise.catch(() => undefined)
      return promise
    }
  }
  return Object.fromEntries(Object.entries(comm).map(([name, value]) => [name, name === 'args' ? value : wrap(value)]))
}

const nameOf = (op: Reduction): string => (typeof op === 'string' ? op : 'by a function')
const describeArray = (array: NumberArray): string => `${array[Symbol.toStringTag]} of ${array.length}`

function checkTag(tag: unknown, operation: string): number {
  if (typeof tag === 'number' && Number.isInteger(tag) && tag >= 0) return tag
  throw new NdloomError(`${operation}: got tag ${formatGiven(tag)}, want a whole number from 0`)
}

function checkOut(out: unknown, value: unknown): void {
  if (
    !isTypedArray(value) ||
    !isTypedArray(out) ||
    out[Symbol.toStringTag] !== value[Symbol.toStringTag] ||
    out.length !== value.length
  )
    throw new ShapeError('allreduce: `out` must be a typed array of the class and length of the value')
}

import { formatGiven, NdloomError, ShapeError } from '../../core/errors.ts'
import { checkOptions } from '../../core/options.ts'
import type { ArrayReduction } from './array-reduction.ts'
import * as collectives from './collectives.ts'
import type { Comm, ReceiveOptions, ReduceAllOptions, RootOptions, SendOptions, SendReceiveOptions } from './comm.ts'
import { copyOf, isTypedArray, type NumberArray } from './copy.ts'
import type { Host } from './host.ts'
import { any } from './mailbox.ts'
import { checkReduction, type Reduction } from './reduction.ts'

type Calls<Names extends keyof Comm> = Record<Names, (...args: unknown[]) => Promise<unknown>>

/** The communicator of one rank of a host. */
export function createComm(rank: number, args: unknown, host: Host, arrays: ArrayReduction): Comm {
  const calls = { ...pointToPoint(rank, host), ...collective(rank, host, arrays) }
  const comm = { rank, size: host.layout.size, args, ...mapValues(calls, quiet) }
  return Object.freeze(comm) as unknown as Comm
}

const mapValues = <T>(record: Record<string, T>, change: (value: T) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))

/** A call that nobody awaits and that fails when the run ends must not end its worker. */
const quiet =
  (call: (...args: unknown[]) => Promise<unknown>) =>
  (...args: unknown[]): Promise<unknown> => {
    const promise = call(...args)
    promise.catch(() => undefined)
    return promise
  }

function pointToPoint(rank: number, host: Host): Calls<'send' | 'recv' | 'sendrecv'> {
  const { size } = host.layout
  function post(value: unknown, dest: unknown, tag: unknown, operation: string): void {
    const to = checkRank(dest, size, 'dest', operation)
    host.send({ source: rank, dest: to, tag: checkTag(tag, operation), call: 0, name: '', value }, operation)
  }
  async function receive({ source = any, tag = any, status }: ReceiveOptions, operation: string): Promise<unknown> {
    const from = source === any ? any : checkRank(source, size, 'source', operation)
    const wanted = { source: from, tag: tag === any ? any : checkTag(tag, operation), call: 0, name: '' }
    const message = await host.receive(rank, wanted)
    if (status) Object.assign(status, { source: message.source, tag: message.tag })
    return message.value
  }
  return {
    async send(value, given) {
      const { dest, tag = 0 } = checkOptions<SendOptions>(given, ['dest', 'tag'], 'send')
      post(value, dest, tag, 'send')
    },
    async recv(given) {
      return receive(checkOptions<ReceiveOptions>(given, ['source', 'tag', 'status'], 'recv'), 'recv')
    },
    async sendrecv(value, given) {
      const names = ['dest', 'sendtag', 'source', 'recvtag', 'status'] as const
      const { dest, sendtag = 0, source, recvtag, status } = checkOptions<SendReceiveOptions>(given, names, 'sendrecv')
      post(value, dest, sendtag, 'sendrecv')
      return receive({ source, tag: recvtag, status }, 'sendrecv')
    },
  }
}

type CollectiveName = Exclude<keyof Comm, 'rank' | 'size' | 'args' | 'send' | 'recv' | 'sendrecv'>

function collective(rank: number, host: Host, arrays: ArrayReduction): Calls<CollectiveName> {
  const begin = beginner(rank, host)
  const beginAt = (name: string, given: unknown): { call: collectives.Call; root: number } => {
    const { root = 0 } = checkOptions<RootOptions>(given, ['root'], name)
    return { root: checkRank(root, host.layout.size, 'root', name), call: begin(`${name} with root ${root}`) }
  }
  return {
    async bcast(value, given) {
      const { call, root } = beginAt('bcast', given)
      return collectives.broadcast(call, value, root)
    },
    async scatter(values, given) {
      const { call, root } = beginAt('scatter', given)
      return collectives.scatter(call, values, root)
    },
    async gather(value, given) {
      const { call, root } = beginAt('gather', given)
      return collectives.gather(call, value, root)
    },
    allgather: async (value) => collectives.gatherAll(begin('allgather'), value),
    alltoall: async (values) => collectives.exchangeAll(begin('alltoall'), values),
    async reduce(value, op = 'sum', given) {
      const reduction = checkReduction(op, 'reduce')
      const { call, root } = beginAt(`reduce ${nameOf(reduction)}`, given)
      return collectives.reduce(call, value, reduction, root)
    },
    allreduce: async (value, op = 'sum', given) =>
      reduceAll(begin, arrays, value, checkReduction(op, 'allreduce'), given),
    async scan(value, op = 'sum') {
      const reduction = checkReduction(op, 'scan')
      return collectives.scan(begin(`scan ${nameOf(reduction)}`), value, reduction)
    },
    barrier: async () => collectives.barrier(begin('barrier')),
  }
}

type Begin = (name: string) => collectives.Call

/** Begins the collective calls of a rank, which it counts: those of the same number belong together. */
function beginner(rank: number, host: Host): Begin {
  let calls = 0
  return (name) => {
    const number = ++calls
    const message = { source: rank, tag: 0, call: number, name }
    return {
      name,
      rank,
      size: host.layout.size,
      number,
      put: (dest, value) => host.send({ ...message, dest, value }, name),
      copy: (value) => copyOf(value, name),
      get: async (source) => (await host.receive(rank, { ...message, source })).value,
    }
  }
}

/** From this size on a typed array is reduced by all ranks together. */
const largeBytes = 65536

async function reduceAll(
  begin: Begin,
  arrays: ArrayReduction,
  value: unknown,
  op: Reduction,
  given: unknown,
): Promise<unknown> {
  const { out } = checkOptions<ReduceAllOptions>(given, ['out'], 'allreduce')
  if (out !== undefined) checkOut(out, value)
  if (isTypedArray(value) && typeof op === 'string' && value.byteLength >= largeBytes)
    return arrays.reduceAll(begin(`allreduce ${op} of ${describeArray(value)}`), op, value, out)
  const result = await collectives.reduceAll(begin(`allreduce ${nameOf(op)}`), value, op)
  if (!out) return result
  out.set(result as never)
  return out
}

const nameOf = (op: Reduction): string => (typeof op === 'string' ? op : 'by a function')
const describeArray = (array: NumberArray): string => `${array[Symbol.toStringTag]} of ${array.length}`

function checkRank(given: unknown, size: number, name: string, operation: string): number {
  if (typeof given === 'number' && Number.isInteger(given) && given >= 0 && given < size) return given
  throw new NdloomError(`${operation}: got ${name} ${formatGiven(given)}, want the number of a rank, 0 to ${size - 1}`)
}

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

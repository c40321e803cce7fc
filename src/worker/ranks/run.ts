import type { MessagePort } from 'node:worker_threads'
import { NdloomError, TaskError } from '../../core/errors.ts'
import { type Encoded, encodeError } from '../errors.ts'
import { explainThrown, receiveFunction, type SentFunction } from '../functions.ts'
import { createArrayReduction } from './array-reduction.ts'
import type { Comm } from './comm.ts'
import { createComm } from './communicator.ts'
import { sending } from './copy.ts'
import { createHost, type Host, type RankWait } from './host.ts'
import { countersOver, type Layout } from './layout.ts'
import { createPortLink } from './link.ts'

/** What a host is started with. */
export interface HostStart {
  readonly layout: Layout
  readonly host: number
  /** What each rank calls with its communicator and its copy of `args`. */
  readonly fn: SentFunction
  readonly args: unknown
  /** A port to each other host; none to itself. */
  readonly ports: readonly (MessagePort | undefined)[]
  /** To the main thread. */
  readonly control: MessagePort
  readonly counters: SharedArrayBuffer
}

/** What the main thread tells a host: the run is over; or it wants a Report. */
export type ControlMessage = 'end' | 'report'

/** What a host tells the main thread. */
export type HostMessage =
  | { readonly type: 'result'; readonly rank: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly rank: number; readonly error: Encoded }
  | ({ readonly type: 'report' } & Report)

/** A host at one moment. `waits`: undefined when one of its ranks may go on by itself. */
export interface Report {
  readonly host: number
  /** Its counter of activity, and how many messages it has received. */
  readonly activity: number
  readonly received: number
  readonly waits: readonly RankWait[] | undefined
}

/**
 * Runs the ranks of one host. What becomes of them goes over the control port. Ends when the main thread says that the run is over: a
 * host without ranks still receives what is sent to them.
 */
export async function runHost(start: HostStart): Promise<void> {
  const { layout, control, ports, fn } = start
  const counters = countersOver(start.counters, layout.hosts)
  const host = createHost(layout, start.host, counters, ({ deliver }) =>
    createPortLink(start.host, ports, counters, deliver),
  )
  const before = activeResources()
  let close = () => {}
  const over = new Promise<void>((resolve) => {
    close = resolve
  })
  control.on('message', (message: ControlMessage) => {
    if (message === 'end') {
      host.end()
      return close()
    }
    const waits = isSleeping(before) ? host.waits() : undefined
    const activity = Atomics.load(counters.activity, start.host)
    tell(control, { type: 'report', host: start.host, activity, received: host.link.received, waits })
  })
  const arrays = createArrayReduction(host)
  const commOf = (rank: number): Comm => createComm(rank, structuredClone(start.args), host, arrays)
  await Promise.all(host.ranks.map((rank) => runRank(fn, commOf(rank), host, control)))
  await over
  host.link.close()
  control.close()
}

async function runRank(fn: SentFunction, comm: Comm, host: Host, control: MessagePort): Promise<void> {
  const { rank, args } = comm
  try {
    const value = await (await receiveFunction(fn))(comm, args)
    sending(`ranks: the result of rank ${rank}`, () => tell(control, { type: 'result', rank, value }))
  } catch (error) {
    tell(control, {
      type: 'failed',
      rank,
      error: encodeError(rankError(rank, explainThrown(error, fn, 'pass the value in `args`'))),
    })
  } finally {
    host.leave(rank)
  }
}

const tell = (control: MessagePort, message: HostMessage): void => control.postMessage(message)

/** Errors of our own keep their class; a user's becomes the cause of a TaskError. */
function rankError(rank: number, error: unknown): unknown {
  if (error instanceof NdloomError) return error
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new TaskError(`ranks: rank ${rank} failed: ${text}`, 'ranks', [rank], error)
}

/** Timers, files and sockets of this thread, by kind: what may wake a rank besides a message. */
function activeResources(): Map<string, number> {
  const counts = new Map<string, number>()
  // Ports are those of the pool and of the ranks, and come and go with what is printed.
  const kinds = process.getActiveResourcesInfo().filter((kind) => kind !== 'MessagePort')
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}
const isSleeping = (before: ReadonlyMap<string, number>): boolean =>
  [...activeResources()].every(([kind, count]) => count <= (before.get(kind) ?? 0))

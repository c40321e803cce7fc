import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { AbortError, NdloomError } from '../../core/errors.ts'
import { decodeError } from '../../worker/errors.ts'
import type { SentFunction } from '../../worker/functions.ts'
import { counterBytes, countersOver, type Layout } from '../../worker/ranks/layout.ts'
import type { ControlMessage, HostMessage, HostStart, Report } from '../../worker/ranks/run.ts'
import { watchForDeadlock } from './watch.ts'

/** The run was ended from outside, for this reason. */
export const aborted = (reason: unknown): AbortError => new AbortError('ranks: the run was aborted', reason)

/** A host to start; the ports move to it. */
export interface HostCall {
  readonly start: HostStart
  readonly moved: readonly MessagePort[]
}
/** The hosts of a run, all at work at the same time. */
export interface Hosts {
  /** Settles when all have ended. */
  readonly ended: Promise<void>
  /** The run is over: hosts that do not end in some time are ended. */
  stop(reason: unknown): void
}
/** `fail` is called when a host cannot go on. */
export type StartHosts = (calls: readonly HostCall[], fail: (error: unknown) => void) => Hosts

export interface GangRequest {
  readonly layout: Layout
  readonly fn: SentFunction
  readonly args: unknown
  readonly signal?: AbortSignal
}

/** Runs the ranks on their hosts: the values that the ranks return, by rank. Fails with the first error of a rank or a host. */
export async function runGang({ layout, fn, args, signal }: GangRequest, startHosts: StartHosts): Promise<unknown[]> {
  const buffer = new SharedArrayBuffer(counterBytes(layout.hosts))
  const counters = countersOver(buffer, layout.hosts)
  const controls: MessagePort[] = []
  const results: unknown[] = new Array(layout.size)
  let left = layout.size
  let failure: { readonly error: unknown } | undefined
  let hosts: Hosts | undefined

  const tell = (message: ControlMessage): void => {
    for (const control of controls) control.postMessage(message)
  }
  const end = (error?: unknown): void => {
    if (error !== undefined) {
      if (failure || left === 0) return
      failure = { error }
      hosts?.stop(error)
    }
    watch.stop()
    Atomics.store(counters.ended, 0, 1)
    tell('end')
  }
  const watch = watchForDeadlock(
    counters,
    () => tell('report'),
    (reports) => end(deadlock(layout, reports)),
  )
  const receive = (message: HostMessage): void => {
    if (message.type === 'failed') end(decodeError(message.error))
    else if (message.type === 'report') watch.answer(message)
    else {
      results[message.rank] = message.value
      if (--left === 0) end()
    }
  }
  const onAbort = (): void => end(aborted(signal?.reason))
  signal?.addEventListener('abort', onAbort, { once: true })
  const mesh = createMesh(layout.hosts)
  const calls = mesh.map((ports, host): HostCall => {
    const { port1, port2: control } = new MessageChannel()
    controls.push(port1.on('message', receive))
    const start = { layout, host, fn, args, ports, control, counters: buffer }
    return { start, moved: [control, ...ports.filter((port) => port !== undefined)] }
  })
  hosts = startHosts(calls, end)
  await hosts.ended
  signal?.removeEventListener('abort', onAbort)
  watch.stop()
  for (const control of controls) control.close()
  if (failure) throw (failure as { error: unknown }).error
  return results
}

/** Of each host, the ports to the others. */
function createMesh(hosts: number): (MessagePort | undefined)[][] {
  const ports = Array.from({ length: hosts }, () => new Array<MessagePort | undefined>(hosts).fill(undefined))
  for (let a = 0; a < hosts; a++)
    for (let b = a + 1; b < hosts; b++) {
      const { port1, port2 } = new MessageChannel()
      ports[a][b] = port1
      ports[b][a] = port2
    }
  return ports
}

function deadlock({ size }: Layout, reports: readonly Report[]): NdloomError {
  const whats = new Map(reports.flatMap(({ waits }) => (waits ?? []).map(({ rank, what }) => [rank, what])))
  const lines = Array.from({ length: size }, (_, rank) => {
    const what = whats.get(rank)
    return what === undefined ? `rank ${rank} has ended` : `rank ${rank} waits ${what}`
  })
  const shown = lines.length > 16 ? [...lines.slice(0, 16), `and so on for ${lines.length} ranks`] : lines
  return new NdloomError(
    `ranks: deadlock: every rank that has not ended waits for another and no message is on its way: ${shown.join('; ')}. Give each recv a send to that rank with that tag, and let all ranks make the same collective calls in the same order`,
  )
}

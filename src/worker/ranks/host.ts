import { AbortError, internal } from '../../core/errors.ts'
import { pack, sending } from './copy.ts'
import { type Counters, hostOf, type Layout, ranksOf } from './layout.ts'
import type { Link } from './link.ts'
import { any, createMailbox, type Mailbox, type Message, type Wanted } from './mailbox.ts'

/** A thread that runs some of the ranks: their mailboxes, and the way between them and the ranks elsewhere. */
export interface Host {
  readonly layout: Layout
  readonly host: number
  /** Its ranks. */
  readonly ranks: readonly number[]
  readonly link: Link
  /** Sends a copy of the value, or the value itself when it lies in buffers that are to be moved. */
  send(message: Message, operation: string, moved?: ArrayBuffer[]): void
  /** The next message for the rank that fits. */
  receive(rank: number, wanted: Wanted): Message | Promise<Message>
  /** The rank waits until the promise has settled; `describe` tells for what. */
  blocked<T>(rank: number, describe: () => string, waiting: Promise<T>): Promise<T>
  /** Takes a message from another host. */
  deliver(message: Message): void
  /** The rank has nothing more to do. */
  leave(rank: number): void
  /** The run has been ended: all calls that wait fail, and all that come. */
  end(): void
  /** Called with the error that calls fail with when the run has been ended. */
  onEnd(listener: (error: AbortError) => void): void
  /** What each of its ranks that has not ended waits for; undefined when one of them waits for nothing of the ranks'. */
  waits(): readonly RankWait[] | undefined
}
export interface RankWait {
  readonly rank: number
  readonly what: string
}

export function createHost(layout: Layout, host: number, counters: Counters, connect: (host: Host) => Link): Host {
  const ranks = ranksOf(layout, host)
  const mailboxes = new Map<number, Mailbox>(ranks.map((rank) => [rank, createMailbox()]))
  const listeners: ((error: AbortError) => void)[] = []
  const waiting = createWaiting(ranks)
  let ended: AbortError | undefined
  let willSpin = false

  const mailboxOf = (rank: number): Mailbox => mailboxes.get(rank) ?? internal(`rank ${rank} is not on host ${host}`)
  const act = (): void => void Atomics.add(counters.activity, host, 1)
  function check(): void {
    if (Atomics.load(counters.ended, 0) === 1) self.end()
    if (ended) throw ended
    act()
  }
  /** After whatever the rank does besides: looks for messages for a moment when there is nothing else to do. */
  function spinSoon(): void {
    if (willSpin || !link.hasOthers) return
    willSpin = true
    queueMicrotask(() => {
      willSpin = false
      link.spin(waiting.isAll)
    })
  }
  const self: Host = {
    layout,
    host,
    ranks,
    get link() {
      return link
    },
    send(message, operation, given) {
      check()
      const { value, moved } = given ? { value: message.value, moved: given } : pack(message.value)
      const to = hostOf(layout, message.dest)
      sending(operation, () => {
        if (to !== host) link.post(to, { ...message, value }, moved)
        else self.deliver({ ...message, value: structuredClone(value, { transfer: moved }) })
      })
    },
    receive(rank, wanted) {
      check()
      const mailbox = mailboxOf(rank)
      // Always: a rank beside this one could else keep those elsewhere from ever being heard.
      link.poll()
      return mailbox.take(wanted) ?? self.blocked(rank, () => describeWait(wanted), mailbox.wait(wanted))
    },
    blocked(rank, describe, promise) {
      spinSoon()
      return waiting.during(rank, describe, promise)
    },
    deliver(message) {
      act()
      mailboxOf(message.dest).deliver(message)
    },
    leave(rank) {
      act()
      waiting.leave(rank)
    },
    end() {
      ended ??= new AbortError('ranks: the run has been ended by an error or its signal')
      for (const mailbox of mailboxes.values()) mailbox.end(ended)
      for (const listener of listeners) listener(ended)
    },
    onEnd: (listener) => void listeners.push(listener),
    waits: () => (link.poll() || !waiting.isAll() ? undefined : waiting.list()),
  }
  const link = connect(self)
  return self
}

interface Waiting {
  during<T>(rank: number, describe: () => string, promise: Promise<T>): Promise<T>
  leave(rank: number): void
  /** Whether every rank that has not left waits. */
  isAll(): boolean
  list(): RankWait[]
}

/** Which of the ranks wait, and for what; a rank may wait for several things at once. */
function createWaiting(ranks: readonly number[]): Waiting {
  const waits = new Map<number, Set<() => string>>(ranks.map((rank) => [rank, new Set()]))
  return {
    async during(rank, describe, promise) {
      const descriptions = waits.get(rank)!
      descriptions.add(describe)
      try {
        return await promise
      } finally {
        descriptions.delete(describe)
      }
    },
    leave: (rank) => void waits.delete(rank),
    isAll() {
      for (const descriptions of waits.values()) if (descriptions.size === 0) return false
      return true
    },
    list: () =>
      [...waits].map(([rank, descriptions]) => ({
        rank,
        what: [...descriptions].map((describe) => describe()).join(' and '),
      })),
  }
}

function describeWait({ source, tag, call, name }: Wanted): string {
  const from = source === any ? 'any rank' : `rank ${source}`
  if (call > 0) return `in ${name} (collective call ${call}) for ${from}`
  return `in recv for a message from ${from}${tag === any ? '' : ` with tag ${tag}`}`
}

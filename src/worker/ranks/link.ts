import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { Counters } from './layout.ts'
import type { Message } from './mailbox.ts'

/** How a host reaches the others. */
export interface Link {
  /** Throws what structured clone throws. */
  post(host: number, message: Message, moved: readonly ArrayBuffer[]): void
  /** Delivers what has arrived; whether there was something. */
  poll(): boolean
  /** Looks for a moment for what arrives, while `isWanted`, before the thread sleeps: to be woken up takes longer. */
  spin(isWanted: () => boolean): void
  /** How many messages have been delivered. */
  readonly received: number
  readonly hasOthers: boolean
  close(): void
}

/**
 * So long a host looks for messages before it sleeps: twice what it takes to wake up the one that is to answer. (To block on the counter
 * instead wakes a host sooner, but on the processor of the one that woke it: two ranks that compute in turn then share one.)
 */
const spinMilliseconds = 0.12
/** A host that always finds a message in time lets its timers and files have a turn after so long. */
const turnMilliseconds = 10

/**
 * A link over message ports, one to each other host. After each message its sender counts up in shared memory: a host that looks there
 * finds a message a few microseconds after it was sent, without its event loop.
 */
export function createPortLink(
  host: number,
  ports: readonly (MessagePort | undefined)[],
  { sent }: Counters,
  deliver: (message: Message) => void,
): Link {
  const hosts = ports.length
  const received = new Int32Array(hosts)
  let total = 0
  let turnAt = performance.now()

  function poll(): boolean {
    let found = false
    for (let from = 0; from < hosts; from++)
      while (Atomics.load(sent, host * hosts + from) !== received[from]) {
        const got = receiveMessageOnPort(ports[from]!)
        if (!got) break
        take(from, got.message)
        found = true
      }
    return found
  }
  function take(from: number, message: Message): void {
    received[from]++
    total++
    deliver(message)
  }
  ports.forEach((port, from) => {
    port?.on('message', (message: Message) => {
      turnAt = performance.now()
      take(from, message)
    })
  })
  return {
    hasOthers: hosts > 1,
    post(to, message, moved) {
      ports[to]!.postMessage(message, moved)
      Atomics.add(sent, to * hosts + host, 1)
    },
    poll,
    spin(isWanted) {
      let now = performance.now()
      const end = now + spinMilliseconds
      const look = (): void => {
        if (!isWanted()) return
        if (now - turnAt > turnMilliseconds)
          setImmediate(() => {
            turnAt = now = performance.now()
            look()
          })
        else for (; now < end; now = performance.now()) if (poll()) return
      }
      look()
    },
    get received() {
      return total
    },
    close() {
      for (const port of ports) port?.close()
    },
  }
}

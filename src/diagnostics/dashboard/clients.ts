import type { ServerResponse } from 'node:http'
import { securityHeaders } from './guard.ts'
import type { Model } from './model.ts'
import type { Update } from './views.ts'

const tickMilliseconds = 100
/** Proxies and browsers end streams that are silent for long. */
const heartbeatMilliseconds = 15_000
const mostClients = 32
/** A page that has so much unread is dropped: it comes back by itself and then gets all there is. */
const mostUnreadBytes = 2 ** 20

/** What is used of a response, to which events are written as long as the page is open. */
export type Stream = Pick<ServerResponse, 'writeHead' | 'write' | 'end' | 'on' | 'destroy' | 'writableLength'>

/** The pages that are open. */
export interface Clients {
  /** False when there are too many. */
  add(response: Stream): boolean
  close(): void
}
export function createClients(model: Model): Clients {
  const open = new Set<Stream>()
  const write = (response: Stream, text: string): void => {
    if (response.writableLength > mostUnreadBytes) response.destroy()
    else response.write(text)
  }
  const writeAll = (text: string): void => {
    for (const response of open) write(response, text)
  }
  const tell = (): void => {
    const update = model.take()
    if (update && open.size > 0) writeAll(message('update', update))
  }
  const tick = setInterval(tell, tickMilliseconds).unref()
  const heartbeat = setInterval(() => writeAll(': still here\n\n'), heartbeatMilliseconds).unref()
  return {
    add(response) {
      if (open.size >= mostClients) return false
      open.add(response)
      response.on('close', () => open.delete(response))
      response.writeHead(200, { ...securityHeaders, 'Content-Type': 'text/event-stream' })
      write(response, message('all', model.all()))
      return true
    },
    close() {
      clearInterval(tick)
      clearInterval(heartbeat)
      tell()
      for (const response of open) response.end(message('end', undefined))
    },
  }
}

const message = (event: string, data: Update | undefined): string =>
  `event: ${event}\ndata: ${JSON.stringify(data ?? null)}\n\n`

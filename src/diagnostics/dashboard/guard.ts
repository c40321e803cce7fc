import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Why a request is refused. */
export interface Refusal {
  readonly status: 403 | 404 | 405
  readonly text: string
}

/** What is asked for below the token, as 'events', or why it is refused. */
export function admitRequest({ method, url, headers }: IncomingMessage, port: number, token: string): string | Refusal {
  // A foreign name that resolves to this machine (DNS rebinding) shows in Host, another site's page in Origin.
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
  if (!hosts.includes(headers.host ?? '')) return { status: 403, text: 'this host is not served' }
  if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`)
    return { status: 403, text: 'other sites may not read this page' }
  if (method !== 'GET') return { status: 405, text: 'this page can only be read' }
  const [, given, ...path] = (url ?? '').split('?')[0].split('/')
  if (!isEqual(given ?? '', token)) return { status: 403, text: 'open the whole address, with its token' }
  return path.length === 1 ? path[0] : { status: 404, text: 'there is no such page' }
}

/** Takes as long for a token that is nearly right as for one that is wholly wrong. */
function isEqual(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Nothing from elsewhere is loaded, embedded or told where the page was. */
export const securityHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const

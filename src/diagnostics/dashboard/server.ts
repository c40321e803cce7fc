import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { internal, NdloomError } from '../../core/errors.ts'
import { ownFile } from '../../core/own-file.ts'
import { observe } from '../../scheduler/observe.ts'
import { type Clients, createClients } from './clients.ts'
import { admitRequest, securityHeaders } from './guard.ts'
import { createModel } from './model.ts'

/** A server that runs. */
export interface Served {
  readonly url: string
  close(): Promise<void>
}

/** Serves the page at the port of 127.0.0.1 (0: a free one) and observes from now on. Errors: NdloomError when the port is in use. */
export async function serveDashboard(port: number): Promise<Served> {
  const token = randomBytes(24).toString('base64url')
  const script = await readFile(scriptUrl()).catch(() =>
    internal('the page of the dashboard is not built: npm run build'),
  )
  const model = createModel()
  const clients = createClients(model)
  const server = createServer((request, response) => {
    const { port: own } = server.address() as AddressInfo
    answer(request, response, own, token, script, clients)
  })
  await listen(server, port)
  const stop = observe(model.note)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}/`,
    async close() {
      stop()
      clients.close()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** The page's script is built from page/main.ts to one file; from the sources it is served as it was last built. */
const scriptUrl = (): URL =>
  new URL(ownFile('diagnostics/dashboard/page').href.replace(/\/src\/(.*)\.ts$/, '/dist/$1.js'))

async function listen(server: Server, port: number): Promise<void> {
  server.on('connection', (socket) => socket.unref())
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === 'EADDRINUSE'
      const cure = isTaken ? `port ${port} is in use; give another, or none for a free one` : cause.message
      reject(new NdloomError(`dashboard: ${cure}`, { cause }))
    })
    server.listen(port, '127.0.0.1', resolve)
  })
  server.unref()
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  port: number,
  token: string,
  script: Buffer,
  clients: Clients,
): void {
  const send = (status: number, type: string, body: string | Buffer, headers = {}): void => {
    response.writeHead(status, { ...securityHeaders, 'Content-Type': `${type}; charset=utf-8`, ...headers }).end(body)
  }
  const wanted = admitRequest(request, port, token)
  if (typeof wanted !== 'string')
    send(wanted.status, 'text/plain', wanted.text, wanted.status === 405 ? { Allow: 'GET' } : {})
  else if (wanted === '') send(200, 'text/html', page)
  else if (wanted === 'page.js') send(200, 'text/javascript', script)
  else if (wanted !== 'events') send(404, 'text/plain', 'there is no such page')
  else if (!clients.add(response)) send(503, 'text/plain', 'too many pages are open')
}

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>ndloom</title>
<body><noscript>This page needs JavaScript.</noscript><script type="module" src="page.js"></script></body>
</html>
`

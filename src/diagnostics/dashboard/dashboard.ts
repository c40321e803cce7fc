import { formatGiven, NdloomError } from '../../core/errors.ts'
import { checkOptions } from '../../core/options.ts'

export interface DashboardOptions {
  /** The port of 127.0.0.1 to serve at; a free one unless given. */
  readonly port?: number
}
export interface Dashboard {
  /** The page's address, with the token without which nothing is served. */
  readonly url: string
  /** Ends the server and the observing. */
  close(): Promise<void>
}

/**
 * Serves a page that shows what runs in this process: the stages of each computation with their progress, the task stream, memory against
 * the limit, workers, throughput, errors. Only this machine can reach it, only with the token in the address, and only to look. It never
 * keeps the process from ending.
 *
 * @throws NdloomError for a port that is none, or in use.
 * @example
 * const dashboard = await nd.dashboard()
 * const address = dashboard.url // open it in a browser
 * await nd.ones([400, 400], { chunks: 100 }).sum().compute()
 * await dashboard.close()
 */
export async function dashboard(options: DashboardOptions = {}): Promise<Dashboard> {
  const { port = 0 } = checkOptions<DashboardOptions>(options, ['port'], 'dashboard')
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new NdloomError(`dashboard: got port ${formatGiven(port)}, want an integer from 0 to 65535`)
  return (await import('./server.ts')).serveDashboard(port)
}

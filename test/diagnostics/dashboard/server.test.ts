import { execFile } from 'node:child_process'
import { type IncomingHttpHeaders, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Update } from '../../../src/diagnostics/dashboard/views.ts'
import * as nd from '../../../src/index.ts'
import { isObserved } from '../../../src/scheduler/observe.ts'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}
let dashboard: nd.Dashboard
let base: URL
beforeAll(async () => {
  dashboard = await nd.dashboard()
  base = new URL(dashboard.url)
})
afterAll(async () => {
  await dashboard.close()
  await nd.shutdown()
})
const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: base.port, path, method, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
    })
    asked.on('error', reject).end()
  })

/** Reads server-sent events until `isEnough`. */
async function listen(isEnough: (events: readonly { event: string; data: Update | null }[]) => boolean) {
  const events: { event: string; data: Update | null }[] = []
  const stop = new AbortController()
  const response = await fetch(new URL('events', base), { signal: stop.signal })
  let text = ''
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    text += part
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(text.slice(0, end)) ?? []
      if (event) events.push({ event, data: JSON.parse(data) })
      text = text.slice(end + 2)
    }
    if (isEnough(events)) break
  }
  stop.abort()
  return events
}

describe('page', () => {
  it('is served with its script at an address of this machine with a token', async () => {
    expect(dashboard.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/)
    const page = await ask(base.pathname)
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } })
    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'self'; connect-src 'self';/,
    )
    expect(page.headers['content-security-policy']).not.toContain('unsafe')
    expect(page.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
    const script = await ask(`${base.pathname}page.js`)
    expect(script).toMatchObject({ status: 200, headers: { 'content-type': 'text/javascript; charset=utf-8' } })
    expect(script.body.match(/https?:\/\/(?!www\.w3\.org)[^'"`]*/g) ?? []).toEqual([])
  })
  it('has another token each time', async () => {
    const other = await nd.dashboard()
    expect(new URL(other.url).pathname).not.toBe(base.pathname)
    await other.close()
  })
})

describe('refusals', () => {
  it.each([
    ['no token', '/', 403],
    ['a wrong token', `/${'x'.repeat(32)}/`, 403],
    ['a token that is too short', () => base.pathname.slice(0, -2), 403],
    ['the events with a wrong token', `/${'x'.repeat(32)}/events`, 403],
    ['another page', () => `${base.pathname}other`, 404],
    ['a page below', () => `${base.pathname}a/b`, 404],
    ['a path out of the folder', () => `${base.pathname}../../etc/passwd`, 404],
  ])('%s', async (_, path, status) => {
    const answer = await ask(typeof path === 'string' ? path : path())
    expect(answer.status).toBe(status)
    expect(answer.body).not.toContain(base.pathname.slice(1, -1))
  })
  it('another host, as in DNS rebinding', async () => {
    for (const host of ['example.org', `example.org:${base.port}`, '127.0.0.1', '127.0.0.1:1'])
      expect((await ask(base.pathname, { host })).status).toBe(403)
    expect((await ask(base.pathname, { host: `localhost:${base.port}` })).status).toBe(200)
  })
  it('another origin', async () => {
    for (const origin of ['http://example.org', 'null', `https://127.0.0.1:${base.port}`, 'http://127.0.0.1:1'])
      expect((await ask(`${base.pathname}events`, { origin })).status).toBe(403)
    expect((await ask(base.pathname, { origin: base.origin })).status).toBe(200)
  })
  it('anything but GET', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
      const answer = await ask(base.pathname, {}, method)
      expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET' } })
    }
  })
  it('bad options, and a port that is taken', async () => {
    await expect(nd.dashboard({ port: 70_000 })).rejects.toThrow(
      'dashboard: got port 70000, want an integer from 0 to 65535',
    )
    await expect(nd.dashboard({ host: '0.0.0.0' } as never)).rejects.toThrow('there is no option host')
    await expect(nd.dashboard({ port: Number(base.port) })).rejects.toThrow(`dashboard: port ${base.port} is in use`)
  })
})

describe('events', () => {
  it('tell of a computation until its end, to one who listens from the start and to one who comes late', async () => {
    const isDone = (events: readonly { data: Update | null }[]) =>
      events.some(({ data }) => data?.jobs.some(({ state }) => state === 'done'))
    const listening = listen(isDone)
    const x = nd.random.random([100, 100], { chunks: 10 })
    await x.add(x.T).sum().compute()
    const early = await listening
    const late = await listen((events) => events.length > 0)
    const job = early.flatMap(({ data }) => data?.jobs ?? []).findLast(({ state }) => state === 'done')!
    expect(early[0].event).toBe('all')
    expect(job.finished).toBe(job.tasks)
    expect(job.stages.every(({ finished, tasks }) => finished === tasks)).toBe(true)
    expect(late[0].data!.jobs).toContainEqual(job)
    expect(late[0].data!.cells.length).toBeGreaterThan(0)
    expect(late[0].data!.memory.length).toBeGreaterThan(0)
  })
  it('of 100,000 tasks are few and small', async () => {
    const isLast = (events: readonly { data: Update | null }[]) =>
      events.some(({ data }) => data?.jobs.some(({ state, tasks }) => state === 'done' && tasks > 100_000))
    const listening = listen(isLast)
    const start = performance.now()
    await nd.ones([400_000], { chunks: 4 }).add(1).sum().compute()
    const events = await listening
    const ticks = (performance.now() - start) / 100
    expect(events.length).toBeLessThan(ticks + 5)
    expect(Math.max(...events.slice(1).map((event) => JSON.stringify(event).length))).toBeLessThan(20_000)
  })
  it('are sent to many, but not to too many', async () => {
    const open = Array.from({ length: 40 }, () => new AbortController())
    const answers = await Promise.all(open.map(({ signal }) => fetch(new URL('events', base), { signal })))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(32)
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(8)
    for (const controller of open) controller.abort()
  })
  it('end when the dashboard is closed, and nothing observes any more', async () => {
    const observedBefore = isObserved()
    const other = await nd.dashboard()
    const response = await fetch(new URL('events', other.url))
    await other.close()
    expect(await response.text()).toContain('event: end')
    await expect(fetch(other.url)).rejects.toThrow()
    expect(isObserved()).toBe(observedBefore)
  })
})

it('does not keep the process from ending', async () => {
  const index = fileURLToPath(new URL('../../../src/index.ts', import.meta.url))
  const script = `import * as nd from ${JSON.stringify(index)}; await nd.dashboard(); await nd.ones([4]).sum().compute(); console.log('end')`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 60_000,
  })
  expect(stdout).toBe('end\n')
})

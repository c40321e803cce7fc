import { afterAll, describe, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'

afterAll(() => nd.shutdown())

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
const square = (x: number): number => x * x
const rejection = (promise: PromiseLike<unknown>): Promise<nd.NdloomError & { cause?: Error }> =>
  Promise.resolve(promise).then(
    () => expect.unreachable('it did not reject'),
    (error) => error,
  )
const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

describe.each([2, 0])('%i workers', (workers) => {
  const client = nd.client({ workers })
  afterAll(() => client.close())

  test('submit, map and gather', async () => {
    const squares = client.map(square, range(300))
    const total = client.submit((a: number, b: number) => a + b, squares[3], squares[4])
    const sum = client.submit((list: number[]) => list.reduce((s, x) => s + x), squares as never)
    const nested = await client.gather([squares.slice(0, 3), [[total]], 'as it is', sum])
    expect(nested).toEqual([
      [0, 1, 4],
      [[25]],
      'as it is',
      range(300)
        .map(square)
        .reduce((s, x) => s + x),
    ])
    expect(total.status).toBe('finished')
    expect(await client.submit((a: number, b: number) => a * b, total, 2)).toBe(50)
  })
  test('long chains and wide fans of futures', async () => {
    let last = client.submit((x: number) => x, 0)
    for (let k = 0; k < 2000; k++) last = client.submit((x: number) => x + 1, last)
    expect(await last).toBe(2000)
    const source = client.submit(() => [1, 2, 3])
    const readers = range(50).map((k) => client.submit((list: number[], i: number) => list[i % 3] + i, source, k))
    expect(await client.gather(readers)).toEqual(range(50).map((k) => [1, 2, 3][k % 3] + k))
  })
  test('lists that contain themselves', async () => {
    const ring: unknown[] = [1]
    ring.push(ring)
    expect(await client.submit((list: unknown[]) => list[1] === list, ring)).toBe(true)
  })
  test('failures go to those that read, nobody else', async () => {
    const bad = client.submit((x: number): number => {
      throw new RangeError(`no ${x}`)
    }, 3)
    const reader = client.submit(square, bad)
    const late = (await bad.exception()) && client.submit(square, reader)
    for (const future of [bad, reader, late]) {
      const error = await rejection(future as nd.Future)
      expect(error).toBeInstanceOf(nd.TaskError)
      expect(error.cause).toMatchObject({ name: 'RangeError', message: 'no 3' })
    }
    expect(reader.status).toBe('failed')
    expect(await client.submit(square, 4)).toBe(16)
    expect(await client.submit(square, 5).exception()).toBeUndefined()
  })
  test('retries', async () => {
    const flaky = (key: string) => {
      const tries = globalThis as unknown as { [key: string]: number }
      tries[key] = (tries[key] ?? 0) + 1
      if (tries[key] < 3) throw new Error(`try ${tries[key]}`)
      return tries[key]
    }
    expect(await client.submit(flaky, `enough ${workers}`, { retries: 2 })).toBe(3)
    expect((await rejection(client.submit(flaky, `few ${workers}`, { retries: 1 }))).cause).toMatchObject({
      message: 'try 2',
    })
  })
  test('cancel', async () => {
    const slow = client.map(() => new Promise((resolve) => setTimeout(resolve, 20)), range(100))
    const reader = client.submit((x: unknown) => x, slow[99])
    await wait(30)
    client.cancel(slow.slice(1), 'enough')
    for (const future of [slow[50], slow[99], reader]) {
      expect(await rejection(future)).toBeInstanceOf(nd.AbortError)
      expect(future.status).toBe('cancelled')
    }
    expect(await rejection(slow[99])).toMatchObject({ cause: 'enough' })
    await slow[0]
    expect(await client.submit(square, 3)).toBe(9)
  })
  test('progress and signals', async () => {
    const told: number[] = []
    const controller = new AbortController()
    const { signal } = controller
    await client.gather(client.map(square, range(20), { signal, progress: (done) => void told.push(done) }))
    expect(told).toEqual(range(21).slice(1))
    const wait20 = () => new Promise((resolve) => setTimeout(resolve, 20))
    const futures = [...client.map(wait20, range(50), { signal }), client.submit(wait20, { signal })]
    setTimeout(() => controller.abort('enough'), 30)
    expect(await rejection(Promise.all(futures))).toMatchObject({ name: 'AbortError', cause: 'enough' })
    expect(futures.every((future) => future.done)).toBe(true)
    expect(await rejection(client.submit(wait20, { signal }))).toBeInstanceOf(nd.AbortError)
  })
  test('asCompleted gives each once, as they end', async () => {
    const delays = [40, 1, 20]
    const futures = client.map(async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, x))
      if (x === 20) throw new Error('twenty')
      return x
    }, delays)
    const seen: string[] = []
    const completed = client.asCompleted(futures)
    for (let next = await completed.next(); !next.done; next = await completed.next()) seen.push(next.value.status)
    expect(seen.sort()).toEqual(['failed', 'finished', 'finished'])
    const values: unknown[] = []
    for await (const future of client.asCompleted([futures[0], futures[1]])) values.push(await future)
    expect(values).toEqual([40, 1])
  })
  test('scatter shares the bytes', async () => {
    const data = { grid: new Float64Array(1000).fill(2), name: 'grid' }
    const future = client.scatter(data)
    const read = (given: { grid: Float64Array; name: string }) => [
      given.grid.buffer instanceof SharedArrayBuffer,
      given.grid[999],
      given.name,
    ]
    expect(await client.gather(range(5).map(() => client.submit(read, future)))).toEqual(
      range(5).map(() => [true, 2, 'grid']),
    )
    expect(await client.gather(client.map(square, client.scatter([1, 2, 3])))).toEqual([1, 4, 9])
  })
  test('run, on every worker', async () => {
    const where = function (this: nd.TaskContext, text: string) {
      return `${text} ${this.worker}`
    }
    expect(client.workers().map(({ worker }) => worker)).toEqual(workers === 0 ? [-1] : range(workers))
    expect(await client.run(where, 'worker')).toEqual(workers === 0 ? ['worker -1'] : ['worker 0', 'worker 1'])
  })
  test('priorities', async () => {
    const two = nd.client({ workers: 2 })
    const hung = two.submit(() => new Promise(() => {}))
    const last = two.submit(() => new Promise((resolve) => setTimeout(() => resolve(1), 200)))
    await wait(100)
    hung.cancel()
    expect((await rejection(hung)).message).toBe('submit: the task was cancelled')
    expect(await last).toBe(1)
    expect(await two.run(square, 4)).toEqual([16, 16])
  }, 10_000)
  test('a function that never ends can be cancelled; close cancels all', async () => {
    const own = nd.client({ workers: 1 })
    const endless = own.submit(() => {
      for (;;);
    })
    await wait(50)
    endless.cancel()
    expect(await rejection(endless)).toBeInstanceOf(nd.AbortError)
    expect(await own.submit(square, 6)).toBe(36)
    const left = own.map(() => new Promise(() => {}), range(3)).map(rejection)
    await own.close()
    for (const one of left) expect(await one).toBeInstanceOf(nd.AbortError)
    expect(() => own.submit(square, 1)).toThrow(/^submit: the client is closed/)
  })
})

import { afterAll, describe, expect, test } from 'vitest'
import { mostWorkers } from '../../src/core/config.ts'
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
    const numbers = client.workers().map(({ worker }) => worker)
    expect(numbers).toEqual(workers === 0 ? [-1] : range(Math.min(workers, mostWorkers())))
    expect(await client.run(where, 'worker')).toEqual(numbers.map((worker) => `worker ${worker}`))
  })
  test('priorities', async () => {
    const one = nd.client({ workers: Math.min(workers, 1) })
    const order: string[] = []
    const busy = one.submit(() => new Promise((resolve) => setTimeout(resolve, 30)))
    await wait(10)
    for (const [name, priority] of [
      ['low', -1],
      ['normal', 0],
      ['high', 3],
    ] as const)
      for (const future of range(3).map(() => one.submit((text: string) => text, name, { priority })))
        future.onEnd(() => order.push(name))
    await busy
    while (order.length < 9) await wait(1)
    // The main thread takes a batch of each job in turn; a worker has nothing else before those of a higher priority are sent.
    if (workers === 0) expect([order[0], order.at(-1)]).toEqual(['high', 'low'])
    else expect(order).toEqual(['high', 'normal', 'low'].flatMap((name) => [name, name, name]))
  })
  test('what cannot be', async () => {
    expect(() => client.submit(3 as never)).toThrow(/^submit: got 3 as the function/)
    expect(() => client.map(square, range(2), { workers: [7] })).toThrow(
      /^map: got workers \[7\], want numbers from (0 to [01]|-1 to -1)/,
    )
    expect(() => client.map(square, range(2), { retries: -1 })).toThrow(/^map: got retries -1/)
    expect(() => client.map(square, range(2), { signal: 3 } as never)).toThrow(/^map: got signal 3/)
    expect(() => client.map(square, range(2), { progress: 'yes' } as never)).toThrow(/^map: got progress 'yes'/)
    expect(() => client.map(square, 5 as never)).toThrow(/^map: got 5 as items/)
    expect(() => client.submit(square, 2, { priority: 'high' } as never)).toThrow(/^submit: got priority 'high'/)
  })
})

describe('with two workers', () => {
  const client = nd.client({ workers: 2 })

  test('map pinned to workers', async () => {
    const where = function (this: nd.TaskContext, _: number) {
      return this.worker
    }
    const last = client.workers().length - 1
    expect(await client.gather(client.map(where, range(4), { workers: [last, 0] }))).toEqual([last, 0, last, 0])
    expect(await client.gather(client.map(where, range(4), { workers: last }))).toEqual([last, last, last, last])
  })
  test('a task that ends its worker costs itself and its readers', async () => {
    const futures = client.map((x: number) => (x === 11 ? process.exit(2) : x), range(30))
    const reader = client.submit(square, futures[11])
    const others = futures.filter((_, x) => x !== 11)
    expect(await client.gather(others)).toEqual(range(30).filter((x) => x !== 11))
    for (const future of [futures[11], reader]) expect(await rejection(future)).toBeInstanceOf(nd.WorkerLostError)
  })
  test('results and arguments have bytes of their own', async () => {
    const made = client.submit(() => new Float64Array(20000).fill(1))
    const changed = client.submit((x: Float64Array) => x.fill(7), made)
    const [first, second] = await client.gather([made, changed])
    expect([first[0], second[0], first.length, second.length]).toEqual([1, 7, 20000, 20000])
    const mine = new Float64Array(20000)
    await client.gather(range(4).map(() => client.submit((x: Float64Array) => x, mine)))
    expect(mine.length).toBe(20000)
  })
  test('what a function keeps it may give again', async () => {
    const keep = () => {
      const own = globalThis as { kept?: Float64Array }
      own.kept ??= new Float64Array(20000).fill(3)
      return own.kept
    }
    for (const array of await client.gather(range(6).map(() => client.submit(keep)))) expect(array[19999]).toBe(3)
  })
  test('futures in plain objects; what is not computed is refused', async () => {
    const two = client.submit(square, 2)
    const read = (value: { a: number; b: number[] }) => value.a + value.b[0]
    expect(await client.submit(read, { a: two, b: [two, 1] } as never)).toBe(8)
    const lazy = [nd.ones([2]), { x: [nd.delayed(square)(2)] }]
    for (const value of lazy) {
      expect(() => client.submit((x: unknown) => x, value)).toThrow(/^submit: got .* not computed; await its compute/)
      const pool = new nd.Pool({ workers: 2 })
      const cure = /^(map|apply): got .* nd.delayed/
      await expect(pool.map((x: unknown) => x, [value])).rejects.toThrow(cure)
      await expect(pool.apply((x: unknown) => x, [value])).rejects.toThrow(cure)
    }
  })
  test('a function that keeps its result on itself, or on a built-in', async () => {
    const one = nd.client({ workers: 1 })
    function memo(n: number): Float64Array {
      const own = memo as { kept?: Float64Array }
      own.kept ??= new Float64Array(n).fill(n)
      return own.kept
    }
    const onMath = (n: number): Float64Array => {
      ;(Math as { kept?: Float64Array }).kept ??= new Float64Array(n).fill(n)
      return (Math as { kept?: Float64Array }).kept as Float64Array
    }
    for (const fn of [memo, onMath])
      for (let k = 0; k < 2; k++) expect(await one.submit(fn, 20_000)).toHaveLength(20_000)
  })
  test('no task sees what another, or a try before it, has changed in an argument', async () => {
    const one = nd.client({ workers: 1 })
    await one.submit(square, 1)
    const source = one.submit(() => ({ list: [0] }))
    await source
    const count = (value: { list: number[] }) => value.list.push(1)
    const twos = range(300).map(() => 2)
    expect(await Promise.all(range(300).map(() => one.submit(count, source as never)))).toEqual(twos)
    const given = { list: [0] }
    expect(await Promise.all(range(300).map(() => one.submit(count, given)))).toEqual(twos)
    const second = (value: { list: number[] }) => {
      const own = globalThis as { tries?: number }
      own.tries = (own.tries ?? 0) + 1
      const length = value.list.push(1)
      if (own.tries < 3) throw new Error('again')
      return length
    }
    expect(await one.submit(second, given, { retries: 3 })).toBe(2)
  })
  test.skipIf(mostWorkers() === 1)(
    'a cancelled one that never ends lets its worker go when others ended after it',
    async () => {
      const two = nd.client({ workers: 2 })
      const hung = two.submit(() => new Promise(() => {}))
      const last = two.submit(() => new Promise((resolve) => setTimeout(() => resolve(1), 200)))
      await wait(100)
      hung.cancel()
      expect((await rejection(hung)).message).toBe('submit: the task was cancelled')
      expect(await last).toBe(1)
      expect(await two.run(square, 4)).toEqual(two.workers().map(() => 16))
    },
    10_000,
  )
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

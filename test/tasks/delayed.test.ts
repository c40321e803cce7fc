import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import type { NdArray } from 'ndarray'
import { afterAll, describe, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'

afterAll(() => nd.shutdown())
const inc = nd.delayed((a: number) => a + 1)
const add = nd.delayed((a: number, b: number) => a + b)
const sum = nd.delayed((items: number[]) => items.reduce((a, b) => a + b, 0), { name: 'sum' })

describe('delayed', () => {
  test.each(['threads', 'local'] as const)('calls of calls build a graph that runs (%s)', async (scheduler) => {
    const total = sum([inc(1), [2, inc(inc(3))].length, add(inc(4), inc(5))])
    expect(await total.compute({ scheduler })).toBe(2 + 2 + 11)
  })
  test('lists and plain objects of delayed values, however nested, come with their values', async () => {
    const same = nd.delayed((value: unknown) => value)
    const value = { a: [inc(1), { b: inc(2) }, 'text'], c: null, d: new Float32Array([1]), e: [[inc(3)]] }
    expect(await same(value).compute()).toEqual({
      a: [2, { b: 3 }, 'text'],
      c: null,
      d: new Float32Array([1]),
      e: [[4]],
    })
    expect(await nd.delayed([inc(1), 5]).compute()).toEqual([2, 5])
    expect(await nd.delayed(7).compute()).toBe(7)
  })
  test('a random graph gives what plain calls give, on both schedulers', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), fc.nat(), fc.boolean()), { minLength: 1, maxLength: 40 }),
        fc.constantFrom('threads' as const, 'local' as const),
        async (steps, scheduler) => {
          const lazy: nd.Delayed<number>[] = [nd.delayed(1)]
          const plain: number[] = [1]
          for (const [i, j, isList] of steps) {
            const [a, b] = [i % lazy.length, j % lazy.length]
            lazy.push(isList ? sum([lazy[a], lazy[b], 1]) : add(lazy[a], lazy[b]))
            plain.push((plain[a] + plain[b] + (isList ? 1 : 0)) % 2 ** 30)
            lazy.push(nd.delayed((x: number) => x % 2 ** 30)(lazy.pop()))
          }
          expect(await nd.compute(...lazy, { scheduler })).toEqual(plain)
        },
      ),
      { numRuns: 30 },
    )
  })
  test('what several need runs once', async () => {
    const file = join(tmpdir(), `ndloom-once-${process.pid}`)
    writeFileSync(file, '')
    const once = nd.delayed((path: string) => {
      const { appendFileSync, readFileSync } = process.getBuiltinModule('node:fs')
      appendFileSync(path, 'x')
      return readFileSync(path, 'utf8').length
    })(file)
    expect(await nd.compute(inc(once), add(once, once), once)).toEqual([2, 2, 1])
  })
  test('a wide list and a long chain', async () => {
    expect(await sum(Array.from({ length: 10_000 }, (_, i) => inc(i))).compute()).toBe((10_000 * 10_001) / 2)
    let chain: nd.Delayed<number> = nd.delayed(0)
    for (let i = 0; i < 20_000; i++) chain = inc(chain)
    expect(await chain.compute()).toBe(20_000)
  })
  test('errors name the task; an outside variable is named with the cure', async () => {
    const outside = 3
    const failing = nd.delayed(function divide(a: number) {
      if (a === 0) throw new RangeError('by nothing')
      return 1 / a
    })
    await expect(inc(failing(0)).compute()).rejects.toMatchObject({
      name: 'TaskError',
      stage: 'divide',
      cause: expect.objectContaining({ name: 'RangeError', message: 'by nothing' }),
    })
    await expect(
      nd
        .delayed((a: number) => a + outside)(1)
        .compute(),
    ).rejects.toThrow(/outside is not defined.*sees no variables/)
    expect(() => nd.delayed(Math.max)).toThrow(/native or bound/)
    await expect(inc(1).compute({ wokers: 2 } as never)).rejects.toThrow(/no option wokers/)
    expect(await inc(1).compute()).toBe(2)
  })
  test('a signal ends it', async () => {
    const controller = new AbortController()
    const slow = nd.delayed(() => new Promise((resolve) => setTimeout(resolve, 1500)))
    const running = expect(slow().compute({ signal: controller.signal })).rejects.toThrow(nd.AbortError)
    setTimeout(() => controller.abort(), 50)
    await running
  })
  test('progress and events', async () => {
    const told: [number, number][] = []
    const events: string[] = []
    const options: nd.ComputeOptions = {
      progress: (finished, total) => void told.push([finished, total]),
      onEvent: ({ type }) => void events.push(type),
    }
    await sum([inc(1), inc(2)]).compute(options)
    expect(told.at(-1)).toEqual([4, 4])
    expect([events[0], events.at(-1)]).toEqual(['start', 'end'])
  })
  test('an exported function of a module', async () => {
    const module = join(tmpdir(), `ndloom-module-${process.pid}.mjs`)
    writeFileSync(module, 'const offset = 5\nexport const shift = (x) => x + offset')
    expect(await nd.delayed({ module, name: 'shift' })(inc(1)).compute()).toBe(7)
  })
})

describe('delayed values and arrays', () => {
  const x = nd.arange(24, { chunks: 5 }).reshape([4, 6]).rechunk([2, 4])
  test('an array comes as an ndarray; its complex elements too', async () => {
    const corner = nd.delayed((block: NdArray, scale: number) => block.get(3, 5) * scale)
    expect(await corner(x.add(1), inc(1)).compute()).toBe(48)
    const imaginary = nd.delayed((block: { get(i: number): { im: number } }) => block.get(1).im)
    expect(await imaginary(nd.array([1, { re: 0, im: 3 }])).compute()).toBe(3)
    expect(await inc(nd.arange(4).sum()).compute()).toBe(7)
  })
  test('an ndarray that one task gives is one for the next, wherever that runs', async () => {
    const rows = nd.delayed((block: NdArray) => block.pick(1))
    const first = nd.delayed((row: NdArray) => row.get(0))
    const picked = rows(x)
    expect(await nd.compute(first(picked), first(picked), first(rows(x)))).toEqual([6, 6, 6])
    expect(((await picked.compute()) as NdArray).get(5)).toBe(11)
  })
  test('toDelayed gives the blocks, fromDelayed an array of them', async () => {
    const blocks = x.toDelayed() as nd.Delayed[][]
    expect(blocks.map((row) => row.length)).toEqual([2, 2])
    const doubled = nd.delayed((block: NdArray) => {
      for (let i = 0; i < block.shape[0]; i++)
        for (let j = 0; j < block.shape[1]; j++) block.set(i, j, block.get(i, j) * 2)
      return block
    })
    const rows = blocks.map((row, i) =>
      nd.concat(
        row.map((block, j) => nd.fromDelayed(doubled(block), [2, j === 0 ? 4 : 2])),
        i ? 1 : 1,
      ),
    )
    const back = nd.concat(rows, 0)
    expect(await nd.all(back.eq(x.mul(2))).compute()).toBe(true)
    expect(await back.at('1, 3:5').sum().compute()).toBe(2 * (9 + 10))
  })
  test('fromDelayed computes its value once a run, in however many pieces it is read', async () => {
    const counts = new Int32Array(new SharedArrayBuffer(4))
    const counted = nd.delayed((n: number, into: Int32Array) => {
      into[0]++
      return new Float64Array(n).fill(1)
    })
    const array = nd.fromDelayed(counted(8, counts), [8])
    const pieces = array.rechunk(2).mul(nd.arange(8, { chunks: 2 }))
    expect(await pieces.sum().compute()).toBe(28)
    expect(counts[0]).toBe(1)
    await pieces.compute()
    expect(counts[0]).toBe(2)
  })
  test('what fromDelayed gets is checked', async () => {
    const typed = nd.delayed(() => new Float64Array(6))()
    expect(await nd.fromDelayed(typed, [2, 3]).sum().compute()).toBe(0)
    await expect(nd.fromDelayed(typed, [7]).compute()).rejects.toThrow(nd.ShapeError)
    expect(() => nd.fromDelayed(5 as never, [7])).toThrow(/got 5, want a delayed value/)
    await expect(nd.fromDelayed(nd.delayed(() => 'text')(), [2]).compute()).rejects.toThrow(/the value is 'text'/)
  })
  test('arrays and delayed values are computed together', async () => {
    const [total, more] = await nd.compute(x.sum(), inc(x.max()))
    expect([total, more]).toEqual([276, 24])
  })
})

describe('pictures', () => {
  test('calls by their names, and the arrays that go into them', async () => {
    const { svg } = await sum([inc(nd.ones([2, 3]).sum()), add(inc(1), 2)]).visualize()
    const labels = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text)
    expect(labels.filter((text) => text === 'function').length).toBe(3)
    expect(labels).toEqual(expect.arrayContaining(['sum', 'list', 'array', 'float64 []']))
    expect(svg.match(/class="edge"/g)?.length).toBe(5)
  })
  test('more than can be read is refused with the count', async () => {
    await expect(sum(Array.from({ length: 2000 }, (_, i) => inc(i))).visualize()).rejects.toThrow(
      /there are 2002 calls/,
    )
  })
})

describe('graph', () => {
  const add = (a: number, b: number): number => a + b
  test("Dask's own form: keys, tasks in tasks, lists of keys, text that is no key", async () => {
    const graph = nd.graph({
      x: 1,
      y: [(a: number) => a + 1, 'x'],
      z: [add, 'y', 10],
      alias: 'z',
      nested: [add, [add, 'x', 'y'], 100],
      all: [(items: number[][], text: string) => [...items.flat(), text], [['x', 'y'], ['z']], 'no key'],
      list: ['x', 'alias'],
    })
    expect(await graph.get('z')).toBe(12)
    expect(await graph.get(['x', ['alias', 'nested'], 'all', 'list'])).toEqual([
      1,
      [12, 103],
      [1, 2, 12, 'no key'],
      [1, 12],
    ])
    expect(await graph.get('x', { scheduler: 'local' })).toBe(1)
    expect(await graph.delayed('z').compute()).toBe(12)
    expect(await nd.graph(new Map([['a', 5]])).get('a')).toBe(5)
  })
  test('cycles and missing keys are refused by name', async () => {
    const graph = nd.graph({ a: [add, 'b', 1], b: [add, 1, ['c']], c: 'a', d: 4 })
    await expect(graph.get('a')).rejects.toThrow('graph: the tasks a -> b -> c -> a need each other; break the cycle')
    await expect(graph.get('e')).rejects.toThrow("graph: there is no key 'e'; there are a, b, c, d")
    await expect(graph.get(3 as never)).rejects.toThrow(/want a key or a list of keys/)
    expect(await graph.get('d')).toBe(4)
    expect(() => nd.graph([1] as never)).toThrow(nd.NdloomError)
  })
  test('a chain of 100,000 keys', async () => {
    const spec = new Map<string, unknown>([['k0', 0]])
    const inc = (a: number): number => a + 1
    for (let i = 1; i <= 100_000; i++) spec.set(`k${i}`, [inc, `k${i - 1}`])
    expect(await nd.graph(spec).get('k100000')).toBe(100_000)
  })
})

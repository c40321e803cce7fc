import ndarray, { type NdArray } from 'ndarray'
import { afterAll, describe, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'

afterAll(() => nd.shutdown())

type Element = number | bigint | { re: number; im: number }
type Array2 = { shape: number[]; get(i: number, j: number): Element; set(i: number, j: number, value: unknown): void }
const elementsOf = (array: Array2): Element[][] =>
  Array.from({ length: array.shape[0] }, (_, i) => Array.from({ length: array.shape[1] }, (_, j) => array.get(i, j)))

const counting = (length: number): Float64Array => Float64Array.from({ length }, (_, i) => i)
const pairs = (await nd.arange(12).mul({ re: 1, im: -2 }).reshape([3, 4]).compute()) as unknown as NdArray
const given: Record<string, NdArray> = {
  real: ndarray(counting(6), [2, 3]),
  transposed: ndarray(counting(6), [2, 3]).transpose(1, 0),
  'a view with steps, from its end': ndarray(counting(40), [5, 8]).lo(1, 2).hi(3, 4).step(-1, 2),
  'a part of a buffer': ndarray(new Float32Array(counting(20)).subarray(4, 10), [3, 2]),
  int64: ndarray(BigInt64Array.of(1n, -2n) as never, [1, 2]),
  complex: pairs,
  'a view of complex ones': pairs.hi(2, 4).step(1, -2),
  'in shared memory': ndarray(new Float64Array(new SharedArrayBuffer(64)).fill(3), [2, 2], [4, 1], 1),
  'of any values': ndarray(['a', 'b', 'c', 'd'] as never, [2, 2]),
}
/** Runs where methods are: what it gives is the array it got, in whatever it came. */
const same = (value: { array: Array2 }[]) => {
  const [{ array }] = value
  return { array, all: [[array.get(array.shape[0] - 1, 0)]] }
}

const pools: Record<string, nd.PoolOptions> = {
  threads: {},
  'threads of its own': { initializer: () => {} },
  processes: { kind: 'process', workers: 1 },
  'the main thread': { workers: 0 },
}
describe.each(Object.keys(pools))('arguments and results of pools: %s', (kind) => {
  const pool = new nd.Pool(pools[kind])
  afterAll(() => pool.close())
  // A process shares no memory.
  const names = Object.keys(given).filter((name) => kind !== 'processes' || name !== 'in shared memory')

  test.each(names)('%s', async (name) => {
    const array = given[name] as unknown as Array2
    const wanted = elementsOf(array)
    const last = wanted[array.shape[0] - 1][0]
    const results = [
      await pool.apply(same, [[{ array }]]),
      ...(await pool.map(same, [[{ array }], [{ array }]])),
      ...(await pool.starmap(same, [[[{ array }]]])),
    ]
    for (const result of results) {
      expect(elementsOf(result.array)).toEqual(wanted)
      expect(result.all).toEqual([[last]])
    }
    for await (const result of pool.imap(same, [[{ array }]])) expect(elementsOf(result.array)).toEqual(wanted)
    expect(elementsOf(array)).toEqual(wanted)
  })
  test('a result that lies in the memory of the workers, and its elements alone', async () => {
    const result = (await nd.ones([400, 500]).compute()) as NdArray
    const clear = (x: NdArray | Float64Array): number => {
      const data = ('data' in x ? x.data : x) as Float64Array
      const sum = data.reduce((a, b) => a + b)
      data.fill(0)
      return sum
    }
    expect(await pool.map(clear, [result, result.data as Float64Array])).toEqual([200_000, 200_000])
    expect((result.data as Float64Array).every((element) => element === 1)).toBe(true)
  })
  test('what a task makes and changes', async () => {
    const row = await pool.apply(
      (array: NdArray) => {
        array.set(0, 0, 70)
        return array.pick(0, null)
      },
      [given.real],
    )
    expect([row.shape, row.get(0), row.get(2)]).toEqual([[3], 70, 2])
    expect(given.real.get(0, 0)).toBe(0)
    expect(row.data).toHaveLength(3)
  })
})

describe('futures, parallel and delayed', () => {
  const client = nd.client()
  const half = (array: NdArray) => array.hi(1, array.shape[1])
  test.each(['real', 'complex', 'a view of complex ones'])('%s', async (name) => {
    const array = given[name] as unknown as Array2
    const [first] = elementsOf(array)
    const made = client.submit(half, given[name])
    const read = client.submit((x: Array2) => x.get(0, 0), made as never)
    expect(elementsOf((await made) as unknown as Array2)).toEqual([first])
    expect(await read).toEqual(first[0])
    const late = client.submit(same, [{ array: made }] as never)
    expect((await late).all).toEqual([[first[0]]])
    const tried = client.submit(half, given[name], { retries: 2 })
    expect(elementsOf((await tried) as unknown as Array2)).toEqual([first])
    const [part] = (await nd.parallel()([[half, given[name]]])) as Array2[]
    expect(elementsOf(part)).toEqual([first])
    const lazy = nd.delayed(same)([{ array: nd.delayed(half)(given[name]) }])
    expect(((await lazy.compute()) as ReturnType<typeof same>).all).toEqual([[first[0]]])
  })
  test('one that several tasks read is one for each', async () => {
    const add = (array: Array2): Element => {
      array.set(0, 0, { re: 5, im: 5 })
      return array.get(0, 1)
    }
    const made = client.submit((array: NdArray) => array, given.complex)
    const readers = Array.from({ length: 20 }, () => client.submit(add, made as never))
    expect(await client.gather(readers)).toEqual(readers.map(() => given.complex.get(0, 1)))
    expect((await made).get(0, 0)).toEqual({ re: 0, im: 0 })
  })
  test('scatter shares the bytes of an ndarray', async () => {
    const future = client.scatter({ grid: given.transposed })
    const read = ({ grid }: { grid: NdArray }) => [
      (grid.data as Float64Array).buffer instanceof SharedArrayBuffer,
      grid.get(2, 1),
    ]
    expect(await client.submit(read, future)).toEqual([true, 5])
    expect((await future).grid.get(2, 1)).toBe(5)
  })
  test('scatter copies a result that lies in the memory of the workers', async () => {
    const result = (await nd.ones([400, 500]).compute()) as NdArray
    const { data } = (await client.scatter(result)) as NdArray<Float64Array>
    const whole = await client.scatter(result.data as Float64Array)
    for (const shared of [data, whole]) {
      expect(shared.buffer).toBeInstanceOf(SharedArrayBuffer)
      expect(shared.buffer).not.toBe((result.data as Float64Array).buffer)
      expect(shared.buffer.byteLength).toBe(8 * 400 * 500)
    }
  })
  test('lists that contain themselves', async () => {
    const ring: unknown[] = [given.complex]
    ring.push(ring)
    const [[array, inner]] = (await nd.parallel()([[(list: unknown[]) => [list, 1], ring]])) as unknown as [
      [unknown[], number],
    ]
    expect(inner).toBe(1)
    expect(array[1]).toBe(array)
    expect((array[0] as NdArray).get(0, 1)).toEqual({ re: 1, im: -2 })
  })
  test('the arguments of an initializer', async () => {
    const initializer = (array: NdArray) => Object.assign(globalThis, { corner: array.get(2, 3) })
    const pool = new nd.Pool({ workers: 1, initializer, initargs: [given.complex] })
    expect(await pool.apply(() => (globalThis as { corner?: unknown }).corner)).toEqual({ re: 11, im: -22 })
    await pool.close()
  })
})

import { inspect } from 'node:util'
import type { NdArray } from 'ndarray'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'

afterAll(() => nd.shutdown())

const x = nd.array([
  [1.5, 2],
  [3, 4],
])

describe('console.log', () => {
  test('of an array: dtype, shape, blocks, bytes and the expression', () => {
    expect(inspect(x.add(1))).toBe('ChunkedArray float64 [2, 2] in 1 block, 32 B: add(memory[2, 2], 1)')
    expect(inspect({ a: { b: { c: x } } })).toContain('[ChunkedArray float64 [2, 2]]')
  })
  test('of a result: dtype, shape and values', async () => {
    expect(inspect(await x.compute())).toBe('float64 [2, 2]\n[[1.5 2. ]\n [3.  4. ]]')
    expect(inspect(await x.gt(2).compute())).toBe('bool [2, 2]\n[[False False]\n [ True  True]]')
    expect(inspect(await x.astype('complex64').compute())).toBe(
      'complex64 [2, 2]\n[[1.5+0.j 2. +0.j]\n [3. +0.j 4. +0.j]]',
    )
    expect(inspect({ a: { b: { c: await x.compute() } } })).toContain('[ndarray float64 [2, 2]]')
    expect(inspect(await nd.zeros([0]).compute())).toBe('float64 [0]\n[]')
  })
  test('of a computation that nobody has awaited', () => {
    expect(inspect(x.compute())).toBe(
      'Computation of ChunkedArray float64 [2, 2] in 1 block, 32 B: memory[2, 2]; await it, or iterate over its blocks',
    )
  })
  test('of a streamed block', async () => {
    for await (const { data } of x.gt(2).compute()) expect(inspect(data)).toMatch(/^bool \[2, 2\]\n/)
  })
  test('what a result shows of itself is not found by walking over it', async () => {
    const result = await x.compute()
    expect(Object.keys(result)).toEqual(['data', 'shape', 'stride', 'offset'])
    expect(
      Object.getOwnPropertySymbols(result).filter((name) => Object.prototype.propertyIsEnumerable.call(result, name)),
    ).toEqual([])
  })
})

describe('in a notebook', () => {
  const shown: string[] = []
  const display = { html: (text: string) => void shown.push(text) }
  const hook = globalThis as { __tslab__?: unknown }
  const enter = () => {
    hook.__tslab__ = {
      require: (name: string) => (name === 'tslab' ? { display, newDisplay: () => display } : undefined),
    }
  }
  afterEach(() => {
    delete hook.__tslab__
    shown.length = 0
  })
  test('an array shows a table and its block picture', () => {
    enter()
    expect(inspect(x.lt(3))).toBe('[ChunkedArray bool [2, 2]]')
    expect(shown).toHaveLength(1)
    expect(shown[0]).toMatch(/<th[^>]*>Shape<\/th><td>\[2, 2\]<\/td>/)
    expect(shown[0]).toContain('<svg')
    expect(shown[0]).toContain('less(memory[2, 2], 3)')
  })
  test('a result shows a table of its values', async () => {
    const result = await x.compute()
    const row = await nd.arange(1000).compute()
    const cube = await nd.zeros([2, 2, 2]).compute()
    enter()
    expect(inspect(result)).toBe('[ndarray float64 [2, 2]]')
    expect(shown[0]).toContain('<th>0</th><td style="text-align: right">1.5</td>')
    expect(inspect(row)).toBe('[ndarray float64 [1000]]')
    expect(shown[1]).toContain('>3.</td><td style="text-align: right">…</td><td style="text-align: right">996.</td>')
    expect(inspect(cube)).toBe('[ndarray float64 [2, 2, 2]]')
    expect(shown[2]).toContain('<pre style="font-family: monospace">[[[0. 0.]')
  })
  test('what lies inside of another object is not shown at length', () => {
    enter()
    expect(inspect({ x })).toBe('{ x: ChunkedArray float64 [2, 2] in 1 block, 32 B: memory[2, 2] }')
    expect(shown).toEqual([])
  })
  test("another program's global of that name is left alone", () => {
    hook.__tslab__ = {
      require: () => {
        throw new Error('no such module')
      },
    }
    expect(inspect(x)).toMatch(/^ChunkedArray/)
    hook.__tslab__ = 7
    expect(inspect(x)).toMatch(/^ChunkedArray/)
  })
})

test('a result shows itself however it is made', async () => {
  const large = (await nd.zeros([600, 600]).compute()) as NdArray
  expect(inspect(large)).toMatch(/^float64 \[600, 600\]\n\[\[0\. 0\. 0\. \.\.\. 0\. 0\. 0\.\]/)
})

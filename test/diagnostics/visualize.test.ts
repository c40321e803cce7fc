import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { parseHTML } from 'linkedom'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { dotOf, drawGraph } from '../../src/diagnostics/graph-picture.ts'
import * as nd from '../../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'ndloom-pictures-'))
afterAll(() => rmSync(folder, { recursive: true }))

const x = nd.random.random([40, 40], { chunks: 10, seed: 1 })
const headline = x.add(x.T).sub(x.mean(0))
const textsOf = (svg: string): string[] =>
  [...parseHTML(svg).document.querySelectorAll('text')].map((node) => node.textContent!.trim())
const countOf = (svg: string, kind: 'node' | 'edge'): number =>
  parseHTML(svg).document.querySelectorAll(`.${kind}`).length

describe('the headline', () => {
  test('as a plan: stages with their tasks and bytes', async () => {
    const { svg } = await headline.visualize()
    expect(countOf(svg, 'node')).toBe(headline.plan().stages.length)
    expect(textsOf(svg)).toEqual(
      expect.arrayContaining([
        'add, subtract',
        'map, 16 tasks',
        '12.5 KiB read, 1.5 KiB written',
        'mean over axis 0',
        'permute[1, 0]',
      ]),
    )
  })
  test('as it was written', async () => {
    const { svg } = await headline.visualize({ level: 'expr' })
    expect(textsOf(svg)).toEqual(expect.arrayContaining(['subtract', 'mean<0>', 'float64 [40, 40] in 4x4 blocks']))
    expect(countOf(svg, 'node')).toBe(6)
    expect(countOf(svg, 'edge')).toBe(7)
  })
  test('as tasks, each with its block', async () => {
    const { svg } = await headline.visualize({ level: 'tasks' })
    expect(countOf(svg, 'node')).toBe(headline.plan().tasks)
    expect(textsOf(svg).filter((text) => text === 'add, subtract')).toHaveLength(16)
    expect(textsOf(svg).filter((text) => text === '[3, 3]').length).toBeGreaterThan(1)
  })
  test('together with other arrays', async () => {
    const { svg } = await nd.visualize([x.sum(), x.mean()])
    expect(countOf(svg, 'node')).toBe(nd.plan(x.sum(), x.mean()).stages.length)
  })
})

test('what is persisted, and parts that are joined, are drawn', async () => {
  const held = await nd.ones([20, 20], { chunks: 10 }).persist()
  expect(textsOf((await held.add(1).visualize()).svg)).toContain('persisted')
  const joined = nd.concat([x.sum(0).cumulativeSum(), x.sum(1).cumulativeSum()]).cumulativeSum()
  expect(countOf((await joined.visualize()).svg, 'edge')).toBeGreaterThan(5)
  await nd.shutdown()
})

test('is written to files of three kinds', async () => {
  const file = (end: string) => join(folder, `plan.${end}`)
  const { svg } = await headline.visualize()
  await headline.visualize(file('svg'))
  expect(readFileSync(file('svg'), 'utf8')).toBe(svg)
  await headline.visualize(pathToFileURL(file('dot')), { level: 'expr' })
  expect(readFileSync(file('dot'), 'utf8')).toMatch(/^digraph \{/)
  await headline.visualize(file('png'))
  expect([...readFileSync(file('png')).subarray(1, 4)]).toEqual([...Buffer.from('PNG')])
})

test('shows itself', async () => {
  const picture = await x.sum().visualize()
  expect(inspect(picture)).toMatch(/^\[Picture svg, \d+ characters\]$/)
  expect(String(picture)).toBe(picture.svg)
  expect(picture.svg).toMatch(/^<svg/)
  expect(picture.svg).not.toMatch(/#010203|<title>/)
})

describe('refuses', () => {
  test('more than can be read, with the count and a cure', async () => {
    const many = nd.zeros([1e6, 1e6], { chunks: 1000 }).add(1)
    await expect(many.visualize({ level: 'tasks' })).rejects.toThrow(
      "visualize: there are 1000000 tasks, and a picture can be read up to 1000; take { level: 'plan' }, or larger chunks",
    )
    expect(countOf((await many.visualize()).svg, 'node')).toBe(1)
    let long = x
    for (let i = 0; i < 1000; i++) long = long.add(x)
    await expect(long.visualize({ level: 'expr' })).rejects.toThrow(/visualize: there are 1001 operations, .* take/)
  })
  test('what is no array, level or file', async () => {
    await expect(nd.visualize(7 as never)).rejects.toThrow('visualize: got 7, want a lazy array or a list of them')
    await expect(x.visualize({ level: 'all' } as never)).rejects.toThrow("visualize: got level 'all', want 'expr'")
    await expect(x.visualize('plan.pdf')).rejects.toThrow("visualize: got 'plan.pdf' as file, want a name that ends in")
    expect(existsSync('plan.pdf')).toBe(false)
  })
})

describe('without the optional packages', () => {
  afterEach(() => {
    vi.doUnmock('@viz-js/viz')
    vi.doUnmock('@resvg/resvg-js')
  })
  const missing = () => {
    throw new Error('no such package')
  }
  test('it says how to get them', async () => {
    vi.doMock('@viz-js/viz', missing)
    await expect(x.visualize()).rejects.toThrow(
      'visualize: to draw a graph the package @viz-js/viz is needed; install it: npm install @viz-js/viz',
    )
    await x.visualize(join(folder, 'without.dot'))
    expect(existsSync(join(folder, 'without.dot'))).toBe(true)
    vi.doUnmock('@viz-js/viz')
    vi.doMock('@resvg/resvg-js', missing)
    await expect(x.visualize(join(folder, 'without.png'))).rejects.toThrow('npm install @resvg/resvg-js')
    expect(existsSync(join(folder, 'without.png'))).toBe(false)
  })
})

test('any text may stand in a plain graph', async () => {
  const graph = {
    nodes: [
      { id: 'a "b" \\', lines: ['say "hello" \\n <&>', 'second'], group: 20 },
      { id: 'c', lines: ['c'], isResult: true },
    ],
    edges: [{ from: 'a "b" \\', to: 'c', label: '"x"' }],
  }
  expect(dotOf(graph)).toContain('dashed')
  expect(textsOf(await drawGraph(graph, 'test'))).toEqual(
    expect.arrayContaining(['say "hello" \\n <&>', 'second', 'c']),
  )
})

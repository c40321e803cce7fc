import { inspect } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'

afterAll(() => nd.shutdown())
const x = nd.random.random([40, 40], { chunks: 10, seed: 1 })
const headline = x.add(x.T).sub(x.mean(0))
const linesOf = (text: string): string[] => text.split('\n')

describe('explain', () => {
  test('tells the array, its blocks and why, and what was written', () => {
    expect(linesOf(headline.explain()).slice(0, 4)).toEqual([
      'float64 [40, 40], 12.5 KiB',
      'blocks     4x4 of [10, 10], 800 B at most, cut as random.uniform is: as its chunks say',
      'written    subtract(add(random.uniform, permute[1, 0](random.uniform)), broadcast[40, 40](mean<0>(random.uniform)))',
      'optimised  the same',
    ])
  })
  test('tells every rule that fired with what it means, and the expression after it', () => {
    const lines = linesOf(nd.fromArray(new Float64Array(20)).at('5:15').pow(2).at('1:3').explain({ workers: 1 }))
    expect(lines[3]).toBe('optimised  multiply(memory@6[2], memory@6[2])')
    const rules = lines.slice(lines.indexOf('rules that fired:') + 1, lines.indexOf('', 5))
    expect(rules.some((line) => /^ {2}push-view {2,}x\d {2}a view of an element-wise result is/.test(line))).toBe(true)
    expect(rules.some((line) => /^ {2}square {2,}x1 {2}pow\(x, 2\) is x \* x/.test(line))).toBe(true)
    expect(headline.explain()).toContain('rules: none fired')
  })
  test('is a table of stages: what each computes, reads and writes', () => {
    const lines = linesOf(headline.explain())
    const head = lines.findIndex((line) => line.startsWith('stage'))
    const table = lines.slice(head, lines.indexOf('', head))
    expect(table).toHaveLength(1 + headline.plan().stages.length)
    const ends = table.map((line) => line.search(/(tasks|\d+) +[\d.]+ (B|KiB) |tasks +read/))
    expect(ends.every((end) => end > 0)).toBe(true)
    expect(table.at(-1)).toMatch(/^ +\d {2}map +add, subtract +0, 2 +16 +25\.3 KiB +12\.5 KiB +800 B$/)
    expect(new Set(table.map((line) => line.length)).size).toBe(1)
  })
  test('sums up, with the memory and its limit', () => {
    const { tasks, peakBytes } = headline.plan({ memoryLimit: '1MiB', workers: 1 })
    const lines = linesOf(headline.explain({ memoryLimit: '1MiB', workers: 1 }))
    expect(lines.at(-2)).toMatch(new RegExp(`^total  \\d stages, ${tasks} tasks, .* read, .* written$`))
    expect(lines.at(-1)).toMatch(/^peak {3}[\d.]+ KiB at most .* of 1 MiB allowed, with 1 worker$/)
    expect(peakBytes).toBeLessThanOrEqual(2 ** 20)
  })
  test('does not grow with the blocks', () => {
    const huge = nd.random.random([1e7, 1e7], { chunks: 1000, seed: 1 })
    const text = huge.add(huge.T).sub(huge.mean(0)).explain()
    expect(text).toContain('10000x10000 of [1000, 1000]')
    expect(text.length).toBeLessThan(3000)
  })
  test('hints at small blocks where there are very many', () => {
    expect(nd.random.random([1e6], { chunks: 100 }).sum().explain()).toContain('hint   blocks are small')
    expect(headline.explain()).not.toContain('hint')
  })
  test.each<[string, () => nd.ChunkedArray, string]>([
    ['rechunk', () => x.rechunk(20).sin(), 'cut as rechunk<20,20> is: as rechunk says'],
    [
      'automatic chunks',
      () => nd.random.random([3000, 3000]),
      "cut as chunks: 'auto' cuts it (at most 32 MiB a block)",
    ],
    ['a slice', () => x.at('5:25'), 'cut where what it is a part of, random.uniform, is cut'],
    ['a reduction', () => x.sum(0), 'cut as random.uniform is along the axes that are kept'],
    ['operands that are cut differently', () => x.add(x.rechunk([40, 5]).rechunk([4, 40])), 'cut '],
    ['joined parts', () => nd.concat([x, x]), 'cut as the parts that are joined'],
    ['another shape', () => x.reshape([1600]), 'cut '],
  ])('tells why blocks are as they are: %s', (_, make, reason) => {
    expect(linesOf(make().explain())[1]).toContain(reason)
  })
})

describe('kernels as text', () => {
  test('of all stages, and they are WebAssembly', async () => {
    const text = headline.explain({ wat: true })
    const kernels = text.split(/^kernel of stage \d+: .*\n/m).slice(1)
    expect(kernels.length).toBeGreaterThan(1)
    const { compile } = await import('watr')
    for (const kernel of kernels) expect(WebAssembly.validate(compile(kernel) as BufferSource)).toBe(true)
  })
  test('of one stage by its number or name', () => {
    const last = headline.plan().stages.length - 1
    const text = headline.explain({ wat: last })
    expect(text.match(/^kernel of stage/gm)).toHaveLength(1)
    expect(text).toContain(`kernel of stage ${last}: add, subtract\n(module`)
    expect(headline.explain({ wat: 'add, subtract' })).toBe(text)
    expect(headline.explain({ wat: false })).toBe(headline.explain())
  })
  test('of scans, of complex numbers and of arrays in memory', async () => {
    expect(x.cumulativeSum(0).explain({ wat: true })).toContain('along axis 0\n(module')
    expect(x.astype('complex64').exp().explain({ wat: true })).toContain('exp\n(module')
    const held = await x.persist()
    expect(held.add(held.T).explain({ wat: true })).toContain('add\n(module')
  })
  test('there is none of other stages', () => {
    expect(() => headline.explain({ wat: 99 })).toThrow(
      /^explain: there is no stage 99; there are 0 \(random uniform\), /,
    )
    expect(() => headline.explain({ wat: 0 })).toThrow('explain: stage 0 runs no kernel')
    expect(() => headline.explain({ wat: {} as never })).toThrow('explain: got wat {  }, want true, or the number')
    expect(x.explain({ wat: true })).toBe(x.explain())
  })
})

test('a plan shows itself', () => {
  const plan = headline.plan()
  expect(inspect(plan)).toBe(headline.explain())
  expect(inspect({ a: { b: { c: plan } } })).toContain('[Plan of 4 stages, 52 tasks]')
  expect(Object.keys(plan)).toEqual(['stages', 'tasks', 'bytesRead', 'bytesWritten', 'peakBytes', 'toString'])
})

import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import { normalizeChunks } from '../../src/core/chunks.ts'
import { blocksPicture } from '../../src/diagnostics/blocks-picture.ts'
import * as nd from '../../src/index.ts'

const gridOf = (shape: number[], chunks: Parameters<typeof normalizeChunks>[0]) =>
  normalizeChunks(chunks, shape, 8, 2 ** 25, 'test')
const parse = (svg: string) => parseHTML(svg).document
const labels = (svg: string): string[] => [...parse(svg).querySelectorAll('text')].map((node) => node.textContent ?? '')
const strokes = (svg: string): string[] =>
  [...parse(svg).querySelectorAll('path[stroke-opacity]')].map((node) => node.getAttribute('d') ?? '')
const places = (path: string): number[] => [...path.matchAll(/M([\d.]+) ([\d.]+)L/g)].map((match) => Number(match[1]))
const size = (svg: string): number[] =>
  ['width', 'height'].map((name) => Number(parse(svg).querySelector('svg')!.getAttribute(name)))

describe('the block picture', () => {
  test('tells the extents of all axes', () => {
    expect(labels(blocksPicture(gridOf([30, 20], 10)))).toEqual(['20', '30'])
    expect(labels(blocksPicture(gridOf([10, 20, 30], 10)))).toEqual(['20', '30', '10'])
    expect(labels(blocksPicture(gridOf([7], 10)))).toEqual(['7'])
    expect(labels(blocksPicture(gridOf([2, 3, 4, 5, 6], 10)))).toEqual(['3', '2', '×', '5', '6', '4'])
    expect(labels(blocksPicture([]))).toEqual(['0-d'])
    expect(labels(blocksPicture([{ extent: Number.NaN, size: Number.NaN }]))).toEqual(['?'])
  })
  test('draws a border where blocks meet, to scale', () => {
    const [rows, columns] = strokes(blocksPicture(gridOf([160, 160], [[40, 120], 80]), { size: 160 }))
    expect(rows).toBe('M0 40L160 40')
    expect(columns).toBe('M80 0L80 160')
    const [irregular] = strokes(blocksPicture(gridOf([160], [[16, 48, 32, 64]]), { size: 160 }))
    expect(places(irregular)).toEqual([16, 64, 96])
  })
  test('shades where there are too many blocks to draw, and stays small', () => {
    const svg = blocksPicture(gridOf([1e9, 1e9], 10))
    expect(svg.length).toBeLessThan(10_000)
    expect(strokes(svg).map((path) => places(path).length)).toEqual([40, 40])
    expect(svg).toContain('stroke-opacity="0.4"')
    expect(blocksPicture(gridOf([100, 100], 10))).not.toContain('stroke-opacity="0.4"')
  })
  test('an empty array is an outline', () => {
    const svg = blocksPicture(gridOf([0, 5], [1, 2]))
    expect(svg).toContain('stroke-dasharray')
    expect(labels(svg)).toEqual(['5', '0'])
  })
  test('axes of very different extents are all seen', () => {
    const [width, height] = size(blocksPicture(gridOf([1e9, 1], [1e8, 1])))
    expect(height).toBeGreaterThan(160)
    expect(width).toBeGreaterThan(12)
  })
  test('nothing lies outside the picture', () => {
    for (const shape of [
      [],
      [5],
      [1e9],
      [3, 1e6],
      [1e6, 3],
      [4, 5, 6],
      [1e6, 2, 3],
      [2, 3, 1e6],
      [1, 2, 3, 4],
      [2, 3, 4, 5, 6, 7],
    ]) {
      const svg = blocksPicture(gridOf(shape, 'auto'), {
        caption: ['a caption that is longer than the picture is wide, by far'],
      })
      const [width, height] = size(svg)
      for (const text of parse(svg).querySelectorAll('svg > g > text')) {
        expect(Number(text.getAttribute('y'))).toBeLessThan(height)
        expect(Number(text.getAttribute('x')) + (text.textContent ?? '').length * 5).toBeLessThan(width)
      }
      expect(width).toBeGreaterThan(0)
      expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    }
  })
})

describe('x.toSVG()', () => {
  test('has the facts below the picture', () => {
    expect(labels(nd.zeros([10000, 10000], { chunks: 1000 }).toSVG())).toEqual([
      '10000',
      '10000',
      'float64 [10000, 10000], 763 MiB',
      '100 blocks of [1000, 1000], 7.63 MiB each',
    ])
    expect(labels(nd.zeros([10], { chunks: [[3, 7]] }).toSVG()).at(-1)).toBe('2 blocks of [7], 56 B at most')
    expect(labels(nd.zeros([], { dtype: 'bool' }).toSVG()).slice(-2)).toEqual(['bool [], 1 B', 'one block'])
  })
  test('takes the pixels of the longest axis, and refuses what is no size', () => {
    expect(size(nd.zeros([10, 10]).toSVG({ size: 400 }))[1]).toBeGreaterThan(400)
    expect(() => nd.zeros(1).toSVG({ size: -1 })).toThrow('toSVG: got size -1, want a number of pixels from 16 to 4096')
    expect(() => nd.zeros(1).toSVG({ width: 5 } as never)).toThrow('toSVG: there is no option width')
  })
})

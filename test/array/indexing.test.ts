import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { resolveSlice } from '../../src/array/indexing.ts'
import * as nd from '../../src/index.ts'
import { expectArray, nest, plain, type Tree, testEngine } from './values.ts'

const x = nd.arange(12n).reshape([3, 4])

describe('at', () => {
  test('text in NumPy syntax', () => {
    expectArray(x.at('1'), [4n, 5n, 6n, 7n], 'int64')
    expectArray(x.at('-1, -1'), 11n)
    expectArray(x.at('1:, ::2'), [
      [4n, 6n],
      [8n, 10n],
    ])
    expectArray(x.at('::-1, 0'), [8n, 4n, 0n])
    expectArray(x.at(' 5:-5:3 , ::-2 '), [])
    expectArray(x.at('..., 1'), [1n, 5n, 9n])
    expectArray(x.at('0, ..., None'), [[0n], [1n], [2n], [3n]])
    expectArray(x.at('newaxis, 2, 1:3'), [[9n, 10n]])
    expectArray(x.at('None:2, +1,'), [1n, 5n])
    expectArray(x.at('1_0:, 0'), [])
  })
  test('one entry an axis', () => {
    expectArray(x.at(1, 2), 6n)
    expectArray(x.at(-1n, nd.slice(1, 3)), [9n, 10n])
    expectArray(x.at(nd.ellipsis, nd.slice(null, null, -3)), [
      [3n, 0n],
      [7n, 4n],
      [11n, 8n],
    ])
    expectArray(x.at(nd.newaxis, 0, '1:2'), [[1n]])
    expectArray(x.at('0', 1), 1n)
    expectArray(x.at(nd.slice(-2n), 0), [4n, 8n])
    expect(x.at().expr).toBe(x.expr)
    expect(x.at('...').expr).toBe(x.expr)
    expectArray(nd.at([1, 2, 3], '::-1'), [3, 2, 1])
    expectArray(nd.array(5).at(nd.newaxis, '...'), [5])
  })
  test('slices may reach beyond the end, integers may not', () => {
    expectArray(x.at('1:100, -100:1'), [[4n], [8n]])
    expect(x.at('3:').shape).toEqual([0, 4])
    expect(x.at('2:1').shape).toEqual([0, 4])
    expect(() => x.at(3)).toThrow(/index 3 is out of range for axis 0 of extent 3, want -3 to 2/)
    expect(() => x.at('0, -5')).toThrow(/axis 1/)
    expect(() => nd.zeros([0]).at(0)).toThrow(/no elements/)
    expect(() => x.at(10n ** 20n)).toThrow(nd.IndexError)
  })
  test('what is no index says so', () => {
    for (const text of ['', 'a', '1:2:3:4', '1.5', '1,,2', '::0', '1 2', ':a', '(1)', '--1'])
      expect(() => x.at(text), text).toThrow(nd.IndexError)
    for (const entry of [1.5, NaN, true, undefined, {}, [0, 1], [true, false], new Int32Array(2), x])
      expect(() => x.at(entry as number)).toThrow(nd.IndexError)
    expect(() => x.at(0, 0, 0)).toThrow(/got 3 indices for the 2 axes/)
    expect(() => x.at('..., ...')).toThrow(/twice/)
    expect(() => nd.slice(0.5)).toThrow(nd.IndexError)
    expect(() => nd.slice(0, 1, 0)).toThrow(nd.IndexError)
    expect(() => x.at([0, 1] as unknown as number)).toThrow(/not available yet/)
  })
  test('blocks are cut where the array is cut', () => {
    const y = nd.zeros([10], { chunks: 4 })
    expect(y.at('1:').chunks).toEqual([[3, 4, 2]])
    expect(y.at('::-1').chunks).toEqual([[2, 4, 4]])
    expect(y.at('::3').chunks).toEqual([[2, 1, 1]])
  })
})

/** The positions that Python's slice takes, by walking along. */
function walk(start: number | null, stop: number | null, step: number | null, length: number): number[] {
  const by = step ?? 1
  const wrap = (n: number) => (n < 0 ? n + length : n)
  const first =
    start === null ? (by > 0 ? 0 : length - 1) : by > 0 ? Math.max(0, wrap(start)) : Math.min(length - 1, wrap(start))
  const past = stop === null ? (by > 0 ? length : Number.NEGATIVE_INFINITY) : wrap(stop)
  const out: number[] = []
  const clipped = by < 0 && stop !== null ? Math.max(past, -1) : past
  for (let i = first; by > 0 ? i < Math.min(clipped, length) : i > clipped && i >= 0; i += by)
    if (i >= 0 && i < length) out.push(i)
  return out
}

const bound = fc.option(fc.integer({ min: -12, max: 12 }))
const step = fc.option(fc.integer({ min: -5, max: 5 }).filter((n) => n !== 0))

describe('properties', () => {
  test('a slice takes what Python takes', () => {
    fc.assert(
      fc.property(bound, bound, step, fc.nat(9), (start, stop, by, length) => {
        const found = resolveSlice(nd.slice(start, stop, by), length)
        expect(Array.from({ length: found.extent }, (_, i) => found.start + found.step * i)).toEqual(
          walk(start, stop, by, length),
        )
      }),
      { numRuns: 2000 },
    )
  })

  const axis = fc.record({
    kind: fc.constantFrom('integer', 'slice', 'none'),
    start: bound,
    stop: bound,
    step,
    at: fc.integer(),
    asText: fc.boolean(),
  })
  const shown = (n: number | null) => (n === null ? '' : `${n}`)
  test('any index of any array is what nested lists give', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5), { maxLength: 3 }),
        fc.array(axis, { maxLength: 4 }),
        fc.integer({ min: 1, max: 3 }),
        (shape, plan, chunk) => {
          const size = shape.reduce((a, b) => a * b, 1)
          const array = nd.arange(size).reshape(shape).rechunk(chunk)
          let tree: Tree = nest(
            Array.from({ length: size }, (_, i) => i),
            shape,
          )
          const entries: nd.IndexEntry[] = []
          const texts: string[] = []
          const out: number[] = []
          const picks: (number[] | 'new' | number)[] = []
          let next = 0
          for (const { kind, start, stop, step: by, at, asText } of plan) {
            if (kind === 'none') {
              entries.push(asText ? 'None' : nd.newaxis)
              texts.push('None')
              picks.push('new')
              out.push(1)
              continue
            }
            if (next === shape.length) continue
            const extent = shape[next++]
            if (kind === 'integer' && extent > 0) {
              const index = (Math.abs(at) % (2 * extent)) - extent
              entries.push(asText ? `${index}` : index)
              texts.push(`${index}`)
              picks.push(index < 0 ? index + extent : index)
            } else {
              const text = `${shown(start)}:${shown(stop)}${by === null ? '' : `:${by}`}`
              entries.push(asText ? text : nd.slice(start, stop, by))
              texts.push(text)
              const taken = walk(start, stop, by, extent)
              picks.push(taken)
              out.push(taken.length)
            }
          }
          tree = take(tree, picks)
          const shapeAfter = [...out, ...shape.slice(next)]
          for (const selected of [array.at(...entries), ...(texts.length > 0 ? [array.at(texts.join(', '))] : [])]) {
            expect(selected.shape).toEqual(shapeAfter)
            if (!shapeAfter.includes(0)) expect(plain(selected)).toEqual(tree)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})

function take(tree: Tree, [pick, ...rest]: readonly (number[] | 'new' | number)[]): Tree {
  if (pick === undefined) return tree
  if (pick === 'new') return [take(tree, rest)]
  const rows = tree as readonly Tree[]
  return typeof pick === 'number' ? take(rows[pick], rest) : pick.map((i) => take(rows[i], rest))
}

testEngine()

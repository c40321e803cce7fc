import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as nd from '../../src/index.ts'
import { computed, expectArray, testEngine } from './values.ts'

const x = nd.arange(12n).reshape([3, 4])

test('a part is replaced, the array stays', () => {
  expectArray(
    x.with('0, 1:3', 9),
    [
      [0n, 9n, 9n, 3n],
      [4n, 5n, 6n, 7n],
      [8n, 9n, 10n, 11n],
    ],
    'int64',
  )
  expectArray(
    x.with([1], [1, 2, 3, 4]),
    [
      [0n, 1n, 2n, 3n],
      [1n, 2n, 3n, 4n],
      [8n, 9n, 10n, 11n],
    ],
    'int64',
  )
  expectArray(
    x.with('::-2, ::3', [
      [1n, 2n],
      [3n, 4n],
    ]),
    [
      [3n, 1n, 2n, 4n],
      [4n, 5n, 6n, 7n],
      [1n, 9n, 10n, 2n],
    ],
  )
  expectArray(x.with('...', 0).at(0), [0n, 0n, 0n, 0n])
  expectArray(nd.with([1, 2, 3], -1, 5), [1, 2, 5])
  expectArray(nd.array(1).with('...', 2), 2)
  expect(x.with('3:', 5).expr).toBe(x.expr)
  expectArray(x.with('None, 0', [[7]]).at(0), [7n, 7n, 7n, 7n])
  expectArray(x.at(0), [0n, 1n, 2n, 3n])
})
test('what does not fit', () => {
  expect(() => x.with('5', 1)).toThrow(/^with: index 5/)
  expect(() => x.with('0', [1, 2])).toThrow(nd.ShapeError)
  expect(() => x.with('0, 0', [1])).toThrow(nd.ShapeError)
  expect(() => x.with('0', NaN)).toThrow(nd.DTypeError)
  expect(() => x.with('0', { re: 1, im: 1 })).toThrow(nd.DTypeError)
})

testEngine()

const bound = fc.option(fc.integer({ min: -8, max: 8 }))
const axis = fc.tuple(bound, bound, fc.option(fc.integer({ min: -3, max: 3 }).filter((n) => n !== 0)))
test('what is put in is what is there, and the rest is as before', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 7 }),
      axis,
      axis,
      fc.nat(4),
      async (n, m, rows, columns, chunk) => {
        const index = [nd.slice(...rows), nd.slice(...columns)]
        const before = nd
          .arange(n * m)
          .reshape([n, m])
          .rechunk(chunk + 1)
        const part = before.at(...index)
        const value = nd.arange(part.size).add(100).reshape(part.shape)
        const after = before.with(index, value)
        expect(await computed(after.at(...index))).toEqual(await computed(value))
        expect(await computed(after.with(index, part))).toEqual(await computed(before))
      },
    ),
    { numRuns: 60 },
  )
})

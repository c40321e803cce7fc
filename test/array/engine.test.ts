import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'
import { computed, plain, sameElements } from './values.ts'

afterAll(() => nd.shutdown())

/** Values at the edges of a dtype, such that floating sums of them are the same in every order. */
function extremes(size: number, dtype: nd.DType): nd.ChunkedArray {
  const floats = [Number.NaN, -0, Number.POSITIVE_INFINITY, 0, Number.NEGATIVE_INFINITY, 1, -2.5]
  const wide = [-(2n ** 63n), 2n ** 62n, 0n, 2n ** 61n]
  const edges =
    { bool: [true, false], int64: wide, int32: [-(2 ** 31), 2 ** 31 - 1, 0, 1], uint8: [0, 255, 128] }[
      dtype as string
    ] ?? floats
  return nd.array(
    Array.from({ length: size }, (_, i) => edges[(i * 5) % edges.length]),
    { dtype },
  )
}

/** An array of small whole numbers, so that every order of a sum gives the same. */
const leaf = fc
  .record({
    shape: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 }),
    chunk: fc.integer({ min: 1, max: 6 }),
    dtype: fc.constantFrom(...(['float64', 'float32', 'int64', 'int32', 'uint8', 'bool'] as const)),
    kind: fc.constantFrom('memory', 'arange', 'constant', 'extremes'),
  })
  .map(({ shape, chunk, dtype, kind }) => {
    const size = shape.reduce((a, b) => a * b, 1)
    if (kind === 'constant') return nd.full(shape, dtype === 'bool' ? true : 3, { dtype, chunks: chunk })
    if (kind === 'extremes') return extremes(size, dtype).reshape(shape).rechunk(chunk)
    const numbers = kind === 'arange' ? nd.arange(size) : nd.array(Array.from({ length: size }, (_, i) => (i * 7) % 11))
    return numbers.reshape(shape).astype(dtype).rechunk(chunk)
  })

type Step = (x: nd.ChunkedArray, n: number) => nd.ChunkedArray
const steps: Record<string, Step> = {
  add: (x, n) => x.add(n % 5),
  addTransposed: (x) => x.add(x.at('..., :1')),
  multiply: (x) => x.mul(x.flip()),
  compare: (x, n) => x.gt(n % 7),
  transpose: (x) => x.T,
  reverse: (x) => x.at('::-1'),
  slice: (x) => x.at('..., 1:'),
  stride: (x) => x.at('::2'),
  newAxis: (x) => x.expandDims(-1),
  sum: (x) => x.sum(0),
  sumKept: (x) => x.sub(x.max({ axis: -1, keepdims: true }).astype(x.dtype === 'bool' ? 'int8' : x.dtype)),
  mean: (x) => x.mean({ axis: -1 }),
  cumulate: (x) => x.cumulativeSum({ axis: 0 }),
  roll: (x, n) => x.roll(n, 0),
  tile: (x) => x.tile(2),
  repeat: (x) => x.repeat(2, { axis: 0 }),
  concat: (x) => nd.concat([x, x.flip(0)]),
  flat: (x) => x.ravel(),
  rechunk: (x, n) => x.rechunk((n % 4) + 1),
  cast: (x) => x.astype('float64'),
  where: (x, n) => nd.where(x.gt(n % 5), x, 0n),
  arg: (x) => x.argmax({ axis: 0 }),
  outer: (x) => (x.size < 40 ? x.outer(x.at('..., 0')) : x),
}

/** Steps that a shape does not allow are left out. */
function chain(x: nd.ChunkedArray, plan: readonly (readonly [string, number])[]): nd.ChunkedArray {
  return plan.reduce((y, [name, n]) => {
    if (y.ndim === 0 || y.size > 2000 || y.shape.includes(0)) return y
    try {
      return steps[name](y, n)
    } catch (error) {
      if (error instanceof nd.NdloomError && !error.message.startsWith('internal:')) return y
      throw error
    }
  }, x)
}

const expression = fc.tuple(
  leaf,
  fc.array(fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.nat(6)), { maxLength: 5 }),
)

test.each([
  ['local', 200],
  ['threads', 60],
] as const)('any expression is computed as its plain meaning is: %s', async (scheduler, numRuns) => {
  await fc.assert(
    fc.asyncProperty(expression, async ([x, plan]) => {
      const y = chain(x, plan)
      const [found, wanted] = [await computed(y, { scheduler }), plain(y)]
      const close = sameElements(found, wanted, y.dtype === 'float32' ? 1e-5 : 1e-12)
      expect(close, `${y}\ngot  ${JSON.stringify(found, shown)}\nwant ${JSON.stringify(wanted, shown)}`).toBe(true)
    }),
    { numRuns },
  )
})
describe('expressions too large for one kernel', () => {
  /** The leaves 0 to count - 1 joined by threes. */
  const tree = (count: number, leafAt: (i: number) => nd.ChunkedArray): nd.ChunkedArray => {
    let layer = Array.from({ length: count }, (_, i) => leafAt(i))
    while (layer.length > 1)
      layer = Array.from({ length: Math.ceil(layer.length / 3) }, (_, i) =>
        layer.slice(3 * i, 3 * i + 3).reduce((a, b) => a.add(b)),
      )
    return layer[0]
  }
  test.each<[string, (i: number) => nd.ChunkedArray, nd.Value]>([
    ['real', (i) => nd.array([i]), 124750],
    ['complex', (i) => nd.array([{ re: i, im: 1 }]), { re: 124750, im: 500 }],
    ['indices', (i) => nd.arange(500).at(`${i}:${i + 1}`), 124750],
  ])('more operands than a kernel has: %s', async (_, leafAt, total) => {
    expect(await computed(tree(500, leafAt))).toEqual([total])
  })
  test('more conditions and choices than a kernel has operands', async () => {
    const choose = (depth: number, k: number): nd.ChunkedArray =>
      depth === 0
        ? nd.array([k % 2, k])
        : nd.where(choose(depth - 1, 3 * k), choose(depth - 1, 3 * k + 1), choose(depth - 1, 3 * k + 2))
    const chosen = choose(5, 1)
    expect(await computed(chosen)).toEqual(plain(chosen))
  })
  test.each<[string, (x: nd.ChunkedArray, i: number) => nd.ChunkedArray]>([
    ['reshapes', (x, i) => x.reshape(i % 2 ? [6] : [2, 3]).add(0)],
    ['casts', (x) => x.astype('int32').astype('float64')],
    ['means', (x) => x.sub(x.mean()).add(2.5)],
  ])('a chain of 3000 %s', async (_, step) => {
    let x = nd.arange(6, { chunks: 4 })
    for (let i = 0; i < 3000; i++) x = step(x, i)
    expect(await computed(x)).toEqual([0, 1, 2, 3, 4, 5])
  })
})

const shown = (_: string, value: unknown) =>
  typeof value === 'bigint'
    ? `${value}n`
    : typeof value === 'number'
      ? Object.is(value, -0)
        ? '-0'
        : `${value}`
      : value

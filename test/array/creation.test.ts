import ndarray from 'ndarray'
import { describe, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'
import { expectArray, plain, testEngine } from './values.ts'

describe('array', () => {
  test('dtypes follow the JavaScript values', () => {
    expectArray(nd.array([1, 2.5]), [1, 2.5], 'float64')
    expectArray(nd.array([1n, -2n]), [1n, -2n], 'int64')
    expectArray(nd.array([2n ** 63n, 1n]), [2n ** 63n, 1n], 'uint64')
    expectArray(nd.array([true, false]), [true, false], 'bool')
    expectArray(
      nd.array([{ re: 1, im: -0 }, 2]),
      [
        { re: 1, im: -0 },
        { re: 2, im: 0 },
      ],
      'complex128',
    )
    expectArray(nd.array([1n, 2.5, true]), [1, 2.5, 1], 'float64')
    expectArray(nd.array([]), [], 'float64')
    expectArray(nd.array(3), 3, 'float64')
    expectArray(nd.array(true), true, 'bool')
    expectArray(nd.array(2n ** 64n - 1n), 2n ** 64n - 1n, 'uint64')
  })
  test('rows nest, typed arrays too', () => {
    const x = nd.array([[[1, 2, 3]], [[4, 5, 6]]])
    expectArray(x, [[[1, 2, 3]], [[4, 5, 6]]])
    expect(nd.array([[], []]).shape).toEqual([2, 0])
    expectArray(
      nd.array([new Int16Array([1, 2]), new Int16Array([3, 4])]),
      [
        [1, 2],
        [3, 4],
      ],
      'int16',
    )
    expectArray(nd.array([1.9, -1.9, 300], { dtype: 'int16' }), [1, -1, 300], 'int16')
  })
  test('special values are kept', () => {
    expectArray(nd.array([NaN, -0, Infinity, 5e-324]), [NaN, -0, Infinity, 5e-324])
    expectArray(nd.array([-(2n ** 63n), 2n ** 63n - 1n]), [-(2n ** 63n), 2n ** 63n - 1n], 'int64')
  })
  test('typed arrays are copied unless they are shared', () => {
    const data = new Float32Array([1, 2, 3, 4])
    const x = nd.fromArray(data, { shape: [2, 2], chunks: [1, 2] })
    data.fill(9)
    expectArray(
      x,
      [
        [1, 2],
        [3, 4],
      ],
      'float32',
    )
    expect(x.chunks).toEqual([[1, 1], [2]])
    const shared = new Int32Array(new SharedArrayBuffer(8))
    const y = nd.array(shared)
    shared[1] = 7
    expectArray(y, [0, 7], 'int32')
    expectArray(nd.array(new Uint8ClampedArray([300, 2])), [255, 2], 'uint8')
    expectArray(nd.array(new Uint8Array([0, 2]), { dtype: 'bool' }), [false, true], 'bool')
    expectArray(nd.array(new BigUint64Array([2n ** 64n - 1n])), [2n ** 64n - 1n], 'uint64')
  })
  test('ndarrays of any strides', () => {
    const x = ndarray(new Float64Array([0, 1, 2, 3, 4, 5]), [2, 3])
    expectArray(nd.array(x), [
      [0, 1, 2],
      [3, 4, 5],
    ])
    expectArray(nd.array(x.transpose(1, 0)), [
      [0, 3],
      [1, 4],
      [2, 5],
    ])
    expectArray(nd.array(x.step(-1, 2)), [
      [3, 5],
      [0, 2],
    ])
    expectArray(nd.array(x.hi(2, 2).lo(1, 1)), [[4]])
    expectArray(nd.array(x.pick(1, null)), [3, 4, 5])
    expectArray(nd.array(ndarray([1, 2, 3])), [1, 2, 3])
    expectArray(nd.array(ndarray(new Float64Array([7]), [])), 7)
  })
  test('an array is passed on, cast and cut', () => {
    const x = nd.arange(4)
    expect(nd.asarray(x).expr).toBe(x.expr)
    const y = nd.array(x, { dtype: 'int8', chunks: 2 })
    expectArray(y, [0, 1, 2, 3], 'int8')
    expect(y.chunks).toEqual([[2, 2]])
  })
  test('bad data is refused where it is given', () => {
    expect(() => nd.array([[1, 2], [3]])).toThrow(nd.ShapeError)
    expect(() => nd.array([[1, 2], 3])).toThrow(nd.ShapeError)
    expect(() => nd.array([1, [2]])).toThrow(nd.ShapeError)
    expect(() => nd.array([[[1]], [1]])).toThrow(nd.ShapeError)
    expect(() => nd.array(['a'] as unknown as number[])).toThrow(nd.DTypeError)
    expect(() => nd.array([nd.ones(2)] as unknown as number[])).toThrow(/nd\.stack/)
    expect(() => nd.array([1], { dtype: 'float' as nd.DType })).toThrow(/want one of bool/)
    expect(() => nd.array([300], { dtype: 'uint8' })).toThrow(/300.*uint8/)
    expect(() => nd.array([NaN], { dtype: 'int32' })).toThrow(nd.DTypeError)
    expect(() => nd.array([{ re: 1, im: 1 }], { dtype: 'float64' })).toThrow(nd.DTypeError)
    expect(() => nd.array([2n ** 63n, -1n])).toThrow(nd.DTypeError)
    expect(() => nd.fromArray(new Float64Array(5), { shape: [2, 2] })).toThrow(/4 elements, the data has 5/)
    expect(() => nd.fromArray(new Float64Array(4), { chunks: [3, 1] })).toThrow(nd.ChunkError)
    expect(() => nd.array(new DataView(new ArrayBuffer(8)) as unknown as Float64Array)).toThrow(nd.DTypeError)
    expect(() => nd.array(null as unknown as number)).toThrow(nd.DTypeError)
  })
  test('a detached buffer is refused, an empty one is not', () => {
    const data = new Float64Array(4)
    structuredClone(data.buffer, { transfer: [data.buffer] })
    expect(() => nd.array(data)).toThrow(nd.StorageError)
    expect(() => nd.fromArray(data)).toThrow(/detached/)
    expect(nd.array(new Float64Array(0)).shape).toEqual([0])
  })
})

describe('one value everywhere', () => {
  test('zeros, ones, empty, full', () => {
    expectArray(
      nd.zeros([2, 2]),
      [
        [0, 0],
        [0, 0],
      ],
      'float64',
    )
    expectArray(nd.ones(3, { dtype: 'int64' }), [1n, 1n, 1n], 'int64')
    expectArray(nd.zeros([]), 0)
    expectArray(nd.full([2], 7n), [7n, 7n], 'int64')
    expectArray(nd.full([1], true), [true], 'bool')
    expectArray(nd.full([1], { re: 1, im: 2 }, { dtype: 'complex64' }), [{ re: 1, im: 2 }], 'complex64')
    expect(nd.empty([0, 5]).shape).toEqual([0, 5])
    expect(nd.zeros([10, 10], { chunks: [4, -1] }).chunks).toEqual([[4, 4, 2], [10]])
    expect(nd.zeros([10, 10], { chunks: [[3, 7], 5] }).chunks).toEqual([
      [3, 7],
      [5, 5],
    ])
  })
  test('like another', () => {
    const x = nd.zeros([4, 2], { dtype: 'int16', chunks: [3, 1] })
    expectArray(
      nd.onesLike(x),
      [
        [1, 1],
        [1, 1],
        [1, 1],
        [1, 1],
      ],
      'int16',
    )
    expect(nd.zerosLike(x).chunks).toEqual([
      [3, 1],
      [1, 1],
    ])
    expect(nd.fullLike(x, 2.5, { dtype: 'float32', chunks: 2 }).chunks).toEqual([[2, 2], [2]])
    expectArray(x.fullLike(3).at(0), [3, 3], 'int16')
    expect(() => nd.fullLike(x, 1e6)).toThrow(nd.DTypeError)
    expectArray(nd.emptyLike([1, 2]), [0, 0])
  })
  test('sizes that are none', () => {
    for (const shape of [NaN, -1, 1.5, Infinity, [2, NaN], [2 ** 40, 2 ** 40], 'x', null])
      expect(() => nd.zeros(shape as number)).toThrow(nd.ShapeError)
    expect(() => nd.zeros([3, 3], { chunks: [[1, 1], 3] })).toThrow(nd.ChunkError)
    expect(() => nd.zeros([3], { chunks: 0 })).toThrow(nd.ChunkError)
  })
})

describe('ranges', () => {
  test('arange', () => {
    expectArray(nd.arange(3), [0, 1, 2], 'float64')
    expectArray(nd.arange(3n), [0n, 1n, 2n], 'int64')
    expectArray(nd.arange(2, 5), [2, 3, 4])
    expectArray(nd.arange(5n, -4n, -3n), [5n, 2n, -1n])
    expectArray(nd.arange(1, 2, 0.25), [1, 1.25, 1.5, 1.75])
    expectArray(nd.arange(0, 1, 0.1).at('3'), 0.1 * 3)
    expectArray(nd.arange(3, { dtype: 'uint8' }), [0, 1, 2], 'uint8')
    expectArray(nd.arange(0, 2, 0.5, { dtype: 'int32' }), [0, 0, 0, 0], 'int32')
    expectArray(nd.arange(2n ** 63n, 2n ** 63n + 2n, { dtype: 'uint64' }), [2n ** 63n, 2n ** 63n + 1n], 'uint64')
    expectArray(nd.arange(0, -3, -1), [0, -1, -2])
    expect(nd.arange(5, 2).shape).toEqual([0])
    expect(nd.arange(0n).shape).toEqual([0])
    expect(nd.arange(7, { chunks: 3 }).chunks).toEqual([[3, 3, 1]])
    for (const args of [[NaN], [0, Infinity], [0, 1, 0], [0, 1, NaN], [1e300]] as [number][])
      expect(() => nd.arange(...args)).toThrow(nd.ShapeError)
  })
  test('linspace ends where it is told to', () => {
    expectArray(nd.linspace(0, 1, 5), [0, 0.25, 0.5, 0.75, 1], 'float64')
    expectArray(nd.linspace(0, 1, 4, { endpoint: false }), [0, 0.25, 0.5, 0.75])
    expectArray(nd.linspace(3, 9, 1), [3])
    expect(nd.linspace(0, 1, 0).shape).toEqual([0])
    expect(nd.linspace(0, 1).shape).toEqual([50])
    expectArray(nd.linspace(0, 5, 4, { dtype: 'int32' }), [0, 1, 3, 5], 'int32')
    expectArray(
      nd.linspace(0, { re: 2, im: 2 }, 3),
      [
        { re: 0, im: 0 },
        { re: 1, im: 1 },
        { re: 2, im: 2 },
      ],
      'complex128',
    )
    for (const [start, stop, num] of [
      [-90, 90, 721],
      [0.1, 0.7, 11],
      [1, 1e-3, 98],
    ]) {
      const x = nd.linspace(start, stop, num)
      expectArray(x.at(0), start)
      expectArray(x.at(-1), stop)
    }
    expect(() => nd.linspace(0, 1, NaN)).toThrow(nd.ShapeError)
    expect(() => nd.linspace(0, 1, -1)).toThrow(nd.ShapeError)
  })
})

describe('matrices', () => {
  test('eye and tri', () => {
    expectArray(
      nd.eye(2),
      [
        [1, 0],
        [0, 1],
      ],
      'float64',
    )
    expectArray(
      nd.eye(2, 3, { k: 1, dtype: 'int8', chunks: 1 }),
      [
        [0, 1, 0],
        [0, 0, 1],
      ],
      'int8',
    )
    expectArray(
      nd.eye(3, { k: -1, dtype: 'bool' }),
      [
        [false, false, false],
        [true, false, false],
        [false, true, false],
      ],
      'bool',
    )
    expectArray(nd.tri(3), [
      [1, 0, 0],
      [1, 1, 0],
      [1, 1, 1],
    ])
    expectArray(nd.tri(2, 3, -1), [
      [0, 0, 0],
      [1, 0, 0],
    ])
    expect(() => nd.eye(NaN)).toThrow(nd.ShapeError)
    expect(() => nd.eye(2, { k: 0.5 })).toThrow(nd.ShapeError)
  })
  test('triangles keep the dtype', () => {
    const x = nd.array([
      [1n, 2n, 3n],
      [4n, 5n, 6n],
    ])
    expectArray(
      x.tril(),
      [
        [1n, 0n, 0n],
        [4n, 5n, 0n],
      ],
      'int64',
    )
    expectArray(
      nd.triu(x, { k: 1 }),
      [
        [0n, 2n, 3n],
        [0n, 0n, 6n],
      ],
      'int64',
    )
    expectArray(nd.triu(x, -1), [
      [1n, 2n, 3n],
      [4n, 5n, 6n],
    ])
    expectArray(nd.tril(nd.full([2, 2], NaN)), [
      [NaN, 0],
      [NaN, NaN],
    ])
    expectArray(
      nd.ones([2, 2], { dtype: 'bool' }).tril(),
      [
        [true, false],
        [true, true],
      ],
      'bool',
    )
    expect(() => nd.tril([1, 2])).toThrow(nd.ShapeError)
  })
  test('meshgrid', () => {
    const [x, y] = nd.meshgrid([1, 2, 3], [10n, 20n])
    expectArray(
      x,
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
      'float64',
    )
    expectArray(
      y,
      [
        [10n, 10n, 10n],
        [20n, 20n, 20n],
      ],
      'int64',
    )
    const [a, b] = nd.meshgrid([1, 2], [3], { indexing: 'ij' })
    expectArray(a, [[1], [2]])
    expectArray(b, [[3], [3]])
    expect(nd.meshgrid([1], [2, 3], [4, 5, 6]).map((m) => m.shape)).toEqual([
      [2, 1, 3],
      [2, 1, 3],
      [2, 1, 3],
    ])
    expect(nd.meshgrid()).toEqual([])
  })
  test('fromFunction gets lazy positions', () => {
    expectArray(
      nd.fromFunction((i, j) => i.mul(10).add(j), [2, 3]),
      [
        [0, 1, 2],
        [10, 11, 12],
      ],
      'float64',
    )
    expectArray(
      nd.fromFunction((i) => i, 3, { dtype: 'int32', chunks: 2 }),
      [0, 1, 2],
      'int32',
    )
    expectArray(
      nd.fromFunction(() => 7, [2]),
      [7, 7],
    )
  })
})

test('results make arrays again', async () => {
  for (const dtype of ['int64', 'float32', 'complex64', 'complex128'] as const) {
    const x = nd.arange(6n).reshape([2, 3]).astype(dtype)
    expectArray(nd.array((await x.compute()) as nd.Strided), plain(x), dtype)
  }
})

test('an array describes itself', () => {
  const x = nd.random.random([2000, 2000], { chunks: [1000, 1000] })
  expect(String(x.add(x.T))).toBe(
    'ChunkedArray float64 [2000, 2000] in 2x2 blocks of 1000x1000, 30.5 MiB: add(random.uniform, permute[1, 0](random.uniform))',
  )
  expect(`${nd.array(1)}`).toBe('ChunkedArray float64 [] in 1 block, 8 B: 1')
  expect(x.nbytes).toBe(32e6)
  expect([x.ndim, x.size, x.itemsize, x.numblocks]).toEqual([2, 4e6, 8, [2, 2]])
  expect(() => (x as unknown as number) + 1).toThrow(/x\.add/)
})
test('what is done to a shape that an array told does not change the array', () => {
  const x = nd.zeros([2, 3])
  expect(x.reshape(x.shape.reverse()).shape).toEqual([3, 2])
  expect(x.shape).toEqual([2, 3])
})

testEngine()

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import FileSystemStore from '@zarrita/storage/fs'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as zarrita from 'zarrita'
import * as nd from '../../../src/index.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ndloom-zarr-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

let next = 0
const newStore = (): string => join(folder, `${next++}.zarr`)
const differences = (a: nd.ChunkedArray, b: nd.ChunkedArray) => a.notEqual(b).sum().compute()

const positive = (max: number) => fc.integer({ min: 1, max })
const compressor = fc.constantFrom<nd.ZarrCodecName>('blosc', 'zstd', 'gzip', 'zlib', 'lz4', 'crc32c', 'shuffle')
/** Layouts of a small array, with the blocks that it has in ndloom. */
const layouts = fc
  .record({
    shape: fc.array(positive(20), { minLength: 0, maxLength: 3 }),
    seed: fc.array(positive(9), { minLength: 9, maxLength: 9 }),
    zarrFormat: fc.constantFrom(2 as const, 3 as const),
    order: fc.constantFrom('C' as const, 'F' as const),
    byteOrder: fc.constantFrom('little' as const, 'big' as const),
    compressors: fc.array(compressor, { maxLength: 2 }),
    isSharded: fc.boolean(),
    writeEmptyChunks: fc.boolean(),
    dtype: fc.constantFrom(...nd.dtypes),
  })
  .map(({ seed, isSharded, ...rest }) => {
    const at = (k: number) => rest.shape.map((_, axis) => seed[k + axis])
    const chunks = at(0)
    const shards =
      isSharded && rest.zarrFormat === 3 ? chunks.map((n, axis) => n * (1 + (seed[6 + axis] % 3))) : undefined
    return { ...rest, blocks: at(3), chunks, ...(shards ? { shards } : {}) }
  })

describe('what is written', () => {
  test('reads back, whatever the layout, the blocks and the part', async () => {
    await fc.assert(
      fc.asyncProperty(layouts, fc.array(fc.nat(19), { minLength: 6, maxLength: 6 }), async (layout, ends) => {
        const { shape, blocks, dtype, ...options } = layout
        const size = shape.reduce((a, b) => a * b, 1)
        const numbers = nd.arange(size, { chunks: 7 }).reshape(shape).remainder(97)
        const x = numbers.astype(dtype).rechunk(blocks)
        const path = newStore()
        await x.toZarr(path, options)
        const y = await nd.fromZarr(path)
        expect([y.dtype, y.shape]).toEqual([dtype, shape])
        expect(await differences(x, y)).toBe(0n)
        const part = shape.map((n, axis) => {
          const [a, b] = [ends[axis] % n, ends[axis + 3] % n].sort((p, q) => p - q)
          return nd.slice(a, b + 1)
        })
        expect(await differences(x.at(...part), y.at(...part))).toBe(0n)
      }),
      { numRuns: 60 },
    )
  })

  test('is what zarrita reads', async () => {
    const x = nd.arange(35 * 50).reshape([35, 50])
    const path = newStore()
    const all: nd.ToZarrOptions[] = [
      { chunks: [10, 20] },
      { chunks: [10, 20], zarrFormat: 2, order: 'F' },
      { chunks: [5, 10], shards: [20, 20], compressors: ['gzip', 'crc32c'] },
      { chunks: 16, byteOrder: 'big', compressors: 'zstd', order: 'F' },
    ]
    for (const [k, options] of all.entries()) {
      await x.toZarr(path, { path: `x${k}`, ...options })
      const location = zarrita.root(new FileSystemStore(path)).resolve(`x${k}`)
      const array = await zarrita.open(location, { kind: 'array' })
      const { data, shape, stride } = await zarrita.get(array)
      const at = (i: number, j: number) => (data as Float64Array)[i * stride[0] + j * stride[1]]
      expect(shape).toEqual([35, 50])
      expect([at(0, 0), at(3, 7), at(34, 49)]).toEqual([0, 157, 1749])
    }
  })
})

describe('groups', () => {
  test('hold arrays with their attributes and names of axes', async () => {
    for (const zarrFormat of [2, 3] as const) {
      const path = newStore()
      const facts = { attributes: { units: 'K' }, dimensionNames: ['y', null], fillValue: -1 }
      await nd.ones([4, 6]).toZarr(path, { path: 'a/t', zarrFormat, chunks: 2, ...facts })
      await nd.ones([3]).toZarr(path, { path: 'z', zarrFormat })
      expect(await nd.openZarr(path)).toMatchObject({ kind: 'group', zarrFormat, arrays: ['z'], groups: ['a'] })
      expect(await nd.openZarr(path, { path: 'a/t' })).toMatchObject({
        kind: 'array',
        ...facts,
        dtype: 'float64',
        shape: [4, 6],
        chunks: [2, 2],
      })
    }
  })
  test('with consolidated metadata are known without listing, and stay so', async () => {
    for (const zarrFormat of [2, 3] as const) {
      const store = new Map<string, Uint8Array>()
      const given = store as unknown as nd.ZarritaStore
      for (const path of ['a/t', 'z']) await nd.ones([4]).toZarr(given, { path, zarrFormat, fillValue: 3 })
      await nd.consolidateZarr(given)
      await nd.zeros([5]).toZarr(given, { path: 'a/u', zarrFormat })
      const asked: string[] = []
      const reader: nd.ZarritaStore = { get: (key) => asked.push(key) && store.get(key) }
      expect(await nd.openZarr(reader, { path: 'a' })).toMatchObject({ arrays: ['t', 'u'], groups: [] })
      expect((await nd.fromZarr(reader, { path: 'a/u' })).shape).toEqual([5])
      const known = await zarrita.open(
        zarrita.root(await zarrita.withConsolidatedMetadata(store as never)).resolve('a/u'),
      )
      expect(known).toMatchObject({ kind: 'array', shape: [5] })
      if (zarrFormat === 3) expect([...new Set(asked)]).toEqual(['/zarr.json'])
    }
    await expect(nd.consolidateZarr(newStore())).rejects.toThrow(nd.StorageError)
  })
  test('an int64 fill value keeps all its digits', async () => {
    const path = newStore()
    const fillValue = 2n ** 62n + 1n
    await nd.zeros([2], { dtype: 'int64' }).toZarr(path, { fillValue })
    expect(await nd.openZarr(path)).toMatchObject({ fillValue })
  })
  test('attributes keep NaN, infinities and long integers, also where their file is written anew', async () => {
    const attributes = { a: [Number.NaN, -Infinity, 2n ** 62n + 1n, -0], text: 'NaN, "Infinity": -9007199254740993' }
    for (const zarrFormat of [2, 3] as const) {
      const path = newStore()
      await nd.zeros([2]).toZarr(path, { path: 'x', zarrFormat, attributes })
      await nd.consolidateZarr(path)
      expect(await nd.openZarr(path, { path: 'x' })).toMatchObject({ attributes })
      await nd.zeros([2]).toZarr(path, { path: 'x', appendAxis: 0 })
      expect(await nd.openZarr(path, { path: 'x' })).toMatchObject({ attributes, shape: [4] })
    }
  })
  test('a fill value keeps its sign and its bits, and has to be one of the dtype', async () => {
    const path = newStore()
    const file = join(path, 'zarr.json')
    await nd.zeros([2]).toZarr(path, { fillValue: -0, writeEmptyChunks: false })
    expect(await nd.openZarr(path)).toMatchObject({ fillValue: -0 })
    const read = async (dtype: nd.DType, fillValue: unknown) => {
      await nd.zeros([2], { dtype }).toZarr(path, { overwrite: true })
      writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), fill_value: fillValue }))
      return nd.openZarr(path)
    }
    expect(await read('complex64', ['0x3f800000', '-Infinity'])).toMatchObject({ fillValue: { re: 1, im: -Infinity } })
    expect(await read('float64', '0x8000000000000000')).toMatchObject({ fillValue: -0 })
    for (const [dtype, fill] of [
      ['int8', 300],
      ['uint64', -1],
      ['bool', 2],
      ['complex64', [1]],
      ['float32', '1'],
    ] as const)
      await expect(read(dtype, fill), dtype).rejects.toThrow(/fill_value is .*, no/)
  })
  test('a path that leaves the store, a group in the place of an array and an array that is there are refused', async () => {
    const path = newStore()
    await nd.ones([2]).toZarr(path, { path: 'a/b' })
    expect(() => nd.fromZarr(path, { path: '../x' })).toThrow(/leaves the store/)
    await expect(nd.ones([2]).toZarr(path, { path: 'a/../../x' })).rejects.toThrow(/leaves the store/)
    expect(() => nd.fromZarr(path)).toThrow(/has a group at '', no array.*openZarr/)
    await expect(nd.ones([2]).toZarr(path, { path: 'a/b' })).rejects.toThrow(/overwrite: true/)
    await expect(nd.ones([2]).toZarr(path, { path: 'a/b/c' })).rejects.toThrow(nd.StorageError)
    expect(() => nd.fromZarr(join(path, 'nothing'))).toThrow(/no array or group/)
    await nd.zeros([3]).toZarr(path, { path: 'a/b', overwrite: true })
    expect((await nd.fromZarr(path, { path: 'a/b' })).shape).toEqual([3])
  })
})

describe('parts', () => {
  test('a region of an array that is there, at borders that are no chunk borders', async () => {
    for (const shards of [undefined, [8, 6]]) {
      const path = newStore()
      await nd.zeros([20, 15]).toZarr(path, { chunks: [4, 3], ...(shards ? { shards } : {}) })
      const part = nd
        .arange(11 * 7, { chunks: 5 })
        .reshape([11, 7])
        .add(1)
      await part.toZarr(path, { region: '5:16, 4:11' })
      const y = await nd.fromZarr(path)
      expect(await differences(y.at('5:16, 4:11'), part)).toBe(0n)
      expect(await y.sum().compute()).toBe(await part.sum().compute())
    }
  })
  test('of shards in shards', async () => {
    const path = newStore()
    const x = nd
      .arange(16 * 12)
      .reshape([16, 12])
      .add(1)
    await nd.zeros([16, 12]).toZarr(path, { chunks: [4, 6], shards: [8, 12] })
    // Our layouts have no such shards: the metadata of an array without chunks are changed.
    for (const name of ['c/0', 'c/1']) rmSync(join(path, name), { recursive: true })
    const file = join(path, 'zarr.json')
    const document = JSON.parse(readFileSync(file, 'utf8'))
    const { configuration } = document.codecs[0]
    const inner = { ...document.codecs[0], configuration: { ...configuration, chunk_shape: [2, 3] } }
    document.codecs[0] = { name: 'sharding_indexed', configuration: { ...configuration, codecs: [inner] } }
    writeFileSync(file, JSON.stringify(document))
    await x.toZarr(path, { region: ':, :' })
    const y = nd.fromZarr(path)
    expect(await differences(x, y)).toBe(0n)
    expect(await differences(x.at('3:9, 5:7'), y.at('3:9, 5:7'))).toBe(0n)
  })
  test('a region of another shape is refused', async () => {
    const path = newStore()
    await nd.zeros([4]).toZarr(path)
    await expect(nd.ones([2]).toZarr(path, { region: '0:3' })).rejects.toThrow(nd.ShapeError)
    await expect(nd.ones([2]).toZarr(path, { region: '0:2', overwrite: true })).rejects.toThrow(nd.StorageError)
  })
  test('an array grows along an axis', async () => {
    for (const zarrFormat of [2, 3] as const) {
      const path = newStore()
      const x = nd.arange(60).reshape([12, 5])
      await x.at(':5').toZarr(path, { chunks: [3, 2], zarrFormat })
      await x.at('5:').toZarr(path, { appendAxis: 0 })
      expect(await differences(await nd.fromZarr(path), x)).toBe(0n)
      await expect(nd.ones([2, 4]).toZarr(path, { appendAxis: 0 })).rejects.toThrow(nd.ShapeError)
    }
  })
})

describe('a store object', () => {
  test('is written and read on the main thread', async () => {
    const store = new Map<string, Uint8Array>() as unknown as nd.ZarritaStore
    const x = nd.arange(100, { chunks: 9 })
    await x.toZarr(store, { path: 'x', chunks: 10 })
    expect(await differences(await nd.fromZarr(store, { path: 'x' }), x)).toBe(0n)
    expect(await nd.openZarr(store)).toMatchObject({ arrays: ['x'] })
  })
  test('that fails is a StorageError with the cause', async () => {
    const cause = new Error('no luck')
    const store = { get: () => Promise.reject(cause) }
    await expect(nd.fromZarr(store)).rejects.toMatchObject({ name: 'StorageError', cause })
  })
})

test('several arrays go to Zarr stores in one run', async () => {
  const path = newStore()
  const x = nd.arange(60).reshape([12, 5]).rechunk([4, 5])
  await nd.store(
    [x.mul(2), x.sum(0)],
    [
      { zarr: path, path: 'double', chunks: [5, 2] },
      { zarr: path, path: 'sum' },
    ],
  )
  expect(await differences(await nd.fromZarr(path, { path: 'double' }), x.mul(2))).toBe(0n)
  expect(await differences(await nd.fromZarr(path, { path: 'sum' }), x.sum(0))).toBe(0n)
  await expect(nd.store(x, { zarr: path, path: 'sum' })).rejects.toThrow(/overwrite/)
  await expect(nd.store(x, { zarr: path, chunk: 3 } as never)).rejects.toThrow(/no option chunk/)
})

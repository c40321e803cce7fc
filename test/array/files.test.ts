import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import ndarray from 'ndarray'
import { afterAll, describe, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'
import { packNpz } from '../../src/storage/npz.ts'

const folder = mkdtempSync(join(tmpdir(), 'ndloom-files-'))
const path = (name: string): string => join(folder, name)
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
afterAll(async () => {
  await nd.shutdown()
  rmSync(folder, { recursive: true })
})
const grid = nd.arange(35).reshape([5, 7])
const same = async (x: nd.ChunkedArray, y: nd.ChunkedArray): Promise<boolean> => {
  expect([x.shape, x.dtype]).toEqual([y.shape, y.dtype])
  return (await nd.all(x.eq(y)).compute<boolean>()) === true
}
/** What scripts/fixtures-files.py wrote. */
const expected: Record<string, nd.ChunkedArray> = {
  grid,
  columns: grid,
  big: nd.arange(12).reshape([3, 4]).astype('int32'),
  flags: nd.array([true, false, true]),
  complex: nd.array([
    { re: 1, im: 2 },
    { re: 0, im: -3 },
  ]),
  scalar: nd.array(2n ** 53n + 1n),
  empty: nd.zeros([0, 3], { dtype: 'float32' }),
}

describe('npz', () => {
  test.each(['stored', 'compressed'])('reads what NumPy wrote, %s, whole and in parts', async (kind) => {
    const arrays = await nd.fromNpz(fixture(`npz/${kind}.npz`), { chunks: 2 })
    expect(Object.keys(arrays)).toEqual(Object.keys(expected))
    for (const [name, x] of Object.entries(arrays)) {
      expect(x.numblocks).toEqual(x.shape.map((extent) => Math.max(1, Math.ceil(extent / 2))))
      expect(await same(x, expected[name]), name).toBe(true)
    }
    expect(await same(arrays.grid.at('1:4, ::-3'), grid.at('1:4, ::-3'))).toBe(true)
    expect(await same(arrays.columns.at('-1, 2:5'), grid.at('-1, 2:5'))).toBe(true)
  })
  test.each([false, true])('reads what toNpz wrote, compressed: %s', async (compressed) => {
    await nd.toNpz(path('own.npz'), { ...expected, twice: grid.rechunk(3).mul(2) }, { compressed })
    const arrays = await nd.fromNpz(path('own.npz'))
    for (const [name, x] of Object.entries(expected)) expect(await same(arrays[name], x), name).toBe(true)
    expect(await same(arrays.twice, grid.mul(2))).toBe(true)
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([])
  })
  test('a file that is damaged, cut short or no zip is refused', async () => {
    const whole = readFileSync(fixture('npz/compressed.npz'))
    writeFileSync(
      path('damaged.npz'),
      whole.map((byte, i) => (i > 60 && i < 90 ? byte ^ 0x55 : byte)),
    )
    await expect(nd.fromNpz(path('damaged.npz')).then(({ grid: x }) => x.compute())).rejects.toThrow(nd.StorageError)
    // In the directory at the end the checksum of the first entry stands behind its signature and 12 bytes.
    const changed = Buffer.from(whole)
    changed[changed.indexOf('PK\x01\x02') + 16] ^= 1
    writeFileSync(path('changed.npz'), changed)
    const arrays = await nd.fromNpz(path('changed.npz'))
    await expect(arrays.grid.compute()).rejects.toThrow(/changed\.npz is damaged: .*checksum; get the file again/)
    expect(await same(arrays.columns, grid)).toBe(true)
    // There, 20 bytes behind the signature, stands how long it is when compressed.
    changed.writeUInt32LE(2 ** 30, changed.indexOf('PK\x01\x02') + 20)
    writeFileSync(path('overflow.npz'), changed)
    await expect(nd.fromNpz(path('overflow.npz'))).rejects.toThrow(/the directory of .*overflow\.npz is damaged/)
    writeFileSync(path('short.npz'), whole.subarray(0, whole.length - 40))
    await expect(nd.fromNpz(path('short.npz'))).rejects.toThrow(/short\.npz is no zip file, or a damaged one/)
    await expect(nd.fromNpz(path('none.npz'))).rejects.toThrow(/there is no such file/)
    await expect(nd.toNpz(path('none/x.npz'), { grid })).rejects.toThrow(/toNpz: .*there is no such file or folder/)
  })
})

test.skipIf(!existsSync('/dev/full'))('packing leaves no file open when the disk is full', async () => {
  await grid.repeat(10_000).toNpy(path('part.npy'))
  const { ino } = statSync(path('part.npy'))
  await expect(packNpz('/dev/full', [['x', path('part.npy')]], false)).rejects.toThrow(/ENOSPC/)
  const isOpen = () =>
    readdirSync('/proc/self/fd').some(
      (name) => statSync(`/proc/self/fd/${name}`, { throwIfNoEntry: false })?.ino === ino,
    )
  await expect.poll(isOpen).toBe(false)
})

describe('hdf5', () => {
  const file = fixture('hdf5/arrays.h5')
  test('reads what h5py wrote, whole and in parts', async () => {
    for (const [name, wanted] of Object.entries(expected)) {
      if (name === 'columns') continue
      const x = await nd.fromHdf5(file, { path: `group/${name}`, chunks: 2 })
      expect(await same(x, wanted), name).toBe(true)
    }
    const chunked = await nd.fromHdf5(file, { path: '/chunked' })
    expect(await same(chunked.at('1:4, ::-3'), grid.at('1:4, ::-3'))).toBe(true)
  })
  test('blocks are whole multiples of stored chunks', async () => {
    nd.configure({ chunkBytes: 8 * 12 })
    try {
      const { chunks } = await nd.fromHdf5(file, { path: 'chunked' })
      for (const [axis, length] of [2, 3].entries())
        for (const block of chunks[axis].slice(0, -1)) expect(block % length).toBe(0)
    } finally {
      nd.configure({ chunkBytes: '32MiB' })
    }
  })
  test('what cannot be read is refused with the cure', async () => {
    await expect(nd.fromHdf5(file, { path: 'lzf' })).rejects.toThrow(/filter lzf.*write it again with gzip/)
    await expect(nd.fromHdf5(file, { path: 'text' })).rejects.toThrow(/type "A1", which ndloom does not have/)
    await expect(nd.fromHdf5(file, { path: 'nothing' })).rejects.toThrow(
      /'nothing' is not there; the file has .*chunked/,
    )
    await expect(nd.fromHdf5(file, { path: 'group' })).rejects.toThrow(/is a group, no dataset/)
    await expect(nd.fromHdf5(fixture('npz/stored.npz'), { path: 'x' })).rejects.toThrow(/is no HDF5 file/)
    await expect(nd.fromHdf5(path('none.h5'), { path: 'x' })).rejects.toThrow(/there is no such file/)
  })
  test('damaged structures are told with file and dataset', async () => {
    const whole = readFileSync(file)
    for (let at = 8; at < 800; at += 40) {
      writeFileSync(
        path('structure.h5'),
        whole.map((byte, i) => (i === at ? byte ^ 0xff : byte)),
      )
      const error = await nd.fromHdf5(path('structure.h5'), { path: 'chunked' }).catch((caught: unknown) => caught)
      if (error instanceof Error) expect([at, error.name]).toEqual([at, 'StorageError'])
    }
  })
  test('damaged elements are told, not handed on', async () => {
    const bytes = readFileSync(file)
    const marks = [...bytes.keys()].filter((i) => bytes[i] === 0x78 && (bytes[i + 1] === 0x5e || bytes[i + 1] === 0x9c))
    for (const at of marks) bytes[at + 8] ^= 0xff
    writeFileSync(path('damaged.h5'), bytes)
    const x = await nd.fromHdf5(path('damaged.h5'), { path: 'chunked' })
    await expect(x.compute()).rejects.toThrow(nd.StorageError)
  })
})

describe('raw files', () => {
  test.each(['little', 'big'] as const)('toBinary, %s-endian, is what fromBinary reads', async (byteOrder) => {
    const x = nd.linspace(-3, 3, 77, { chunks: 10 }).reshape([7, 11]).astype('complex64')
    await x.toBinary(path('raw'), { byteOrder, workers: 2 })
    const back = nd.fromBinary(path('raw'), { dtype: 'complex64', shape: [7, 11], byteOrder })
    expect(await same(back, x)).toBe(true)
    truncateSync(path('raw'), 600)
    await expect(back.compute()).rejects.toThrow(nd.StorageError)
  })
})

describe('fromSource', () => {
  const read = ([[r0, r1], [c0, c1]]: [number, number][]) =>
    Float64Array.from({ length: (r1 - r0) * (c1 - c0) }, (_, i) => {
      const [row, column] = [r0 + Math.floor(i / (c1 - c0)), c0 + (i % (c1 - c0))]
      return 7 * row + column
    })
  test('is asked for boxes within its blocks, only for those that are needed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.tuple(fc.nat(4), fc.nat(4)),
        fc.boolean(),
        async (chunks, [a, b], asNdarray) => {
          const boxes: [number, number][][] = []
          const x = nd.fromSource({
            shape: [5, 7],
            dtype: 'float64',
            chunks,
            read: async (box) => {
              boxes.push(box)
              const shape = box.map(([low, high]) => high - low)
              return asNdarray ? ndarray(read(box).reverse(), shape).step(-1, -1) : read(box)
            },
          })
          const [low, high] = [Math.min(a, b), Math.max(a, b) + 1]
          expect(await same(x.at(nd.slice(low, high)), grid.at(nd.slice(low, high)))).toBe(true)
          for (const [[r0, r1]] of boxes) expect(r0 >= low && r1 <= high && r1 - r0 <= chunks).toBe(true)
        },
      ),
      { numRuns: 30 },
    )
  })
  test('what it throws, and what is not a block, is told', async () => {
    const of = (give: () => unknown) => nd.fromSource({ shape: [2, 3], dtype: 'float64', read: give as never })
    const broken = of(() => {
      throw new RangeError('no such tile')
    })
    await expect(broken.compute()).rejects.toMatchObject({ name: 'TaskError', cause: new RangeError('no such tile') })
    await expect(of(() => new Float32Array(6)).compute()).rejects.toThrow(
      /read gave a Float32Array of 6, want a Float64Array of 6 elements.*ndarray of shape \[2, 3\]/,
    )
    await expect(of(() => new Float64Array(5)).compute()).rejects.toThrow(nd.StorageError)
    await expect(of(() => undefined).compute()).rejects.toThrow(/read gave undefined/)
    expect(() => nd.fromSource({ shape: 3, dtype: 'float64' } as never)).toThrow(/got read undefined, want a function/)
  })
  test('its signal is aborted with the computation, which does not wait for it', async () => {
    let told: AbortSignal | undefined
    const x = nd.fromSource({
      shape: 4,
      dtype: 'float64',
      read: (_, signal) =>
        new Promise((_, reject) => {
          told = signal
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
    })
    const controller = new AbortController()
    const running = x.compute({ signal: controller.signal })
    const settled = expect(running).rejects.toThrow(nd.AbortError)
    while (!told) await new Promise((resolve) => setTimeout(resolve, 1))
    controller.abort()
    await settled
    expect(told.aborted).toBe(true)
  })
})

describe('store', () => {
  test('several arrays go to several targets in one run, each block once', async () => {
    let calls = 0
    const source = nd.fromSource({
      shape: [4, 6],
      dtype: 'float64',
      chunks: 3,
      read: ([[r0, r1], [c0, c1]]) => {
        calls++
        return new Float64Array((r1 - r0) * (c1 - c0)).fill(r0 * 10 + c0)
      },
    })
    const held = ndarray(new Float32Array(48), [6, 8]).hi(4, 6)
    const boxes: [number, number][][] = []
    const target: nd.StoreTarget & { sum: number } = {
      sum: 0,
      unit: [2, 4],
      dtype: 'float32',
      write(box, block) {
        boxes.push(box)
        for (let i = 0; i < block.shape[0]; i++) for (let j = 0; j < block.shape[1]; j++) this.sum += block.get(i, j)
      },
    }
    await nd.store(
      [source, source.add(1), source.mul(2), source],
      [path('s.npy'), { binary: path('s.raw') }, held, target],
    )
    expect(calls).toBe(4)
    expect(await same(nd.fromNpy(path('s.npy')), source)).toBe(true)
    expect(await same(nd.fromBinary(path('s.raw'), { dtype: 'float64', shape: [4, 6] }), source.add(1))).toBe(true)
    expect(held.get(3, 5)).toBe(66)
    expect(target.sum).toBe(await source.sum().compute())
    for (const box of boxes)
      box.forEach(([low, high], axis) => {
        expect(low % [2, 4][axis]).toBe(0)
        expect(high % [2, 4][axis] === 0 || high === [4, 6][axis]).toBe(true)
      })
  })
  test('an ndarray gets elements of its own dtype', async () => {
    const [floats, clamped, any] = [new Float64Array(3), new Uint8ClampedArray(3), [0, 0, 0] as unknown[]]
    const [ints, bigs] = [new Int32Array(3), new BigInt64Array(3)]
    const x = nd.array([-3n, 2n, 300n])
    const put = (from: nd.ChunkedArray, data: unknown) =>
      nd.store(from, ndarray(data as Float64Array, [3]) as nd.Target)
    await Promise.all([put(x, floats), put(x, clamped), put(x, any), put(x.div(2), ints), put(x.div(2), bigs)])
    expect([floats, clamped].map((data) => [...data])).toEqual([
      [-3, 2, 300],
      [0, 2, 255],
    ])
    expect(any).toEqual([-3n, 2n, 300n])
    expect([[...ints], [...bigs]]).toEqual([
      [-1, 1, 150],
      [-1n, 1n, 150n],
    ])
    await expect(put(nd.full([3], { re: 1, im: 2 }), floats)).rejects.toThrow(/imaginary/)
  })
  test('when one fails, no file appears', async () => {
    const failing: nd.StoreTarget = {
      write() {
        throw new Error('full')
      },
    }
    await expect(nd.store([grid, grid], [path('never.npy'), failing])).rejects.toThrow(/full/)
    expect(readdirSync(folder).filter((name) => name.startsWith('never'))).toEqual([])
  })
  test('what was there stays when the computation fails', async () => {
    writeFileSync(path('before.npy'), 'before')
    const broken = grid.mapBlocks(() => {
      throw new Error('broken')
    })
    await expect(broken.toNpy(path('before.npy'))).rejects.toThrow(nd.TaskError)
    expect(readFileSync(path('before.npy'), 'utf8')).toBe('before')
    expect(existsSync(path('before.npy'))).toBe(true)
  })
  test('targets that are none are refused before anything runs', async () => {
    const refused = (target: unknown) => expect(nd.store(grid, target as nd.Target)).rejects
    await refused('x.dat').toThrow(/want a path that ends in \.npy/)
    await refused(7).toThrow(nd.StorageError)
    await refused({ write: 3 }).toThrow(/want a function/)
    await refused({ write() {}, unit: [1] }).toThrow(/want 2 lengths/)
    await refused(ndarray(new Float64Array(6), [2, 3])).toThrow(/does not go into an ndarray of shape \[2, 3\]/)
    await refused({ npy: path('x.npy'), byteOrder: 'big' }).toThrow(/no option byteOrder/)
    await refused({ binary: path('x.raw'), dtype: 'int8' }).toThrow(/no option dtype/)
    await refused({ binary: 'x', byteOrder: 'middle' }).toThrow(/'little' or 'big'/)
    await expect(nd.store([grid], [])).rejects.toThrow(/got 1 arrays and 0 targets/)
  })
})

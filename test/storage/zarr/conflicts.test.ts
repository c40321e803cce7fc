import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as nd from '../../../src/index.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ndloom-conflicts-'))
})
afterAll(() => rmSync(folder, { recursive: true }))
let next = 0
const newStore = (): string => join(folder, `${next++}.zarr`)
const sumOf = async (store: nd.StoreLike, path = '') => (await nd.fromZarr(store, { path })).sum().compute()
const scheduler = 'local'

describe('an array that is read and written in one run', () => {
  test('is refused, and stays as it is', async () => {
    const store = newStore()
    await nd.ones([8], { chunks: 2 }).toZarr(store, { path: 'x' })
    const x = nd.fromZarr(store, { path: 'x' })
    const text = /written and read in one run/
    await expect(x.add(1).toZarr(store, { path: 'x', overwrite: true })).rejects.toThrow(text)
    await expect(x.toZarr(join(store, 'x'), { overwrite: true })).rejects.toThrow(text)
    await expect(x.toZarr(store, { overwrite: true })).rejects.toThrow(text)
    await expect(x.toZarr(store, { path: 'x', appendAxis: 0 })).rejects.toThrow(text)
    await expect(x.at('0:4').toZarr(store, { path: 'x', region: '2:6' })).rejects.toThrow(text)
    const pair = [nd.zeros([8]), x.add(1)]
    const targets = [{ zarr: store, path: 'x', overwrite: true }, join(folder, 'y.npy')]
    await expect(nd.store(pair, targets)).rejects.toThrow(text)
    expect(await sumOf(store, 'x')).toBe(8)
    await x.add(1).toZarr(store, { path: 'y', scheduler })
    expect(await sumOf(store, 'y')).toBe(16)
  })
  test('is known in a store object too', async () => {
    const [store, other] = [new Map(), new Map()]
    await nd.ones([8]).toZarr(store)
    const x = await nd.fromZarr(store)
    await expect(x.add(1).toZarr(store, { overwrite: true })).rejects.toThrow(nd.StorageError)
    await x.add(1).toZarr(other, { scheduler })
    expect([await sumOf(store), await sumOf(other)]).toEqual([8, 16])
  })
})

describe('two targets of one run', () => {
  const pair = [nd.ones([4], { chunks: 2 }), nd.ones([4], { chunks: 2 })]
  test('that share a chunk or shard are refused before anything is written', async () => {
    const store = newStore()
    await nd.zeros([12]).toZarr(store, { path: 'x', chunks: 3, shards: [6] })
    const to = (...options: object[]) =>
      nd.store(
        pair,
        options.map((option) => ({ zarr: store, path: 'x', ...option })),
        { scheduler },
      )
    const text = /two arrays go to the array at 'x'/
    await expect(to({ region: '0:4' }, { region: '4:8' })).rejects.toThrow(text)
    await expect(to({ appendAxis: 0 }, { appendAxis: 0 })).rejects.toThrow(text)
    await expect(to({ overwrite: true }, { overwrite: true })).rejects.toThrow(text)
    await expect(to({ path: 'new' }, { path: 'new/y' })).rejects.toThrow(/two arrays/)
    expect(await sumOf(store, 'x')).toBe(0)
    await to({ region: '1:5' }, { region: '6:10' })
    expect(await sumOf(store, 'x')).toBe(8)
  })
})

describe('overwrite', () => {
  test('leaves what is there until it is known that the run is possible', async () => {
    const store = newStore()
    await nd.ones([8]).toZarr(store)
    const large = nd.ones([1000, 1000]).add(nd.arange(1000))
    await expect(large.toZarr(store, { overwrite: true, memoryLimit: '2MiB' })).rejects.toThrow(nd.MemoryLimitError)
    await expect(nd.store([nd.ones([2]), nd.ones([2])], [{ zarr: store, overwrite: true }, 'x.png'])).rejects.toThrow(
      nd.StorageError,
    )
    const signal = AbortSignal.abort()
    await expect(nd.ones([2]).toZarr(store, { overwrite: true, signal })).rejects.toThrow(nd.AbortError)
    expect(await sumOf(store)).toBe(8)
  })
  test('takes the metadata away last', async () => {
    const removed: string[] = []
    class Watched extends Map<string, Uint8Array> {
      override delete(key: string): boolean {
        if (this.has(key)) removed.push(key)
        return super.delete(key)
      }
    }
    for (const [zarrFormat, last] of [
      [2, ['/x/.zattrs', '/x/.zarray']],
      [3, ['/x/zarr.json']],
    ] as const) {
      const store = new Watched()
      await nd.ones([8], { chunks: 2 }).toZarr(store, { path: 'x', zarrFormat, scheduler })
      removed.length = 0
      await nd.ones([4]).toZarr(store, { path: 'x', zarrFormat, overwrite: true, scheduler })
      expect(removed).toHaveLength(4 + last.length)
      expect(removed.slice(4).sort()).toEqual([...last].sort())
    }
  })
})

describe('what a run leaves in the hidden folder', () => {
  test('is not what another run is just writing there', async () => {
    const store = newStore()
    await nd.zeros([8]).toZarr(store, { chunks: 2, scheduler })
    expect(existsSync(join(store, '.ndloom'))).toBe(false)
    mkdirSync(join(store, '.ndloom'))
    writeFileSync(join(store, '.ndloom', 'elsewhere-1-1-abc-7'), '')
    await nd.ones([2]).toZarr(store, { region: '2:4', scheduler })
    expect(readdirSync(join(store, '.ndloom'))).toEqual(['elsewhere-1-1-abc-7'])
  })
  test('is nothing, also of a store whose metadata stand together', async () => {
    const store = newStore()
    await nd.ones([8]).toZarr(store, { path: 'x', scheduler })
    await nd.consolidateZarr(store)
    await nd.ones([8]).toZarr(store, { path: 'y', scheduler })
    expect(existsSync(join(store, 'y', '.ndloom'))).toBe(false)
  })
  test('is nothing of a value that could not be written', async () => {
    const store = newStore()
    await nd.zeros([2]).toZarr(store, { scheduler })
    rmSync(join(store, 'c'), { recursive: true })
    mkdirSync(join(store, 'c', '0', 'in the way'), { recursive: true })
    await expect(nd.ones([2]).toZarr(store, { region: ':', scheduler })).rejects.toThrow(nd.StorageError)
    expect(readdirSync(join(store, '.ndloom'))).toEqual([])
  })
})

test('an array is of the version of the group that it goes into', async () => {
  const store = newStore()
  await nd.ones([2]).toZarr(store, { path: 'x', zarrFormat: 2, scheduler })
  await nd.ones([2]).toZarr(store, { path: 'below/y', scheduler })
  expect(await nd.openZarr(store, { path: 'below/y' })).toMatchObject({ zarrFormat: 2 })
})

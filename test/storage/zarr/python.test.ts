import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unzipSync } from 'fflate'
import type { NdArray } from 'ndarray'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as nd from '../../../src/index.ts'

const fixtures = fileURLToPath(new URL('../../fixtures/zarr', import.meta.url))
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ndloom-python-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

type Element = boolean | number | string | [Element, Element]
type Contents = Record<string, { dtype: nd.DType; values: Element[] }>

/** An element as the fixtures' JSON has it. */
function element(value: unknown): Element {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value === 'object') {
    const { re, im } = value as nd.Complex
    return [element(re), element(im)]
  }
  const names: Record<string, string> = { Infinity: 'inf', '-Infinity': '-inf', NaN: 'nan' }
  return names[String(value)] ?? (value as number)
}
async function valuesOf(x: nd.ChunkedArray): Promise<Element[]> {
  const result: unknown = await x.ravel().compute()
  const { shape, get } = result as NdArray
  if (!shape) return [element(result)]
  return Array.from({ length: shape[0] }, (_, i) => {
    const value: unknown = get.call(result, i)
    return element(x.dtype === 'bool' ? value === 1 : value)
  })
}

describe.each(['python2-v2', 'python3-v2', 'python3-v3'])('the arrays of %s are read', (name) => {
  const contents: Contents = JSON.parse(readFileSync(join(fixtures, `${name}.json`), 'utf8'))
  const zip = join(fixtures, `${name}.zip`)
  const readAll = async (store: string): Promise<Contents> => {
    const found: Contents = {}
    for (const path of Object.keys(contents)) {
      const x = await nd.fromZarr(store, { path })
      found[path] = { dtype: x.dtype, values: await valuesOf(x) }
    }
    return found
  }
  test('from the zip file', async () => {
    expect(await readAll(zip)).toEqual(contents)
  })
  test('from a folder, with its groups, attributes and names of axes', async () => {
    const store = join(folder, name)
    for (const [key, bytes] of Object.entries(unzipSync(readFileSync(zip)))) {
      mkdirSync(dirname(join(store, key)), { recursive: true })
      writeFileSync(join(store, key), bytes)
    }
    expect(await readAll(store)).toEqual(contents)
    const group = await nd.openZarr(store)
    expect(group).toMatchObject({ kind: 'group', attributes: { title: 'fixtures' } })
    if (group.kind !== 'group') return
    expect([...group.arrays].sort()).toEqual(
      Object.keys(contents)
        .filter((path) => !path.includes('/'))
        .sort(),
    )
    expect(group.groups).toContain('codec')
    const named = name.endsWith('v3') ? 'named' : 'order'
    expect(await nd.openZarr(store, { path: named })).toMatchObject({ kind: 'array', attributes: { units: 'K' } })
    if (name.endsWith('v3'))
      expect(await nd.openZarr(store, { path: 'sharded' })).toMatchObject({ chunks: [3, 2], shards: [6, 8] })
  })
})

/** A Python that has zarr, where there is one: NDLOOM_ZARR_PYTHON names it. */
const python = process.env.NDLOOM_ZARR_PYTHON ?? 'python3'
const version =
  spawnSync(python, ['-c', 'import zarr; print(zarr.__version__)'], { encoding: 'utf8' }).stdout?.trim() ?? ''

test.skipIf(version === '')('what ndloom writes is read by zarr-python, where it is installed', async () => {
  const store = join(folder, 'ours.zarr')
  const x = nd.arange(35 * 50).reshape([35, 50])
  const layouts: nd.ToZarrOptions[] = [
    { zarrFormat: 2 },
    { zarrFormat: 2, chunks: [10, 20], order: 'F', byteOrder: 'big', compressors: { name: 'zlib', level: 4 } },
    { zarrFormat: 2, chunks: 9, compressors: 'lz4', fillValue: 5, writeEmptyChunks: false },
    ...(version.startsWith('2')
      ? []
      : ([
          { chunks: [10, 20] },
          { chunks: [10, 20], compressors: 'zstd', order: 'F', byteOrder: 'big' },
          { chunks: [5, 10], shards: [20, 20], compressors: ['gzip', 'crc32c'] },
          { chunks: [5, 10], shards: [20, 20], order: 'F', fillValue: 3, writeEmptyChunks: false },
        ] satisfies nd.ToZarrOptions[])),
  ]
  const dtypes = nd.dtypes.map((dtype, k) => ({ dtype, path: `t${k}` }))
  for (const [k, options] of layouts.entries()) await x.toZarr(join(store, `x${k}`), options)
  for (const { dtype, path } of dtypes) await x.astype(dtype).toZarr(join(store, path), { zarrFormat: 2, chunks: 20 })
  const script = `
import zarr, numpy as np
x = np.arange(35 * 50.0).reshape(35, 50)
for k in range(${layouts.length}):
    assert np.array_equal(zarr.open(f'${store}/x{k}', mode='r')[:], x), k
for path, dtype in [${dtypes.map(({ dtype, path }) => `('${path}', '${dtype}')`).join(', ')}]:
    found = zarr.open(f'${store}/{path}', mode='r')[:]
    assert found.dtype == dtype and np.array_equal(found, x.astype(dtype)), dtype
`
  const { status, stderr } = spawnSync(python, ['-W', 'ignore', '-c', script], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

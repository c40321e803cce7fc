import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { zipSync } from 'fflate'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import * as nd from '../../../src/index.ts'
import { fetchBytes } from '../../../src/storage/store/http.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ndloom-trouble-'))
})
afterAll(() => rmSync(folder, { recursive: true }))
let next = 0
const newStore = (): string => join(folder, `${next++}.zarr`)
/** Errors of folders come at once, of other stores later: here all come later. */
const opened = async (store: nd.StoreLike) => nd.fromZarr(store)
const sumOf = async (store: nd.StoreLike) => (await nd.fromZarr(store)).sum().compute()

describe('a damaged chunk', () => {
  const all: [string, nd.ToZarrOptions][] = [
    ['blosc', {}],
    ['blosc with zstd', { compressors: { name: 'blosc', cname: 'zstd' } }],
    ['blosc with zlib', { compressors: { name: 'blosc', cname: 'zlib' } }],
    ['zstd', { compressors: 'zstd' }],
    ['gzip', { compressors: 'gzip' }],
    ['zlib', { compressors: 'zlib' }],
    ['lz4', { compressors: 'lz4' }],
    ['none', { compressors: null }],
    ['crc32c', { compressors: 'crc32c' }],
    ['shards', { chunks: 5, shards: [20], compressors: null }],
  ]
  test.each(all)('that is cut short (%s) is a StorageError with store, key and cure', async (_, options) => {
    const store = newStore()
    await nd.arange(1000).toZarr(store, { chunks: 20, ...options })
    const file = join(store, 'c', '3')
    truncateSync(file, Math.floor(readFileSync(file).length / 2))
    const failure = sumOf(store)
    await expect(failure).rejects.toThrow(nd.StorageError)
    await expect(failure).rejects.toThrow(/c\/3 of .*zarr is damaged: .*; get it again/)
    truncateSync(file, 0)
    await expect(sumOf(store)).rejects.toThrow(nd.StorageError)
    expect(await (await nd.fromZarr(store)).at(':60').sum().compute()).toBe(1770)
    rmSync(file)
    expect(await (await nd.fromZarr(store)).at('60:80').sum().compute()).toBe(0)
  })
  test('that cannot be read for a reason of the system says which', async () => {
    const store = newStore()
    await nd.arange(40).toZarr(store, { chunks: 20 })
    rmSync(join(store, 'c', '1'))
    mkdirSync(join(store, 'c', '1'))
    await expect(sumOf(store)).rejects.toThrow(/read: cannot use the file .*c\/1: it is a directory/)
  })
  test('with a bit flipped does not pass its checksum', async () => {
    for (const [key, layout] of [
      ['c/0', { compressors: 'crc32c' }],
      ['c/0', { shards: [1000], compressors: 'zstd' }],
    ] as [string, nd.ToZarrOptions][]) {
      const store = newStore()
      await nd.arange(1000).toZarr(store, { chunks: 1000, ...layout })
      const bytes = readFileSync(join(store, key))
      bytes[layout.shards ? bytes.length - 10 : 77] ^= 4
      writeFileSync(join(store, key), bytes)
      await expect(sumOf(store)).rejects.toThrow(/checksum/)
    }
  })
})

describe('metadata that are not understood', () => {
  /** What is said of metadata that are changed in some fields, or are another text altogether. */
  const refused = async (change: object | string): Promise<string> => {
    const store = newStore()
    await nd.ones([4]).toZarr(store)
    const file = join(store, 'zarr.json')
    const changed = { ...JSON.parse(readFileSync(file, 'utf8')), ...(change as object) }
    writeFileSync(file, typeof change === 'string' ? change : JSON.stringify(changed))
    const error = await opened(store).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(nd.StorageError)
    expect((error as Error).message).toContain(store)
    return (error as Error).message
  }
  test.each<[object | string, RegExp]>([
    [{ zarr_format: 4 }, /zarr_format is 4; ndloom reads versions 2 and 3/],
    [{ codecs: [{ name: 'bytes' }, { name: 'lzma' }] }, /codec "lzma".*blosc/],
    [{ data_type: 'float16' }, /data_type is "float16".*float32/],
    [{ node_type: 'table' }, /node_type/],
    [{ chunk_grid: { name: 'rectilinear' } }, /chunk_grid/],
    [{ shape: [4.5] }, /shape/],
    [{ fill_value: 'x' }, /fill_value/],
    [{ magic: { name: 'new' } }, /"magic"/],
    ['{', /no JSON/],
    ['[1]', /no JSON object/],
  ])('are refused with what they say and what is wanted: %j', async (change, text) => {
    expect(await refused(change)).toMatch(text)
  })
  test('of version 2 alike', async () => {
    const store = newStore()
    await nd.ones([4]).toZarr(store, { zarrFormat: 2 })
    const file = join(store, '.zarray')
    const document = JSON.parse(readFileSync(file, 'utf8'))
    for (const [change, text] of [
      [{ dtype: '<M8[s]' }, /dtype/],
      [{ compressor: { id: 'lzma' } }, /lzma/],
      [{ order: 'K' }, /order/],
      [{ zarr_format: 1 }, /zarr_format/],
    ] as const) {
      writeFileSync(file, JSON.stringify({ ...document, ...change }))
      await expect(opened(store)).rejects.toThrow(text)
    }
  })
})

describe('a folder', () => {
  const isRoot = process.getuid?.() === 0
  test.skipIf(isRoot)('without permission is a StorageError that says so', async () => {
    const store = newStore()
    mkdirSync(store)
    chmodSync(store, 0o500)
    await expect(nd.ones([2]).toZarr(store)).rejects.toThrow(/permission/)
    chmodSync(store, 0o700)
  })
  test('that cannot be made, as a file is in its way, is one', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    await expect(nd.ones([2]).toZarr(join(file, 'x.zarr'))).rejects.toThrow(nd.StorageError)
  })
  test('keeps the chunks that were written before an error, and the other arrays', async () => {
    const store = newStore()
    await nd.ones([4]).toZarr(store, { path: 'other' })
    const fails = nd.arange(40, { chunks: 10 }).mapBlocks(
      ((block: { get(i: number): number }) => {
        if (block.get(0) === 30) throw new Error('no')
        return block
      }) as never,
      { dtype: 'float64' },
    )
    await expect(fails.toZarr(store, { path: 'x', scheduler: 'local' })).rejects.toThrow(nd.TaskError)
    expect(readdirSync(join(store, 'x', 'c')).sort()).toEqual(['0', '1', '2'])
    expect(await (await nd.fromZarr(store, { path: 'other' })).sum().compute()).toBe(4)
    expect(existsSync(join(store, 'x', '.ndloom', 'run.json'))).toBe(false)
  })
})

test.skipIf(!zstdCompressSync)('Zstandard writes its checksum where that is wanted', async () => {
  const sizes = [false, true].map(async (checksum) => {
    const store = new Map<string, Uint8Array>()
    await nd.ones([100]).toZarr(store, { compressors: { name: 'zstd', checksum }, scheduler: 'local' })
    return store.get('/c/0')!.length
  })
  const [without, having] = await Promise.all(sizes)
  expect(having).toBe(without + 4)
})

test('reading leaves the bytes of a store object alone', async () => {
  for (const compressors of [null, 'crc32c'] as const) {
    const store = new Map<string, Uint8Array>()
    await nd.arange(20).toZarr(store, { byteOrder: 'big', compressors, scheduler: 'local' })
    const before = Uint8Array.from(store.get('/c/0')!)
    for (const _ of [1, 2]) expect(await sumOf(store)).toBe(190)
    expect(store.get('/c/0')).toEqual(before)
  }
})

describe('a zip file', () => {
  const pack = async (file: string, x: nd.ChunkedArray) => {
    const store = new Map<string, Uint8Array>()
    await x.toZarr(store, { scheduler: 'local' })
    writeFileSync(file, zipSync(Object.fromEntries([...store].map(([key, bytes]) => [key.slice(1), bytes]))))
  }
  test('that is written anew, or is there at last, is read anew', async () => {
    const file = join(folder, 'x.zip')
    const sum = async () => (await nd.fromZarr(file)).sum().compute({ scheduler: 'local' })
    await expect(sum()).rejects.toThrow(nd.StorageError)
    await pack(file, nd.ones([4]))
    expect(await sum()).toBe(4)
    await pack(file, nd.ones([400]).add(1))
    expect(await sum()).toBe(800)
  })
})

test('an entry of a zip file that does not fit its checksum is refused', async () => {
  const store = new Map<string, Uint8Array>()
  await nd.arange(100).toZarr(store, { chunks: 50, compressors: null, scheduler: 'local' })
  const file = join(folder, 'changed.zip')
  const entries = Object.fromEntries([...store].map(([key, bytes]) => [key.slice(1), bytes]))
  const zip = Buffer.from(zipSync(entries, { level: 0 }))
  zip[zip.indexOf(Buffer.from(store.get('/c/1')!)) + 7] ^= 1
  writeFileSync(file, zip)
  const x = await nd.fromZarr(file)
  expect(await x.at(':50').sum().compute()).toBe(1225)
  await expect(x.sum().compute()).rejects.toThrow(/changed\.zip cannot be read: c\/1 does not fit its checksum; get it/)
})

test('stores and options that are none are refused at the call', async () => {
  const x = nd.ones([4, 4])
  for (const store of ['', 7, null, {}, 's3://bucket/x', 'ftp://host/x'])
    await expect(opened(store as never), String(store)).rejects.toThrow(nd.StorageError)
  await expect(x.toZarr('http://localhost/x.zarr')).rejects.toThrow(/only be read/)
  await expect(x.toZarr('x.zip')).rejects.toThrow(/only be read/)
  const wrong: [object, RegExp][] = [
    [{ chunk: 2 }, /no option chunk/],
    [{ zarrFormat: 4 }, /zarrFormat/],
    [{ chunks: [2, [1, 3]] }, /equal lengths/],
    [{ chunks: 2, shards: [3, 4] }, /whole multiples/],
    [{ shards: [4, 4], zarrFormat: 2 }, /no shards/],
    [{ compressors: 'lzma' }, /blosc/],
    [{ chunks: 2 ** 15 }, /chunks of 8 GiB, want at most 2 GiB, which is what blosc takes/],
    [{ compressors: { name: 'zstd', depth: 3 } }, /depth/],
    [{ compressors: { name: 'blosc', clevel: 10 } }, /clevel of blosc 10, want an integer from 0 to 9/],
    [{ compressors: { name: 'blosc', cname: 'lzo' } }, /cname of blosc.*'?lz4/],
    [{ compressors: { name: 'blosc', typesize: 0 } }, /typesize/],
    [{ compressors: { name: 'blosc', shuffle: 3 } }, /shuffle of blosc/],
    [{ compressors: { name: 'zstd', level: 3.5 } }, /level of zstd/],
    [{ compressors: { name: 'zstd', checksum: 1 } }, /checksum of zstd/],
    [{ compressors: { name: 'gzip', level: '9' } }, /level of gzip/],
    [{ compressors: { name: 'zlib', level: -1 } }, /level of zlib/],
    [{ dimensionNames: ['y'] }, /dimensionNames/],
    [{ attributes: 3 }, /attributes/],
    [{ fillValue: 'x' }, /number/],
  ]
  for (const [options, text] of wrong) {
    const store = newStore()
    await expect(x.toZarr(store, options as never), JSON.stringify(options)).rejects.toThrow(text)
    expect(existsSync(store)).toBe(false)
  }
})

describe('a server', () => {
  let server: Server | undefined
  afterEach(() => {
    server?.closeAllConnections()
    server?.close()
  })
  type Handle = (request: IncomingMessage, response: ServerResponse, count: number) => void
  async function serve(handle: Handle): Promise<string> {
    let count = 0
    server = createServer((request, response) => handle(request, response, count++))
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  /** A server of files that knows ranges. */
  const files =
    (root: string): Handle =>
    ({ url = '/', headers }, response) => {
      const file = join(root, decodeURIComponent(new URL(url, 'http://x').pathname))
      if (!existsSync(file) || file.endsWith('/')) return void response.writeHead(404).end()
      const bytes = readFileSync(file)
      const [, first, last] = /bytes=(\d*)-(\d*)/.exec(headers.range ?? '') ?? []
      if (first === undefined) return void response.end(bytes)
      const part = first === '' ? bytes.subarray(-Number(last)) : bytes.subarray(Number(first), Number(last) + 1)
      response.writeHead(206).end(part)
    }

  test('gives arrays, of shards only the parts that are needed', async () => {
    const store = newStore()
    await nd.arange(10_000).toZarr(store, { chunks: 100, shards: [1000], compressors: null })
    let sent = 0
    const url = await serve((request, response) => {
      const end = response.end.bind(response)
      response.end = ((bytes?: Uint8Array) => {
        sent += bytes?.length ?? 0
        return end(bytes)
      }) as never
      files(store)(request, response, 0)
    })
    const x = await nd.fromZarr(url)
    sent = 0
    expect(await x.at('1230:1240').sum().compute()).toBe(12345)
    expect(sent).toBe(100 * 8 + 10 * 16 + 4)
    expect(await x.sum().compute()).toBe(49_995_000)
  })
  test('that sends another range than the one asked for is asked again', async () => {
    const store = newStore()
    await nd.arange(1000).toZarr(store, { chunks: 100, shards: [1000], compressors: null })
    const url = await serve((request, response, count) => {
      const bytes = readFileSync(join(store, request.url!))
      const [, first, last] = /bytes=(\d*)-(\d*)/.exec(request.headers.range ?? '') ?? []
      if (first === undefined) return void response.end(bytes)
      const length = first === '' ? Number(last) : Number(last) - Number(first) + 1
      const start = first === '' ? bytes.length - length : Number(first)
      const from = count % 2 ? 0 : start
      response.writeHead(206, { 'Content-Range': `bytes ${from}-${from + length - 1}/${bytes.length}` })
      response.end(bytes.subarray(from, from + length))
    })
    const x = await nd.fromZarr(url)
    for (const first of [110, 230, 570]) expect(await x.at(first).compute()).toBe(first)
  })
  test('is asked for the chunks of a shard side by side, and for a whole shard at the edge once', async () => {
    const store = newStore()
    await nd.arange(150).toZarr(store, { chunks: 10, shards: [100], compressors: null })
    let [open, most, count] = [0, 0, 0]
    const url = await serve((request, response) => {
      count++
      most = Math.max(most, ++open)
      setTimeout(() => {
        open--
        files(store)(request, response, 0)
      }, 20)
    })
    const x = await nd.fromZarr(url)
    ;[most, count] = [0, 0]
    expect(await x.at('10:50').sum().compute({ scheduler: 'local' })).toBe(1180)
    expect(most).toBe(4)
    expect(count).toBe(1 + 4)
    count = 0
    expect(await x.at('100:').sum().compute({ scheduler: 'local' })).toBe(6225)
    expect(count).toBe(1)
  })
  test('is named in errors without its query, which may be a signature', async () => {
    const url = await serve((_, response) => void response.writeHead(404).end())
    await expect(opened(`${url}/x?signature=secret`)).rejects.toThrow(new RegExp(`${url}/x has no array`))
  })
  test('that answers 500 now and then is asked again', async () => {
    const store = newStore()
    await nd.arange(100).toZarr(store, { chunks: 10 })
    const url = await serve((request, response, count) => {
      if (count % 3 === 1) response.writeHead(503).end()
      else files(store)(request, response, count)
    })
    expect(await sumOf(url)).toBe(4950)
  })
  const quick = { mostTries: 3, firstWaitMilliseconds: 5, patienceMilliseconds: 100 }
  test('that always answers 500, hangs, or sends half a range is a StorageError with its address', async () => {
    const counts: number[] = []
    const answers: [Handle, RegExp, number][] = [
      [(_, response) => void response.writeHead(500).end(), /answered 500.*tried 3 times/, 3],
      [(_, response) => void response.writeHead(403).end(), /answered 403(?!.*tried)/, 1],
      [() => {}, /no answer within 0.1 s.*tried 3 times/, 3],
      [(_, response) => void response.writeHead(206).end('abc'), /sent 3 of 10 bytes/, 3],
      [(_, response) => void response.writeHead(200, { 'content-length': 10 }).write('abc'), /tried 3 times/, 3],
      [({ socket }) => void socket.destroy(), /request failed.*tried 3 times/, 3],
    ]
    for (const [handle, text, tries] of answers) {
      let count = 0
      const url = await serve((request, response) => {
        count++
        handle(request, response, count)
      })
      const failure = fetchBytes(new URL(`${url}/x?secret=1`), { offset: 0, length: 10 }, quick)
      await expect(failure).rejects.toThrow(nd.StorageError)
      await expect(failure).rejects.toThrow(text)
      await expect(failure).rejects.toThrow(`${url}/x:`)
      counts.push(count - tries)
      server?.closeAllConnections()
      server?.close()
    }
    expect(counts).toEqual(answers.map(() => 0))
  })
  test('that hangs does not hold up an abort', async () => {
    const store = newStore()
    await nd.arange(100).toZarr(store, { chunks: 10 })
    const url = await serve((request, response) => {
      if (request.url?.endsWith('.json') || request.url?.startsWith('/.')) files(store)(request, response, 0)
    })
    const x = await nd.fromZarr(url)
    for (const scheduler of ['threads', 'local'] as const)
      await expect(x.sum().compute({ scheduler, signal: AbortSignal.timeout(50) })).rejects.toThrow(nd.AbortError)
  })
  test('that knows no ranges is read as a whole, and the part cut out', async () => {
    const url = await serve((_, response) => void response.end('0123456789'))
    const part = await fetchBytes(new URL(url), { offset: 2, length: 3 }, quick)
    expect(new TextDecoder().decode(part)).toBe('234')
    expect(new TextDecoder().decode(await fetchBytes(new URL(url), { suffixLength: 4 }, quick))).toBe('6789')
  })
})

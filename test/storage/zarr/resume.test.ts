import { type ChildProcess, spawn } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as nd from '../../../src/index.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ndloom-resume-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const script = fileURLToPath(new URL('resume-child.ts', import.meta.url))
const start = (path: string, wait: number): ChildProcess => {
  // Most of a short run is to start; what the first one has compiled is used by the others.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') }
  return spawn(process.execPath, [script, path, String(wait)], { stdio: ['ignore', 'ignore', 'pipe'], env })
}
/** The exit code, or null when a signal ended it, and what it said. */
const ended = async (child: ChildProcess): Promise<{ code: number | null; text: string }> => {
  let text = ''
  child.stderr?.on('data', (part) => {
    text += part
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, text }
}
const filesOf = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(path, name)).isFile())
    .sort()

test('a run that is killed 20 times at random moments gives the bytes of an undisturbed one', async () => {
  const [killed, undisturbed] = [join(folder, 'killed.zarr'), join(folder, 'undisturbed.zarr')]
  const began = performance.now()
  expect(await ended(start(undisturbed, 0))).toEqual({ code: 0, text: '' })
  const usualMilliseconds = Math.min(performance.now() - began, 4000) // The first run may have come at a busy moment.
  let advances = 0
  for (let kill = 0; kill < 20; kill++) {
    const before = existsSync(killed) ? filesOf(killed).length : 0
    const child = start(killed, 10)
    const over = ended(child)
    await new Promise((resolve) => setTimeout(resolve, usualMilliseconds * (0.2 + 0.8 * Math.random())))
    child.kill('SIGKILL')
    const { code, text } = await over
    expect(text).toBe('')
    if (existsSync(killed) && filesOf(killed).length > before) advances++
    if (code === 0) rmSync(killed, { recursive: true }) // it was done before it was killed
  }
  expect(advances).toBeGreaterThan(0)
  expect(await ended(start(killed, 10))).toEqual({ code: 0, text: '' })
  expect(filesOf(killed)).toEqual(filesOf(undisturbed))
  // How long the blocks take is an argument: the identities differ, and nothing else.
  for (const name of filesOf(killed).filter((file) => file !== join('.ndloom', 'run.json')))
    expect(Buffer.compare(readFileSync(join(killed, name)), readFileSync(join(undisturbed, name))), name).toBe(0)
}, 180_000)

describe('resume', () => {
  const failing = (path: string, options: nd.ToZarrOptions = {}, factor = 2) =>
    nd
      .fromBinary(join(folder, 'x.bin'), { dtype: 'float64', shape: [8, 8] })
      .rechunk([2, 2])
      .mul(factor)
      .toZarr(path, { chunks: [2, 2], resume: true, ...options })
  /** Writes the source, and a run of it that was ended with 5 of 16 chunks written. */
  async function begin(path: string): Promise<void> {
    writeFileSync(join(folder, 'x.bin'), new Float64Array(64).fill(3))
    const controller = new AbortController()
    const progress = (finished: number) => void (finished >= 5 && controller.abort())
    await expect(failing(path, { progress, signal: controller.signal, scheduler: 'local' })).rejects.toThrow(
      nd.AbortError,
    )
  }
  test('leaves out what is there, and what only that needs', async () => {
    const path = join(folder, 'again.zarr')
    await begin(path)
    const there = filesOf(path).filter((name) => name.startsWith('c/')).length
    expect(there).toBeGreaterThan(0)
    const totals: number[] = []
    await failing(path, { onEvent: (event) => void (event.type === 'start' && totals.push(event.totalTasks)) })
    expect(totals[0]).toBeLessThanOrEqual(3 * (16 - there))
    expect(await (await nd.fromZarr(path)).sum().compute()).toBe(64 * 6)
    expect(readdirSync(join(path, '.ndloom'))).toEqual(['run.json'])
  })
  test('of what is done does nothing, and still refuses another computation', async () => {
    const path = join(folder, 'whole.zarr')
    await begin(path)
    await failing(path)
    const before = filesOf(path).map((name) => statSync(join(path, name)).mtimeMs)
    await failing(path)
    expect(filesOf(path).map((name) => statSync(join(path, name)).mtimeMs)).toEqual(before)
    await expect(failing(path, {}, 3)).rejects.toThrow(/another computation/)
  })
  test('refuses another computation, another layout, and a source that has changed', async () => {
    const path = join(folder, 'other.zarr')
    await begin(path)
    const text = /what another computation has begun/
    await expect(failing(path, {}, 3)).rejects.toThrow(text)
    await expect(failing(path, { chunks: [4, 4] })).rejects.toThrow(text)
    utimesSync(join(folder, 'x.bin'), 1, 1)
    await expect(failing(path)).rejects.toThrow(text)
    await failing(path, { overwrite: true })
    expect(await (await nd.fromZarr(path)).max().compute()).toBe(6)
  })
  test('does not touch an array that no run has left', async () => {
    const path = join(folder, 'done.zarr')
    await nd.ones([2]).toZarr(path)
    await expect(nd.ones([2]).toZarr(path, { resume: true })).rejects.toThrow(nd.StorageError)
  })
  test('refuses what another process could not know again', async () => {
    const x = await nd.ones([4]).persist()
    await expect(x.toZarr(join(folder, 'heap.zarr'), { resume: true })).rejects.toThrow(/persisted/)
  })
})

describe('what is there is not taken for chunks of the same computation', () => {
  const write = (path: string, options: nd.ToZarrOptions = {}) =>
    nd.ones([8]).toZarr(path, { chunks: 2, resume: true, scheduler: 'local', ...options })
  test('after a part was written', async () => {
    const path = join(folder, 'part.zarr')
    await write(path)
    await nd.zeros([2]).toZarr(path, { region: '2:4', scheduler: 'local' })
    await expect(write(path)).rejects.toThrow(nd.StorageError)
    await write(path, { overwrite: true })
    expect(await nd.fromZarr(path).sum().compute()).toBe(8)
  })
  test('where another computation is overwritten', async () => {
    const path = join(folder, 'over.zarr')
    await nd.zeros([8]).toZarr(path, { chunks: 2, resume: true, scheduler: 'local' })
    await write(path, { overwrite: true })
    expect(await nd.fromZarr(path).sum().compute()).toBe(8)
  })
  test('where chunks lie without metadata', async () => {
    const path = join(folder, 'left.zarr')
    await nd.zeros([8]).toZarr(path, { chunks: 2, scheduler: 'local' })
    rmSync(join(path, 'zarr.json'))
    await expect(write(path)).rejects.toThrow(/chunks.*without metadata/)
  })
})

describe('a computation is another one', () => {
  const same = ((block: unknown) => block) as never
  const write = (path: string, x: nd.ChunkedArray) => x.toZarr(join(folder, path), { resume: true, scheduler: 'local' })
  const refused = async (path: string, x: nd.ChunkedArray) =>
    expect(write(path, x)).rejects.toThrow(/another computation/)
  test('where args of a function differ, whatever they are', async () => {
    const by = (args: unknown) => nd.ones([4]).mapBlocks(same, { args })
    await write('args.zarr', by(new Map([[1, new Uint8Array([1]).buffer]])))
    await write('args.zarr', by(new Map([[1, new Uint8Array([1]).buffer]])))
    await refused('args.zarr', by(new Map([[1, new Uint8Array([2]).buffer]])))
    await refused('args.zarr', by(new Set([1])))
    await refused('args.zarr', by(undefined))
  })
  test('where the module of a function has changed', async () => {
    const module = join(folder, 'same.mjs')
    writeFileSync(module, 'export const same = (block) => block\n')
    const x = nd.ones([4]).mapBlocks({ module, name: 'same' } as never)
    await write('module.zarr', x)
    await write('module.zarr', x)
    writeFileSync(module, 'export const same = (block) => undefined\n')
    await refused('module.zarr', x)
  })
  test('where a part of a Zarr array that it reads was written', async () => {
    const source = join(folder, 'source.zarr')
    for (const zarrFormat of [2, 3] as const) {
      const [from, to] = [`${source}${zarrFormat}`, `to${zarrFormat}.zarr`]
      await nd.zeros([4]).toZarr(from, { zarrFormat, scheduler: 'local' })
      await write(to, nd.fromZarr(from).add(1))
      await write(to, nd.fromZarr(from).add(1))
      await nd.ones([4]).toZarr(from, { region: ':', scheduler: 'local' })
      await refused(to, nd.fromZarr(from).add(1))
    }
  })
  test('where a compressed NPZ file has changed', async () => {
    const file = join(folder, 'x.npz')
    await nd.toNpz(file, { x: nd.ones([4]) }, { compressed: true })
    const opened = async () => (await nd.fromNpz(file)).x.add(1)
    await write('npz.zarr', await opened())
    utimesSync(file, 1, 1)
    await refused('npz.zarr', await opened())
  })
})

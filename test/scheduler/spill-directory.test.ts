import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const script = fileURLToPath(new URL('./support/spilling.ts', import.meta.url))
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ndloom-test-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Starts the script; its output so far grows in `text`. */
function start(mode: string, command = [process.execPath, script, mode]) {
  const [program, ...args] = command
  const child = spawn(program, args, { env: { ...process.env, NDLOOM_SPILL_DIRECTORY: folder } })
  const output = { text: '' }
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      output.text += data.toString()
    })
  return { child, output, ended: once(child, 'close') as Promise<[number | null, string | null]> }
}
async function spilled(child: ChildProcess): Promise<void> {
  for await (const data of child.stdout!) if (String(data).includes('spilled')) return
  throw new Error('it ended before it spilled')
}

describe('the directory of the spill file', () => {
  test('is gone when the process has ended', async () => {
    const { output, ended } = start('exit')
    expect(await ended).toEqual([0, null])
    expect(output.text).toMatch(/^spilled\n0\.99999/)
    expect(readdirSync(folder)).toEqual([])
  })
  test.skipIf(process.platform === 'win32')('is gone after a signal, which ends the process as ever', async () => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      const { child, ended } = start('wait')
      await spilled(child)
      expect(readdirSync(folder).length).toBe(1)
      child.kill(signal)
      expect(await ended).toEqual([null, signal])
      expect(readdirSync(folder)).toEqual([])
    }
  })
  test.skipIf(process.platform === 'win32')('is gone when a handler of the user ends the process', async () => {
    const { child, ended } = start('handler')
    await spilled(child)
    child.kill('SIGTERM')
    expect(await ended).toEqual([7, null])
    expect(readdirSync(folder)).toEqual([])
  })
  test('of a process that was killed is removed by the next, of one that runs it is not', async () => {
    mkdirSync(join(folder, 'of others'))
    const [killed, running] = [start('wait'), start('wait')]
    await Promise.all([spilled(killed.child), spilled(running.child)])
    killed.child.kill('SIGKILL')
    await killed.ended
    expect(readdirSync(folder).length).toBe(3)
    await start('exit').ended
    const left = readdirSync(folder)
    expect(left.length).toBe(2)
    expect(left.some((name) => name.includes(`-${running.child.pid}-`))).toBe(true)
    running.child.kill('SIGKILL')
    await running.ended
  })
})

test.skipIf(process.platform === 'win32')('a disk that is full: a clear error, and nothing is left on it', async () => {
  // The shell's limit of a file's size, in blocks of 512 bytes or of 1 KiB, fails a write as a full disk does.
  const limited = ['/bin/sh', '-c', `ulimit -f 1000; exec '${process.execPath}' '${script}' exit`]
  const { output, ended } = start('exit', limited)
  expect(await ended).toEqual([1, null])
  expect(output.text).toMatch(/StorageError: spill: a block of 128 KiB cannot be written to .*NDLOOM_SPILL_DIRECTORY/)
  expect(readdirSync(folder)).toEqual([])
})

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasEnded, ownerName } from '../../src/storage/temporaries.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ndloom-temporaries-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A process that has opened a file to be, and then ends in some way; what it leaves in the folder, and how it ended. */
function left(end: string) {
  const { href } = new URL('../../src/storage/file-target.ts', import.meta.url)
  const opening = `import { openNpyTarget } from ${JSON.stringify(href)}
    import { readdirSync } from 'node:fs'
    const target = openNpyTarget(${JSON.stringify(join(folder, 'x.npy'))}, 'int8', [3], 'toNpy')
    console.log(readdirSync(${JSON.stringify(folder)}).length)`
  const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', `${opening}\n${end}`])
  return { opened: String(stdout).trim(), signal, files: readdirSync(folder) }
}

test('a file that is not whole goes with its process, one that is stays', () => {
  expect(left('process.exit()')).toEqual({ opened: '1', signal: null, files: [] })
  if (process.platform !== 'win32')
    expect(left("process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 5000)")).toEqual({
      opened: '1',
      signal: 'SIGTERM',
      files: [],
    })
  expect(left('target.commit()')).toEqual({ opened: '1', signal: null, files: ['x.npy'] })
})

test('a name tells whether its owner has ended, and nothing of another machine', () => {
  expect(hasEnded(ownerName())).toBe(false)
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  const [, machine] = /^(.+)-\d+-\d+$/.exec(ownerName()) ?? []
  expect(hasEnded(`${machine}-${pid}-1`)).toBe(true)
  expect(hasEnded(`else-${pid}-1`)).toBe(false)
})

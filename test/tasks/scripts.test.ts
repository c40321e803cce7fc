import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

test('a script that closes nothing ends by itself, with no complaint', async () => {
  const { stdout, stderr } = await run(process.execPath, [pathOf('./support/unclosed.ts')], { timeout: 30000 })
  expect({ stdout, stderr }).toEqual({ stdout: 'last line\n', stderr: '' })
})
test('workers of a pool start from a program that is text on the command line', async () => {
  const index = new URL('../../src/index.ts', import.meta.url).href
  const program = `
    const nd = await import(${JSON.stringify(index)})
    for (const options of [{}, { initializer: () => {} }, { kind: 'process' }])
      process.stdout.write(String(await new nd.Pool({ workers: 1, ...options }).apply((x) => x + 1, [1])))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { timeout: 30000 })
  expect(stdout).toBe('222')
})
test('the children of a process that ends in mid-work end with it', async () => {
  const index = new URL('../../src/index.ts', import.meta.url).href
  const program = `
    const nd = await import(${JSON.stringify(index)})
    const pool = new nd.Pool({ kind: 'process', workers: 1 })
    process.stdout.write(String(await pool.apply(() => process.pid)))
    void pool.apply(() => { for (;;); })
    setTimeout(() => process.exit(0), 50)`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { timeout: 30000 })
  const isAlive = (): boolean => {
    try {
      return process.kill(Number(stdout), 0)
    } catch {
      return false
    }
  }
  for (let tries = 0; tries < 200 && isAlive(); tries++) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(isAlive()).toBe(false)
})

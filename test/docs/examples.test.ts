import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'
import { pages, scriptOf } from './extract.ts'

const folder = mkdtempSync(join(tmpdir(), 'ndloom-docs-'))
/** Files that the examples read. */
beforeAll(async () => {
  const geoid = new URL('../../examples/data/egm96_15.gtx', import.meta.url)
  copyFileSync(fileURLToPath(geoid), join(folder, 'egm96_15.gtx'))
  await nd
    .arange(20)
    .reshape([20, 1])
    .add(nd.zeros([20, 30]))
    .toNpy(join(folder, 'measurements.npy'))
})
afterAll(async () => {
  await nd.shutdown()
  rmSync(folder, { recursive: true })
})

test.each(pages)('the examples of $name run, and what they say is so', (page) => {
  const script = join(folder, `${page.name.replaceAll(/\W/g, '-')}.ts`)
  writeFileSync(script, scriptOf(page))
  const { status, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8', timeout: 100_000 })
  expect({ status, stderr: stderr.replaceAll(/\(node:\d+\).*\n(\(Use .*\n)?/g, '') }).toEqual({ status: 0, stderr: '' })
})

test('an example that fails, and a claim that is not so, are told with their places', () => {
  const script = join(folder, 'wrong.ts')
  const example = (line: number, code: string) => ({ place: `page:${line}`, setup: 'const x = nd.ones(3)\n', code })
  writeFileSync(
    script,
    scriptOf({
      name: 'wrong',
      examples: [
        example(1, 'x.add(nd.ones(2))'),
        example(5, 'x.sum().compute() // -> 4'),
        example(9, 'x.sum().compute() // -> 3'),
      ],
    }),
  )
  const { status, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8', timeout: 100_000 })
  expect(status).toBe(1)
  expect(stderr).toMatch(/page:1: ShapeError/)
  expect(stderr).toMatch(/page:5: Error: it is 3, the page says 4/)
  expect(stderr).not.toMatch(/page:9/)
})

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The lines that an example prints, run as a user runs it. */
function run(name: string): string[] {
  const args = ['--import', new URL('sources.ts', import.meta.url).href, path(`../../examples/${name}`)]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 100_000 })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout.trimEnd().split('\n')
}
const numberAfter = (line: string, text: string): number => Number(line.split(text)[1].trim().split(/\s/)[0])

test('pi by random darts', () => {
  const lines = run('pi.ts')
  const ways = ['one loop', 'Pool', 'ranks with gather', 'one array expression']
  expect(lines.map((line) => line.slice(0, 20).trimEnd())).toEqual(ways)
  // The standard deviation is 0.0012.
  for (const line of lines) expect(Math.abs(numberAfter(line, 'pi =') - Math.PI)).toBeLessThan(0.01)
})

test('the square of each number of a list', () => {
  const lines = run('square.ts')
  expect(lines.length).toBe(5)
  for (const line of lines) expect(line.slice(12).trim()).toBe('0 1 4 9 16 25 36 49 64 81')
})

test('the words of the guide', () => {
  const folder = path('../../docs')
  const pages = readdirSync(folder).filter((name) => name.endsWith('.md'))
  const text = pages.map((name) => readFileSync(`${folder}/${name}`, 'utf8')).join('\n')
  const words = text.toLowerCase().match(/\p{Letter}+/gu)!
  const [head, ...top] = run('word-count.ts')
  expect(head).toBe(`${pages.length} pages, ${new Set(words).size} different words`)
  expect(top.length).toBe(10)
  for (const line of top) {
    const [word, count] = line.split(/ +/)
    expect(Number(count)).toBe(words.filter((each) => each === word).length)
  }
})

test('matrix times vector by allgather', () => {
  const [product, difference] = run('matrix-vector.ts')
  const wanted = Array.from({ length: 12 }, (_, i) =>
    Array.from({ length: 12 }, (_, j) => j / (1 + i + j)).reduce((a, b) => a + b),
  )
  expect(product).toBe(wanted.map((value) => value.toFixed(4)).join(' '))
  expect(numberAfter(difference, 'nd.matmul:')).toBeLessThan(1e-13)
})

test('the sum of vectors by allreduce', () => {
  const lines = run('vector-sum.ts')
  const norm = 10 * Math.sqrt(Array.from({ length: 100_000 }, (_, i) => i * i).reduce((a, b) => a + b))
  expect(lines).toEqual([0, 1, 2, 3].map((rank) => `rank ${rank}: 0, 10, 20, 30, ...   norm ${norm.toExponential(6)}`))
})

test('a producer and consumers', () => {
  const lines = run('queue.ts')
  const items = lines.slice(0, 3).map((line) => numberAfter(line, 'took'))
  expect(items.reduce((a, b) => a + b)).toBe(40)
  const milliseconds = Array.from({ length: 40 }, (_, k) => 1 + ((k * 7) % 20)).reduce((a, b) => a + b)
  expect(lines[3]).toBe(`40 items of ${milliseconds} ms in all`)
})

test('tasks with and without balancing, drawn', () => {
  const [head, inTurn, balanced, best] = run('balance.ts')
  expect(head).toMatch(/^64 tasks on \d+ workers/)
  expect(numberAfter(balanced, 'balanced')).toBeGreaterThanOrEqual(numberAfter(best, 'at best') - 1)
  const svg = readFileSync(path('../../examples/out/balance.svg'), 'utf8')
  for (const colour of ['#e69f00', '#0072b2']) expect(svg.split(`fill="${colour}"`).length - 1).toBe(64)
  expect(svg).toContain(`dealt out in turn: ${numberAfter(inTurn, 'in turn')} ms`)
  expect(svg).toContain('time since the start, milliseconds')
  expect(svg).toContain('>worker 0<')
})

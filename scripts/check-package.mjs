/** Packs the package, looks it over, installs it into an empty project, and uses it from ES modules, CommonJS and TypeScript. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = (name) => join(root, 'node_modules/.bin', name)
const folder = mkdtempSync(join(tmpdir(), 'ndloom-package-'))
const run = (command, args, cwd) => execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

const packed = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root)
const [{ filename, files }] = JSON.parse(packed)
const tarball = join(folder, filename)
const project = join(folder, 'project')
mkdirSync(project)
const write = (name, text) => writeFileSync(join(project, name), text)

write('package.json', '{ "name": "uses-ndloom", "private": true }')
write(
  'module.mjs',
  `import * as nd from 'ndloom'
   const x = nd.arange(12, { chunks: 5 }).reshape([3, 4])
   if ((await x.add(x.mean(0)).sum().compute()) !== 132) throw new Error('a wrong sum')
   const doubled = await nd.mapBlocks((block) => block, [x], { dtype: 'float64' }).sum().compute()
   if (doubled !== 66) throw new Error('a wrong sum of blocks')`,
)
write(
  'common.cjs',
  `const nd = require('ndloom')
   nd.ones([10, 10], { chunks: 4 }).sum().compute().then((sum) => { if (sum !== 100) process.exit(1) })`,
)
write(
  'typed.mts',
  `import * as nd from 'ndloom'
   import type { ChunkedArray, ComputeOptions, Result } from 'ndloom'
   const x: ChunkedArray = nd.random.random([8, 8], { seed: 1, chunks: 3 })
   const options: ComputeOptions = { workers: 1 }
   const [low, high]: Result[] = await nd.compute(x.min(), x.max(), options)
   if (!(Number(low) >= 0 && Number(high) < 1)) throw new Error('random numbers out of range')
   // @ts-expect-error: no such dtype
   const wrong = (): ChunkedArray => nd.zeros([2], { dtype: 'float128' })
   for await (const { index, data } of x.compute()) if (index.length !== data.shape.length) throw wrong()`,
)
const compiler = { strict: true, target: 'es2022', noEmit: true, types: ['node'], lib: ['es2023', 'esnext.disposable', 'dom'] }
for (const [name, how] of Object.entries({
  nodenext: { module: 'nodenext', skipLibCheck: false },
  bundler: { module: 'esnext', moduleResolution: 'bundler', skipLibCheck: false },
}))
  write(`tsconfig.${name}.json`, JSON.stringify({ compilerOptions: { ...compiler, ...how }, files: ['typed.mts'] }))

const checks = {
  'publint finds nothing': () => run(bin('publint'), ['run', tarball, '--strict'], root),
  'the types are not wrong': () => run(bin('attw'), [tarball, '--profile', 'esm-only'], root),
  'only what is needed is packed': () => {
    const odd = files.filter(({ path }) => !/^(dist\/|package\.json$|[A-Z-]+(\.md)?$)/.test(path))
    if (odd.length > 0) throw new Error(`packed: ${odd.map(({ path }) => path).join(', ')}`)
  },
  'it installs into an empty project': () => run('npm', ['install', '--no-audit', '--no-fund', tarball, '@types/node@24.10.1'], project),
  'ES modules': () => run('node', ['module.mjs'], project),
  CommonJS: () => run('node', ['common.cjs'], project),
  'TypeScript, nodenext': () => run(bin('tsc'), ['-p', 'tsconfig.nodenext.json'], project),
  'TypeScript, bundler': () => run(bin('tsc'), ['-p', 'tsconfig.bundler.json'], project),
  'TypeScript, run': () => run(bin('node'), ['typed.mts'], project),
}
let failures = 0
for (const [name, check] of Object.entries(checks)) {
  try {
    check()
    console.log(`ok      ${name}`)
  } catch (error) {
    failures++
    console.log(`FAILED  ${name}: ${error.message}\n${error.stdout ?? ''}`)
  }
}
rmSync(folder, { recursive: true })
console.log(`package: ${failures} of ${Object.keys(checks).length} failed`)
process.exitCode = failures ? 1 : 0

/** Runs the built package (dist/) under whichever Node runs this script: no types, no test runner. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as nd from 'ndloom'

const file = new URL('../examples/data/egm96_15.gtx', import.meta.url)
const geoid = nd.fromBinary(file, { dtype: 'float32', shape: [721, 1440], offset: 40, byteOrder: 'big', chunks: 360 })
const folder = mkdtempSync(join(tmpdir(), 'ndloom-dist-'))

const checks = {
  'reads a file': async () => {
    const [low, high] = await nd.compute(geoid.min(), geoid.max())
    assert.deepEqual([low.toFixed(5), high.toFixed(5)], ['-106.99109', '85.39092'])
  },
  'the headline': async () => {
    const x = nd.arange(10_000, { chunks: 1000 }).reshape([100, 100])
    const y = x.add(x.T).sub(x.mean(0))
    const { data } = await y.compute()
    for (const [i, j] of [[0, 0], [3, 97], [99, 99]])
      assert.equal(data[i * 100 + j], 100 * i + j + 100 * j + i - (4950 + j))
    let blocks = 0
    for await (const block of y.compute()) blocks += block.data.size
    assert.equal(blocks, 10_000)
    assert.match(y.explain(), /task/)
  },
  'both schedulers agree on random numbers': async () => {
    const x = nd.random.defaultRng(7).normal(0, 1, [300, 400], { chunks: 100 })
    const y = nd.random.defaultRng(7).normal(0, 1, [300, 400], { chunks: [77, 400] })
    assert.equal(await nd.all(x.eq(y)).compute(), true)
    assert.equal(await x.sum().compute({ scheduler: 'local' }), await x.sum().compute())
  },
  'int64 is exact': async () => {
    assert.equal(await nd.array([2n ** 62n, 1n]).sum().compute(), 2n ** 62n + 1n)
  },
  'a function of the user': async () => {
    const doubled = nd.arange(10, { chunks: 3 }).mapBlocks((block) => {
      for (let i = 0; i < block.shape[0]; i++) block.set(i, block.get(i) * 2)
      return block
    }, { dtype: 'float64' })
    assert.equal(await doubled.sum().compute(), 90)
  },
  'writes and reads NPY': async () => {
    const path = join(folder, 'x.npy')
    await geoid.toNpy(path)
    assert.equal(await nd.all(nd.fromNpy(path).eq(geoid)).compute(), true)
  },
  'errors come where the call is': () => {
    assert.throws(() => nd.ones([4, 3]).add(nd.ones([4, 2])), nd.ShapeError)
  },
  'require gives the same package': () => {
    assert.equal(createRequire(import.meta.url)('ndloom').ShapeError, nd.ShapeError)
  },
}

let failures = 0
for (const [name, check] of Object.entries(checks)) {
  try {
    await check()
    console.log(`ok      ${name}`)
  } catch (error) {
    failures++
    console.log(`FAILED  ${name}:`, error)
  }
}
rmSync(folder, { recursive: true })
await nd.shutdown()
console.log(`Node ${process.versions.node}: ${failures} of ${Object.keys(checks).length} failed`)
process.exitCode = failures ? 1 : 0

/** Pi by random darts, in four ways: of all darts on a square, pi / 4 hit the quarter circle in it. */
import * as nd from 'ndloom'

const darts = 2_000_000

function throwDarts(count: number): number {
  let hits = 0
  for (let i = 0; i < count; i++) if (Math.random() ** 2 + Math.random() ** 2 < 1) hits++
  return hits
}
const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b)

async function onPool(): Promise<number> {
  const pool = new nd.Pool()
  const hits = await pool.map(throwDarts, new Array(8).fill(darts / 8))
  await pool.close()
  return sum(hits)
}

async function onRanks(): Promise<number> {
  const [hits] = await nd.ranks(
    4,
    async (comm, count) => {
      let own = 0
      for (let i = 0; i < count; i++) if (Math.random() ** 2 + Math.random() ** 2 < 1) own++
      return comm.gather(own, { root: 0 })
    },
    { args: darts / 4 },
  )
  return sum(hits!)
}

async function asArray(): Promise<number> {
  const x = nd.random.random([darts], { seed: 1 })
  const y = nd.random.random([darts], { seed: 2 })
  return Number(await x.mul(x).add(y.mul(y)).lt(1).sum().compute<bigint>())
}

async function show(way: string, count: () => number | Promise<number>): Promise<void> {
  const start = performance.now()
  const pi = (4 * (await count())) / darts
  console.log(`${way.padEnd(20)} pi = ${pi.toFixed(5)}   ${(performance.now() - start).toFixed(0).padStart(4)} ms`)
}
await show('one loop', () => throwDarts(darts))
await show('Pool', onPool)
await show('ranks with gather', onRanks)
await show('one array expression', asArray)

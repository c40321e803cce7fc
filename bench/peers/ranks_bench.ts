/** The cases of bench/ranks.ts in microseconds, as one line of JSON. */
import * as nd from 'ndloom'

const [times] = await nd.ranks(2, async (comm) => {
  const other = 1 - comm.rank
  /** The median of what one call takes, the ranks beginning together. */
  const measure = async (repeats: number, calls: number, call: () => Promise<unknown>): Promise<number> => {
    const list: number[] = []
    for (let repeat = 0; repeat < repeats; repeat++) {
      await comm.barrier()
      const start = performance.now()
      for (let i = 0; i < calls; i++) await call()
      list.push(((performance.now() - start) / calls) * 1000)
    }
    return list.sort((a, b) => a - b)[repeats >> 1]
  }
  const bounce = async (value: unknown): Promise<void> => {
    if (comm.rank === 0) {
      await comm.send(value, { dest: other })
      await comm.recv({ source: other })
    } else await comm.send(await comm.recv({ source: other }), { dest: other })
  }
  const object = { a: 7, b: 'text' }
  const x = new Float64Array(1e6).fill(comm.rank + 1)
  const out = new Float64Array(1e6)
  await measure(3, 2000, () => bounce(object))
  const pingPong = await measure(9, 1000, () => bounce(object))
  return {
    pingPong,
    message: pingPong / 2,
    barrier: await measure(9, 500, () => comm.barrier()),
    number: await measure(9, 500, () => comm.allreduce(comm.rank)),
    allreduce: await measure(41, 1, () => comm.allreduce(x, 'sum', { out })),
    newArray: await measure(11, 1, () => comm.allreduce(x)),
    array: await measure(11, 1, () => bounce(x)),
    inPlace: await measure(41, 1, () => comm.allreduce(x, 'max', { out: x })),
  }
})
console.log(JSON.stringify(times))
await nd.shutdown()

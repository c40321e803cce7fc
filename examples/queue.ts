/**
 * A producer and consumers with a queue: rank 0 has the queue, and the others take an item from it whenever they are ready, so that
 * all are done at about the same time whatever the items take. An item here is a wait, as for a download.
 */
import * as nd from 'ndloom'

const tag = { ready: 1, item: 2 }
const results = await nd.ranks(
  4,
  async (comm, tag) => {
    const done: number[] = []
    await comm.barrier() // Not before all workers have started.
    if (comm.rank === 0) {
      const queue = Array.from({ length: 40 }, (_, k) => 1 + ((k * 7) % 20))
      for (let working = comm.size - 1; working > 0; ) {
        const status: nd.Status = {}
        await comm.recv({ tag: tag.ready, status })
        const item = queue.shift() ?? null
        if (item === null) working--
        await comm.send(item, { dest: status.source!, tag: tag.item })
      }
      return done
    }
    for (;;) {
      await comm.send('ready', { dest: 0, tag: tag.ready })
      const milliseconds = await comm.recv<number | null>({ source: 0, tag: tag.item })
      if (milliseconds === null) return done
      await new Promise((resolve) => setTimeout(resolve, milliseconds))
      done.push(milliseconds)
    }
  },
  { args: tag },
)
const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0)

for (const [rank, done] of results.entries())
  if (rank > 0) console.log(`consumer ${rank} took ${done.length} items of ${sum(done)} ms together`)
console.log(`${results.flat().length} items of ${sum(results.flat())} ms in all`)

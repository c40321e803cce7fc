/** The sum of one vector a rank, by allreduce: in the end every rank has it. */
import * as nd from 'ndloom'

const length = 100_000
const results = await nd.ranks(
  4,
  async (comm, length) => {
    const vector = Float64Array.from({ length }, (_, i) => (comm.rank + 1) * i)
    await comm.allreduce(vector, 'sum', { out: vector })
    const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
    return { first: Array.from(vector.subarray(0, 4)), norm }
  },
  { args: length },
)
for (const [rank, { first, norm }] of results.entries())
  console.log(`rank ${rank}: ${first.join(', ')}, ...   norm ${norm.toExponential(6)}`)

import * as nd from '../../../src/index.ts'

/** A run that another process ends: arguments are the store and how long each block takes, in milliseconds. */
const [path, wait] = process.argv.slice(2)
const slowly = async (block: { data: Float64Array }, { args }: { args: unknown }): Promise<unknown> => {
  await new Promise((resolve) => setTimeout(resolve, args as number))
  return block
}
const x = nd
  .arange(30 * 300, { chunks: 300 })
  .reshape([30, 300])
  .rechunk([1, 10])
const y = x.mapBlocks(slowly as never, { dtype: 'float64', args: Number(wait) })
await y.sqrt().toZarr(path, { chunks: [1, 10], shards: [1, 20], resume: true, workers: 2 })

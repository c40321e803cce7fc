import ndarray from 'ndarray'
import { afterAll, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'

afterAll(() => nd.shutdown())

test('many arrays of delayed values that need such arrays themselves', async () => {
  const fill = nd.delayed((n: number) => new Float64Array(4).fill(n))
  const again = nd.delayed((block: { data: Float64Array }) => block.data)
  const outer = Array.from({ length: 6 }, (_, i) => nd.fromDelayed(again(nd.fromDelayed(fill(i), [4])), [4]))
  expect(await nd.stack(outer).sum().compute()).toBe(60)
}, 20_000)

test('a read that computes an array goes on while another array finds no room beside what is read', async () => {
  nd.configure({ memoryLimit: '128MiB' })
  const length = 10 * 2 ** 20
  const begun = Promise.withResolvers<void>()
  const others = Promise.withResolvers<void>()
  const read = async () => {
    begun.resolve()
    await others.promise
    const sum = (await nd.arange(1000, { chunks: 100 }).sum().compute()) as number
    return ndarray(new Float64Array(length).fill(sum), [length])
  }
  const reading = nd
    .fromSource({ shape: [length], dtype: 'float64', chunks: -1, read })
    .max()
    .compute()
  reading.catch(() => undefined)
  await begun.promise
  // Its two blocks fit only when what is read is not there any more.
  const large = nd.arange(length / 2, { chunks: -1 }).mapBlocks((block) => block, { dtype: 'float64' })
  const sum = large.sum().compute()
  await new Promise((resolve) => setTimeout(resolve, 200))
  others.resolve()
  expect(await Promise.all([reading, sum])).toEqual([499_500, ((length / 2) * (length / 2 - 1)) / 2])
}, 30_000)

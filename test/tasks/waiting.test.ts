import { afterAll, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'

afterAll(() => nd.shutdown())

test('many arrays of delayed values that need such arrays themselves', async () => {
  const fill = nd.delayed((n: number) => new Float64Array(4).fill(n))
  const again = nd.delayed((block: { data: Float64Array }) => block.data)
  const outer = Array.from({ length: 6 }, (_, i) => nd.fromDelayed(again(nd.fromDelayed(fill(i), [4])), [4]))
  expect(await nd.stack(outer).sum().compute()).toBe(60)
}, 20_000)

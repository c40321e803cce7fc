import { afterAll, expect, it } from 'vitest'
import * as nd from '../../src/index.ts'
import { getEngine } from '../../src/scheduler/process.ts'

afterAll(() => nd.shutdown())
const x = nd.ones([40, 40], { chunks: [10, 10] })

for (const scheduler of ['local', 'threads'] as const)
  it(`tells of the start, the progress and the end of a run (${scheduler})`, async () => {
    const events: nd.RunEvent[] = []
    expect(
      await x
        .add(x.T)
        .sum()
        .compute<number>({ scheduler, onEvent: (event) => events.push(event) }),
    ).toBe(3200)
    const [first, last] = [events[0], events[events.length - 1]]
    if (first.type !== 'start' || last.type !== 'end') throw new Error('a run begins with start and ends with end')
    expect(last.peakBytes).toBeGreaterThan(0)
    const steps = events.flatMap((event) => (event.type === 'progress' ? [event] : []))
    expect(steps.length).toBeGreaterThan(0)
    expect(steps.every((step) => step.totalTasks === first.totalTasks)).toBe(true)
    expect(steps.map((step) => step.finishedTasks)).toEqual(
      steps.map((step) => step.finishedTasks).sort((a, b) => a - b),
    )
    expect(steps[steps.length - 1].finishedTasks).toBe(first.totalTasks)
  })

it('ends a run whose listener throws with what it throws', async () => {
  const told = x.sum().compute({
    onEvent: (event) => {
      if (event.type === 'progress') throw new RangeError('enough')
    },
  })
  await expect(told).rejects.toMatchObject({ cause: new RangeError('enough') })
  expect(await x.sum().compute<number>()).toBe(1600)
})

it('gives back what it has kept when the listener throws at the end', async () => {
  const before = getEngine().usedBytes
  const onEvent = (event: nd.RunEvent): void => {
    if (event.type === 'end') throw new RangeError('enough')
  }
  await expect(x.add(1).persist({ onEvent })).rejects.toThrow('enough')
  expect(getEngine().usedBytes).toBe(before)
})

it('refuses a listener that is no function', async () => {
  await expect(x.compute({ onEvent: 7 as never })).rejects.toThrow('compute: got onEvent 7, want a function')
})

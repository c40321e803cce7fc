import fc from 'fast-check'
import { parseHTML } from 'linkedom'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { coveredTime, idleShare, streamBars } from '../../../src/diagnostics/profile/busy.ts'
import { profileData } from '../../../src/diagnostics/profile/data.ts'
import { profileHTML, profileSVG } from '../../../src/diagnostics/profile/plot.ts'
import { reportOf } from '../../../src/diagnostics/profile/report.ts'
import { traceOf } from '../../../src/diagnostics/profile/trace.ts'
import { type Ran, recordingOf } from './recording.ts'

/** Worker 0: 10 to 40 and 50 to 90; worker 1: 20 to 60. */
const ran: readonly Ran[] = [
  { worker: 0, stage: 0, start: 10, end: 40 },
  { worker: 1, stage: 1, start: 20, end: 60 },
  { worker: 0, stage: 1, start: 50, end: 90 },
]
const data = profileData(recordingOf(['load <a>', 'add & multiply'], ran, 100))

/** Tasks one after the other on each worker. */
const someTasks = fc
  .record({
    workers: fc.integer({ min: 1, max: 5 }),
    stages: fc.integer({ min: 1, max: 4 }),
    pieces: fc.array(
      fc.record({
        gap: fc.double({ min: 0, max: 3, noNaN: true }),
        length: fc.double({ min: 0, max: 3, noNaN: true }),
      }),
      { maxLength: 200 },
    ),
  })
  .map(({ workers, stages, pieces }) => {
    const ends = new Array<number>(workers).fill(0)
    const tasks = pieces.map(({ gap, length }, k): Ran => {
      const start = ends[k % workers] + gap
      ends[k % workers] = start + length
      return { worker: k % workers, stage: (k * 7) % stages, start, end: start + length }
    })
    const names = Array.from({ length: stages }, (_, k) => `stage ${k}`)
    return profileData(recordingOf(names, tasks, Math.max(1, ...ends)))
  })
const many = (count: number) =>
  profileData(
    recordingOf(
      ['a', 'b', 'c'],
      Array.from({ length: count }, (_, k) => ({ worker: k % 4, stage: k % 3, start: k / 4, end: k / 4 + 0.7 })),
      count / 4 + 1,
    ),
  )

describe('report', () => {
  it('tells the time, the idle share, the memory and the stages by their cost', () => {
    expect(reportOf(data)).toBe(
      [
        '1 job, 3 tasks on 2 threads in 100 ms',
        'threads idle 45.0 % of the time; 3.22 KiB/s read and written',
        'memory: peak 2.93 KiB of 3.91 KiB',
        'stage           tasks   time   share   read  written        rate',
        'add & multiply      2  80 ms  72.7 %  200 B     20 B  2.69 KiB/s',
        'load <a>            1  30 ms  27.3 %  100 B     10 B  3.58 KiB/s',
      ].join('\n'),
    )
  })
  it('tells what was spilled', async () => {
    const spills = [
      { time: 1010, kind: 'spill', bytes: 2048 },
      { time: 1020, kind: 'spill', bytes: 1024 },
      { time: 1060, kind: 'reload', bytes: 2048 },
    ] as const
    const spilled = profileData({ ...recordingOf(['a'], ran.slice(0, 1), 100), spills })
    expect(reportOf(spilled)).toContain('memory: peak 2.93 KiB of 3.91 KiB, spilled 3 KiB, read back 2 KiB')
    expect(await profileSVG(spilled)).toContain('spilled 3 KiB, read back 2 KiB')
    const { traceEvents } = JSON.parse(traceOf(spilled)) as { traceEvents: { ph: string; ts: number }[] }
    expect(traceEvents.filter(({ ph }) => ph === 'i').map(({ ts }) => ts)).toEqual([10_000, 20_000, 60_000])
  })
  it('counts time once where spans overlap', () => {
    expect(coveredTime([])).toBe(0)
    expect(
      coveredTime([
        { start: 1, end: 5 },
        { start: 2, end: 3 },
        { start: 4, end: 7 },
        { start: 9, end: 10 },
      ]),
    ).toBe(7)
    expect(idleShare(data)).toBeCloseTo(0.45)
  })
})

describe('task stream', () => {
  it('shows every task once, each worker one thing at a time, in no more bars than are allowed', () => {
    fc.assert(
      fc.property(someTasks, fc.integer({ min: 5, max: 60 }), (some, mostBars) => {
        const bars = streamBars(some, mostBars)
        expect(bars.length).toBeLessThanOrEqual(Math.max(mostBars, some.workers.length))
        expect(bars.reduce((sum, { tasks }) => sum + tasks, 0)).toBe(some.tasks.length)
        for (const worker of some.workers) {
          const own = bars.filter((bar) => bar.worker === worker)
          own.forEach((bar, k) => {
            expect(bar.end).toBeGreaterThanOrEqual(bar.start)
            expect(bar.share).toBeLessThanOrEqual(1)
            if (k > 0) expect(bar.start).toBeGreaterThanOrEqual(own[k - 1].end - 1e-6)
          })
        }
      }),
    )
  })
})

describe('trace', () => {
  const traced = (some: typeof data) => JSON.parse(traceOf(some)) as { traceEvents: Record<string, unknown>[] }
  it('has what Perfetto needs: complete events in microseconds on named threads, counters, jobs that begin and end', () => {
    const { traceEvents } = traced(data)
    for (const event of traceEvents)
      expect(event).toMatchObject({ ph: expect.any(String), pid: 1, tid: expect.any(Number) })
    const slices = traceEvents.filter(({ ph }) => ph === 'X')
    expect(slices.map(({ name, ts, dur, cat, args }) => ({ name, ts, dur, cat, args }))).toEqual([
      {
        name: 'load <a>',
        ts: 10_000,
        dur: 30_000,
        cat: 'kernel',
        args: { job: 0, block: '0, 0', bytesIn: 100, bytesOut: 10 },
      },
      {
        name: 'add & multiply',
        ts: 50_000,
        dur: 40_000,
        cat: 'kernel',
        args: { job: 0, block: '2, 0', bytesIn: 100, bytesOut: 10 },
      },
      {
        name: 'add & multiply',
        ts: 20_000,
        dur: 40_000,
        cat: 'kernel',
        args: { job: 0, block: '1, 0', bytesIn: 100, bytesOut: 10 },
      },
    ])
    const names = traceEvents.filter(({ name }) => name === 'thread_name').map(({ tid, args }) => ({ tid, args }))
    expect(names).toEqual([
      { tid: 0, args: { name: 'jobs' } },
      { tid: 1, args: { name: 'worker 0' } },
      { tid: 2, args: { name: 'worker 1' } },
    ])
    expect(traceEvents.filter(({ ph }) => ph === 'C').map(({ ts, args }) => [ts, args])).toEqual([
      [0, { bytes: 0 }],
      [50_000, { bytes: 3000 }],
    ])
    expect(traceEvents.filter(({ ph }) => ph === 'b' || ph === 'e').map(({ ph, id, ts }) => [ph, id, ts])).toEqual([
      ['b', 0, 0],
      ['e', 0, 100_000],
    ])
  })
  it('puts tasks that a thread ran side by side in rows of their own', () => {
    const side = [0, 1, 2].map((k): Ran => ({ worker: -1, stage: 0, start: k, end: k + 1.5 }))
    const { traceEvents } = traced(profileData(recordingOf(['load'], side, 10)))
    const rows = traceEvents.filter(({ ph }) => ph === 'X').map(({ tid, ts }) => [tid, ts])
    expect(rows).toEqual([
      [1, 0],
      [1, 2000],
      [2, 1000],
    ])
  })
})

describe('pictures', () => {
  it('draw tasks, memory with its limit, and stages, with units and escaped names', async () => {
    const svg = await profileSVG(data)
    const { document } = parseHTML(await profileHTML(data))
    expect(document.querySelectorAll('svg.ndloom-profile > svg')).toHaveLength(3)
    const texts = [...document.querySelectorAll('text')].map(({ textContent }) => textContent)
    for (const wanted of ['worker 0', 'worker 1', 'time (ms) →', 'load <a>', 'add & multiply', 'rate (GiB/s) →'])
      expect(texts).toContain(wanted)
    expect(texts).toContain('Memory: peak 2.93 KiB, limit 3.91 KiB')
    expect(svg).not.toContain('<a>')
    expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true)
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  })
  it('stay small for very many tasks', async () => {
    expect((await profileSVG(many(100_000))).length).toBeLessThan(2 ** 20)
  })
  it('of nothing are pictures too', async () => {
    const nothing = await profileSVG(profileData({ ...recordingOf([], [], 5), jobs: [], memory: [] }))
    expect(nothing).toContain('Tasks by thread')
    expect(nothing).not.toMatch(/NaN|undefined|Infinity/)
  })
})

describe('without the packages that draw', () => {
  afterEach(() => vi.doUnmock('@observablehq/plot'))
  it('tells what to install', async () => {
    vi.doMock('@observablehq/plot', () => {
      throw new Error('Cannot find package')
    })
    await expect(profileSVG(data)).rejects.toMatchObject({
      name: 'NdloomError',
      message: expect.stringContaining('npm install @observablehq/plot linkedom'),
    })
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createModel } from '../../../src/diagnostics/dashboard/model.ts'
import { emptyState, merge } from '../../../src/diagnostics/dashboard/page/state.ts'
import { cellMilliseconds } from '../../../src/diagnostics/dashboard/views.ts'
import type { JobStart } from '../../../src/scheduler/observe.ts'

/** Job number `job` with two stages: tasks 0 to 9 read 100 bytes each, task 10 writes 50. */
const startOf = (job: number, time: number): JobStart => ({
  type: 'jobStart',
  time,
  job,
  name: `job ${job}`,
  tasks: 11,
  finishedTasks: [0, 0],
  workers: 2,
  limitBytes: 1000,
  stages: [
    { name: 'read', kind: 'load', tasks: 10, bytesIn: 1000, bytesOut: 0 },
    { name: 'sum', kind: 'kernel', tasks: 1, bytesIn: 0, bytesOut: 50 },
  ],
  stageOf: (task) => (task < 10 ? 0 : 1),
  blockOf: (task) => [task],
  bytesOf: () => ({ bytesIn: 0, bytesOut: 0 }),
})
/** A clock that is set; the dashboard begins at 5000 ms. */
function clock(): { now: () => number; at: (milliseconds: number) => void } {
  let time = 5000
  return {
    now: () => time,
    at(milliseconds) {
      time = 5000 + milliseconds
    },
  }
}

describe('model', () => {
  it('tells of a task that failed alone; its job goes on', () => {
    const { now, at } = clock()
    const model = createModel(now)
    model.note(startOf(1, 5000))
    at(10)
    model.note({ type: 'taskFailed', time: 5010, job: 1, error: new RangeError('no such number') })
    const { errors, jobs } = model.take()!
    expect(errors.map(({ text }) => text)).toEqual(['RangeError: no such number'])
    expect(jobs[0].state).toBe('running')
  })
  it('tells what has changed, and nothing when nothing has', () => {
    const { now, at } = clock()
    const model = createModel(now)
    expect(model.take()).toBeUndefined()
    model.note(startOf(1, 5010))
    model.note({ type: 'memory', time: 5010, usedBytes: 700, limitBytes: 1000 })
    model.note({ type: 'memory', time: 5011, usedBytes: 300, limitBytes: 1000 })
    at(600)
    model.note({
      type: 'finished',
      time: 5600,
      job: 1,
      worker: 0,
      tasks: [0, 10],
      times: Float64Array.of(5100, 5160, 5160, 5170),
      repeated: [],
    })
    const update = model.take()!
    expect(update.jobs).toEqual([
      expect.objectContaining({ id: 1, state: 'running', start: 10, end: null, tasks: 11, finished: 2 }),
    ])
    expect(update.jobs[0].stages).toEqual([
      { name: 'read', kind: 'load', tasks: 10, finished: 1, bytes: 100, duration: 60 },
      { name: 'sum', kind: 'kernel', tasks: 1, finished: 1, bytes: 50, duration: 10 },
    ])
    expect(update.memory).toEqual([{ time: 600, value: 700 }])
    expect(update.rates).toEqual([
      { time: 10, value: 0 },
      { time: 600, value: 150_000 / 590 },
    ])
    expect(update.cells).toEqual([
      { worker: 0, span: 2, stage: 0, share: 1 },
      { worker: 0, span: 3, stage: 0, share: 0.4 },
    ])
    expect(update.workers).toEqual([{ id: 0, isLost: false, tasks: 2 }])
    model.note({
      type: 'jobEnd',
      time: 5700,
      job: 1,
      peakBytes: 700,
      spilledBytes: 0,
      reloadedBytes: 0,
      droppedBlocks: 0,
    })
    at(700)
    expect(model.take()?.jobs).toEqual([expect.objectContaining({ id: 1, state: 'done', end: 700, peakBytes: 700 })])
    at(800)
    expect(model.take()).toBeUndefined()
  })
  it('counts what was done before it came, and passes over jobs that it does not know', () => {
    const model = createModel(clock().now)
    model.note({ ...startOf(3, 100), finishedTasks: [4, 0] })
    model.note({ type: 'finished', time: 5000, job: 9, worker: 0, tasks: [0], times: undefined, repeated: [] })
    expect(model.take()?.jobs).toEqual([expect.objectContaining({ finished: 4, tasks: 11 })])
  })
  it('counts a task that runs again once, and adds up what is spilled', () => {
    const model = createModel(clock().now)
    model.note(startOf(1, 5000))
    const times = Float64Array.of(5000, 5010)
    model.note({ type: 'finished', time: 5010, job: 1, worker: 0, tasks: [3], times, repeated: [] })
    model.note({ type: 'finished', time: 5020, job: 1, worker: 0, tasks: [3], times, repeated: [3] })
    model.note({ type: 'moved', time: 5020, kind: 'spill', bytes: 70 })
    model.note({ type: 'moved', time: 5020, kind: 'spill', bytes: 30 })
    model.note({ type: 'moved', time: 5020, kind: 'reload', bytes: 30 })
    const update = model.take()!
    expect(update).toMatchObject({ spilledBytes: 100, reloadedBytes: 30 })
    expect(update.jobs[0]).toMatchObject({ finished: 1, stages: [{ finished: 1, bytes: 200, duration: 20 }, {}] })
  })
  it('tells of errors, and of workers that are lost while something runs', () => {
    const model = createModel(clock().now)
    model.note({ type: 'workerLost', time: 0, worker: 5, cause: new Error('shut down') })
    expect(model.take()?.errors).toEqual([])
    model.note(startOf(1, 5000))
    model.note({ type: 'workerLost', time: 0, worker: 4, cause: new Error('killed') })
    model.note({ type: 'jobFailed', time: 0, job: 1, error: new RangeError('no luck') })
    const update = model.take()!
    expect(update.errors.map(({ text }) => text)).toEqual(['worker 4 was lost: Error: killed', 'RangeError: no luck'])
    expect(update.jobs[0].state).toBe('failed')
    expect(model.all().workers.every(({ isLost }) => isLost)).toBe(true)
  })
  it('stays small for very many tasks and jobs', () => {
    const { now, at } = clock()
    const model = createModel(now)
    let largest = 0
    for (let k = 0; k < 2000; k++) {
      at(k * 50)
      const job = 1 + Math.floor(k / 100)
      if (k % 100 === 0) model.note(startOf(job, now()))
      const times = Float64Array.from({ length: 2000 }, (_, i) => now() - 50 + i / 41)
      model.note({
        type: 'finished',
        time: now(),
        job,
        worker: k % 4,
        tasks: new Array(1000).fill(3),
        times,
        repeated: [],
      })
      model.note({ type: 'memory', time: now(), usedBytes: k, limitBytes: 10_000 })
      if (k % 100 === 99) model.note({ type: 'jobFailed', time: now(), job, error: new Error('x') })
      if (k % 2 === 0) largest = Math.max(largest, JSON.stringify(model.take() ?? null).length)
    }
    expect(largest).toBeLessThan(4000)
    const all = model.all()
    expect(all.jobs.length).toBeLessThanOrEqual(13)
    expect(all.errors.length).toBeLessThanOrEqual(20)
    expect(JSON.stringify(all).length).toBeLessThan(250_000)
  })
})

describe('page state', () => {
  it('is the same for a page that came first and for one that came later', () => {
    const event = fc.record({
      wait: fc.integer({ min: 0, max: 400 }),
      job: fc.integer({ min: 1, max: 3 }),
      worker: fc.integer({ min: -1, max: 2 }),
      kind: fc.constantFrom('start', 'finish', 'memory', 'end', 'fail', 'take'),
    })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), fc.nat(80), (events, joins) => {
        const { now, at } = clock()
        const model = createModel(now)
        let early = merge(emptyState, model.all())
        let late: typeof early | undefined
        let elapsed = 0
        for (const [k, { wait, job, worker, kind }] of [
          ...events,
          { wait: 1, job: 1, worker: 0, kind: 'take' },
        ].entries()) {
          elapsed += wait
          at(elapsed)
          const time = now()
          if (k === joins) late = merge(emptyState, model.all())
          if (kind === 'start') model.note(startOf(job, time))
          if (kind === 'finish')
            model.note({
              type: 'finished',
              time,
              job,
              worker,
              tasks: [k % 11],
              times: Float64Array.of(time - wait / 2, time),
              repeated: [],
            })
          if (kind === 'memory') model.note({ type: 'memory', time, usedBytes: k, limitBytes: 100 })
          if (kind === 'end')
            model.note({ type: 'jobEnd', time, job, peakBytes: 5, spilledBytes: 0, reloadedBytes: 0, droppedBlocks: 0 })
          if (kind === 'fail') model.note({ type: 'jobFailed', time, job, error: 'no luck' })
          const update = kind === 'take' ? model.take() : undefined
          if (update) early = merge(early, update)
          if (update && late) late = merge(late, update)
        }
        const last = merge(emptyState, model.all())
        for (const state of late ? [early, late] : [early])
          expect({ ...state, time: 0, cells: new Map([...state.cells].sort()) }).toEqual({
            ...last,
            time: 0,
            cells: new Map([...last.cells].sort()),
          })
      }),
    )
  })
  it('forgets what is older than the window', () => {
    const cell = { worker: 0, span: 0, stage: 0, share: 1 }
    const empty = { limitBytes: 0, spilledBytes: 0, reloadedBytes: 0, jobs: [], workers: [], rates: [], errors: [] }
    const state = merge(emptyState, { ...empty, time: 50, cells: [cell], memory: [{ time: 10, value: 1 }] })
    const later = merge(state, {
      ...empty,
      time: 61_000,
      cells: [{ ...cell, span: 61_000 / cellMilliseconds }],
      memory: [{ time: 61_000, value: 2 }],
    })
    expect([...later.cells.values()].map(({ span }) => span)).toEqual([1220])
    expect(later.memory).toEqual([{ time: 61_000, value: 2 }])
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryLimitError } from '../../src/core/errors.ts'
import { sequentialPeakBytes } from '../../src/scheduler/profile.ts'
import { type Chances, calm, type JobPlan, type Random, randomFrom, randomTable, simulate } from './simulation.ts'

const between = (random: Random, low: number, high: number): number => low + Math.floor(random() * (high - low + 1))

function randomJob(random: Random, limitBytes: number, bytes: (random: Random) => number): JobPlan {
  const often = (chance: number): number => (random() < 0.5 ? 0 : random() * chance)
  const table = randomTable(random, {
    count: between(random, 0, random() < 0.1 ? 300 : 40),
    mostInputs: between(random, 0, 4),
    reach: between(random, 1, 30),
    bytes,
    deliver: often(0.6),
    keep: often(0.2),
    main: often(0.5),
  })
  const options = {
    limitBytes: random() < 0.5 ? limitBytes : Math.floor(limitBytes * random()),
    workers: between(random, 0, 3),
    ordered: random() < 0.5,
    readAhead: between(random, 0, 5),
  }
  return { table, options }
}

describe('any order of events', () => {
  const wild: Chances = { fail: 0.02, lose: 0.1, loseStarting: 0.2, cancel: 0.01, take: 1, foreign: 0.2 }
  const sizes: Record<string, (random: Random) => number> = {
    tiny: (random) => (random() < 0.2 ? 0 : between(random, 1, 500)),
    'of all sizes': (random) => Math.floor(2 ** (random() * 22)),
    equal: () => 4096,
  }
  for (const [name, bytes] of Object.entries(sizes)) {
    test(`blocks ${name}, every kind of trouble`, () => {
      fc.assert(
        fc.property(fc.integer(), fc.integer({ min: 1, max: 6 }), fc.boolean(), (seed, jobs, slow) => {
          const random = randomFrom(seed)
          const limitBytes = Math.floor(2 ** (10 + random() * 16))
          const plans = Array.from({ length: jobs }, () => randomJob(random, limitBytes, bytes))
          simulate(random, limitBytes, plans, { ...wild, take: slow ? 0.05 : 2 })
        }),
        { numRuns: 1500 },
      )
    })
  }
  test('without trouble every job is done, or had too little memory', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 5 }), (seed, jobs) => {
        const random = randomFrom(seed)
        const limitBytes = Math.floor(2 ** (12 + random() * 8))
        const plans = Array.from({ length: jobs }, () => randomJob(random, limitBytes, (r) => between(r, 0, 2000)))
        for (const { settled } of simulate(random, limitBytes, plans, calm).jobs) {
          if (settled?.type === 'fail') expect(settled.error).toBeInstanceOf(MemoryLimitError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('memory', () => {
  test('what a run in order needs is enough, whatever the order of events', () => {
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (seed, losses) => {
        const random = randomFrom(seed)
        const { table, options } = randomJob(random, 2 ** 40, () => 64)
        const limitBytes = Math.max(64, sequentialPeakBytes(table))
        const chances = { ...calm, lose: losses ? 0.02 : 0, take: random() < 0.5 ? 0.05 : 1 }
        const outcome = simulate(random, limitBytes, [{ table, options: { ...options, limitBytes } }], chances)
        const { settled } = outcome.jobs[0]
        if (!losses) expect(settled?.type).toBe('done')
        if (settled?.type === 'fail') expect(settled.error).not.toBeInstanceOf(MemoryLimitError)
      }),
      { numRuns: 1500 },
    )
  })
  test('jobs that fit one by one are all done when they come together', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 2, max: 6 }), (seed, jobs) => {
        const random = randomFrom(seed)
        const plans = Array.from({ length: jobs }, () => {
          const { table, options } = randomJob(random, 2 ** 40, () => 64)
          return {
            table: { ...table, flags: table.flags.map((flag) => flag & 4) },
            options: { ...options, limitBytes: 2 ** 40 },
          }
        })
        const limitBytes = Math.max(64, ...plans.map(({ table }) => sequentialPeakBytes(table)))
        for (const { settled } of simulate(random, limitBytes, plans, calm).jobs) expect(settled?.type).toBe('done')
      }),
      { numRuns: 500 },
    )
  })
})

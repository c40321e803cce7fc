import { type JobPlan, type Random, randomTable } from './simulation.ts'

export const between = (random: Random, low: number, high: number): number =>
  low + Math.floor(random() * (high - low + 1))

export function randomJob(random: Random, limitBytes: number, bytes: (random: Random) => number): JobPlan {
  const often = (chance: number): number => (random() < 0.5 ? 0 : random() * chance)
  const table = randomTable(random, {
    count: between(random, 0, random() < 0.1 ? 300 : 40),
    mostInputs: between(random, 0, 4),
    reach: between(random, 1, 30),
    bytes,
    deliver: often(0.6),
    keep: often(0.2),
    main: often(0.5),
    again: often(1),
  })
  const options = {
    limitBytes: random() < 0.5 ? limitBytes : Math.floor(limitBytes * 2 * random()),
    workers: between(random, 0, 3),
    ordered: random() < 0.5,
    readAhead: between(random, 0, 5),
  }
  return { table, options }
}

export function randomCalls(random: Random, group: object): JobPlan {
  const shape = { mostInputs: between(random, 0, 3), reach: between(random, 1, 30), bytes: () => 0 }
  const count = between(random, 0, random() < 0.1 ? 400 : 60)
  const inGroup = random() < 0.4
  const pinned = !inGroup && random() < 0.4 ? random() : 0
  const table = randomTable(random, { ...shape, count, deliver: 0, keep: 0, main: 0, again: 0, pinned })
  const options = {
    limitBytes: Number.MAX_SAFE_INTEGER,
    workers: inGroup ? 2 : between(random, 0, 3),
    ordered: false,
    readAhead: 1,
    isCalls: true,
    independent: random() < 0.6,
    priority: between(random, -1, 1),
    mostLosses: random() < 0.3 ? 1 : undefined,
    group: inGroup ? group : undefined,
  }
  return { table, options }
}

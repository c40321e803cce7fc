import fc from 'fast-check'
import type { Comm } from '../../../src/worker/ranks/comm.ts'

/** A program of cooperating ranks as data: all ranks go through the same steps. */
export type Step =
  | { kind: 'messages'; list: { source: number; dest: number; tag: number; value: unknown }[]; isBackwards: boolean }
  | { kind: 'anySource' | 'gather' | 'bcast' | 'scatter'; root: number; values: number[] }
  | { kind: 'allgather' | 'alltoall' | 'ring' | 'barrier'; values: number[] }
  | { kind: 'reduce' | 'allreduce' | 'scan'; root: number; op: Op; values: number[]; length: number }
export type Op = 'sum' | 'prod' | 'min' | 'max'

/** What one rank does. It closes over nothing: it is sent to workers as text. */
export async function runSteps(comm: Comm<readonly Step[]>): Promise<unknown[]> {
  const { rank, size, args: steps } = comm
  const got: unknown[] = []
  /** Length 0: a number; below 10: a list; else a typed array. */
  const operand = (value: number, length: number): unknown =>
    length === 0
      ? value
      : length < 10
        ? Array.from({ length }, (_, i) => value + i)
        : Float64Array.from({ length }, (_, i) => value + (i % 17))
  const plain = (value: unknown): unknown => (value instanceof Float64Array ? Array.from(value) : value)
  for (const step of steps) {
    if (step.kind === 'messages') {
      for (const { source, dest, tag, value } of step.list) if (source === rank) await comm.send(value, { dest, tag })
      const wanted = step.list.filter(({ dest }) => dest === rank)
      if (step.isBackwards) wanted.sort((a, b) => b.source - a.source || b.tag - a.tag)
      for (const { source, tag } of wanted) got.push(await comm.recv({ source, tag }))
    } else if (step.kind === 'anySource') {
      if (rank !== step.root) await comm.send(step.values[rank], { dest: step.root, tag: 99 })
      else {
        const from: [number, unknown][] = []
        for (let k = 1; k < size; k++) {
          const status: { source?: number } = {}
          const value = await comm.recv({ tag: 99, status })
          from.push([status.source!, value])
        }
        got.push(from.sort(([a], [b]) => a - b))
      }
      // Nobody may overtake: a message of a later step would fit as well.
      await comm.barrier()
    } else if (step.kind === 'bcast')
      got.push(await comm.bcast(rank === step.root ? step.values : null, { root: step.root }))
    else if (step.kind === 'gather') got.push(await comm.gather(step.values[rank], { root: step.root }))
    else if (step.kind === 'scatter')
      got.push(await comm.scatter(rank === step.root ? step.values : undefined, { root: step.root }))
    else if (step.kind === 'allgather') got.push(await comm.allgather(step.values[rank]))
    else if (step.kind === 'alltoall') got.push(await comm.alltoall(step.values.map((value) => value * 100 + rank)))
    else if (step.kind === 'barrier') await comm.barrier()
    else if (step.kind === 'ring') {
      const where = { dest: (rank + 1) % size, source: (rank + size - 1) % size }
      got.push(await comm.sendrecv(step.values[rank], where))
    } else if ('op' in step) {
      const mine = operand(step.values[rank], step.length)
      if (step.kind === 'reduce') got.push(plain(await comm.reduce(mine, step.op, { root: step.root })))
      else if (step.kind === 'allreduce') got.push(plain(await comm.allreduce(mine, step.op)))
      else got.push(plain(await comm.scan(mine, step.op)))
    }
  }
  return got
}

const apply: Record<Op, (a: number, b: number) => number> = {
  sum: (a, b) => a + b,
  prod: (a, b) => a * b,
  min: Math.min,
  max: Math.max,
}

/** What rank `rank` gets, worked out without any ranks. */
export function expected(steps: readonly Step[], size: number, rank: number): unknown[] {
  return steps.flatMap((step): unknown[] => {
    if (step.kind === 'messages') return expectedMessages(step, rank)
    if ('op' in step) return expectedReduction(step, size, rank)
    const { kind, values } = step
    const ranks = Array.from({ length: size }, (_, r) => r)
    if ('root' in step) {
      const { root } = step
      if (kind === 'bcast') return [values]
      if (kind === 'scatter') return [values[rank]]
      if (kind === 'gather') return [rank === root ? values : undefined]
      return rank === root ? [ranks.filter((r) => r !== root).map((r) => [r, values[r]])] : []
    }
    if (kind === 'allgather') return [values]
    if (kind === 'alltoall') return [ranks.map((source) => values[rank] * 100 + source)]
    return kind === 'ring' ? [values[(rank + size - 1) % size]] : []
  })
}

/** In the order of the ranks. */
function expectedReduction(step: Extract<Step, { op: Op }>, size: number, rank: number): unknown[] {
  const { kind, root, op, values, length } = step
  if (kind === 'reduce' && rank !== root) return [undefined]
  const taken = values.slice(0, kind === 'scan' ? rank + 1 : size)
  const at = (i: number): number =>
    taken.map((value) => (length === 0 ? value : value + (length < 10 ? i : i % 17))).reduce((a, b) => apply[op](a, b))
  return [length === 0 ? at(0) : Array.from({ length }, (_, i) => at(i))]
}

/** Of one sender and tag, the messages come in the order in which they were sent. */
function expectedMessages({ list, isBackwards }: Step & { kind: 'messages' }, rank: number): unknown[] {
  const mine = list.filter(({ dest }) => dest === rank)
  const order = isBackwards ? [...mine].sort((a, b) => b.source - a.source || b.tag - a.tag) : mine
  const left = [...mine]
  return order.map(({ source, tag }) => {
    const at = left.findIndex((message) => message.source === source && message.tag === tag)
    return left.splice(at, 1)[0].value
  })
}

export interface Program {
  readonly size: number
  readonly hosts: number
  readonly steps: Step[]
}

/** Programs of up to 6 ranks on up to 4 hosts. `longest`: elements of the longest array that is reduced. */
export function programs(longest: number, mostHosts = 4): fc.Arbitrary<Program> {
  return fc
    .record({ size: fc.integer({ min: 1, max: 6 }), hosts: fc.integer({ min: 1, max: mostHosts }) })
    .chain(({ size, hosts }) => {
      const rank = fc.nat({ max: size - 1 })
      const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: size, maxLength: size })
      const message = fc.record({
        source: rank,
        dest: rank,
        tag: fc.nat({ max: 2 }),
        value: fc.oneof(fc.string(), fc.integer(), fc.record({ a: fc.integer() })),
      })
      const messages = fc.record({
        kind: fc.constant('messages' as const),
        list: fc.array(message, { maxLength: 8 }),
        isBackwards: fc.boolean(),
      })
      const rooted = fc.record({
        kind: fc.constantFrom('anySource' as const, 'gather' as const, 'bcast' as const, 'scatter' as const),
        root: rank,
        values,
      })
      const unrooted = fc.record({
        kind: fc.constantFrom('allgather' as const, 'alltoall' as const, 'ring' as const, 'barrier' as const),
        values,
      })
      const reduced = fc.record({
        kind: fc.constantFrom('reduce' as const, 'allreduce' as const, 'scan' as const),
        op: fc.constantFrom('sum' as const, 'prod' as const, 'min' as const, 'max' as const),
        root: rank,
        values,
        length: fc.oneof(fc.nat({ max: 20 }), fc.integer({ min: 8192, max: longest })),
      })
      return fc.record({
        size: fc.constant(size),
        hosts: fc.constant(Math.min(size, hosts)),
        steps: fc.array(fc.oneof(messages, rooted, unrooted, reduced), { maxLength: 6 }),
      })
    })
}

import { NdloomError } from '../../core/errors.ts'
import type { Call } from './collectives.ts'
import { type NumberArray, typedArrayClass } from './copy.ts'
import type { Host } from './host.ts'
import { firstRank, hostOf, type Layout } from './layout.ts'
import { type ReductionName, reduceInto } from './reduction.ts'

/** Reduces large typed arrays of all ranks, element by element. */
export interface ArrayReduction {
  /** `call` is the rank's own; its name tells class and length, which are the same in all ranks. */
  reduceAll(call: Call, op: ReductionName, input: NumberArray, out?: NumberArray): Promise<NumberArray>
}

/** So many bytes of every rank are in work at once: small enough for the caches, large enough that handing over is nothing beside it. */
const partBytes = 2 ** 21

interface Contribution {
  readonly input: NumberArray
  readonly out: NumberArray
}
interface Meeting {
  readonly name: string
  readonly contributions: Map<number, Contribution>
  readonly finished: Promise<void>
  readonly finish: (work: Promise<void>) => void
  readonly fail: (error: unknown) => void
}

/**
 * The ranks of a host meet; then the hosts work together, each on its share of every part of the arrays: it gets what the others have
 * of its share, reduces in the order of the ranks, and gives them the result (a reduce-scatter and an allgather). The buffers are moved
 * from thread to thread and used again: new memory would cost several times the arithmetic.
 */
export function createArrayReduction(host: Host): ArrayReduction {
  const meetings = new Map<number, Meeting>()
  const buffers = createBuffers(host.layout)
  let last: Promise<void> = Promise.resolve()
  host.onEnd((error) => {
    for (const { fail } of meetings.values()) fail(error)
  })

  return {
    async reduceAll(call, op, input, given) {
      const out = given ?? new (typedArrayClass(input))(new ArrayBuffer(input.byteLength))
      const meeting = meetings.get(call.number) ?? createMeeting(call.name)
      meetings.set(call.number, meeting)
      if (meeting.name !== call.name)
        throw new NdloomError(
          `ranks: rank ${call.rank} calls ${call.name} where a rank beside it calls ${meeting.name}; all ranks call the same ones in the same order, with the same kind of values`,
        )
      meeting.contributions.set(call.rank, { input, out })
      if (meeting.contributions.size === host.ranks.length) {
        meetings.delete(call.number)
        last = last.then(() => reduceTogether(host, buffers, call, op, meeting.contributions))
        meeting.finish(last)
      }
      await host.blocked(call.rank, () => describeMeeting(host, call, meeting), meeting.finished)
      return out
    },
  }
}

function describeMeeting({ ranks }: Host, { name, number }: Call, { contributions }: Meeting): string {
  const absent = ranks.filter((rank) => !contributions.has(rank))
  const whom = absent.length > 0 ? `rank ${absent.join(', rank ')}` : 'ranks of other threads'
  return `in ${name} (collective call ${number}) for ${whom}`
}

function createMeeting(name: string): Meeting {
  let finish: Meeting['finish'] = () => {}
  let fail: Meeting['fail'] = () => {}
  const finished = new Promise<void>((resolve, reject) => {
    finish = resolve
    fail = reject
  })
  return { name, contributions: new Map(), finished, finish, fail }
}

interface Buffers {
  /** An array of the class of `like`, in a buffer that nobody else has. Its elements are arbitrary. */
  take(like: NumberArray, length: number): NumberArray
  give(array: NumberArray): void
}

/** Buffers of one size, for a host's share of a part of all ranks of another host. As many come from the others as go to them. */
function createBuffers(layout: Layout): Buffers {
  const free: ArrayBuffer[] = []
  const mostRanks = Math.ceil(layout.size / layout.hosts)
  const bytes = mostRanks * 8 * Math.ceil(partBytes / layout.hosts / 8 + 1)
  return {
    take: (like, length) => new (typedArrayClass(like))(free.pop() ?? new ArrayBuffer(bytes), 0, length),
    give: ({ buffer }) => void free.push(buffer as ArrayBuffer),
  }
}

async function reduceTogether(
  host: Host,
  buffers: Buffers,
  call: Call,
  op: ReductionName,
  contributions: ReadonlyMap<number, Contribution>,
): Promise<void> {
  const { layout } = host
  const { others, put, get } = betweenHosts(host, call)
  const local = host.ranks.map((rank) => contributions.get(rank)!)
  const [{ input: first }] = local
  const partLength = partBytes / first.BYTES_PER_ELEMENT
  const parts = Math.ceil(first.length / partLength)
  const bound = (part: number, share: number): number => {
    const length = Math.min(first.length - part * partLength, partLength)
    return part * partLength + Math.floor((length * share) / layout.hosts)
  }
  const shareOf = (array: NumberArray, part: number, share: number): NumberArray =>
    array.subarray(bound(part, share), bound(part, share + 1))

  const scatter = (part: number): void => {
    for (const other of others) {
      const length = bound(part, other + 1) - bound(part, other)
      const packed = buffers.take(first, local.length * length)
      local.forEach(({ input }, k) => {
        packed.set(shareOf(input, part, other) as never, k * length)
      })
      put(other, packed)
    }
  }
  const reduce = async (part: number): Promise<void> => {
    const length = bound(part, host.host + 1) - bound(part, host.host)
    const received = new Map<number, NumberArray>()
    for (const other of others) received.set(other, await get(other))
    const inputOf = (rank: number): NumberArray => {
      const owner = hostOf(layout, rank)
      const k = rank - firstRank(layout, owner)
      if (owner === host.host) return shareOf(local[k].input, part, owner)
      return received.get(owner)!.subarray(k * length, (k + 1) * length)
    }
    const result = buffers.take(first, length)
    if (layout.size === 1) result.set(inputOf(0) as never)
    for (let rank = 1; rank < layout.size; rank++)
      reduceInto(op, result, rank === 1 ? inputOf(0) : result, inputOf(rank))
    for (const { out } of local) shareOf(out, part, host.host).set(result as never)
    for (const array of received.values()) buffers.give(array)
    for (const other of others.slice(1)) {
      const copy = buffers.take(first, length)
      copy.set(result as never)
      put(other, copy)
    }
    if (others.length > 0) put(others[0], result)
    else buffers.give(result)
  }
  const gather = async (part: number): Promise<void> => {
    for (const other of others) {
      const share = await get(other)
      for (const { out } of local) shareOf(out, part, other).set(share as never)
      buffers.give(share)
    }
  }
  for (let step = 0; step < parts + 2; step++) {
    if (step < parts) scatter(step)
    if (step >= 1 && step <= parts) await reduce(step - 1)
    if (step >= 2) await gather(step - 2)
  }
}

interface BetweenHosts {
  readonly others: readonly number[]
  put(host: number, array: NumberArray): void
  get(host: number): Promise<NumberArray>
}

/** Moves arrays between hosts: the first rank of each speaks for it, in the name of its call. */
function betweenHosts(host: Host, { number, name }: Call): BetweenHosts {
  const leader = (of: number): number => firstRank(host.layout, of)
  const own = leader(host.host)
  const others = Array.from({ length: host.layout.hosts }, (_, h) => h).filter((h) => h !== host.host)
  const message = { tag: 0, call: number, name }
  return {
    others,
    put: (to, value) =>
      host.send({ ...message, source: own, dest: leader(to), value }, name, [value.buffer as ArrayBuffer]),
    get: async (from) => (await host.receive(own, { ...message, source: leader(from) })).value as NumberArray,
  }
}

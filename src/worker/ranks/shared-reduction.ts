import { NdloomError } from '../../core/errors.ts'
import type { Call } from './collectives.ts'
import { type NumberArray, typedArrayClass } from './copy.ts'
import type { Host } from './host.ts'
import { firstRank } from './layout.ts'
import { type ReductionName, reduceInto } from './reduction.ts'

/** Reduces large typed arrays of all ranks, element by element, in shared memory. */
export interface SharedReduction {
  /** `call` is the rank's own; its name tells class and length, which are the same in all ranks. */
  reduceAll(call: Call, op: ReductionName, input: NumberArray, out?: NumberArray): Promise<NumberArray>
}

/** So many bytes of every rank are in work at once: small enough for the processor's caches. */
export const partBytes = 262144
/** A part is being written, the one before it reduced, the one before that read. */
const partsInWork = 3
export const stagingBytes = (ranks: number): number => partsInWork * ranks * partBytes

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
 * The ranks of a host meet; then the hosts work together, each on its share of every part: copy what the others need to the staging
 * memory, reduce the own share in the order of the ranks, copy the result out. One barrier a step separates the three.
 */
export function createSharedReduction(host: Host, staging: SharedArrayBuffer): SharedReduction {
  const meetings = new Map<number, Meeting>()
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
        // The hosts have one staging memory: one reduction after the other.
        last = last.then(() => reduceTogether(host, staging, call, op, meeting.contributions))
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

async function reduceTogether(
  host: Host,
  staging: SharedArrayBuffer,
  call: Call,
  op: ReductionName,
  contributions: ReadonlyMap<number, Contribution>,
): Promise<void> {
  const { layout } = host
  const [{ input }] = contributions.values()
  const partLength = partBytes / input.BYTES_PER_ELEMENT
  const parts = Math.ceil(input.length / partLength)
  const bounds = (part: number, share: number): number => {
    const start = part * partLength
    const length = Math.min(input.length - start, partLength)
    return start + Math.floor((length * share) / layout.hosts)
  }
  /** The staging memory of a rank for a host's share of a part. */
  const staged = (part: number, rank: number, share: number): NumberArray => {
    const slot = ((part % partsInWork) * layout.size + rank) * partBytes
    const low = bounds(part, share)
    const start = slot + (low - part * partLength) * input.BYTES_PER_ELEMENT
    return new (typedArrayClass(input))(staging, start, bounds(part, share + 1) - low)
  }
  const own = (array: NumberArray, part: number, share: number): NumberArray =>
    array.subarray(bounds(part, share), bounds(part, share + 1))

  const write = (part: number): void => {
    for (const [rank, contribution] of contributions)
      for (let share = 0; share < layout.hosts; share++)
        if (share !== host.host) staged(part, rank, share).set(own(contribution.input, part, share) as never)
  }
  const reduce = (part: number): void => {
    const share = host.host
    const inputOf = (rank: number): NumberArray => {
      const here = contributions.get(rank)
      return here ? own(here.input, part, share) : staged(part, rank, share)
    }
    const result = staged(part, 0, share)
    if (layout.size === 1) result.set(inputOf(0) as never)
    for (let rank = 1; rank < layout.size; rank++)
      reduceInto(op, result, rank === 1 ? inputOf(0) : result, inputOf(rank))
  }
  const read = (part: number): void => {
    for (const { out } of contributions.values())
      for (let share = 0; share < layout.hosts; share++) own(out, part, share).set(staged(part, 0, share) as never)
  }
  const meet = hostBarrier(host, call)
  for (let step = 0; step < parts + 2; step++) {
    if (step >= 2) read(step - 2)
    if (step >= 1 && step <= parts) reduce(step - 1)
    if (step < parts) write(step)
    if (step <= parts) await meet()
  }
}

/** A barrier between hosts: the first rank of each speaks for it, in the name of its call. */
function hostBarrier(host: Host, call: Call): () => Promise<void> {
  const { layout } = host
  const leader = (of: number): number => firstRank(layout, of)
  const others = Array.from({ length: layout.hosts }, (_, h) => h).filter((h) => h !== host.host)
  const message = { source: leader(host.host), tag: 0, call: call.number, name: call.name, value: undefined }
  return async () => {
    for (const other of others) host.send({ ...message, dest: leader(other) }, call.name)
    for (const other of others) await host.receive(leader(host.host), { ...message, source: leader(other) })
  }
}

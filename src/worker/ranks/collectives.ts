import { NdloomError } from '../../core/errors.ts'
import { type Reduction, reduceValues } from './reduction.ts'

/**
 * One collective call as one rank sees it: parts go between the ranks that make the same call. Every function here is the whole of a
 * collective for one rank; each ends when this rank's share is done.
 */
export interface Call {
  readonly name: string
  /** Counts the rank's collective calls, from 1. */
  readonly number: number
  readonly rank: number
  readonly size: number
  put(dest: number, value: unknown): void
  get(source: number): Promise<unknown>
  /** What a rank gets of itself is a copy, as what it gets of others is. */
  copy(value: unknown): unknown
}

const others = ({ rank, size }: Call): number[] => Array.from({ length: size }, (_, r) => r).filter((r) => r !== rank)

export async function broadcast(call: Call, value: unknown, root: number): Promise<unknown> {
  if (call.rank !== root) return call.get(root)
  for (const dest of others(call)) call.put(dest, value)
  return value
}

export async function scatter(call: Call, values: unknown, root: number): Promise<unknown> {
  if (call.rank !== root) return call.get(root)
  const parts = checkParts(call, values)
  for (const dest of others(call)) call.put(dest, parts[dest])
  return call.copy(parts[root])
}

/** A list of the ranks' values at the root, undefined elsewhere. */
export async function gather(call: Call, value: unknown, root: number): Promise<unknown[] | undefined> {
  if (call.rank === root) return collect(call, value)
  call.put(root, value)
  return undefined
}

export async function gatherAll(call: Call, value: unknown): Promise<unknown[]> {
  for (const dest of others(call)) call.put(dest, value)
  return collect(call, value)
}

export async function exchangeAll(call: Call, values: unknown): Promise<unknown[]> {
  const parts = checkParts(call, values)
  for (const dest of others(call)) call.put(dest, parts[dest])
  return collect(call, parts[call.rank])
}

async function collect(call: Call, own: unknown): Promise<unknown[]> {
  const values: unknown[] = []
  for (let source = 0; source < call.size; source++)
    values.push(source === call.rank ? call.copy(own) : await call.get(source))
  return values
}

/** ((v0 op v1) op v2) ... at the root, undefined elsewhere: always in the order of the ranks, so always the same bits. */
export async function reduce(call: Call, value: unknown, op: Reduction, root: number): Promise<unknown> {
  if (call.rank !== root) return void call.put(root, value)
  const partOf = (source: number) => (source === root ? value : call.get(source))
  let result = call.size === 1 ? call.copy(value) : await partOf(0)
  for (let source = 1; source < call.size; source++)
    result = await reduceValues(op, result, await partOf(source), call.name)
  return result
}

export async function reduceAll(call: Call, value: unknown, op: Reduction): Promise<unknown> {
  return broadcast(call, await reduce(call, value, op, 0), 0)
}

/** Rank r gets v0 op ... op vr. */
export async function scan(call: Call, value: unknown, op: Reduction): Promise<unknown> {
  const { rank, size } = call
  const result = rank === 0 ? call.copy(value) : await reduceValues(op, await call.get(rank - 1), value, call.name)
  if (rank + 1 < size) call.put(rank + 1, result)
  return result
}

export async function barrier(call: Call): Promise<void> {
  await gather(call, undefined, 0)
  await broadcast(call, undefined, 0)
}

function checkParts({ name, size }: Call, values: unknown): readonly unknown[] {
  if (Array.isArray(values) && values.length === size) return values
  const got = Array.isArray(values) ? `a list of ${values.length}` : typeof values
  throw new NdloomError(`${name}: got ${got}, want a list of ${size} values, one for each rank`)
}

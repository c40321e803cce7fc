import { mostWorkers } from '../core/config.ts'

/*
 * How many workers are at work at once, over all state machines of a process: the one of its own workers, and those of pools that have
 * workers of their own. A worker has a seat from its first batch to the end of its last; one that has nothing to do has none.
 *
 * A seat goes to the machine that has fewest; of equal ones to the one that waits longest. So each gets its share of the workers, not of
 * the batches, which may take a microsecond here and a minute there, and none starves: one that has no seat is the next but for those
 * that had none before it. Tasks that wait for each other (a gang) need theirs together: a machine in which some of them have begun
 * counts as having none until all have.
 */

export interface Seats {
  readonly count: number
  taken: number
  /** The machines that want one more, those first that have waited longest. */
  readonly waiting: Set<Seating>
}

/** What one state machine has of the seats. */
export interface Seating {
  readonly seats: Seats
  held: number
  /** A part of its gang has begun, the rest waits. */
  hasGang: boolean
  /** It was refused one since it was last settled. */
  isRefused: boolean
  /** Called when it has waited and there is one for it. */
  onTurn: () => void
}

export const createSeats = (count: number): Seats => ({ count, taken: 0, waiting: new Set() })

export const joinSeats = (seats: Seats): Seating => ({
  seats,
  held: 0,
  hasGang: false,
  isRefused: false,
  onTurn: () => {},
})

let shared: Seats | undefined
/** The seats of this process. */
export function processSeats(): Seats {
  shared ??= createSeats(mostWorkers())
  return shared
}

const rankOf = ({ held, hasGang }: Seating): number => (hasGang ? 0 : held)

/** Whether there is a seat for it that no other should have. */
function hasTurn(own: Seating): boolean {
  const { count, taken, waiting } = own.seats
  let before = 0
  let isBehind = false
  for (const other of waiting) {
    if (other === own) isBehind = true
    else if (rankOf(other) < rankOf(own) || (rankOf(other) === rankOf(own) && !isBehind)) before++
  }
  return taken + before < count
}

/** Whether one more of its workers may go to work. If not it waits for a seat, unless it is settled without asking again. */
export function maySit(own: Seating, hasGang: boolean): boolean {
  own.hasGang = hasGang
  if (hasTurn(own)) return true
  own.isRefused = true
  own.seats.waiting.add(own)
  return false
}

export function takeSeat(own: Seating): void {
  own.held++
  own.seats.taken++
  own.seats.waiting.delete(own)
}

/** If it wants another its wait begins now: before it had more than those that wait now. */
export function giveSeat(own: Seating): void {
  own.held--
  own.seats.taken--
  own.seats.waiting.delete(own)
}

/** It has started all that it may: it waits on only if it was refused a seat meanwhile. */
export function settleSeats(own: Seating): void {
  if (!own.isRefused) own.seats.waiting.delete(own)
  own.isRefused = false
}

export const isWaiting = (own: Seating): boolean => own.seats.waiting.has(own)

/** Whether a worker that ends what it does has to leave its seat to another machine: it should have nothing to go on with. */
export function mustYield(own: Seating): boolean {
  for (const other of own.seats.waiting) if (other !== own && rankOf(other) < own.held) return true
  return false
}

/** Tells the machines that have waited and whose turn it is now. */
export function tellTurns({ waiting }: Seats): void {
  if (waiting.size === 0) return
  for (const own of [...waiting].filter(hasTurn)) own.onTurn()
}

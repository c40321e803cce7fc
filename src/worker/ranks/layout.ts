/**
 * How the ranks of one run lie on their hosts (threads), and what the hosts share. Neighbouring ranks lie together; no host has two
 * ranks more than another.
 */
export interface Layout {
  /** How many ranks, and how many hosts they run on. */
  readonly size: number
  readonly hosts: number
}

export const hostOf = ({ size, hosts }: Layout, rank: number): number => Math.floor((rank * hosts) / size)

/** The first rank of a host; of the host after the last: the number of ranks. */
export const firstRank = ({ size, hosts }: Layout, host: number): number => Math.ceil((host * size) / hosts)

export const ranksOf = (layout: Layout, host: number): number[] => {
  const first = firstRank(layout, host)
  return Array.from({ length: firstRank(layout, host + 1) - first }, (_, k) => first + k)
}

/** Counters that all hosts and the main thread see. All but grow, and wrap around. */
export interface Counters {
  /** [0] is 1 when the run has been ended: a rank that never waits learns of it here. */
  readonly ended: Int32Array
  /** Of each host: how many things have happened to its ranks. What stands still for all is stuck. */
  readonly activity: Int32Array
  /** Messages sent from host to host: [to * hosts + from]. */
  readonly sent: Int32Array
}

export const counterBytes = (hosts: number): number => 4 * (1 + hosts + hosts * hosts)

export function countersOver(buffer: SharedArrayBuffer, hosts: number): Counters {
  return {
    ended: new Int32Array(buffer, 0, 1),
    activity: new Int32Array(buffer, 4, hosts),
    sent: new Int32Array(buffer, 4 * (1 + hosts), hosts * hosts),
  }
}

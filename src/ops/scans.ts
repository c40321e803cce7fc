import { multiply, type Pair } from './complex.ts'
import type { Builder, ScanRecord } from './record.ts'
import { accumulates } from './reductions.ts'

/** The cumulative functions by name. */
export const scans: Readonly<Record<string, ScanRecord>> = {
  cumulativeSum: {
    name: 'cumulativeSum',
    doc: 'The sums of the elements up to each one; of integers and bool as int64 or uint64, wrapped.',
    signature: accumulates,
    // -0 + x is x, of -0 too.
    identity: -0,
    step: (b, accumulator, element) => accumulator.map((part, i) => b.op('add', part, element[i])),
  },
  cumulativeProd: {
    name: 'cumulativeProd',
    doc: 'The products of the elements up to each one; of integers and bool as int64 or uint64, wrapped.',
    signature: accumulates,
    identity: 1,
    step: <V>(b: Builder<V>, accumulator: V[], element: V[]) =>
      accumulator.length === 2
        ? multiply(b, accumulator as Pair<V>, element as Pair<V>)
        : [b.op('multiply', accumulator[0], element[0])],
  },
}

import { toValue } from '../core/dtype.ts'
import { multiply, type Pair } from './complex.ts'
import type { Builder, ScanRecord } from './record.ts'
import { accumulates } from './reductions.ts'

/** 1 times x is x: the complex product with 1 + 0i would make NaN of infinities in the first element. */
function multiplyFromOne<V>(b: Builder<V>, a: Pair<V>, c: Pair<V>): V[] {
  const [one, zero] = [1, 0].map((value) => b.constant(toValue(value, b.dtypeOf(a[0])), b.dtypeOf(a[0])))
  const isOne = b.op('logicalAnd', b.op('equal', a[0], one), b.op('equal', a[1], zero))
  return multiply(b, a, c).map((part, i) => b.op('where', isOne, c[i], part))
}

/** The cumulative functions by name. */
export const scans: Readonly<Record<string, ScanRecord>> = {
  cumulativeSum: {
    name: 'cumulativeSum',
    doc: 'The sums of the elements up to each one; of integers and bool as int64 or uint64, wrapped.',
    signature: accumulates,
    // -0 + x is x, of -0 too.
    identity: [-0, -0],
    step: (b, accumulator, element) => accumulator.map((part, i) => b.op('add', part, element[i])),
  },
  cumulativeProd: {
    name: 'cumulativeProd',
    doc: 'The products of the elements up to each one; of integers and bool as int64 or uint64, wrapped.',
    signature: accumulates,
    identity: [1, 0],
    step: <V>(b: Builder<V>, accumulator: V[], element: V[]) =>
      accumulator.length === 2
        ? multiplyFromOne(b, accumulator as Pair<V>, element as Pair<V>)
        : [b.op('multiply', accumulator[0], element[0])],
  },
}

import { type DType, isFloating, kindOf, toValue } from '../core/dtype.ts'
import { multiply, type Pair } from './complex.ts'
import { formula } from './formula.ts'
import type { Builder, ReductionRecord } from './record.ts'

type Signature = ReductionRecord['signature']
const bothAre = (dtype: DType): { loop: DType; output: DType } => ({ loop: dtype, output: dtype })

/** Sums of integers and bool are 64 bits wide and exact modulo 2^64; floats keep their dtype. */
export const accumulates: Signature = (dtype) => {
  const kind = kindOf(dtype)
  if (kind === 'float' || kind === 'complex') return bothAre(dtype)
  return bothAre(kind === 'uint' ? 'uint64' : 'int64')
}
const averages: Signature = (dtype) =>
  bothAre(kindOf(dtype) === 'float' || kindOf(dtype) === 'complex' ? dtype : 'float64')
const orders: Signature = (dtype) => (kindOf(dtype) === 'complex' ? undefined : bothAre(dtype))

const parts = <V>(_b: Builder<V>, elements: V[]): V[] => elements
const addition = <V>(b: Builder<V>, a: V[], c: V[]): V[] => a.map((part, i) => b.op('add', part, c[i]))
const state = <V>(_b: Builder<V>, components: V[]): V[] => components
const perPart: ReductionRecord['state'] = (loop, count) => new Array(count).fill(loop)

const base = { indexed: false, lift: parts, finalize: state, state: perPart, empty: undefined }

/** Sums begin with 0, so that of negative zeros alone it is 0, as in NumPy. */
const positiveZero = <V>(b: Builder<V>, sums: V[]): V[] =>
  sums.map((part) => b.op('add', part, b.constant(toValue(0, b.dtypeOf(part)), b.dtypeOf(part))))

const sum: ReductionRecord = {
  ...base,
  name: 'sum',
  doc: 'The sum of the elements; of integers and bool as int64 or uint64, wrapped. 0 of none.',
  signature: accumulates,
  merge: addition,
  finalize: positiveZero,
  empty: 0,
}

const prod: ReductionRecord = {
  ...base,
  name: 'prod',
  doc: 'The product of the elements; of integers and bool as int64 or uint64, wrapped. 1 of none.',
  signature: accumulates,
  merge: <V>(b: Builder<V>, a: V[], c: V[]) =>
    a.length === 2 ? multiply(b, a as Pair<V>, c as Pair<V>) : [b.op('multiply', a[0], c[0])],
  empty: 1,
}

const mean: ReductionRecord = {
  ...base,
  name: 'mean',
  doc: 'The sum of the elements over their count; of integers and bool in float64. NaN of none.',
  signature: averages,
  merge: addition,
  finalize: (b, sums, n) => positiveZero(b, sums).map((part) => b.op('divide', part, b.cast(n, b.dtypeOf(part)))),
  empty: { re: Number.NaN, im: Number.NaN },
}

/**
 * The mean and the sum of squared distances from it (M2) of two runs, from Chan, Golub and LeVeque, "Updating formulae and a
 * pairwise algorithm for computing sample variances" (1979). What depends on the counts alone is worked out first, in
 * float64, so that it is computed once for all lanes.
 */
const mergeMoments = <V>(b: Builder<V>, [ma, sa]: V[], [mc, sc]: V[], na: V, nc: V): V[] => {
  const { add, sub, mul } = formula(b, ma)
  const dtype = b.dtypeOf(ma)
  const share = b.op('divide', nc, b.op('add', na, nc))
  const [towards, weight] = [b.cast(share, dtype), b.cast(b.op('multiply', na, share), dtype)]
  const distance = sub(mc, ma)
  return [add(ma, mul(distance, towards)), add(add(sa, sc), mul(mul(distance, distance), weight))]
}
/** One value of many, by a balanced tree of merges. */
const inPairs = <V>(values: readonly V[], merge: (a: V, c: V) => V): V => {
  if (values.length === 1) return values[0]
  const half = values.length >> 1
  return merge(inPairs(values.slice(0, half), merge), inPairs(values.slice(half), merge))
}
/** A sum in pairs: the depth of the tree, and so the error, grows with the logarithm of the length. */
const pairwiseSum = <V>(b: Builder<V>, values: readonly V[]): V => inPairs(values, (a, c) => b.op('add', a, c))
/** Mean and M2 of elements in registers in two passes. */
const moments = <V>(b: Builder<V>, elements: V[][]): V[] => {
  const values = elements.map(([x]) => x)
  const { sub, mul, number } = formula(b, values[0])
  const center = mul(pairwiseSum(b, values), number(1 / values.length))
  const squares = values.map((x) => {
    const distance = sub(x, center)
    return mul(distance, distance)
  })
  return [center, pairwiseSum(b, squares)]
}
/** M2 over the degrees of freedom; those are not below 0, so too few elements give 0 / 0 = NaN, as NumPy. */
const variance = <V>(b: Builder<V>, [, squares]: V[], n: V, correction: V): V => {
  const free = b.op('maximum', b.op('subtract', n, correction), b.constant(0, 'float64'))
  return b.op('divide', squares, b.cast(free, b.dtypeOf(squares)))
}
const spread = {
  ...base,
  signature: ((dtype) => (kindOf(dtype) === 'complex' ? undefined : averages(dtype))) as Signature,
  state: ((loop) => [loop, loop]) as ReductionRecord['state'],
  lift: <V>(b: Builder<V>, [x]: V[]): V[] => [x, b.op('subtract', x, x)],
  merge: mergeMoments,
  leaf: moments,
  empty: Number.NaN,
}
const variances: Record<string, ReductionRecord> = {
  var: {
    ...spread,
    name: 'var',
    doc: 'The mean squared distance from the mean, with n - correction as divisor; of integers and bool in float64. Real dtypes.',
    finalize: (b, moments, n, correction) => [variance(b, moments, n, correction)],
  },
  std: {
    ...spread,
    name: 'std',
    doc: 'The root of the variance. Real dtypes.',
    finalize: (b, moments, n, correction) => [b.op('sqrt', variance(b, moments, n, correction))],
  },
}

const extreme = (name: string, elementwise: string, doc: string): ReductionRecord => ({
  ...base,
  name,
  doc,
  signature: orders,
  merge: (b, [a], [c]) => [b.op(elementwise, a, c)],
})

/** Of equal values the lowest index stays; states may be merged out of order, so the indices are compared. NaN wins. */
const takesOver = <V>(b: Builder<V>, better: string, [a, ia]: V[], [c, ic]: V[]): V => {
  const earlier = b.op('less', ic, ia)
  const tie = b.op('logicalAnd', b.op('equal', a, c), earlier)
  const wins = b.op('logicalOr', b.op(better, c, a), tie)
  if (!isFloating(b.dtypeOf(a))) return wins
  const [nanA, nanC] = [b.op('isnan', a), b.op('isnan', c)]
  const nanWins = b.op('logicalAnd', nanC, b.op('logicalOr', b.op('logicalNot', nanA), earlier))
  return b.op('logicalOr', wins, nanWins)
}
/** Whether an element stays where a later one comes: unless that is better, or a NaN; a NaN stays. */
const earlierStays = <V>(b: Builder<V>, better: string, a: V, c: V): V => {
  const noBetter = b.op(better === 'greater' ? 'lessEqual' : 'greaterEqual', c, a)
  return isFloating(b.dtypeOf(a)) ? b.op('logicalOr', noBetter, b.op('isnan', a)) : noBetter
}
const firstBest = <V>(b: Builder<V>, better: string, states: V[][]): V[] =>
  inPairs(states, (a, c) => {
    const stays = earlierStays(b, better, a[0], c[0])
    return a.map((component, i) => b.op('where', stays, component, c[i]))
  })
/** The greatest or least of what is no NaN, and whether there was a NaN: that is cheaper than to carry it along. */
const bestValue = (better: string): NonNullable<ReductionRecord['best']> => ({
  lift: (b, x) => (isFloating(b.dtypeOf(x)) ? [x, b.op('isnan', x)] : [x]),
  merge: (b, [a, ...nanA], [c, ...nanC]) => [
    b.op('where', b.op(better, c, a), c, a),
    ...nanA.map((nan, i) => b.op('logicalOr', nan, nanC[i])),
  ],
  value: (b, [x, nan]) => (nan === undefined ? x : b.op('where', nan, b.constant(Number.NaN, b.dtypeOf(x)), x)),
})
const position = (name: string, better: string, doc: string): ReductionRecord => ({
  ...base,
  name,
  doc,
  signature: (dtype) => (kindOf(dtype) === 'complex' ? undefined : { loop: dtype, output: 'int64' }),
  state: (loop) => [loop, 'int64'],
  indexed: true,
  lift: <V>(_b: Builder<V>, [x]: V[], index?: V): V[] => [x, index!],
  merge: <V>(b: Builder<V>, a: V[], c: V[]) => {
    const takes = takesOver(b, better, a, c)
    return a.map((component, i) => b.op('where', takes, c[i], component))
  },
  leaf: (b, elements) => firstBest(b, better, elements),
  best: bestValue(better),
  never: (b, [a], [c]) => b.op(better === 'greater' ? 'lessEqual' : 'greaterEqual', c, a),
  finalize: (_b, [, index]) => [index],
})

const truths = (name: string, connective: string, empty: boolean, doc: string): ReductionRecord => ({
  ...base,
  name,
  doc,
  signature: () => bothAre('bool'),
  merge: (b, [a], [c]) => [b.op(connective, a, c)],
  empty,
})

const countNonzero: ReductionRecord = {
  ...base,
  name: 'countNonzero',
  doc: 'How many elements are not zero, as int64; NaN is not zero.',
  signature: () => ({ loop: 'bool', output: 'int64' }),
  state: () => ['int64'],
  lift: (b, [x]) => [b.cast(x, 'int64')],
  merge: addition,
  empty: 0n,
}

/** The reductions by name. Elements of `any`, `all` and `countNonzero` are cast to bool first, so every dtype has them. */
export const reductions: Readonly<Record<string, ReductionRecord>> = {
  sum,
  prod,
  mean,
  ...variances,
  min: extreme('min', 'minimum', 'The least element; NaN if one is NaN. Real dtypes and bool; an error of none.'),
  max: extreme('max', 'maximum', 'The greatest element; NaN if one is NaN. Real dtypes and bool; an error of none.'),
  argmin: position('argmin', 'less', 'The index of the first least element, or of the first NaN. An error of none.'),
  argmax: position(
    'argmax',
    'greater',
    'The index of the first greatest element, or of the first NaN. An error of none.',
  ),
  any: truths('any', 'logicalOr', false, 'Whether an element is not zero; NaN is not zero. false of none.'),
  all: truths('all', 'logicalAnd', true, 'Whether no element is zero; NaN is not zero. true of none.'),
  countNonzero,
}

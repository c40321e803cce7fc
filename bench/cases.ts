import * as nd from 'ndloom'

type Lazy = nd.ChunkedArray
/** What is in the engine's hands before the clock starts. */
export const datasets = {
  none: async (): Promise<Lazy | undefined> => undefined,
  /** 10^8 float64 in [0, 1), the same on both sides: a multiplicative generator over the element's number. */
  matrix: async (): Promise<Lazy> => {
    const along = nd.arange(10_000n, { chunks: 1000 })
    const number = along.mul(10_000).reshape([10_000, 1]).add(along)
    return number.mul(630360016).remainder(2147483647).div(2147483647).persist()
  },
  integers: async (): Promise<Lazy> => nd.arange(100_000_000n, { chunks: 1_000_000 }).persist(),
  tiny: async (): Promise<Lazy> => nd.arange(100_000, { chunks: 1 }).persist(),
}

export interface Case {
  readonly name: string
  readonly title: string
  readonly data: keyof typeof datasets
  /** The least ratio, Dask's time by ours, that the project sets itself. */
  readonly wanted?: number
  /** Bytes that must go through memory: persisted blocks read, once a pass, and the result written. */
  readonly bytesMoved?: number
  /** Whether both sides must give the same result. */
  readonly comparable: boolean
  /** Runs take minutes: one is enough to warm up. */
  readonly isSlow?: boolean
  readonly run: (x: Lazy) => unknown
}

const matrixBytes = 800_000_000
const square = { chunks: [1000, 1000] }
const headline = (x: Lazy): Lazy => x.add(x.T).sub(x.mean(0))
const onMatrix = { data: 'matrix', comparable: true, bytesMoved: matrixBytes } as const

export const cases: readonly Case[] = [
  {
    name: 'headline_random',
    title: 'headline, random numbers included',
    data: 'none',
    wanted: 1.5,
    comparable: false,
    run: () => headline(nd.random.random([10_000, 10_000], square)).compute(),
  },
  {
    ...onMatrix,
    name: 'headline',
    title: 'headline on data in memory',
    wanted: 2,
    bytesMoved: 4 * matrixBytes,
    run: (x) => headline(x).compute(),
  },
  { ...onMatrix, name: 'sum', title: 'sum of all', wanted: 2.5, run: (x) => x.sum().compute() },
  { ...onMatrix, name: 'std', title: 'std over axis 0', wanted: 5, run: (x) => x.std(0).compute() },
  {
    ...onMatrix,
    name: 'polynomial',
    title: '`((x*2+1)*x - x/3).sum()`',
    wanted: 10,
    run: (x) => x.mul(2).add(1).mul(x).sub(x.div(3)).sum().compute(),
  },
  {
    ...onMatrix,
    name: 'standardise',
    title: '`(x - x.mean(0)) / x.std(0)`',
    wanted: 3,
    bytesMoved: 3 * matrixBytes,
    run: (x) => x.sub(x.mean(0)).div(x.std(0)).compute(),
  },
  {
    ...onMatrix,
    name: 'transcendental',
    title: '`(exp(x) + log(x+1)*sin(x)).mean()`',
    wanted: 1.3,
    run: (x) =>
      nd
        .exp(x)
        .add(nd.log(x.add(1)).mul(nd.sin(x)))
        .mean()
        .compute(),
  },
  {
    ...onMatrix,
    name: 'where',
    title: '`where(x > 0.5, x, -x).sum()`',
    wanted: 10,
    run: (x) => nd.where(x.gt(0.5), x, x.neg()).sum().compute(),
  },
  { ...onMatrix, name: 'argmax', title: 'argmax over axis 1', wanted: 3, run: (x) => x.argmax(1).compute() },
  {
    ...onMatrix,
    name: 'cumsum',
    title: 'cumsum over axis 0',
    wanted: 2,
    bytesMoved: 2 * matrixBytes,
    run: (x) => nd.cumulativeSum(x, { axis: 0 }).compute(),
  },
  {
    name: 'normal',
    title: 'normal numbers, std',
    data: 'none',
    wanted: 2,
    comparable: false,
    run: () => nd.random.defaultRng(1).normal(0, 1, [10_000, 10_000], square).std().compute(),
  },
  {
    name: 'integers',
    title: '`((i % 7) * (i // 3)).sum()`, i int64',
    data: 'integers',
    wanted: 1.5,
    bytesMoved: 800_000_000,
    comparable: true,
    run: (i) => i.remainder(7).mul(i.floorDivide(3)).sum().compute(),
  },
  {
    name: 'tiny',
    title: '100,000 one-element chunks, `(x+1).sum()`',
    data: 'tiny',
    isSlow: true,
    wanted: 30,
    comparable: true,
    run: (x) => x.add(1).sum().compute(),
  },
  {
    name: 'headline_sum',
    title: 'headline with random numbers, summed',
    data: 'none',
    comparable: false,
    run: () =>
      headline(nd.random.random([10_000, 10_000], square))
        .sum()
        .compute(),
  },
]

/** One number that tells results apart: the sum of every 997th element. */
export function checksum(result: unknown): number {
  if (typeof result !== 'object' || result === null || !('data' in result)) return Number(result)
  const data = result.data as ArrayLike<number | bigint>
  let sum = 0
  for (let i = 0; i < data.length; i += 997) sum += Number(data[i])
  return sum
}

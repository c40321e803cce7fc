/** How fast single kernels are on one thread: blocks of 1000 x 1000 float64 that cycle through more memory than the caches hold. */
import { createKernels } from '../src/kernel/kernels.ts'
import { type Access, type KernelSpec, type LoopNest, type SpecNode, scratchBytes } from '../src/kernel/spec.ts'

const side = Number(process.argv[3] ?? 1000)
const blockBytes = 8 * side * side
const blocks = side >= 1000 ? 32 : 3
const memory = new WebAssembly.Memory({ initial: 8192, maximum: 65536, shared: true })
const kernels = createKernels(memory, 65536)
const data = 65536 + scratchBytes
const block = (i: number): number => data + (i % blocks) * blockBytes
const row = data + blocks * blockBytes

new Float64Array(memory.buffer, data, (blocks * blockBytes) / 8).forEach((_, i, array) => {
  array[i] = ((i * 2654435761) % 4294967296) / 4294967296
})
new Float64Array(memory.buffer, row, 3 * side).fill(0.5)

const load = (operand: number): SpecNode => ({ op: 'load', dtype: 'float64', operand })
const call = (name: string, ...args: number[]): SpecNode => ({ op: 'call', name, dtype: 'float64', args })
const constant = (value: number): SpecNode => ({ op: 'constant', dtype: 'float64', value })
const straight = [8 * side, 8]
const across = [8, 8 * side]
const access = (address: number, strides: readonly number[]): Access => ({ address, strides })

interface Case {
  readonly name: string
  readonly spec: KernelSpec
  readonly nest: (i: number) => LoopNest
  /** Bytes read and written. */
  readonly bytes: number
}
const map = (name: string, nodes: SpecNode[], strides: number[][]): Case => ({
  name,
  spec: {
    kind: 'map',
    nodes,
    operands: strides.map(() => 'float64'),
    indices: 0,
    results: [nodes.length - 1],
    outputs: ['float64'],
  },
  nest: (i) => ({
    extents: [side, side],
    reduced: [false, false],
    operands: strides.map((s, k) => access(s[0] === 0 ? row : block(i * 3 + k), s)),
    indices: [],
    outputs: [access(block(i * 3 + 2), straight)],
    mergedCount: 0,
  }),
  bytes: blockBytes * (1 + strides.filter((s) => s[0] !== 0).length),
})
const reduce = (
  name: string,
  reduction: string,
  axis: number[],
  states: ('float64' | 'int64')[],
  nodes: SpecNode[] = [load(0)],
): Case => {
  const indexed = nodes.some((node) => node.op === 'index')
  const kept = [0, 1].map((k) => (axis.includes(k) ? 0 : 8))
  return {
    name,
    spec: {
      kind: 'reduce',
      nodes,
      operands: ['float64'],
      indices: indexed ? 1 : 0,
      results: indexed ? [0, nodes.length - 1] : [nodes.length - 1],
      outputs: states,
      reduction,
    },
    nest: (i) => ({
      extents: [side, side],
      reduced: [axis.includes(0), axis.includes(1)],
      operands: [access(block(i), straight)],
      indices: indexed
        ? [{ start: 0, strides: [0, 1].map((k) => (axis.includes(k) ? (k === 0 && axis.length === 2 ? side : 1) : 0)) }]
        : [],
      outputs: states.map((_, k) => access(row + 8 * side * k, kept)),
      mergedCount: 0,
    }),
    bytes: blockBytes,
  }
}
const scan = (name: string, axis: number): Case => ({
  name,
  spec: {
    kind: 'scan',
    nodes: [load(0)],
    operands: ['float64'],
    indices: 0,
    results: [0],
    outputs: ['float64'],
    reduction: 'cumulativeSum',
  },
  nest: (i) => ({
    extents: [side, side],
    reduced: [axis === 0, axis === 1],
    operands: [access(block(2 * i), straight)],
    indices: [],
    outputs: [access(block(2 * i + 1), straight)],
    mergedCount: 0,
  }),
  bytes: 2 * blockBytes,
})
const polynomial = [
  load(0),
  constant(2),
  call('multiply', 0, 1),
  constant(1),
  call('add', 2, 3),
  call('multiply', 4, 0),
  constant(3),
  call('divide', 0, 6),
  call('subtract', 5, 7),
]
const index: SpecNode = { op: 'index', dtype: 'int64', slot: 0 }
const cases: Case[] = [
  map('x + y', [load(0), load(1), call('add', 0, 1)], [straight, straight]),
  map('x + 1', [load(0), constant(1), call('add', 0, 1)], [straight]),
  map(
    'x + x.T - m',
    [load(0), load(1), call('add', 0, 1), load(2), call('subtract', 2, 3)],
    [straight, across, [0, 8]],
  ),
  map('x.T copy', [load(0)], [across]),
  map(
    '(x - m) / s',
    [load(0), load(1), call('subtract', 0, 1), load(2), call('divide', 2, 3)],
    [straight, [0, 8], [0, 8]],
  ),
  map('exp(x)', [load(0), call('exp', 0)], [straight]),
  reduce('sum', 'sum', [0, 1], ['float64']),
  reduce('sum axis 0', 'sum', [0], ['float64']),
  reduce('sum axis 1', 'sum', [1], ['float64']),
  reduce('std', 'std', [0, 1], ['float64', 'float64']),
  reduce('std axis 0', 'std', [0], ['float64', 'float64']),
  reduce('max axis 1', 'max', [1], ['float64']),
  reduce('argmax axis 1', 'argmax', [1], ['float64', 'int64'], [load(0), index]),
  reduce('argmax axis 0', 'argmax', [0], ['float64', 'int64'], [load(0), index]),
  reduce('sum (x*2+1)*x - x/3', 'sum', [0, 1], ['float64'], polynomial),
  scan('cumsum axis 0', 0),
  scan('cumsum axis 1', 1),
]

const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 3]
const only = process.argv[2]
for (const { name, spec, nest, bytes } of cases) {
  if (only && !new RegExp(only).test(name)) continue
  const times: number[] = []
  for (let i = 0; i < (side < 1000 ? 2000 : 60); i++) {
    const start = performance.now()
    kernels.run(spec, nest(i))
    times.push(performance.now() - start)
  }
  const steady = median(times.slice(times.length / 2))
  const first = times
    .slice(0, 4)
    .map((t) => t.toFixed(2))
    .join(' ')
  process.stdout.write(
    `${name.padEnd(24)} ${steady.toFixed(3).padStart(8)} ms ${(bytes / steady / 1e6).toFixed(1).padStart(6)} GB/s   first: ${first}\n`,
  )
}

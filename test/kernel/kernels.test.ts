import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { itemsize, kindOf, type RealDType, viewBytes } from '../../src/core/dtype.ts'
import { createInterpreter, interpretCombine } from '../../src/kernel/interpret.ts'
import { createKernels } from '../../src/kernel/kernels.ts'
import { startsOf } from '../../src/kernel/run.ts'
import { type Access, type KernelSpec, type LoopNest, type SpecNode, scratchBytes } from '../../src/kernel/spec.ts'
import { reductions } from '../../src/ops/reductions.ts'
import { scans } from '../../src/ops/scans.ts'
import { accessOf, fill, type Lie, lies, reals } from './nests.ts'

const memory = new WebAssembly.Memory({ initial: 260, maximum: 65536, shared: true })
const scratch = 1024
const kernels = createKernels(memory, scratch)
const data = scratch + scratchBytes
const dataBytes = memory.buffer.byteLength - data
const oracleBuffer = new ArrayBuffer(memory.buffer.byteLength)
const oracle = createInterpreter(oracleBuffer)

/** Runs both over the same bytes, and compares the bytes of what they wrote. */
function compare(
  run: (kernels: Pick<typeof oracle, 'run' | 'combine'>) => void,
  outputs: { dtype: RealDType; at: number; bytes: number }[],
) {
  new Uint8Array(oracleBuffer, data).set(new Uint8Array(memory.buffer, data))
  run(oracle)
  run(kernels)
  for (const { dtype, at, bytes } of outputs) {
    const [got, want] = [memory.buffer, oracleBuffer].map((buffer) => [
      ...viewBytes(dtype, buffer, at, Math.floor(bytes / itemsize(dtype))),
    ])
    expect(got).toEqual(want)
  }
}

const extentsOf = fc.array(fc.constantFrom(0, 1, 2, 3, 4, 5, 7, 9, 17, 33), { minLength: 0, maxLength: 3 })
/** Lays arrays out one after the other and fills them. */
function layOut(
  parts: { lie: Lie; dtype: RealDType; skipped?: boolean[] }[],
  extents: readonly number[],
  seed: number,
  wild: boolean,
) {
  let at = data
  return parts.map(({ lie, dtype, skipped }, i) => {
    const { access, bytes } = accessOf(lie, extents, dtype, at, skipped)
    const size = Math.ceil(bytes / 64) * 64
    fc.pre(at + size - data < dataBytes)
    fill(memory.buffer, at, dtype, Math.floor(size / itemsize(dtype)), seed + i, wild)
    const placed = { access, at, bytes: size, dtype }
    at += size
    return placed
  })
}
const spaceFor = (ndim: number, operands: number, outputs: number) =>
  fc.record({
    lies: fc.tuple(
      fc.array(lies(ndim, true), { minLength: operands, maxLength: operands }),
      fc.array(lies(ndim, false), { minLength: outputs, maxLength: outputs }),
    ),
    seed: fc.nat(1e6),
    wild: fc.boolean(),
  })

describe('map', () => {
  test('every cast of every dtype', () => {
    for (const from of reals)
      for (const to of reals) {
        const count = 67
        fill(memory.buffer, data, from, count, 7, true)
        const spec: KernelSpec = {
          kind: 'map',
          nodes: [
            { op: 'load', dtype: from, operand: 0 },
            { op: 'cast', dtype: to, args: [0] },
          ],
          operands: [from],
          indices: 0,
          results: [1],
          outputs: [to],
        }
        const line: LoopNest = {
          extents: [count],
          reduced: [false],
          operands: [{ address: data, strides: [itemsize(from)] }],
          indices: [],
          outputs: [{ address: data + 4096, strides: [itemsize(to)] }],
          mergedCount: 0,
        }
        compare((k) => k.run(spec, line), [{ dtype: to, at: data + 4096, bytes: count * itemsize(to) }])
        // The same of one value for all lanes.
        const still = { ...line, operands: [{ address: data + 3 * itemsize(from), strides: [0] }] }
        compare((k) => k.run(spec, still), [{ dtype: to, at: data + 4096, bytes: count * itemsize(to) }])
      }
  })

  const names = { two: ['add', 'subtract', 'multiply', 'maximum'], test: ['less', 'equal'] }
  const loops: RealDType[] = reals.filter((dtype) => dtype !== 'bool')
  /** (a op b) cast and compared, and chosen between; with an index. */
  const specs = fc
    .record({
      a: fc.constantFrom(...reals),
      b: fc.constantFrom(...reals),
      loop: fc.constantFrom(...loops),
      second: fc.constantFrom(...loops),
      op: fc.constantFrom(...names.two),
      truth: fc.constantFrom(...names.test),
      index: fc.constantFrom('int64' as const, 'float64' as const, undefined),
    })
    .map(({ a, b, loop, second, op, truth, index }): KernelSpec => {
      const nodes: SpecNode[] = [
        { op: 'load', dtype: a, operand: 0 },
        { op: 'load', dtype: b, operand: 1 },
        { op: 'cast', dtype: loop, args: [0] },
        { op: 'cast', dtype: loop, args: [1] },
        { op: 'call', name: op, dtype: loop, args: [2, 3] },
        { op: 'call', name: truth, dtype: loop, args: [4, 3] },
        { op: 'cast', dtype: second, args: [4] },
        { op: 'constant', dtype: second, value: second === 'int64' || second === 'uint64' ? 3n : 3 },
        { op: 'call', name: 'where', dtype: second, args: [5, 6, 7] },
      ]
      if (!index)
        return { kind: 'map', nodes, operands: [a, b], indices: 0, results: [8, 5], outputs: [second, 'bool'] }
      nodes.push({ op: 'index', dtype: index, slot: 0 })
      const outputs: RealDType[] = [second, 'bool', index]
      return { kind: 'map', nodes, operands: [a, b], indices: 1, results: [8, 5, 9], outputs }
    })

  test('random expressions over random nests', () => {
    fc.assert(
      fc.property(
        fc
          .tuple(specs, extentsOf)
          .chain(([spec, extents]) =>
            fc.tuple(fc.constant(spec), fc.constant(extents), spaceFor(extents.length, 2, 3)),
          ),
        ([
          spec,
          extents,
          {
            lies: [inputs, outputs],
            seed,
            wild,
          },
        ]) => {
          const parts = [
            ...spec.operands.map((dtype, i) => ({ dtype, lie: inputs[i] })),
            ...spec.outputs.map((dtype, i) => ({ dtype, lie: outputs[i] })),
          ]
          const placed = layOut(parts, extents, seed, wild)
          const nest: LoopNest = {
            extents,
            reduced: extents.map(() => false),
            operands: placed.slice(0, 2).map(({ access }) => access),
            indices: spec.indices ? [{ start: 5 - seed, strides: extents.map((_, i) => i * 7 - 3) }] : [],
            outputs: placed.slice(2).map(({ access }) => access),
            mergedCount: 0,
          }
          compare((k) => k.run(spec, nest), placed.slice(2))
        },
      ),
      { numRuns: 400 },
    )
  })

  test('rows longer than a panel, and transposed reads of every width', () => {
    const small = [[37, 41]]
    const long = [
      [5, 4500],
      [4, 20001],
      [1, 40000],
    ]
    for (const dtype of reals)
      for (const [rows, columns] of dtype === 'float64' || dtype === 'int16' ? [...small, ...long] : small) {
        const size = itemsize(dtype)
        const count = rows * columns
        fill(memory.buffer, data, dtype, count, 3, true)
        const spec: KernelSpec = {
          kind: 'map',
          nodes: [
            { op: 'load', dtype, operand: 0 },
            { op: 'load', dtype, operand: 1 },
            { op: 'call', name: 'maximum', dtype, args: [0, 1] },
          ],
          operands: [dtype, dtype],
          indices: 0,
          results: [2],
          outputs: [dtype],
        }
        const at = data + 8 * 131072
        const nest: LoopNest = {
          extents: [rows, columns],
          reduced: [false, false],
          operands: [
            { address: data, strides: [columns * size, size] },
            { address: data, strides: [size, rows * size] },
          ],
          indices: [],
          outputs: [{ address: at, strides: [columns * size, size] }],
          mergedCount: 0,
        }
        compare((k) => k.run(spec, nest), [{ dtype, at, bytes: count * size }])
      }
  })

  test('addresses that are no multiple of the item size', () => {
    const spec: KernelSpec = {
      kind: 'map',
      nodes: [{ op: 'load', dtype: 'float64', operand: 0 }],
      operands: ['float64'],
      indices: 0,
      results: [0],
      outputs: ['float64'],
    }
    const values = Float64Array.from({ length: 11 }, (_, i) => i / 3)
    new Uint8Array(memory.buffer, data + 3, 88).set(new Uint8Array(values.buffer))
    const nest: LoopNest = {
      extents: [11],
      reduced: [false],
      operands: [{ address: data + 3, strides: [8] }],
      indices: [],
      outputs: [{ address: data + 1024 + 5, strides: [8] }],
      mergedCount: 0,
    }
    kernels.run(spec, nest)
    const bytes = new Uint8Array(memory.buffer, data + 1029, 88).slice()
    expect(new Float64Array(bytes.buffer)).toEqual(values)
  })
})

/** The reductions that give the same bits in every order on small integers. */
const loopFor = (name: string, dtype: RealDType): RealDType | undefined => {
  const signature = reductions[name].signature(dtype)
  return signature?.loop as RealDType | undefined
}
const elementsOf = (
  name: string,
  dtype: RealDType,
  loop: RealDType,
): { nodes: SpecNode[]; results: number[]; indices: number } => {
  const nodes: SpecNode[] = [{ op: 'load', dtype, operand: 0 }]
  if (loop !== dtype) nodes.push({ op: 'cast', dtype: loop, args: [0] })
  const element = nodes.length - 1
  if (!reductions[name].indexed) return { nodes, results: [element], indices: 0 }
  nodes.push({ op: 'index', dtype: 'int64', slot: 0 })
  return { nodes, results: [element, nodes.length - 1], indices: 1 }
}
/** Linear index strides along the reduced axes. */
const indexStrides = (extents: readonly number[], reduced: readonly boolean[]): number[] => {
  const strides = extents.map(() => 0)
  let step = 1
  for (let axis = extents.length - 1; axis >= 0; axis--)
    if (reduced[axis]) {
      strides[axis] = step
      step *= extents[axis]
    }
  return strides
}

describe('reduce', () => {
  const exact = ['sum', 'prod', 'min', 'max', 'argmin', 'argmax', 'any', 'all', 'countNonzero']
  type Given = { name: string; dtype: RealDType; extents: readonly number[]; merged: number }
  const givenOf = (extents: fc.Arbitrary<number[]>): fc.Arbitrary<Given> =>
    fc
      .record({
        name: fc.constantFrom(...exact),
        dtype: fc.constantFrom(...reals),
        extents,
        merged: fc.constantFrom(0, 0, 5),
      })
      .filter(({ name, dtype }) => loopFor(name, dtype) !== undefined)
  type Space = { lies: [Lie[], Lie[]]; seed: number; wild: boolean }

  function check({ name, dtype, extents, merged }: Given, reduced: boolean[], { lies, seed, wild }: Space): void {
    const [inputs, outputs] = lies
    const loop = loopFor(name, dtype)!
    const state = reductions[name].state(loop, 1)
    const { nodes, results, indices } = elementsOf(name, dtype, loop)
    const spec: KernelSpec = {
      kind: 'reduce',
      nodes,
      operands: [dtype],
      indices,
      results,
      outputs: state,
      reduction: name,
    }
    // Sums and products of fractions depend on the order; of these small integers they do not.
    const careful = kindOf(loop) === 'float' && (name === 'sum' || name === 'prod')
    const parts = [
      { dtype, lie: inputs[0] },
      ...state.map((component, i) => ({ dtype: component, lie: outputs[i], skipped: reduced })),
    ]
    const placed = layOut(parts, extents, seed, wild && !careful)
    if (name === 'prod' && careful)
      viewBytes(dtype, memory.buffer, placed[0].at, placed[0].bytes / itemsize(dtype)).fill(1 as never)
    // What is not merged with stays as it is; the interpreter writes it back as 0 or 1.
    for (const { dtype: component, at, bytes } of placed.slice(1))
      if (component === 'bool')
        new Uint8Array(memory.buffer, at, bytes).forEach((value, i, all) => {
          all[i] = Number(value > 0)
        })
    const nest: LoopNest = {
      extents,
      reduced,
      operands: [placed[0].access],
      indices: indices ? [{ start: 100, strides: indexStrides(extents, reduced) }] : [],
      outputs: placed.slice(1).map(({ access }) => access),
      mergedCount: merged,
    }
    compare((k) => k.run(spec, nest), placed.slice(1))
  }

  test('random reductions over random nests, onto what is there or not', () => {
    const extents = fc.array(fc.constantFrom(0, 1, 2, 3, 8, 9, 17, 40, 67), { minLength: 0, maxLength: 3 })
    const cases = givenOf(extents).chain((given) =>
      fc.tuple(
        fc.constant(given),
        fc.array(fc.boolean(), { minLength: given.extents.length, maxLength: given.extents.length }),
        spaceFor(given.extents.length, 1, 2),
      ),
    )
    fc.assert(
      fc.property(cases, ([given, reduced, space]) => check(given, reduced, space)),
      { numRuns: 500 },
    )
  })

  test('many short rows, of which several are reduced side by side, and long ones', () => {
    const [rows, columns] = [fc.constantFrom(31, 32, 33, 34, 35, 67), fc.constantFrom(64, 65, 100, 127, 200, 333)]
    const short = fc.tuple(fc.constantFrom(1, 2), rows, columns)
    const long = fc.tuple(fc.constant(1), fc.constantFrom(1, 3), fc.constantFrom(8191, 8192, 9001))
    for (const [extents, numRuns] of [[short, 200] as const, [long, 15] as const])
      fc.assert(
        fc.property(givenOf(extents), spaceFor(3, 1, 2), (given, space) => check(given, [false, false, true], space)),
        { numRuns },
      )
  })

  const sumSpec = (dtype: RealDType, name: string, state: RealDType[]): KernelSpec => ({
    kind: 'reduce',
    nodes: [{ op: 'load', dtype, operand: 0 }],
    operands: [dtype],
    indices: 0,
    results: [0],
    outputs: state,
    reduction: name,
  })
  const over = (
    extents: number[],
    reduced: boolean[],
    operand: Access,
    outputs: Access[],
    mergedCount = 0,
  ): LoopNest => ({
    extents,
    reduced,
    operands: [operand],
    indices: [],
    outputs,
    mergedCount,
  })

  test('integer sums of every length up to 600 and of some long ones, along and across', () => {
    const at = data + 8 * 300_000
    fill(memory.buffer, data, 'int64', 300_000, 1, true)
    const view = new BigInt64Array(memory.buffer, data, 300_000)
    const spec = sumSpec('int64', 'sum', ['int64'])
    const lengths = [...Array.from({ length: 600 }, (_, i) => i + 1), 1023, 1024, 4095, 4096, 8191, 40_000, 299_999]
    for (const length of lengths) {
      kernels.run(spec, over([length], [true], { address: data, strides: [8] }, [{ address: at, strides: [0] }]))
      const want = BigInt.asIntN(
        64,
        view.subarray(0, length).reduce((a, b) => a + b, 0n),
      )
      expect(new BigInt64Array(memory.buffer, at, 1)[0]).toBe(want)
    }
    for (const [rows, columns] of [
      [3, 5000],
      [999, 300],
      [5000, 3],
      [20, 15000],
      [100_000, 2],
    ]) {
      const across = over([rows, columns], [true, false], { address: data, strides: [8 * columns, 8] }, [
        { address: at, strides: [0, 8] },
      ])
      kernels.run(spec, across)
      const want = new BigInt64Array(columns)
      for (let i = 0; i < rows * columns; i++) want[i % columns] += view[i]
      expect(new BigInt64Array(memory.buffer, at, columns).slice()).toEqual(want)
    }
  })

  test('a million times 0.1 to two units in the last place, whole and in rows of a view', () => {
    const count = 1_000_000
    new Float64Array(memory.buffer, data, count).fill(0.1)
    const at = data + 8 * count + 64
    const exact = 100_000
    const spec = sumSpec('float64', 'sum', ['float64'])
    const nests = [
      over([count], [true], { address: data, strides: [8] }, [{ address: at, strides: [0] }]),
      over([1000, 1000], [true, true], { address: data, strides: [8, 8000] }, [{ address: at, strides: [0, 0] }]),
    ]
    for (const nest of nests) {
      kernels.run(spec, nest)
      const got = new Float64Array(memory.buffer, at, 1)[0]
      expect(Math.abs(got - exact)).toBeLessThanOrEqual(2 * 2 ** -36)
    }
    const columns = over([1000, 999], [true, true], { address: data, strides: [8000, 8] }, [
      { address: at, strides: [0, 0] },
    ])
    kernels.run(spec, columns)
    expect(Math.abs(new Float64Array(memory.buffer, at, 1)[0] - 99_900)).toBeLessThanOrEqual(2 * 2 ** -36)
  })

  test('moments of any shape are near those of two passes, and merge with moments that are there', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('float32', 'float64'),
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        (dtype, rows, columns, along) => {
          const size = itemsize(dtype as RealDType)
          const values = viewBytes(dtype as RealDType, memory.buffer, data, rows * columns) as Float64Array
          for (let i = 0; i < values.length; i++) values[i] = 1000 + Math.sin(i)
          const [means, squares] = [data + 8 * 100_000, data + 8 * 150_000]
          const spec = sumSpec(dtype as RealDType, 'var', [dtype as RealDType, dtype as RealDType])
          const outputs = [means, squares].map((address) => ({ address, strides: along ? [size, 0] : [0, size] }))
          const nest = (from: number, count: number, merged: number) =>
            over(
              along ? [rows, count] : [count, columns],
              [!along, along],
              { address: data + from * (along ? size : size * columns), strides: [size * columns, size] },
              outputs,
              merged,
            )
          const total = along ? columns : rows
          const first = Math.ceil(total / 3)
          kernels.run(spec, nest(0, first, 0))
          if (total > first) kernels.run(spec, nest(first, total - first, first))
          const [gotMeans, gotSquares] = [means, squares].map((at) =>
            viewBytes(dtype as RealDType, memory.buffer, at, along ? rows : columns),
          )
          for (let k = 0; k < (along ? rows : columns); k++) {
            const list = Array.from({ length: total }, (_, i) => values[along ? k * columns + i : i * columns + k])
            const mean = list.reduce((a, b) => a + b, 0) / total
            const square = list.reduce((a, b) => a + (b - mean) ** 2, 0)
            expect(Math.abs(Number(gotMeans[k]) - mean)).toBeLessThan(dtype === 'float32' ? 2e-3 : 1e-11)
            expect(Math.abs(Number(gotSquares[k]) - square)).toBeLessThan(
              dtype === 'float32' ? 0.02 + total * 1e-4 : 1e-9,
            )
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('scan', () => {
  test('random scans over random nests, from the identity or from where another ended', () => {
    const cases = fc
      .record({
        name: fc.constantFrom(...Object.keys(scans)),
        dtype: fc.constantFrom(...reals),
        extents: fc.array(fc.constantFrom(0, 1, 2, 3, 5, 9, 17, 40), { minLength: 1, maxLength: 3 }),
        carried: fc.boolean(),
      })
      .chain((given) =>
        fc.tuple(fc.constant(given), fc.nat(given.extents.length - 1), spaceFor(given.extents.length, 1, 2)),
      )
    fc.assert(
      fc.property(
        cases,
        ([
          { name, dtype, extents, carried },
          axis,
          {
            lies: [inputs, outputs],
            seed,
          },
        ]) => {
          const loop = scans[name].signature(dtype)!.loop as RealDType
          const nodes: SpecNode[] = [{ op: 'load', dtype, operand: 0 }]
          if (loop !== dtype) nodes.push({ op: 'cast', dtype: loop, args: [0] })
          const spec: KernelSpec = {
            kind: 'scan',
            nodes,
            operands: [dtype],
            indices: 0,
            results: [nodes.length - 1],
            outputs: [loop],
            reduction: name,
          }
          const reduced = extents.map((_, i) => i === axis)
          const placed = layOut(
            [
              { dtype, lie: inputs[0] },
              { dtype: loop, lie: outputs[0] },
              { dtype: loop, lie: outputs[1], skipped: reduced },
            ],
            extents,
            seed,
            kindOf(loop) !== 'float',
          )
          const nest: LoopNest = {
            extents,
            reduced,
            operands: [placed[0].access],
            indices: [],
            outputs: [placed[1].access],
            mergedCount: 0,
            carry: carried ? [placed[2].access] : undefined,
          }
          compare((k) => k.run(spec, nest), [placed[1]])
        },
      ),
      { numRuns: 300 },
    )
  })
})

test('complex products along either axis', () => {
  const spec: KernelSpec = {
    kind: 'scan',
    nodes: [0, 1].map((operand) => ({ op: 'load', dtype: 'float64', operand })),
    operands: ['float64', 'float64'],
    indices: 0,
    results: [0, 1],
    outputs: ['float64', 'float64'],
    reduction: 'cumulativeProd',
  }
  const [rows, columns] = [6, 11]
  const interleaved = (at: number) => [0, 8].map((part) => ({ address: at + part, strides: [16 * columns, 16] }))
  fill(memory.buffer, data, 'float64', 2 * rows * columns, 5, false)
  for (const axis of [0, 1]) {
    const nest: LoopNest = {
      extents: [rows, columns],
      reduced: [axis === 0, axis === 1],
      operands: interleaved(data),
      indices: [],
      outputs: interleaved(data + 4096),
      mergedCount: 0,
    }
    compare((k) => k.run(spec, nest), [{ dtype: 'float64', at: data + 4096, bytes: 16 * rows * columns }])
  }
})

test('one text serves every extent; gaps need another', () => {
  const spec: KernelSpec = {
    kind: 'map',
    nodes: [{ op: 'load', dtype: 'float64', operand: 0 }],
    operands: ['float64'],
    indices: 0,
    results: [0],
    outputs: ['float64'],
  }
  const nest = (extent: number, stride: number): LoopNest => ({
    extents: [extent],
    reduced: [false],
    operands: [{ address: data, strides: [stride] }],
    indices: [],
    outputs: [{ address: data, strides: [8] }],
    mergedCount: 0,
  })
  expect(kernels.text(spec, nest(1, 8))).toBe(kernels.text(spec, nest(100_000, 8)))
  expect(kernels.text(spec, nest(9, 16))).not.toBe(kernels.text(spec, nest(9, 8)))
  expect(kernels.text(spec, nest(9, 8))).toContain('v128.store')
})

test('a prepared nest runs from wherever it starts, again and again and with others in between', () => {
  const [rows, columns] = [37, 2100]
  const bytes = 8 * rows * columns
  fill(memory.buffer, data, 'float64', 6 * rows * columns, 3, false)
  const value: SpecNode = { op: 'load', dtype: 'float64', operand: 0 }
  const position: SpecNode = { op: 'index', dtype: 'int64', slot: 0 }
  const common = { operands: ['float64'] as const, indices: 1 }
  const specs: KernelSpec[] = [
    { ...common, kind: 'reduce', nodes: [value], results: [0], outputs: ['float64'], reduction: 'max' },
    {
      ...common,
      kind: 'reduce',
      nodes: [value, position],
      results: [0, 1],
      outputs: ['float64', 'int64'],
      reduction: 'argmax',
    },
    { ...common, kind: 'scan', nodes: [value], results: [0], outputs: ['float64'], reduction: 'cumulativeSum' },
    {
      ...common,
      kind: 'map',
      nodes: [
        value,
        position,
        { op: 'cast', dtype: 'float64', args: [1] },
        { op: 'call', name: 'add', dtype: 'float64', args: [0, 2] },
      ],
      results: [3],
      outputs: ['float64'],
    },
  ]
  const at = data + 6 * bytes
  const nestAt = ({ kind, outputs }: KernelSpec, place: number): LoopNest => ({
    extents: [rows, columns],
    reduced: [false, kind !== 'map'],
    // Transposed and this long, a map has a walk that starts further on; so has a reduction of this many rows.
    operands: [{ address: data + place * bytes, strides: kind === 'map' ? [8, 8 * rows] : [8 * columns, 8] }],
    indices: [{ start: 5 + 1e10 * place, strides: [0, 1] }],
    outputs: outputs.map((_, k) => ({
      address: at + k * bytes + 4096 * place,
      strides: kind === 'reduce' ? [8, 0] : [8 * columns, 8],
    })),
    mergedCount: 0,
  })
  const prepared = specs.map((spec) => kernels.prepare(spec, nestAt(spec, 0)))
  for (const place of [0, 3, 5, 1])
    for (const [i, spec] of specs.entries())
      compare(
        (k) => (k === oracle ? k.run(spec, nestAt(spec, place)) : prepared[i].run(startsOf(nestAt(spec, place)))),
        spec.outputs.map((dtype, k) => ({ dtype, at: at + k * bytes, bytes: bytes + 4096 * 6 - 4096 })),
      )
})

describe('combine', () => {
  test('random partial states, merged or finished', () => {
    const cases = fc
      .record({
        name: fc.constantFrom(
          'sum',
          'mean',
          'min',
          'max',
          'argmax',
          'argmin',
          'any',
          'all',
          'countNonzero',
          'var',
          'std',
        ),
        dtype: fc.constantFrom(...reals),
        length: fc.constantFrom(0, 1, 2, 3, 17, 100, 1500),
        partials: fc.integer({ min: 1, max: 9 }),
        finalize: fc.boolean(),
        gap: fc.constantFrom(1, 2),
        correction: fc.constantFrom(0, 1),
        seed: fc.nat(1e6),
      })
      .filter(({ name, dtype }) => loopFor(name, dtype) !== undefined)
    fc.assert(
      fc.property(cases, ({ name, dtype, length, partials, finalize, gap, correction, seed }) => {
        const loop = loopFor(name, dtype)!
        const state = reductions[name].state(loop, 1)
        const output = reductions[name].signature(dtype)!.output as RealDType
        const outputs = finalize ? [output] : state
        const spec = { reduction: name, loop, parts: 1, finalize, outputs, correction }
        let at = data
        const place = (component: RealDType, count: number, salt: number) => {
          const address = at
          fill(memory.buffer, address, component, count, seed + salt, false)
          at += Math.ceil((count * itemsize(component)) / 16) * 16
          return address
        }
        const list = Array.from({ length: partials }, (_, i) => ({
          count: name === 'var' || name === 'std' ? 4 : (i + (seed % 3)) % 5,
          addresses: state.map((component, k) => place(component, length, i * 7 + k)),
        }))
        // Sums of squares are not negative.
        if (name === 'var' || name === 'std')
          for (const { addresses } of list)
            (viewBytes(state[1], memory.buffer, addresses[1], length) as Float64Array).forEach((value, i, all) => {
              all[i] = Math.abs(value)
            })
        const placed = outputs.map((component, k) => ({
          dtype: component,
          at: place(component, length * gap + 4, 99 + k),
          bytes: (length * gap + 4) * itemsize(component),
        }))
        const call = {
          length,
          partials: list,
          outputs: placed.map(({ at: address, dtype: component }) => ({ address, stride: gap * itemsize(component) })),
        }
        // Moments are compared by value in a test of their own; here sums of small numbers, which are exact.
        if (name === 'var' || name === 'std') {
          new Uint8Array(oracleBuffer, data).set(new Uint8Array(memory.buffer, data))
          interpretCombine(spec, call, oracleBuffer)
          kernels.combine(spec, call)
          for (const { dtype: component, at: start, bytes } of placed) {
            const [got, want] = [memory.buffer, oracleBuffer].map((buffer) =>
              [...viewBytes(component, buffer, start, bytes / itemsize(component))].map(Number),
            )
            got.forEach((value, i) => {
              if (Number.isNaN(want[i])) expect(value).toBeNaN()
              else expect(Math.abs(value - want[i])).toBeLessThan(1e-4 * (1 + Math.abs(want[i])))
            })
          }
          return
        }
        compare((k) => k.combine(spec, call), placed)
      }),
      { numRuns: 250 },
    )
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createInterpreter } from '../../src/kernel/interpret.ts'
import type { KernelSpec, LoopNest } from '../../src/kernel/spec.ts'

const flat = (count: number, base: Partial<LoopNest>): LoopNest => ({
  extents: [count],
  reduced: [false],
  operands: [],
  indices: [],
  outputs: [],
  mergedCount: 0,
  ...base,
})
const at = (address: number, ...strides: number[]) => ({ address, strides })

describe('map', () => {
  test('reads through strides, broadcasts, casts, and writes the dtype of the output', () => {
    const buffer = new ArrayBuffer(1024)
    new Int16Array(buffer, 0, 6).set([1, 2, 3, 4, 5, 6])
    new Float64Array(buffer, 64, 2).set([0.5, -0.5])
    const spec: KernelSpec = {
      kind: 'map',
      nodes: [
        { op: 'load', dtype: 'int16', operand: 0 },
        { op: 'cast', dtype: 'float64', args: [0] },
        { op: 'load', dtype: 'float64', operand: 1 },
        { op: 'call', name: 'multiply', dtype: 'float64', args: [1, 2] },
      ],
      operands: ['int16', 'float64'],
      indices: 0,
      results: [3],
      outputs: ['float32'],
    }
    // The transpose of a 3 x 2 array, times a column.
    createInterpreter(buffer).run(spec, {
      extents: [2, 3],
      reduced: [false, false],
      operands: [at(0, 2, 4), at(64, 8, 0)],
      indices: [],
      outputs: [at(128, 12, 4)],
      mergedCount: 0,
    })
    expect([...new Float32Array(buffer, 128, 6)]).toEqual([0.5, 1.5, 2.5, -1, -2, -3])
  })

  test('positions, constants and conditions', () => {
    const buffer = new ArrayBuffer(256)
    const spec: KernelSpec = {
      kind: 'map',
      nodes: [
        { op: 'index', dtype: 'int64', slot: 0 },
        { op: 'constant', dtype: 'int64', value: 13n },
        { op: 'call', name: 'less', dtype: 'int64', args: [0, 1] },
        { op: 'call', name: 'where', dtype: 'int64', args: [2, 0, 1] },
      ],
      operands: [],
      indices: 1,
      results: [3, 2],
      outputs: ['int64', 'bool'],
    }
    const nest = flat(4, { indices: [{ start: 10, strides: [2] }], outputs: [at(0, 8), at(64, 1)] })
    createInterpreter(buffer).run(spec, nest)
    expect([...new BigInt64Array(buffer, 0, 4)]).toEqual([10n, 12n, 13n, 13n])
    expect([...new Uint8Array(buffer, 64, 4)]).toEqual([1, 1, 0, 0])
  })

  test('an empty box writes nothing, and a box of no axes one element', () => {
    const buffer = new ArrayBuffer(64)
    const spec: KernelSpec = {
      kind: 'map',
      nodes: [{ op: 'constant', dtype: 'float64', value: 7 }],
      operands: [],
      indices: 0,
      results: [0],
      outputs: ['float64'],
    }
    const { run } = createInterpreter(buffer)
    run(spec, flat(0, { outputs: [at(0, 8)] }))
    expect(new Float64Array(buffer)[0]).toBe(0)
    run(spec, { ...flat(0, { outputs: [at(0)] }), extents: [], reduced: [] })
    expect(new Float64Array(buffer)[0]).toBe(7)
  })

  test('operands of different dtypes are a bug', () => {
    const spec: KernelSpec = {
      kind: 'map',
      nodes: [
        { op: 'constant', dtype: 'float64', value: 7 },
        { op: 'constant', dtype: 'int32', value: 7 },
        { op: 'call', name: 'add', dtype: 'float64', args: [0, 1] },
      ],
      operands: [],
      indices: 0,
      results: [2],
      outputs: ['float64'],
    }
    const { run } = createInterpreter(new ArrayBuffer(64))
    expect(() => run(spec, flat(1, { outputs: [at(0, 8)] }))).toThrow('internal: add of different dtypes')
  })
})

const loadAndReduce = (kind: 'reduce' | 'scan', reduction: string, outputs: KernelSpec['outputs']): KernelSpec => ({
  kind,
  nodes: [{ op: 'load', dtype: 'float64', operand: 0 }],
  operands: ['float64'],
  indices: 0,
  results: [0],
  outputs,
  reduction,
})

describe('reduce and combine', () => {
  test('over one axis of two, in two pieces', () => {
    const buffer = new ArrayBuffer(512)
    new Float64Array(buffer, 0, 6).set([1, 2, 3, 4, 5, 6])
    const { run } = createInterpreter(buffer)
    const spec = loadAndReduce('reduce', 'sum', ['float64'])
    const columns = { reduced: [true, false], indices: [], outputs: [at(256, 0, 8)] }
    run(spec, { ...columns, extents: [1, 3], operands: [at(0, 24, 8)], mergedCount: 0 })
    run(spec, { ...columns, extents: [1, 3], operands: [at(24, 24, 8)], mergedCount: 1 })
    expect([...new Float64Array(buffer, 256, 3)]).toEqual([5, 7, 9])
  })

  test('the variance of pieces is that of the whole', () => {
    const value = fc.double({ min: -100, max: 100, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 20 }),
        fc.array(value, { minLength: 1, maxLength: 20 }),
        (a, c) => {
          const buffer = new ArrayBuffer(1024)
          new Float64Array(buffer).set([...a, ...c])
          const { run, combine } = createInterpreter(buffer)
          const spec = loadAndReduce('reduce', 'var', ['float64', 'float64'])
          const piece = (address: number, count: number, out: number) =>
            run(
              spec,
              flat(count, { reduced: [true], operands: [at(address, 8)], outputs: [at(out, 0), at(out + 8, 0)] }),
            )
          piece(0, a.length, 512)
          piece(8 * a.length, c.length, 528)
          combine(
            { reduction: 'var', loop: 'float64', parts: 1, finalize: true, outputs: ['float64'], correction: 1 },
            {
              length: 1,
              partials: [
                { count: a.length, addresses: [512, 520] },
                { count: c.length, addresses: [528, 536] },
              ],
              outputs: [{ address: 544, stride: 8 }],
            },
          )
          const all = [...a, ...c]
          const mean = all.reduce((sum, x) => sum + x, 0) / all.length
          const want = all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (all.length - 1)
          expect(Math.abs(new Float64Array(buffer)[68] - want)).toBeLessThanOrEqual(1e-9)
        },
      ),
      { numRuns: 50 },
    )
  })

  test('an indexed reduction takes the index from the last result', () => {
    const buffer = new ArrayBuffer(256)
    new Float64Array(buffer).set([3, 9, 1, 9])
    const spec: KernelSpec = {
      ...loadAndReduce('reduce', 'argmax', ['float64', 'int64']),
      nodes: [
        { op: 'load', dtype: 'float64', operand: 0 },
        { op: 'index', dtype: 'int64', slot: 0 },
      ],
      indices: 1,
      results: [0, 1],
    }
    const nest = flat(4, {
      reduced: [true],
      operands: [at(0, 8)],
      indices: [{ start: 100, strides: [1] }],
      outputs: [at(64, 0), at(72, 0)],
    })
    createInterpreter(buffer).run(spec, nest)
    expect(new Float64Array(buffer)[8]).toBe(9)
    expect(new BigInt64Array(buffer)[9]).toBe(101n)
  })

  test('partials of no elements do not count', () => {
    const buffer = new ArrayBuffer(64)
    new Float64Array(buffer).set([Number.NaN, 5])
    createInterpreter(buffer).combine(
      { reduction: 'mean', loop: 'float64', parts: 1, finalize: true, outputs: ['float32'], correction: 0 },
      {
        length: 1,
        partials: [
          { count: 0, addresses: [0] },
          { count: 2, addresses: [8] },
        ],
        outputs: [{ address: 16, stride: 4 }],
      },
    )
    expect(new Float32Array(buffer)[4]).toBe(2.5)
  })
})

describe('scan', () => {
  test('starts from the identity or from what is carried', () => {
    const buffer = new ArrayBuffer(256)
    new Float64Array(buffer).set([1, 2, 3, 4])
    const { run } = createInterpreter(buffer)
    const spec = loadAndReduce('scan', 'cumulativeSum', ['float64'])
    const rows = { extents: [2, 2], reduced: [false, true], operands: [at(0, 16, 8)], indices: [], mergedCount: 0 }
    run(spec, { ...rows, outputs: [at(64, 16, 8)] })
    expect([...new Float64Array(buffer, 64, 4)]).toEqual([1, 3, 3, 7])
    run(spec, { ...rows, outputs: [at(128, 16, 8)], carry: [at(72, 16, 0)] })
    expect([...new Float64Array(buffer, 128, 4)]).toEqual([4, 6, 10, 14])
  })
})

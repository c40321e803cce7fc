import { describe, expect, test } from 'vitest'
import {
  type DType,
  dtypes,
  facts,
  isComplex,
  isFloating,
  type RealDType,
  realOf,
  viewBytes,
} from '../../src/core/dtype.ts'
import { createInterpreter } from '../../src/kernel/interpret.ts'
import { createKernels } from '../../src/kernel/kernels.ts'
import { type CombineSpec, type KernelSpec, type LoopNest, type SpecNode, scratchBytes } from '../../src/kernel/spec.ts'
import { reductions } from '../../src/ops/reductions.ts'
import { scans } from '../../src/ops/scans.ts'
import { bytesOf, type Inputs, readFixture } from './fixtures.ts'

/** Every reduction and scan in every dtype, compiled, against the interpreter on the values of the fixtures. */

const inputs = readFixture<Inputs>('inputs')
const memory = new WebAssembly.Memory({ initial: 128, maximum: 128, shared: true })
const kernels = createKernels(memory, 0)
const interpreter = createInterpreter(memory.buffer)
type Runner = typeof interpreter

const inputAddress = scratchBytes
const outputAddress = scratchBytes + 65536
const finalAddress = scratchBytes + 131072
const componentBytes = 8192

/** An array of 7 rows of random values and special ones. */
function layout(dtype: DType) {
  const bytes = bytesOf(inputs[dtype].unary)
  const columns = Math.floor(bytes.length / facts[dtype].itemsize / 7)
  return { bytes: bytes.slice(0, 7 * columns * facts[dtype].itemsize), extents: [7, columns] }
}
/** The values of an array without NaN and infinities, so that sums can be compared. */
function tame(bytes: Uint8Array, dtype: DType): Uint8Array {
  const real = realOf(dtype)
  if (!isFloating(real)) return bytes
  const values = viewBytes(real, bytes.buffer, 0, bytes.length / facts[real].itemsize) as Float64Array
  values.forEach((x, i) => {
    values[i] = Number.isFinite(x) && Math.abs(x) < 1e4 && Math.abs(x) > 1e-4 ? x : (i % 11) / 8
  })
  return bytes
}

/** A spec that loads the parts of an element, casts them to the loop dtype, and gives the index where it is wanted. */
function loadSpec(
  kind: 'reduce' | 'scan',
  name: string,
  from: DType,
  loop: RealDType,
  outputs: RealDType[],
  indexed: boolean,
): KernelSpec {
  const parts = isComplex(from) ? 2 : 1
  const loads = Array.from({ length: parts }, (_, operand): SpecNode => ({ op: 'load', dtype: realOf(from), operand }))
  const casts = loads.map((_, part): SpecNode => ({ op: 'cast', dtype: loop, args: [part] }))
  const index: SpecNode[] = indexed ? [{ op: 'index', dtype: 'int64', slot: 0 }] : []
  const nodes = [...loads, ...casts, ...index]
  return {
    kind,
    nodes,
    operands: loads.map(() => realOf(from)),
    indices: index.length,
    results: nodes.map((_, i) => i).slice(parts),
    outputs,
    reduction: name,
  }
}

function nestOf(from: DType, extents: number[], reduced: boolean[], outputs: RealDType[], kept: boolean): LoopNest {
  const { itemsize } = facts[from]
  const kept0 = kept || !reduced[0]
  const kept1 = kept || !reduced[1]
  const columns = kept1 ? extents[1] : 1
  return {
    extents,
    reduced,
    operands: (isComplex(from) ? [0, 1] : [0]).map((part) => ({
      address: inputAddress + part * facts[realOf(from)].itemsize,
      strides: [extents[1] * itemsize, itemsize],
    })),
    indices: [{ start: 0, strides: [reduced[0] ? (reduced[1] ? extents[1] : 1) : 0, reduced[1] ? 1 : 0] }],
    outputs: outputs.map((dtype, k) => ({
      address: outputAddress + k * componentBytes,
      strides: [kept0 ? columns * facts[dtype].itemsize : 0, kept1 ? facts[dtype].itemsize : 0],
    })),
    mergedCount: 0,
  }
}
const read = (dtypesOfColumns: readonly RealDType[], address: number, count: number): (number | bigint)[][] =>
  dtypesOfColumns.map((dtype, k) =>
    Array.from(viewBytes(dtype, memory.buffer, address + k * componentBytes, count) as ArrayLike<number | bigint>),
  )

/** Floats may be added in another order; all else is exact. */
function expectNear(
  got: (number | bigint)[][],
  want: (number | bigint)[][],
  columns: readonly RealDType[],
  what: string,
): void {
  want.forEach((column, k) => {
    const finite = column.map(Number).filter(Number.isFinite)
    const size = finite.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-30)
    const epsilon = columns[k] === 'float32' ? 2 ** -18 : columns[k] === 'float64' ? 2 ** -44 : 0
    column.forEach((expected, i) => {
      const value = got[k][i]
      const near = Object.is(value, expected) || Math.abs(Number(value) - Number(expected)) <= epsilon * size
      if (!near) expect.soft(value, `${what}, component ${k} at ${i}`).toBe(expected)
    })
  })
}

const directions = [
  [true, true],
  [true, false],
  [false, true],
]
const exactSpecials = ['min', 'max', 'argmin', 'argmax', 'any', 'all', 'countNonzero']

describe('compiled reductions give what merging gives', () => {
  for (const [name, record] of Object.entries(reductions))
    test(name, () => {
      for (const dtype of dtypes) {
        const signature = record.signature(dtype)
        // Complex numbers are cast to bool before they come to a kernel.
        if (!signature || (isComplex(dtype) && !isComplex(signature.loop))) continue
        const { bytes, extents } = layout(dtype)
        const data = exactSpecials.includes(name) ? bytes : tame(bytes, dtype)
        const parts = isComplex(dtype) ? 2 : 1
        const loop = realOf(signature.loop)
        const state = record.state(loop, parts)
        const finals = isComplex(signature.output)
          ? [realOf(signature.output), realOf(signature.output)]
          : [signature.output as RealDType]
        const spec = loadSpec('reduce', name, dtype, loop, state, record.indexed)
        for (const reduced of directions) {
          const cells = extents.reduce((product, n, axis) => (reduced[axis] ? product : product * n), 1)
          const count = (extents[0] * extents[1]) / cells
          const run = (runner: Runner) => {
            new Uint8Array(memory.buffer).set(data, inputAddress)
            runner.run(spec, nestOf(dtype, extents, reduced, state, false))
            const states = read(state, outputAddress, cells)
            const combine: CombineSpec = {
              reduction: name,
              loop,
              parts,
              finalize: true,
              outputs: finals,
              correction: 1,
            }
            const addresses = state.map((_, k) => outputAddress + k * componentBytes)
            const outputs = finals.map((each, k) => ({
              address: finalAddress + k * componentBytes,
              stride: facts[each].itemsize,
            }))
            const partials =
              name === 'prod'
                ? [{ count, addresses }]
                : [
                    { count, addresses },
                    { count, addresses },
                  ]
            runner.combine(combine, { length: cells, partials, outputs })
            return { states, finals: read(finals, finalAddress, cells) }
          }
          const [got, want] = [run(kernels), run(interpreter)]
          expectNear(got.states, want.states, state, `${name} of ${dtype} along ${reduced}`)
          expectNear(got.finals, want.finals, finals, `${name} of ${dtype} along ${reduced}, finished`)
        }
      }
    })
})

describe('compiled scans give what stepping gives', () => {
  for (const [name, record] of Object.entries(scans))
    test(name, () => {
      for (const dtype of dtypes) {
        const { bytes, extents } = layout(dtype)
        const loop = realOf(record.signature(dtype)!.loop)
        const outputs = isComplex(dtype) ? [loop, loop] : [loop]
        const spec = loadSpec('scan', name, dtype, loop, outputs, false)
        for (const reduced of directions.slice(1)) {
          const run = (runner: Runner) => {
            new Uint8Array(memory.buffer).set(tame(bytes, dtype), inputAddress)
            runner.run(spec, nestOf(dtype, extents, reduced, outputs, true))
            return read(outputs, outputAddress, extents[0] * extents[1])
          }
          expectNear(run(kernels), run(interpreter), outputs, `${name} of ${dtype} along ${reduced}`)
        }
      }
    })
})

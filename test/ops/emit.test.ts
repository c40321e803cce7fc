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
import { type KernelSpec, type LoopNest, type SpecNode, scratchBytes } from '../../src/kernel/spec.ts'
import { elementwise } from '../../src/ops/elementwise.ts'
import type { Builder } from '../../src/ops/record.ts'
import { bytesOf, type Inputs, readFixture, ulpsApart } from './fixtures.ts'

/** Every record in every dtype, compiled, against its meaning on the values of the fixtures. */

const inputs = readFixture<Inputs>('inputs')
const inexact =
  'exp expm1 log log1p log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh pow hypot logaddexp atan2'.split(
    ' ',
  )

/** Writes a spec's nodes; a value is the number of its node. */
function nodeBuilder(nodes: SpecNode[]): Builder<number> & { load(dtype: RealDType, operand: number): number } {
  const outputs: RealDType[] = []
  const push = (node: SpecNode, dtype: RealDType) => {
    outputs.push(dtype)
    return nodes.push(node) - 1
  }
  return {
    load: (dtype, operand) => push({ op: 'load', dtype, operand }, dtype),
    op(name, ...args) {
      const dtype = outputs[args[args.length - 1]]
      return push({ op: 'call', name, dtype, args }, realOf(elementwise[name].signature(dtype)!.output))
    },
    constant: (value, dtype) => push({ op: 'constant', dtype, value }, dtype),
    cast: (value, dtype) => push({ op: 'cast', dtype, args: [value] }, dtype),
    dtypeOf: (value) => outputs[value],
  }
}

const operandBytes = 32 * 1024
const outputAddress = scratchBytes + 8 * operandBytes
/** Bytes of the operands: of `where`, the first column is a condition. */
function columnsOf(name: string, dtype: DType): { dtype: DType; bytes: Uint8Array }[] {
  const { unary, left, right } = inputs[dtype]
  const columns = (elementwise[name].arity === 1 ? [unary] : [left, right]).map((hex) => ({
    dtype,
    bytes: bytesOf(hex),
  }))
  if (name !== 'where') return columns
  const count = columns[0].bytes.length / facts[dtype].itemsize
  return [{ dtype: 'bool', bytes: Uint8Array.from({ length: count }, (_, i) => Number(i % 3 === 0)) }, ...columns]
}

/** The kernel of one function over contiguous operands, real or complex. */
function kernelOf(name: string, dtype: DType, columns: { dtype: DType }[], count: number) {
  const nodes: SpecNode[] = []
  const builder = nodeBuilder(nodes)
  const operands: RealDType[] = []
  const accesses: { address: number; strides: number[] }[] = []
  const parts = columns.map((column, k) =>
    (isComplex(column.dtype) ? [0, 1] : [0]).map((part) => {
      const real = realOf(column.dtype)
      const address = scratchBytes + k * operandBytes + part * facts[real].itemsize
      accesses.push({ address, strides: [facts[column.dtype].itemsize] })
      return builder.load(real, operands.push(real) - 1)
    }),
  )
  const results = isComplex(dtype)
    ? elementwise[name].complex!(builder, ...parts.map(([re, im]): [number, number] => [re, im ?? re]))
    : [builder.op(name, ...parts.map(([value]) => value))]
  const outputs = results.map((result) => builder.dtypeOf(result))
  const spec: KernelSpec = { kind: 'map', nodes, operands, indices: 0, results, outputs }
  const nest: LoopNest = {
    extents: [count],
    reduced: [false],
    operands: accesses,
    indices: [],
    outputs: outputs.map((output, k) => ({
      address: outputAddress + k * operandBytes,
      strides: [facts[output].itemsize],
    })),
    mergedCount: 0,
  }
  return { spec, nest, outputs }
}

const memory = new WebAssembly.Memory({ initial: 128, maximum: 128, shared: true })
const kernels = createKernels(memory, 0)
/** The outputs of a function, compiled and interpreted. */
function runBoth(name: string, dtype: DType) {
  const columns = columnsOf(name, dtype)
  const count = columns[0].bytes.length / facts[columns[0].dtype].itemsize
  const { spec, nest, outputs } = kernelOf(name, dtype, columns, count)
  const results = [kernels, createInterpreter(memory.buffer)].map(({ run }) => {
    for (const [k, { bytes }] of columns.entries())
      new Uint8Array(memory.buffer).set(bytes, scratchBytes + k * operandBytes)
    new Uint8Array(memory.buffer, outputAddress, 2 * operandBytes).fill(0xcd)
    run(spec, nest)
    return outputs.map((output, k) =>
      Array.from(
        viewBytes(output, memory.buffer, outputAddress + k * operandBytes, count) as ArrayLike<number | bigint>,
      ),
    )
  })
  return { outputs, got: results[0], want: results[1], count }
}

const realDTypes = dtypes.filter((dtype) => !isComplex(dtype)).reverse() as RealDType[]
describe('compiled functions give what their meaning says', () => {
  for (const [name, record] of Object.entries(elementwise))
    test(name, () => {
      for (const dtype of realDTypes.filter((each) => record.signature(each)?.loop === each)) {
        const { got, want, outputs } = runBoth(name, dtype)
        const tolerance = inexact.includes(name) && isFloating(outputs[0]) ? 4 : 0
        want[0].forEach((expected, i) => {
          const value = got[0][i]
          const near =
            Object.is(value, expected) ||
            (tolerance > 0 && ulpsApart(Number(value), Number(expected), outputs[0]) <= tolerance)
          if (!near) expect.soft(value, `${name} of ${dtype} at ${i}`).toBe(expected)
        })
      }
    })
})

describe('compiled complex functions give what their expansion says', () => {
  for (const [name, record] of Object.entries(elementwise))
    if (record.complex)
      test(name, () => {
        for (const dtype of ['complex128', 'complex64'] as const) {
          const { got, want, outputs, count } = runBoth(name, dtype)
          for (let i = 0; i < count; i++) {
            const [values, expected] = [got, want].map((parts) => parts.map((part) => Number(part[i])))
            if (!nearComplex(values, expected, outputs[0], name))
              expect.soft(values, `${name} of ${dtype} at ${i}`).toEqual(expected)
          }
        }
      })
})

/** By the greater part: what the maths functions leave in the last places may be all there is of the smaller one. */
function nearComplex(got: number[], want: number[], dtype: RealDType, name: string): boolean {
  if (got.every((value, part) => Object.is(value, want[part]))) return true
  if (!isFloating(dtype)) return false
  // The sign that an infinity takes from a NaN is open.
  if (want.some(Number.isNaN)) return got.every((value, part) => Object.is(Math.abs(value), Math.abs(want[part])))
  // A power of a huge angle overflows to any side.
  if (name === 'pow' && !want.every(Number.isFinite)) return true
  const size = Math.max(...want.filter(Number.isFinite).map(Math.abs), dtype === 'float32' ? 2 ** -126 : 2 ** -1022)
  const units = name === 'pow' ? 2 ** 14 : 8
  const allowed = units * (dtype === 'float32' ? 2 ** -23 : 2 ** -52) * size
  return got.every((value, part) => Object.is(value, want[part]) || Math.abs(value - want[part]) <= allowed)
}

import { itemsize, kindOf, type RealDType, type Value, viewBytes } from '../core/dtype.ts'
import { internal } from '../core/errors.ts'
import { elementwise } from '../ops/elementwise.ts'
import type { Builder, ReductionRecord } from '../ops/record.ts'
import { reductions } from '../ops/reductions.ts'
import { scans } from '../ops/scans.ts'
import { castValue } from './cast.ts'
import type { Access, CombineCall, CombineSpec, KernelSpec, Kernels, LoopNest } from './spec.ts'

/**
 * The oracle of the kernels: the same specs over the same memory in plain JavaScript, element by element, by the records'
 * meanings. Sums and products of floats are merged in pairs, so they may differ from a kernel's by roundings.
 */

/** A value that knows its dtype: what composed meanings are evaluated with. */
export interface Typed {
  readonly dtype: RealDType
  readonly value: Value
}

/** Evaluates what is built, at once. */
export const evaluator: Builder<Typed> = {
  op(name, ...operands) {
    const record = elementwise[name] ?? internal(`no element-wise function ${name}`)
    if (operands.length !== record.arity) internal(`${name} takes ${record.arity} operands, got ${operands.length}`)
    const [first, ...others] = name === 'where' ? operands.slice(1) : operands
    if (others.some((operand) => operand.dtype !== first.dtype))
      internal(`${name} of different dtypes: ${operands.map((operand) => operand.dtype).join(', ')}`)
    const signature = record.signature(first.dtype)
    if (signature?.loop !== first.dtype) return internal(`${name} does not compute in ${first.dtype}`)
    const meaning = record.meaning as (dtype: RealDType, ...values: Value[]) => Value
    const value = meaning(first.dtype, ...operands.map((operand) => operand.value))
    return { dtype: signature.output as RealDType, value }
  },
  constant: (value, dtype) => ({ dtype, value: castValue(value, sourceOf(value), dtype) }),
  cast: ({ dtype, value }, to) => ({ dtype: to, value: castValue(value, dtype, to) }),
  dtypeOf: ({ dtype }) => dtype,
}
const sourceOf = (value: Value): RealDType =>
  typeof value === 'bigint'
    ? value >= 2n ** 63n
      ? 'uint64'
      : 'int64'
    : typeof value === 'boolean'
      ? 'bool'
      : 'float64'

/** Reads and writes single elements of a memory. */
interface Memory {
  read(dtype: RealDType, address: number): Typed
  write(dtype: RealDType, address: number, value: Typed): void
}
function memoryOver(buffer: ArrayBufferLike): Memory {
  const arrays = new Map<RealDType, ReturnType<typeof viewBytes>>()
  const elements = (dtype: RealDType, address: number) => {
    let array = arrays.get(dtype)
    if (!array) {
      const bytes = itemsize(dtype)
      array = viewBytes(dtype, buffer, 0, Math.floor(buffer.byteLength / bytes))
      arrays.set(dtype, array)
    }
    const index = address / array.BYTES_PER_ELEMENT
    if (!Number.isInteger(index) || index < 0 || index >= array.length)
      internal(`address ${address} is no place for a ${dtype}`)
    return { array, index }
  }
  return {
    read(dtype, address) {
      const { array, index } = elements(dtype, address)
      const value = array[index]
      return { dtype, value: dtype === 'bool' ? value !== 0 : value }
    },
    write(dtype, address, typed) {
      const { array, index } = elements(dtype, address)
      const value = castValue(typed.value, typed.dtype, dtype)
      array[index] = kindOf(dtype) === 'bool' ? Number(value) : (value as never)
    },
  }
}

type Position = readonly number[]
const addressOf = ({ address, strides }: Access, position: Position): number =>
  position.reduce((sum, p, axis) => sum + p * strides[axis], address)

/** Every position of a box in row-major order; one for no axes, none when an extent is 0. */
function* positionsOf(extents: readonly number[]): Generator<number[]> {
  if (extents.some((extent) => extent === 0)) return
  const position = extents.map(() => 0)
  for (;;) {
    yield [...position]
    let axis = extents.length - 1
    while (axis >= 0 && ++position[axis] === extents[axis]) position[axis--] = 0
    if (axis < 0) return
  }
}

/** The values of the results at one position. */
function resultsAt(spec: KernelSpec, nest: LoopNest, memory: Memory, position: Position): Typed[] {
  const values: Typed[] = []
  for (const node of spec.nodes) {
    switch (node.op) {
      case 'load': {
        const loaded = memory.read(spec.operands[node.operand], addressOf(nest.operands[node.operand], position))
        values.push(evaluator.cast(loaded, node.dtype))
        break
      }
      case 'constant':
        values.push(evaluator.constant(node.value, node.dtype))
        break
      case 'index': {
        const { start, strides } = nest.indices[node.slot]
        const index = position.reduce((sum, p, axis) => sum + p * strides[axis], start)
        values.push(evaluator.constant(node.dtype === 'int64' ? BigInt(index) : index, node.dtype))
        break
      }
      case 'cast':
        values.push(evaluator.cast(values[node.args[0]], node.dtype))
        break
      case 'call':
        values.push(evaluator.op(node.name, ...node.args.map((arg) => values[arg])))
    }
  }
  return spec.results.map((result) => values[result])
}

function store(spec: KernelSpec, nest: LoopNest, memory: Memory, position: Position, values: readonly Typed[]): void {
  for (const [i, value] of values.entries()) memory.write(spec.outputs[i], addressOf(nest.outputs[i], position), value)
}

export function interpretMap(spec: KernelSpec, nest: LoopNest, buffer: ArrayBufferLike): void {
  const memory = memoryOver(buffer)
  for (const position of positionsOf(nest.extents))
    store(spec, nest, memory, position, resultsAt(spec, nest, memory, position))
}

/** The state of a run of elements. */
interface Run {
  readonly state: Typed[]
  readonly count: number
}
function mergeRuns(record: ReductionRecord, a: Run, c: Run): Run {
  const [na, nc] = [a.count, c.count].map((count) => evaluator.constant(count, 'float64'))
  return { state: record.merge(evaluator, a.state, c.state, na, nc), count: a.count + c.count }
}
function mergeInPairs(record: ReductionRecord, runs: readonly Run[]): Run {
  if (runs.length === 1) return runs[0]
  const half = runs.length >> 1
  return mergeRuns(record, mergeInPairs(record, runs.slice(0, half)), mergeInPairs(record, runs.slice(half)))
}

export function interpretReduce(spec: KernelSpec, nest: LoopNest, buffer: ArrayBufferLike): void {
  const memory = memoryOver(buffer)
  const record = reductions[spec.reduction!] ?? internal(`no reduction ${spec.reduction}`)
  const along = (reduced: boolean) => nest.extents.map((extent, axis) => (nest.reduced[axis] === reduced ? extent : 1))
  for (const cell of positionsOf(along(false))) {
    const runs: Run[] = []
    if (nest.mergedCount > 0) {
      const state = spec.outputs.map((dtype, i) => memory.read(dtype, addressOf(nest.outputs[i], cell)))
      runs.push({ state, count: nest.mergedCount })
    }
    for (const place of positionsOf(along(true))) {
      const position = cell.map((p, axis) => p + place[axis])
      const results = resultsAt(spec, nest, memory, position)
      const index = record.indexed ? results.pop() : undefined
      runs.push({ state: record.lift(evaluator, results, index), count: 1 })
    }
    if (runs.length > 0) store(spec, nest, memory, cell, mergeInPairs(record, runs).state)
  }
}

export function interpretScan(spec: KernelSpec, nest: LoopNest, buffer: ArrayBufferLike): void {
  const memory = memoryOver(buffer)
  const record = scans[spec.reduction!] ?? internal(`no scan ${spec.reduction}`)
  const axis = nest.reduced.indexOf(true)
  const rows = nest.extents.map((extent, k) => (k === axis ? 1 : extent))
  for (const row of positionsOf(rows)) {
    let accumulator = nest.carry?.map((access, i) => memory.read(spec.outputs[i], addressOf(access, row)))
    for (let p = 0; p < nest.extents[axis]; p++) {
      const position = row.map((other, k) => (k === axis ? p : other))
      const element = resultsAt(spec, nest, memory, position)
      accumulator ??= element.map(({ dtype }, part) => evaluator.constant(record.identity[part], dtype))
      accumulator = record.step(evaluator, accumulator, element)
      store(spec, nest, memory, position, accumulator)
    }
  }
}

export function interpretCombine(spec: CombineSpec, call: CombineCall, buffer: ArrayBufferLike): void {
  const memory = memoryOver(buffer)
  const record = reductions[spec.reduction] ?? internal(`no reduction ${spec.reduction}`)
  const components = record.state(spec.loop, spec.parts)
  const partials = call.partials.filter(({ count }) => count > 0)
  for (let i = 0; i < call.length; i++) {
    const runs = partials.map(
      ({ count, addresses }): Run => ({
        count,
        state: components.map((dtype, k) => memory.read(dtype, addresses[k] + i * itemsize(dtype))),
      }),
    )
    if (runs.length === 0) return
    const { state, count } = mergeInPairs(record, runs)
    const [n, correction] = [count, spec.correction].map((value) => evaluator.constant(value, 'float64'))
    const outputs = spec.finalize ? record.finalize(evaluator, state, n, correction) : state
    outputs.forEach((value, k) => {
      const { address, stride } = call.outputs[k]
      memory.write(spec.outputs[k], address + i * stride, value)
    })
  }
}

/** Runs kernels of every kind by interpretation over a memory; in tests it stands where compiled kernels do. */
export const createInterpreter = (buffer: ArrayBufferLike): Pick<Kernels, 'run' | 'combine'> => ({
  run: (spec, nest) =>
    ({ map: interpretMap, reduce: interpretReduce, scan: interpretScan })[spec.kind](spec, nest, buffer),
  combine: (spec, call) => interpretCombine(spec, call, buffer),
})

import { itemsize } from '../core/dtype.ts'
import { internal } from '../core/errors.ts'
import { instantiate, type KernelText, writeKernel } from './compile.ts'
import { combineAt, emitCombine, partialBytes } from './emit-combine.ts'
import type { Tables } from './frame.ts'
import { vectorBytes } from './lanes.ts'
import { header, parameterBytes, piece, tableBytes } from './layout.ts'
import { storedClass } from './nest.ts'
import { mostSpecs } from './run.ts'
import { type CombineCall, type CombineSpec, type Kernels, scratchBytes, specKey } from './spec.ts'

interface Compiled extends KernelText {
  readonly run: () => void
  readonly stateBytes: readonly number[]
}

/** The merge of partial states; kernels are kept by the spec's text and the outputs' strides. */
export function createCombine(tables: Tables, memory: WebAssembly.Memory, scratchAddress: number): Kernels['combine'] {
  const words = new Int32Array(memory.buffer, scratchAddress, scratchBytes / 4)
  const doubles = new Float64Array(memory.buffer, scratchAddress, scratchBytes / 8)
  const compiled = new Map<string, Compiled>()
  const keys = new WeakMap<CombineSpec, string>()
  const compile = (spec: CombineSpec, call: CombineCall): Compiled => {
    if (!keys.has(spec)) keys.set(spec, specKey(spec))
    const classes = call.outputs.map(({ stride }, k) => storedClass(stride, spec.outputs[k], call.length))
    const key = `${classes.join('')}${keys.get(spec)}`
    const known = compiled.get(key)
    if (known) return known
    const record = tables.reductions[spec.reduction] ?? internal(`no reduction ${spec.reduction}`)
    const state = record.state(spec.loop, spec.parts)
    const text = writeKernel(tables, (frame) => emitCombine(frame, { spec, state, classes }))
    const made = { ...text, run: instantiate(text.text, memory, scratchAddress), stateBytes: state.map(itemsize) }
    if (compiled.size >= mostSpecs) compiled.clear()
    compiled.set(key, made)
    return made
  }
  /** The parameters for elements [first, first + count). */
  const write = (
    { width, stateBytes }: Compiled,
    call: CombineCall,
    partials: CombineCall['partials'],
    first: number,
    count: number,
  ) => {
    const vectors = Math.floor(count / width)
    words[(combineAt.piece + piece.vectors) / 4] = vectors
    words[(combineAt.piece + piece.ones) / 4] = count - vectors * width
    words[header.partials / 4] = partials.length
    words[header.slotBytes / 4] = (vectors + count - vectors * width) * vectorBytes * stateBytes.length
    call.outputs.forEach(({ address, stride }, k) => {
      words[combineAt.outputs / 4 + 2 * k] = (address + first * stride) | 0
      words[combineAt.outputs / 4 + 2 * k + 1] = stride
    })
    const bytes = partialBytes(stateBytes.length)
    partials.forEach(({ count: elements, addresses }, i) => {
      const at = parameterBytes + i * bytes
      doubles[at / 8] = elements
      addresses.forEach((address, k) => {
        words[at / 4 + 2 + k] = (address + first * stateBytes[k]) | 0
      })
    })
  }
  return (spec, call) => {
    // The state of no elements is no state.
    const partials = call.partials.some(({ count }) => count === 0)
      ? call.partials.filter(({ count }) => count > 0)
      : call.partials
    if (call.length === 0 || partials.length === 0) return
    const kernel = compile(spec, call)
    if (partials.length * partialBytes(kernel.stateBytes.length) > tableBytes)
      internal(`a merge of ${partials.length} partial states; want a tree with a smaller fan-in`)
    const panel = Math.max(1, Math.floor(256 / kernel.stateBytes.length)) * kernel.width
    for (let first = 0; first < call.length; first += panel) {
      write(kernel, call, partials, first, Math.min(panel, call.length - first))
      kernel.run()
    }
  }
}

import { assemble } from '../core/wasm/assemble.ts'
import { createModuleFrame, type ModuleFrame, type Tables } from './frame.ts'
import { vectorBytes } from './lanes.ts'

/** A kernel's text, and how many elements an iteration holds. */
export interface KernelText {
  readonly text: string
  readonly width: number
}

/** Writes a kernel twice: first in the narrowest way, which tells the widest value, then as wide as that allows. */
export function writeKernel(tables: Tables, write: (frame: ModuleFrame) => string): KernelText {
  const probe = createModuleFrame(tables, 2)
  const narrow = write(probe)
  const width = vectorBytes / probe.widest
  return { width, text: width === 2 ? narrow : write(createModuleFrame(tables, width)) }
}

const modules = new Map<string, WebAssembly.Module>()
const mostModules = 1000
/** The module of a text; the same text is compiled once a thread. */
function moduleOf(text: string): WebAssembly.Module {
  const known = modules.get(text)
  if (known) return known
  const module = new WebAssembly.Module(assemble(text))
  if (modules.size >= mostModules) modules.clear()
  modules.set(text, module)
  return module
}

/** The kernel's function over a memory; its parameters and states are in scratch. */
export function instantiate(text: string, memory: WebAssembly.Memory, scratchAddress: number): () => void {
  const scratch = new WebAssembly.Global({ value: 'i32' }, scratchAddress | 0)
  const imports = { h: { m: memory, s: scratch }, Math: Math as unknown as WebAssembly.ModuleImports }
  return new WebAssembly.Instance(moduleOf(text), imports).exports.run as () => void
}

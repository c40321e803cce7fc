import { itemsize, type RealDType, type Value } from '../core/dtype.ts'
import { internal } from '../core/errors.ts'
import type { ElementwiseRecord, ReductionRecord, ScanRecord } from '../ops/record.ts'

/** The tables that kernels are made from. */
export interface Tables {
  readonly elementwise: Readonly<Record<string, ElementwiseRecord>>
  readonly reductions: Readonly<Record<string, ReductionRecord>>
  readonly scans: Readonly<Record<string, ScanRecord>>
  readonly mathFunctions: Readonly<Record<string, { readonly text: string; readonly needs: readonly string[] }>>
}

/** What a module's text needs besides its own functions, gathered while they are written. */
export interface ModuleFrame {
  readonly tables: Tables
  /** Elements an iteration. */
  readonly width: number
  readonly mathCalls: Set<string>
  /** Functions of JavaScript's Math, with their number of operands. */
  readonly imports: Map<string, number>
  /** Bytes of the widest value that is not the same in all lanes; 16 / this is the best width. */
  widest: number
}
export const createModuleFrame = (tables: Tables, width: number): ModuleFrame => ({
  tables,
  width,
  mathCalls: new Set(),
  imports: new Map(),
  widest: 1,
})
export const noteWidth = (module: ModuleFrame, dtype: RealDType): void => {
  module.widest = Math.max(module.widest, itemsize(dtype))
}

/** A value in a WebAssembly local (or a constant); with `known` its value is known when the text is written. */
export interface LaneValue {
  readonly dtype: RealDType
  readonly text: string
  /** The same in all lanes and in every iteration of the function's loop. */
  readonly uniform: boolean
  readonly known?: Value
}

/** One function while it is written: its locals, and what is computed once before its loop. */
export interface FunctionFrame {
  readonly module: ModuleFrame
  readonly locals: Map<string, string>
  readonly before: string[]
  /** Values of `before` by their expression. */
  readonly shared: Map<string, LaneValue>
}
export const createFunctionFrame = (module: ModuleFrame): FunctionFrame => ({
  module,
  locals: new Map(),
  before: [],
  shared: new Map(),
})

/** Declares a local of the function, once; the answer is the text that reads it. */
export function local(frame: FunctionFrame, name: string, type: string): string {
  frame.locals.set(name, type)
  return `(local.get $${name})`
}
export const freshLocal = (frame: FunctionFrame, type: string): string => {
  const name = `v${frame.locals.size}`
  frame.locals.set(name, type)
  return name
}
export const setLocal = (name: string, value: string): string => `(local.set $${name} ${value})`

/** A function's text; statements of `before` go between `head` and `code`. */
export function functionText(
  frame: FunctionFrame,
  signature: string,
  head: readonly string[],
  code: readonly string[],
): string {
  const locals = [...frame.locals].map(([name, type]) => `(local $${name} ${type})`)
  return `(func ${signature}\n${[...locals, ...head, ...frame.before, ...code].join('\n')})`
}

/** The names of the maths functions that some need, and those these need, each once. They may call each other in a ring. */
export function mathClosure(tables: Tables, names: Iterable<string>): string[] {
  const order = new Set<string>()
  const visit = (name: string): void => {
    if (order.has(name)) return
    order.add(name)
    const found = tables.mathFunctions[name] ?? internal(`no maths function ${name}`)
    found.needs.forEach(visit)
  }
  for (const name of names) visit(name)
  return [...order]
}

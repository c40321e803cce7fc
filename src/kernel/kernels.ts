import { elementwise } from '../ops/elementwise.ts'
import { reductions } from '../ops/reductions.ts'
import { scans } from '../ops/scans.ts'
import { createKernelsOf } from './compiled.ts'
import { mathFunctions } from './math/functions.ts'
import { createPlanner } from './run.ts'
import type { KernelSpec, Kernels, LoopNest } from './spec.ts'

const tables = { elementwise, reductions, scans, mathFunctions }

/**
 * Kernels over a memory, compiled to WebAssembly when they are first run. `scratchAddress` is where this instance's `scratchBytes`
 * bytes lie, at a multiple of 16.
 */
export const createKernels = (memory: WebAssembly.Memory, scratchAddress: number): Kernels =>
  createKernelsOf(tables, memory, scratchAddress)

/** The WebAssembly texts of the kernels that would run over a box: one, where it is not cut further. */
export const kernelTexts = (spec: KernelSpec, nest: LoopNest): string[] =>
  createPlanner(tables)(spec, nest).map(({ compiled }) => compiled.text)

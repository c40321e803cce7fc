import { createCombine } from './combine.ts'
import type { Tables } from './frame.ts'
import { createPlanner, perform } from './run.ts'
import { type Kernels, scratchBytes } from './spec.ts'
import { createParameterWriter } from './walk.ts'

/** Kernels made from the given tables of operations. */
export function createKernelsOf(tables: Tables, memory: WebAssembly.Memory, scratchAddress: number): Kernels {
  const planner = createPlanner(tables)
  const writer = createParameterWriter(memory.buffer, scratchAddress, scratchBytes)
  return {
    run(spec, nest) {
      for (const call of planner(spec, nest)) perform(call, nest.mergedCount, writer, memory, scratchAddress)
    },
    combine: createCombine(tables, memory, scratchAddress),
    text: (spec, nest) => planner(spec, nest)[0]?.compiled.text ?? '',
  }
}

import { createCombine } from './combine.ts'
import type { Tables } from './frame.ts'
import { createPlanner, perform, startsOf } from './run.ts'
import { type Kernels, scratchBytes } from './spec.ts'
import { createParameterWriter } from './walk.ts'

/** Kernels made from the given tables of operations. */
export function createKernelsOf(tables: Tables, memory: WebAssembly.Memory, scratchAddress: number): Kernels {
  const planner = createPlanner(tables)
  const writer = createParameterWriter(memory.buffer, scratchAddress, scratchBytes)
  const prepare: Kernels['prepare'] = (spec, nest) => {
    const calls = planner(spec, nest)
    return {
      walks: calls.reduce((count, { walks }) => count + walks.length, 0),
      run(starts) {
        for (const call of calls) perform(call, starts, nest.mergedCount, writer, memory, scratchAddress)
      },
    }
  }
  return {
    prepare,
    run: (spec, nest) => prepare(spec, nest).run(startsOf(nest)),
    combine: createCombine(tables, memory, scratchAddress),
    text: (spec, nest) => planner(spec, nest)[0]?.compiled.text ?? '',
  }
}

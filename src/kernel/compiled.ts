import { createCombine } from './combine.ts'
import { instantiate } from './compile.ts'
import type { Tables } from './frame.ts'
import { createPlanner, startsOf } from './run.ts'
import { type Kernels, scratchBytes } from './spec.ts'
import { createParameterWriter, type PreparedWalk } from './walk.ts'

/** Kernels made from the given tables of operations. */
export function createKernelsOf(tables: Tables, memory: WebAssembly.Memory, scratchAddress: number): Kernels {
  const planner = createPlanner(tables)
  const write = createParameterWriter(memory.buffer, scratchAddress, scratchBytes)
  const prepare: Kernels['prepare'] = (spec, nest) => {
    const calls = planner(spec, nest).flatMap(({ facts, compiled, walks }) => {
      compiled.run ??= instantiate(compiled.text, memory, scratchAddress)
      const { run, form } = compiled
      const { layout } = form
      const { indexIsInteger } = facts
      const { mergedCount } = nest
      return walks.map((walk): [() => void, PreparedWalk] => [
        run,
        { layout, indexIsInteger, mergedCount, walk, isWritten: false, words: undefined },
      ])
    })
    return {
      walks: calls.length,
      run(starts) {
        for (const [run, prepared] of calls) {
          write(prepared, starts)
          run()
        }
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

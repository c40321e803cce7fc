import { NdloomError } from '../core/errors.ts'
import { ownFile } from '../core/own-file.ts'
import { eachNest } from '../kernel/nests.ts'
import type { LoopNest } from '../kernel/spec.ts'
import type { KernelStage, Stage } from '../kernel/stage.ts'

type Kernels = typeof import('../kernel/kernels.ts')

/** What writes kernels, loaded when it is first asked for: the main thread seldom needs it. */
function loadKernels(): Kernels {
  const modules = globalThis.process?.getBuiltinModule?.('node:module')
  if (!modules) throw new NdloomError('explain: the text of kernels can be had in Node alone; leave out wat')
  const { fileURLToPath } = process.getBuiltinModule('node:url')
  return modules.createRequire(import.meta.url)(fileURLToPath(ownFile('kernel/kernels'))) as Kernels
}

/** The WebAssembly text of the kernels that a stage runs over its first block. */
export function kernelTextsOf(stage: KernelStage): string[] {
  const nests: LoopNest[] = []
  const coordinate = stage.grid.map(() => 0)
  eachNest(stage, coordinate, ({ nest }) => {
    if (nests.length === 0) nests.push(nest)
  })
  const { kernelTexts } = loadKernels()
  return [...new Set(nests.flatMap((nest) => kernelTexts(stage.spec, nest)))]
}

/**
 * The kernels that are wanted: of all stages (true), or of one by its number or name. Errors: NdloomError when there is no such stage, or it
 * runs no kernel of its own.
 */
export function kernelSections(stages: readonly Stage[], wanted: true | number | string): string[] {
  const numbers = stages.flatMap((stage, i) => (wanted === true || wanted === i || wanted === stage.name ? [i] : []))
  const known = stages.map(({ name }, i) => `${i} (${name})`).join(', ')
  if (numbers.length === 0) throw new NdloomError(`explain: there is no stage ${wanted}; there are ${known}`)
  const sections = numbers.flatMap((i) => {
    const stage = stages[i]
    return stage.kind === 'kernel'
      ? kernelTextsOf(stage).map((text) => `kernel of stage ${i}: ${stage.name}\n${text}`)
      : []
  })
  if (sections.length > 0 || wanted === true) return sections
  throw new NdloomError(
    `explain: stage ${wanted} runs no kernel of a plan's own; wat: true gives those of all stages that do`,
  )
}

import type { Buffer, Plan } from './plan.ts'

/** The plan without the stages whose blocks nothing reads: those that others took the place of. */
export function withoutUnused(plan: Plan): Plan {
  const used = new Set<number>()
  const mark = ({ blocks }: Buffer): void => {
    if (blocks.kind === 'stage') used.add(blocks.stage)
    if (blocks.kind === 'concat') blocks.parts.forEach(mark)
  }
  plan.outputs.forEach(mark)
  for (let i = plan.stages.length - 1; i >= 0; i--) if (used.has(i)) plan.stages[i].buffers.forEach(mark)
  if (used.size === plan.stages.length) return plan

  const kept = plan.stages.map((_, i) => i).filter((i) => used.has(i))
  const renumbered = (buffer: Buffer): Buffer => {
    const { blocks } = buffer
    if (blocks.kind === 'stage') return { ...buffer, blocks: { kind: 'stage', stage: kept.indexOf(blocks.stage) } }
    return blocks.kind === 'concat' ? { ...buffer, blocks: { ...blocks, parts: blocks.parts.map(renumbered) } } : buffer
  }
  return {
    stages: kept.map((i) => ({ ...plan.stages[i], buffers: plan.stages[i].buffers.map(renumbered) })),
    outputs: plan.outputs.map(renumbered),
  }
}

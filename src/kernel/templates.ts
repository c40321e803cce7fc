import { type AxisChunks, blockAt, blockLength, blockStart } from '../core/chunks.ts'
import { eachNest, originsOf, type TaskPlace } from './nests.ts'
import { startsOf } from './run.ts'
import type { Kernels, PreparedNest } from './spec.ts'
import type { KernelStage } from './stage.ts'

/** A prepared nest of all tasks of a kind, and how far from which origins of a task it starts. */
interface Template {
  readonly prepared: PreparedNest
  readonly origins: readonly number[]
  readonly offsets: readonly number[]
}

/** So many walks of templates are kept for a stage, each with parameters of about a kilobyte. */
export const mostWalks = 1024

/**
 * Runs the tasks of a stage. Planning the loops of a task takes longer than many a kernel runs, so it is done once for all tasks of the
 * same kind. Where no two tasks are, as with chunks that nowhere align, the templates that are kept are dropped time and again.
 */
export function createTaskRunner(kernels: Kernels, stage: KernelStage): (place: TaskPlace) => void {
  const kinds = new Map<string, readonly Template[]>()
  let kept = 0
  const keep = (kind: string, templates: readonly Template[], walks: number): void => {
    if (kept + walks > mostWalks) {
      kinds.clear()
      kept = 0
    }
    if (walks > mostWalks) return
    kinds.set(kind, templates)
    kept += walks
  }
  const runNew = (kind: string, place: TaskPlace, origins: readonly number[]): void => {
    const templates: Template[] = []
    let walks = 0
    eachNest(stage, place.coordinate, ({ nest, origins: from }) => {
      const template = { prepared: kernels.prepare(stage.spec, nest), origins: from, offsets: startsOf(nest) }
      run(template, origins)
      walks += Math.max(1, template.prepared.walks)
      if (walks <= mostWalks) templates.push(template)
    })
    keep(kind, templates, walks)
  }
  return (place) => {
    const kind = kindOf(stage, place.coordinate)
    const origins = originsOf(stage, place)
    const known = kinds.get(kind)
    if (!known) return runNew(kind, place, origins)
    for (let i = 0; i < known.length; i++) run(known[i], origins)
  }
}

function run({ prepared, origins, offsets }: Template, taskOrigins: readonly number[]): void {
  const starts = new Array<number>(offsets.length)
  for (let i = 0; i < starts.length; i++) starts[i] = taskOrigins[origins[i]] + offsets[i]
  prepared.run(starts)
}

/** A text that is the same for tasks whose nests are the same: block lengths, and how what they read lies across its blocks. */
export function kindOf({ grid, reads, spec, axes }: KernelStage, coordinate: readonly number[]): string {
  let kind = ''
  for (let axis = 0; axis < grid.length; axis++) {
    const block = coordinate[axis]
    const first = blockStart(grid[axis], block)
    const length = blockStart(grid[axis], block + 1) - first
    kind += `${length};`
    if (spec.kind === 'scan' && axes[0] === axis) kind += `${block > 0 ? blockLength(grid[axis], block - 1) : 0};`
    for (const { view, grid: chunks } of reads)
      for (let k = 0; k < view.axes.length; k++) {
        const { from, start, step } = view.axes[k]
        if (from === axis) kind += blocksRead(chunks[k], start + step * first, step * (length - 1))
      }
  }
  return kind
}

/** From where in a block to how far a range reads, and the lengths of the blocks on the way. */
function blocksRead(chunks: AxisChunks, position: number, further: number): string {
  const low = further < 0 ? position + further : position
  const high = further < 0 ? position : position + further
  const first = blockAt(chunks, low)
  const last = blockAt(chunks, high)
  let text = `${low - blockStart(chunks, first)}`
  for (let block = first; block <= last; block++) text += `,${blockLength(chunks, block)}`
  return `${text};`
}

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

/** So many walks of templates are kept for a stage, each with one or two kilobytes of parameters. */
export const mostWalks = 1024

/**
 * Runs the tasks of a stage. To plan the loops of a task can take longer than to run them, so it is done once for all tasks of a kind.
 * Where hardly two tasks are of the same kind, as with chunks that nowhere align, nothing more is kept when the room is used up.
 */
export function createTaskRunner(kernels: Kernels, stage: KernelStage): (place: TaskPlace) => void {
  const kinds = new Map<string, readonly Template[]>()
  let walks = 0
  let reused = 0
  let isKeeping = true
  const keep = (kind: string, templates: readonly Template[], added: number): void => {
    if (added > mostWalks) return
    if (walks + added > mostWalks) {
      isKeeping = reused > kinds.size
      kinds.clear()
      walks = reused = 0
    }
    if (!isKeeping) return
    kinds.set(kind, templates)
    walks += added
  }
  const planTask = ({ coordinate }: TaskPlace, origins: readonly number[], kind: string | undefined): void => {
    const templates: Template[] = []
    let added = 0
    eachNest(stage, coordinate, ({ nest, origins: from }) => {
      const template = { prepared: kernels.prepare(stage.spec, nest), origins: from, offsets: startsOf(nest) }
      run(template, origins)
      added += 1 + template.prepared.walks
      if (kind !== undefined && added <= mostWalks) templates.push(template)
    })
    if (kind !== undefined) keep(kind, templates, added)
  }
  return (place) => {
    const origins = originsOf(stage, place)
    const kind = isKeeping ? kindOf(stage, place.coordinate) : undefined
    const known = kind === undefined ? undefined : kinds.get(kind)
    if (!known) return planTask(place, origins, kind)
    reused++
    for (const template of known) run(template, origins)
  }
}

function run({ prepared, origins, offsets }: Template, taskOrigins: readonly number[]): void {
  const starts = new Array<number>(offsets.length)
  for (let i = 0; i < starts.length; i++) starts[i] = taskOrigins[origins[i]] + offsets[i]
  prepared.run(starts)
}

/** A text that is the same for tasks whose nests are the same: block lengths, and how what they read lies across its blocks. */
function kindOf({ grid, reads, spec, axes }: KernelStage, coordinate: readonly number[]): string {
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

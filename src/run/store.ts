import { alignGrid, type Box, blockBox, gridShape } from '../core/chunks.ts'
import { ShapeError } from '../core/errors.ts'
import { formatShape, sizeOf, unravel } from '../core/shape.ts'
import { cast, rechunk } from '../graph/build.ts'
import type { Expr } from '../graph/expr.ts'
import { layOut } from '../plan/tasks.ts'
import type { Sink } from '../storage/sink.ts'
import { refuseConflicts } from './conflicts.ts'
import { engineFor, prepare, startJob } from './job.ts'
import { type ComputeOptions, settingsOf } from './options.ts'

/** An array and where it goes. */
export interface Stored {
  readonly expr: Expr
  readonly sink: Sink
  /** Where in the sink its first element goes; at the beginning unless given. */
  readonly origin?: readonly number[]
  /** Whether a box of the sink was written by an earlier run; nothing that only such boxes need is computed. */
  readonly isWritten?: (box: Box) => boolean
  /** What changes the place before the first block is written; called when all is checked and the run can begin. */
  readonly begin?: () => Promise<void>
  /** Nothing else may go to the same array in the run, wherever in it. */
  readonly isAlone?: boolean
}

/**
 * Computes arrays and writes them to their sinks in one run: shared work is done once. Blocks are cut so that no unit of a sink is
 * written by two tasks; elements are cast to the sink's dtype. Errors: ShapeError, those of `compute`, StorageError.
 */
export async function storeAll(pairs: readonly Stored[], options: ComputeOptions = {}): Promise<void> {
  const settings = settingsOf(options)
  refuseConflicts(pairs)
  const begin = async (): Promise<void> => {
    for (const pair of pairs) await pair.begin?.()
  }
  const wanted = pairs.filter(({ expr }) => sizeOf(expr.shape) > 0).map(placed)
  if (wanted.length === 0) return begin()
  const engine = engineFor(settings)
  const prepared = prepare(
    wanted.map(({ expr, sink, origin }) => ({ expr, assemble: false, store: { sink, origin } })),
    engine,
    settings,
  )
  const tasks = layOut(prepared.plan, settings.ordered, (output, block) => {
    const { expr, origin, isWritten } = wanted[output]
    if (!isWritten) return true
    const box = blockBox(expr.grid, unravel(block, gridShape(expr.grid)))
    return !isWritten(box.map(([low, high], axis) => [low + origin[axis], high + origin[axis]]))
  })
  if (tasks.count === 0) return begin()
  await (await startJob({ ...prepared, begin }, tasks, 0, settings)).result
}

/** The array in the sink's dtype, cut between the sink's units. */
function placed({ expr, sink, origin = sink.shape.map(() => 0), isWritten }: Stored) {
  const fits = expr.shape.length === sink.shape.length && expr.shape.every((n, k) => n + origin[k] <= sink.shape[k])
  if (!fits)
    throw new ShapeError(
      `store: an array of shape ${formatShape(expr.shape)} does not fit at ${formatShape(origin)} of a ${sink.type} sink of shape ${formatShape(sink.shape)}`,
    )
  return { expr: rechunk(cast(expr, sink.dtype), alignGrid(expr.grid, sink.unit, origin)), sink, origin, isWritten }
}

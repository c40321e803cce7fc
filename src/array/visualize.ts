import { formatGiven, NdloomError } from '../core/errors.ts'
import {
  drawPicture,
  graphOfExprs,
  type Picture,
  type VisualizeOptions,
  writePicture,
} from '../diagnostics/visualize.ts'
import { streamedPlan } from '../run/summary.ts'
import { ChunkedArray } from './chunked-array.ts'

/**
 * Draws how an array, or several together, are computed: their stages (`level: 'plan'`), the operations as they were called ('expr') or every
 * task ('tasks', up to 1000 of them). With a file it is written there, as SVG, PNG or Graphviz's DOT, as the name ends; without, it is
 * given back: its text is the SVG, and it shows itself in notebooks. Nothing is computed. Needs the package @viz-js/viz, and for PNG @resvg/resvg-js.
 * Errors: NdloomError when a package is missing, there is too much to draw or an option is wrong.
 * @example const { svg } = await x.add(x.T).visualize()
 * @example await nd.visualize([x, y], 'plan.svg', { level: 'tasks' })
 */
export function visualize(x: ChunkedArray | readonly ChunkedArray[], options?: VisualizeOptions): Promise<Picture>
export function visualize(
  x: ChunkedArray | readonly ChunkedArray[],
  file: string | URL,
  options?: VisualizeOptions,
): Promise<void>
export async function visualize(
  x: ChunkedArray | readonly ChunkedArray[],
  first?: string | URL | VisualizeOptions,
  options?: VisualizeOptions,
): Promise<unknown> {
  const arrays: readonly unknown[] = Array.isArray(x) ? x : [x]
  const exprs = arrays.map((array) => {
    if (array instanceof ChunkedArray) return array.expr
    throw new NdloomError(`visualize: got ${formatGiven(array)}, want a lazy array or a list of them`)
  })
  const plan = () => streamedPlan(exprs)
  if (typeof first === 'string' || first instanceof URL)
    return writePicture(graphOfExprs(exprs, plan, options), first, 'visualize')
  return drawPicture(graphOfExprs(exprs, plan, first), 'visualize')
}

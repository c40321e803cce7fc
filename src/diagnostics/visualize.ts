import { formatGiven, NdloomError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import type { Expr } from '../graph/expr.ts'
import type { Plan } from '../plan/plan.ts'
import { dotOf, drawGraph, type PictureGraph, rasterise } from './graph-picture.ts'
import { inspected, inspectName } from './notebook.ts'
import { exprGraph, planGraph, taskGraph } from './plan-graph.ts'

export interface VisualizeOptions {
  /**
   * 'plan' (default): the stages with their tasks and bytes; 'expr': the operations as they were called, before they are optimised; 'tasks':
   * every task.
   */
  level?: 'expr' | 'plan' | 'tasks'
}

/** An SVG picture that shows itself in notebooks. */
export class Picture {
  readonly svg: string
  constructor(svg: string) {
    this.svg = svg
  }
  /** The SVG. */
  toString(): string {
    return this.svg
  }
  [inspectName](depth: number | null, options?: { depth?: number | null }): string {
    const short = `[Picture svg, ${this.svg.length} characters]`
    return inspected({ short, text: () => short, html: () => this.svg }, depth, options)
  }
}

/** Draws a graph. Errors: NdloomError when the package that draws is missing. */
export const drawPicture = async (graph: PictureGraph, operation: string): Promise<Picture> =>
  new Picture(await drawGraph(graph, operation))

/** Writes the picture of a graph to a file, .svg, .png or .dot. Errors: NdloomError, those of the file system. */
export async function writePicture(graph: PictureGraph, file: string | URL, operation: string): Promise<void> {
  const end = endOf(file, operation)
  const svg = end === 'dot' ? '' : await drawGraph(graph, operation)
  const content = end === 'svg' ? svg : end === 'png' ? await rasterise(svg, operation) : dotOf(graph)
  await (await import('node:fs/promises')).writeFile(file, content)
}

/** Errors: NdloomError. */
function endOf(file: string | URL, operation: string): 'svg' | 'png' | 'dot' {
  const end = /\.(svg|png|dot)$/i.exec(String(file))?.[1].toLowerCase()
  if (end) return end as 'svg'
  throw new NdloomError(`${operation}: got ${formatGiven(file)} as file, want a name that ends in .svg, .png or .dot`)
}

/**
 * Expressions, or with their plan how they are computed, as a graph. Errors: NdloomError for options that are none, and for more nodes than
 * can be read.
 */
export function graphOfExprs(exprs: readonly Expr[], plan: () => Plan, options?: VisualizeOptions): PictureGraph {
  const { level = 'plan' } = checkOptions<VisualizeOptions>(options, ['level'], 'visualize')
  if (!['expr', 'plan', 'tasks'].includes(level))
    throw new NdloomError(`visualize: got level ${formatGiven(level)}, want 'expr', 'plan' or 'tasks'`)
  if (level === 'expr') return exprGraph(exprs)
  return level === 'plan' ? planGraph(plan()) : taskGraph(plan())
}

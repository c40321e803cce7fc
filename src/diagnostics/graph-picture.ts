import { NdloomError } from '../core/errors.ts'
import { mostColours, otherColour, stageColour } from './palette.ts'
import { fontFamily } from './svg.ts'

/** A thing of a graph that is drawn. */
export interface PictureNode {
  readonly id: string
  /** Lines of text. */
  readonly lines: readonly string[]
  /** Nodes of one group have one colour; undefined: none. */
  readonly group?: number
  /** What the graph is for: drawn with a thick line. */
  readonly isResult?: boolean
}
/** An arrow, along which data flows. */
export interface PictureEdge {
  readonly from: string
  readonly to: string
  readonly label?: string
}
export interface PictureGraph {
  readonly nodes: readonly PictureNode[]
  readonly edges: readonly PictureEdge[]
}

/** Stands for the colour of the page's text while Graphviz draws, which does not know of it. */
const textColour = '#010203'
/** Graphviz knows the widths of Helvetica; where the page's font is wider, a label must not run into its arrow. */
const labelGap = '\u00a0'.repeat(3)
const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`

/** The graph in Graphviz's language; data flows downwards. */
export function dotOf({ nodes, edges }: PictureGraph): string {
  const node = ({ id, lines, group, isResult }: PictureNode): string => {
    const colour = group === undefined ? otherColour : stageColour(group)
    const label = lines.map((line) => quoted(line).slice(1, -1)).join('\\n')
    const again = group !== undefined && group >= mostColours ? ', style="rounded,filled,dashed"' : ''
    return `  ${quoted(id)} [label="${label}", color="${colour}", fillcolor="${colour}30", penwidth=${isResult ? 3 : 1.2}${again}]`
  }
  const edge = ({ from, to, label }: PictureEdge): string =>
    `  ${quoted(from)} -> ${quoted(to)}${label ? ` [label=${quoted(`${labelGap}${label}`)}]` : ''}`
  return [
    'digraph {',
    '  graph [bgcolor=transparent, ranksep=0.45, nodesep=0.2]',
    `  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11, fontcolor="${textColour}", margin="0.28,0.08", height=0.3, width=0.3]`,
    `  edge [color="${textColour}90", fontname="Helvetica", fontsize=10, fontcolor="${textColour}", arrowsize=0.6]`,
    ...nodes.map(node),
    ...edges.map(edge),
    '}\n',
  ].join('\n')
}

/** The graph drawn as SVG, for light and dark pages. Errors: NdloomError when the package that draws is not installed. */
export async function drawGraph(graph: PictureGraph, operation: string): Promise<string> {
  const { instance } = await import('@viz-js/viz').catch((cause) =>
    missing('@viz-js/viz', 'to draw a graph', operation, cause),
  )
  const drawn = (await instance()).renderString(dotOf(graph), { format: 'svg' })
  return drawn
    .slice(drawn.indexOf('<svg'))
    .replace(/>/, '><style>svg:root { color-scheme: light dark; color: CanvasText }</style>')
    .replaceAll(textColour, 'currentColor')
    .replaceAll(/font-family="Helvetica[^"]*"/g, `font-family="${fontFamily}"`)
    .replaceAll(/<!--.*?-->\n?|<title>.*?<\/title>\n?/gs, '')
}

/** The bytes of a PNG of an SVG picture, on white, twice as large. Errors: NdloomError when the package for it is not installed. */
export async function rasterise(svg: string, operation: string): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js').catch((cause) =>
    missing('@resvg/resvg-js', 'to write a PNG', operation, cause),
  )
  const options = {
    background: 'white',
    fitTo: { mode: 'zoom', value: 2 },
    font: { loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
  } as const
  return new Resvg(svg, options).render().asPng()
}

function missing(name: string, purpose: string, operation: string, cause: unknown): never {
  throw new NdloomError(`${operation}: ${purpose} the package ${name} is needed; install it: npm install ${name}`, {
    cause,
  })
}

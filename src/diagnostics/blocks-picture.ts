import { type AxisChunks, blockCount, blockStart, type Grid } from '../core/chunks.ts'
import { escapeXml, pixels, svgDocument, textWidth } from './svg.ts'

export interface BlocksPictureOptions {
  /** Pixels of the longest axis, 160 unless given. */
  readonly size?: number
  /** Lines of text below the picture. */
  readonly caption?: readonly string[]
}

type Point = readonly [x: number, y: number]
/** An axis as it is drawn: its length and the places of its inner block borders, in pixels. */
interface Side {
  readonly extent: number
  readonly length: number
  readonly marks: readonly number[]
  /** There are more borders than can be drawn: the marks are a shading. */
  readonly isDense: boolean
}
/** A drawn part of the array, at the origin; `width` and `height` hold its labels too. */
interface Drawing {
  readonly width: number
  readonly height: number
  readonly content: string
}

const fill = '#56b4e9' // Sky blue of Okabe and Ito: it stands out on white and on black, and for colour-blind eyes.
const fontPixels = 12
const labelGap = 6
/** Borders nearer than this are not drawn one by one. */
const leastMarkPixels = 4
/** Where depth goes, and how much shorter than the other axes it is drawn. */
const depthAngle = Math.PI / 5
const depthShown = 0.6

/**
 * The block picture of an array as SVG: its extents, and where it is cut. One and two axes are a rectangle, three a cuboid (axis 0 goes
 * back, axis 2 to the right), more are several of these. Blocks are drawn to scale along each axis; axes of very different
 * extents are brought nearer to each other. Transparent, for light and dark pages.
 */
export function blocksPicture(grid: Grid, { size = 160, caption = [] }: BlocksPictureOptions = {}): string {
  const longest = Math.max(1, ...grid.map(({ extent }) => extent || 0))
  const sides = grid.map((axis, i) => {
    const isDepth = grid.length - i >= 3 && (grid.length - i) % 3 === 0
    const length = Math.max(12, size * ratioShown(axis.extent / longest))
    return sideOf(axis, isDepth ? depthShown * length : length)
  })
  const parts = groupsOf(sides).map(drawGroup)
  const height = Math.max(...parts.map((part) => part.height))
  let left = 0
  const content = parts.map((part, i) => {
    const times = i > 0 ? text([left, height / 2], '×', 'middle') : ''
    const at = left + (i > 0 ? 12 : 0)
    left = at + part.width + 12
    return `${times}<g transform="translate(${pixels(at)} ${pixels((height - part.height) / 2)})">${part.content}</g>`
  })
  const lines = caption.map((line, i) => text([0, height + (i + 1.4) * 1.4 * fontPixels], line, 'start'))
  const width = Math.max(left - 12, ...caption.map((line) => textWidth(line, fontPixels)))
  const captionHeight = caption.length > 0 ? (caption.length + 1) * 1.4 * fontPixels : 0
  return svgDocument(
    width + 2,
    height + captionHeight + 2,
    `<g transform="translate(1 1)">${[...content, ...lines].join('\n')}</g>`,
  )
}

/** True to scale down to a quarter; below it shrinks by the logarithm, so that a short axis is still seen. */
const ratioShown = (ratio: number): number =>
  ratio >= 0.25 ? ratio : Math.max(0.08, 0.25 / (1 + Math.log10(0.25 / (ratio || 1e-9))))

function sideOf(axis: AxisChunks, length: number): Side {
  const { extent } = axis
  const inner = extent > 0 ? blockCount(axis) - 1 : 0
  const isDense = inner > length / leastMarkPixels
  const marks = isDense
    ? Array.from({ length: Math.floor(length / leastMarkPixels) }, (_, i) => (i + 1) * leastMarkPixels)
    : Array.from({ length: inner }, (_, i) => (blockStart(axis, i + 1) / extent) * length)
  return { extent, length, marks, isDense }
}

/** Three axes make a cuboid; those in front of them that are left over come first. */
function groupsOf(sides: readonly Side[]): Side[][] {
  const first = sides.length % 3
  const groups = first > 0 || sides.length === 0 ? [sides.slice(0, first)] : []
  for (let i = first; i < sides.length; i += 3) groups.push(sides.slice(i, i + 3))
  return groups
}

function drawGroup(sides: readonly Side[]): Drawing {
  if (sides.length === 3) return drawCuboid(sides[0], sides[1], sides[2])
  const one: Side = { extent: 1, length: 36, marks: [], isDense: false }
  if (sides.length === 2) return drawRectangle(sides[0], sides[1], true)
  return drawRectangle(one, sides[0] ?? { ...one, extent: 1 }, false, sides.length === 0)
}

function drawRectangle(y: Side, x: Side, hasRows: boolean, isScalar = false): Drawing {
  const xLabel = isScalar ? '0-d' : labelOf(x)
  const below = textWidth(xLabel, fontPixels)
  const left = Math.max(0, (below - x.length) / 2)
  const labels = [
    text([left + x.length / 2, y.length + labelGap + fontPixels], xLabel, 'middle'),
    hasRows ? text([left + x.length + labelGap, y.length / 2 + fontPixels / 3], labelOf(y), 'start') : '',
  ]
  const right = hasRows ? labelGap + textWidth(labelOf(y), fontPixels) : 0
  return {
    width: left + Math.max(x.length + right, x.length + left),
    height: y.length + labelGap + 1.4 * fontPixels,
    content: [face([left, 0], [0, 1], y, [1, 0], x, 0.4), ...labels].join('\n'),
  }
}

/** Axis 0 goes back to the upper right. */
function drawCuboid(z: Side, y: Side, x: Side): Drawing {
  const back: Point = [Math.cos(depthAngle), -Math.sin(depthAngle)]
  const [dx, dy] = [z.length * back[0], -z.length * back[1]]
  const left = Math.max(
    textWidth(labelOf(y), fontPixels) + labelGap,
    (textWidth(labelOf(x), fontPixels) - x.length) / 2,
  )
  const front: Point = [left, dy]
  const corner: Point = [left + x.length, dy + y.length]
  const zPlace: Point = [corner[0] + dx / 2 + labelGap, corner[1] - dy / 2 + fontPixels]
  return {
    width: Math.max(corner[0] + dx, zPlace[0] + textWidth(labelOf(z), fontPixels)),
    height: corner[1] + labelGap + 1.4 * fontPixels,
    content: [
      face(front, back, z, [1, 0], x, 0.25),
      face([corner[0], dy], back, z, [0, 1], y, 0.6),
      face(front, [0, 1], y, [1, 0], x, 0.4),
      text([left - labelGap, dy + y.length / 2 + fontPixels / 3], labelOf(y), 'end'),
      text([left + x.length / 2, corner[1] + labelGap + fontPixels], labelOf(x), 'middle'),
      text(zPlace, labelOf(z), 'start'),
    ].join('\n'),
  }
}

const labelOf = ({ extent }: Side): string => (Number.isNaN(extent) ? '?' : `${extent}`)

const text = ([x, y]: Point, content: string, anchor: 'start' | 'middle' | 'end'): string =>
  `<text x="${pixels(x)}" y="${pixels(y)}" font-size="${fontPixels}" fill="currentColor" text-anchor="${anchor}">${escapeXml(content)}</text>`

/** A parallelogram with the block borders of its two sides; `a` and `b` are the directions that one pixel of them goes. */
function face(origin: Point, a: Point, aSide: Side, b: Point, bSide: Side, opacity: number): string {
  const at = (i: number, j: number): string =>
    `${pixels(origin[0] + i * a[0] + j * b[0])} ${pixels(origin[1] + i * a[1] + j * b[1])}`
  const outline = `M${at(0, 0)}L${at(aSide.length, 0)}L${at(aSide.length, bSide.length)}L${at(0, bSide.length)}Z`
  const isEmpty = aSide.extent === 0 || bSide.extent === 0
  return [
    `<path d="${outline}" fill="${isEmpty ? 'none' : fill}" fill-opacity="${opacity}"/>`,
    lines(
      aSide.marks.map((mark) => `M${at(mark, 0)}L${at(mark, bSide.length)}`),
      aSide.isDense,
    ),
    lines(
      bSide.marks.map((mark) => `M${at(0, mark)}L${at(aSide.length, mark)}`),
      bSide.isDense,
    ),
    `<path d="${outline}" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"${isEmpty ? ' stroke-dasharray="4 3"' : ''}/>`,
  ].join('')
}

/** A shading is fainter than borders that are drawn one by one. */
const lines = (paths: readonly string[], isDense: boolean): string =>
  paths.length === 0
    ? ''
    : `<path d="${paths.join('')}" stroke="currentColor" stroke-width="0.75" stroke-opacity="${isDense ? 0.4 : 0.8}"/>`

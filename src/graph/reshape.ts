import { type AxisChunks, type Grid, gridExtents, regular } from '../core/chunks.ts'
import { type Shape, sizeOf } from '../core/shape.ts'

/**
 * Grids under which a reshape moves nothing: block k of the input, row-major, is block k of the output. Axes fall into groups of
 * equal products; in a group only the leading axis is cut, at multiples of what a row of both sides has in common.
 */
export function reshapeGrids(input: Grid, shape: Shape): { input: Grid; output: Grid } {
  const from: AxisChunks[] = []
  const to: AxisChunks[] = []
  for (const group of axisGroups(gridExtents(input), shape)) {
    const chunks = input.slice(...group.input)
    const extents = shape.slice(...group.output)
    const cut =
      chunks.length === 1 && extents.length === 1 ? { input: chunks, output: chunks } : cutGroup(chunks, extents)
    from.push(...cut.input)
    to.push(...cut.output)
  }
  return { input: from, output: to }
}

/** The shortest runs of axes of both shapes with equal products. */
function axisGroups(a: Shape, b: Shape): { input: [number, number]; output: [number, number] }[] {
  const groups: { input: [number, number]; output: [number, number] }[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    const start: [number, number] = [i, j]
    let [left, right] = [i < a.length ? a[i++] : 1, j < b.length ? b[j++] : 1]
    while (left !== right) {
      if (left < right) left *= a[i++]
      else right *= b[j++]
    }
    groups.push({ input: [start[0], i], output: [start[1], j] })
  }
  return groups
}

function cutGroup(chunks: Grid, extents: Shape): { input: Grid; output: Grid } {
  const rowIn = sizeOf(gridExtents(chunks).slice(1))
  const rowOut = sizeOf(extents.slice(1))
  const unit = (rowIn / gcd(rowIn, rowOut)) * rowOut
  const wanted = sizeOf(chunks.map((axis) => axis.size))
  const elements = Math.max(unit, Math.floor(wanted / unit) * unit)
  const lead = (extent: number, row: number) => regular(extent, elements / row)
  const whole = (extent: number) => regular(extent, extent)
  return {
    input: chunks.map((axis, i) => (i === 0 ? lead(axis.extent, rowIn) : whole(axis.extent))),
    output: extents.map((extent, i) => (i === 0 ? lead(extent, rowOut) : whole(extent))),
  }
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

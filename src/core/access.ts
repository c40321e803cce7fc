import { type Box, blockAt, blockStart, type Grid } from './chunks.ts'
import { ravel } from './shape.ts'
import { sourceBox, type View } from './view.ts'

/** The blocks [first, past) of each source axis that a box of the view reads. The box is not empty. */
export const blockRanges = (grid: Grid, view: View, box: Box): [number, number][] =>
  sourceBox(view, box).map(([start, stop], k) => [blockAt(grid[k], start), blockAt(grid[k], stop - 1) + 1])

/** Calls `visit` with each block coordinate of the ranges, row-major. */
export function eachBlock(
  ranges: readonly (readonly [number, number])[],
  visit: (coordinate: readonly number[]) => void,
): void {
  const coordinate = ranges.map(([first]) => first)
  for (;;) {
    visit(coordinate)
    let axis = ranges.length - 1
    while (axis >= 0 && ++coordinate[axis] >= ranges[axis][1]) coordinate[axis] = ranges[axis--][0]
    if (axis < 0) return
  }
}

/** The place of a block among the blocks of the ranges, row-major. */
export const placeInRanges = (coordinate: readonly number[], ranges: readonly (readonly [number, number])[]): number =>
  ravel(
    coordinate.map((c, k) => c - ranges[k][0]),
    ranges.map(([first, past]) => past - first),
  )

/** The positions inside [low, high) of a view's axis at which the source passes from one block to the next. */
export function cutsOfAxis(grid: Grid, view: View, axis: number, low: number, high: number): number[] {
  const cuts: number[] = []
  view.axes.forEach(({ from, start, step }, k) => {
    if (from !== axis || step === 0) return
    for (let i = low; ; ) {
      const block = blockAt(grid[k], start + step * i)
      const past = step > 0 ? blockStart(grid[k], block + 1) : blockStart(grid[k], block) - 1
      i = Math.ceil((past - start) / step)
      if (i >= high) return
      cuts.push(i)
    }
  })
  return cuts
}

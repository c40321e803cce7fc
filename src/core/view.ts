import type { Box } from './chunks.ts'
import type { Shape } from './shape.ts'

/**
 * Where an axis of the source is read from: position = start + step * index[from], and with from = -1 always `start`.
 */
export interface ViewAxis {
  readonly from: number
  readonly start: number
  readonly step: number
}
/**
 * An affine index map: the array of `shape` whose element o is the source's element at axes[k] of o. Slices, flips,
 * transposes, new and dropped axes and broadcasts are all views; a view of a view is a view.
 */
export interface View {
  readonly shape: Shape
  readonly axes: readonly ViewAxis[]
}

export const identityView = (shape: Shape): View => ({
  shape,
  axes: shape.map((_, from) => ({ from, start: 0, step: 1 })),
})

export const isIdentity = (view: View, source: Shape): boolean =>
  view.shape.length === source.length &&
  view.axes.every(
    (a, k) =>
      view.shape[k] === source[k] &&
      ((a.from === k && a.start === 0 && a.step === 1) || (source[k] === 1 && a.start === 0)),
  )

/** The view `outer` of the view `inner`, as one view of inner's source. */
export const compose = (outer: View, inner: View): View => ({
  shape: outer.shape,
  axes: inner.axes.map((axis) => {
    if (axis.from < 0) return axis
    const through = outer.axes[axis.from]
    return {
      from: through.from,
      start: axis.start + axis.step * through.start,
      step: through.from < 0 ? 0 : axis.step * through.step,
    }
  }),
})

/** The box of the source that a box of the view reads, one [start, stop) for each source axis. Empty boxes stay empty. */
export function sourceBox(view: View, box: Box): [number, number][] {
  return view.axes.map(({ from, start, step }) => {
    if (from < 0) return [start, start + 1]
    const [low, high] = box[from]
    if (high <= low) return [start, start]
    const first = start + step * low
    const last = start + step * (high - 1)
    return first <= last ? [first, last + 1] : [last, first + 1]
  })
}

/** The view that broadcasts a source's shape to a wider one (shapes are aligned at their ends). */
export const broadcastView = (source: Shape, shape: Shape): View => ({
  shape,
  axes: source.map((extent, k) => {
    const from = k + shape.length - source.length
    return extent === shape[from] ? { from, start: 0, step: 1 } : { from: -1, start: 0, step: 0 }
  }),
})

/** The view that permutes axes: axis i of the view is axis axes[i] of the source. */
export const permuteView = (source: Shape, axes: readonly number[]): View => ({
  shape: axes.map((axis) => source[axis]),
  axes: source.map((_, k) => ({ from: axes.indexOf(k), start: 0, step: 1 })),
})

export const viewKey = (view: View): string =>
  `${view.shape.join('x')}|${view.axes.map((a) => `${a.from},${a.start},${a.step}`).join(';')}`

/** Whether the view shows elements more than once, as a broadcast does. */
export const repeats = (view: View): boolean =>
  view.shape.some((extent, axis) => extent > 1 && !view.axes.some((a) => a.from === axis && a.step !== 0))

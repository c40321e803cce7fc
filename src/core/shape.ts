import { formatGiven, ShapeError } from './errors.ts'

export type Shape = readonly number[]

/** The number of elements of a shape; 1 for a 0-d array. */
export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1)

export const formatShape = (shape: Shape): string => `[${shape.join(', ')}]`
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i])

/** Strides in elements of a row-major array. */
export function rowMajorStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  for (let axis = shape.length - 1, step = 1; axis >= 0; axis--) {
    strides[axis] = step
    step *= shape[axis]
  }
  return strides
}

/** The linear row-major position of a coordinate in a grid. */
export function ravel(coordinate: readonly number[], shape: Shape): number {
  let linear = 0
  for (let axis = 0; axis < shape.length; axis++) linear = linear * shape[axis] + coordinate[axis]
  return linear
}

/** The coordinate at a linear row-major position. */
export function unravel(linear: number, shape: Shape): number[] {
  const coordinate = new Array<number>(shape.length)
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    coordinate[axis] = linear % shape[axis]
    linear = Math.floor(linear / shape[axis])
  }
  return coordinate
}

/** A shape that a user gave: a number, or non-negative integers. Errors: ShapeError. */
export function checkShape(shape: unknown, operation: string): number[] {
  const list = typeof shape === 'number' ? [shape] : Array.isArray(shape) ? [...shape] : undefined
  if (!list?.every((n) => Number.isSafeInteger(n) && n >= 0))
    throw new ShapeError(`${operation}: got shape ${formatGiven(shape)}, want non-negative integers such as [3, 4]`)
  if (!Number.isSafeInteger(sizeOf(list)))
    throw new ShapeError(`${operation}: shape ${formatShape(list)} has more than 2^53 elements`)
  return list
}

/** The shape that shapes broadcast to. Errors: ShapeError that names the axis. */
export function broadcastShapes(shapes: readonly Shape[], operation: string): number[] {
  const ndim = Math.max(0, ...shapes.map((shape) => shape.length))
  const out = new Array<number>(ndim).fill(1)
  for (const shape of shapes)
    shape.forEach((extent, i) => {
      const axis = ndim - shape.length + i
      if (extent === 1 || extent === out[axis]) return
      if (out[axis] !== 1)
        throw new ShapeError(
          `${operation}: shapes ${shapes.map(formatShape).join(' and ')} do not broadcast (axis ${axis}: ${out[axis]} and ${extent})`,
        )
      out[axis] = extent
    })
  return out
}

/** An axis counted from the front. Errors: ShapeError when it is out of range. */
export function checkAxis(axis: unknown, ndim: number, operation: string): number {
  if (!Number.isInteger(axis) || (axis as number) < -ndim || (axis as number) >= ndim)
    throw new ShapeError(
      ndim === 0
        ? `${operation}: got axis ${formatGiven(axis)}, but a 0-d array has no axes; leave it out, or use expandDims`
        : `${operation}: axis ${formatGiven(axis)} is out of range for an array of ${ndim} dimensions; want ${-ndim} to ${ndim - 1}`,
    )
  return (axis as number) < 0 ? (axis as number) + ndim : (axis as number)
}

/** Axes counted from the front, ascending; undefined or null means all. Errors: ShapeError on a repeated axis. */
export function checkAxes(axes: unknown, ndim: number, operation: string): number[] {
  if (axes === undefined || axes === null) return Array.from({ length: ndim }, (_, i) => i)
  const list = (Array.isArray(axes) ? [...axes] : [axes]).map((axis) => checkAxis(axis, ndim, operation))
  if (new Set(list).size !== list.length)
    throw new ShapeError(`${operation}: axes ${formatGiven(axes)} name one axis twice; name each once`)
  return list.sort((a, b) => a - b)
}

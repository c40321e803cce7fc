import { itemsize, type RealDType } from '../core/dtype.ts'
import type { StrideClass } from './memory.ts'

/** An axis of a nest: its steps are the byte strides of all accesses and then the strides of all index slots. */
export interface Axis {
  readonly extent: number
  readonly reduced: boolean
  readonly steps: readonly number[]
}
/** What the steps belong to: first the operands, then the outputs, then what a scan starts from. */
export interface Accesses {
  readonly dtypes: readonly RealDType[]
  readonly loaded: number
  readonly stored: number
}

/** Whether one step of the outer axis is the same as a full run of the inner one, everywhere. */
const continues = (outer: Axis, inner: Axis): boolean =>
  outer.reduced === inner.reduced && outer.steps.every((step, i) => step === inner.steps[i] * inner.extent)

/** Adjacent axes that continue each other become one. */
export function mergeAxes(axes: readonly Axis[]): Axis[] {
  const merged: Axis[] = []
  for (const axis of axes) {
    const outer = merged[merged.length - 1]
    if (outer && continues(outer, axis))
      merged[merged.length - 1] = { extent: outer.extent * axis.extent, reduced: axis.reduced, steps: axis.steps }
    else merged.push(axis)
  }
  return merged
}

const magnitude = (axis: Axis): number => axis.steps.reduce((sum, step) => sum + Math.abs(step), 0)
/** The axes from the widest strides to the narrowest; `steps` counts first (the outputs'). */
export function sortAxes(axes: readonly Axis[], first: readonly number[]): Axis[] {
  const weight = (axis: Axis) => first.reduce((sum, i) => sum + Math.abs(axis.steps[i]), 0)
  return [...axes].sort((a, b) => weight(b) - weight(a) || magnitude(b) - magnitude(a))
}

export const strideClass = (step: number, dtype: RealDType, extent: number): StrideClass =>
  extent === 1 || step === itemsize(dtype) ? 'u' : step === 0 ? 'z' : 's'
/** A stored access must not be taken for one that stays in place. */
export const storedClass = (step: number, dtype: RealDType, extent: number): StrideClass =>
  extent === 1 || step === itemsize(dtype) ? 'u' : 's'

export const isStored = (access: number, { loaded, stored }: Accesses): boolean =>
  access >= loaded && access < loaded + stored
export const classesOf = (axis: Axis, accesses: Accesses): StrideClass[] =>
  accesses.dtypes.map((dtype, i) =>
    (isStored(i, accesses) ? storedClass : strideClass)(axis.steps[i], dtype, axis.extent),
  )

/** How many accesses an inner loop along the axis would have to gather; stores count more. */
export const gathers = (axis: Axis, accesses: Accesses): number =>
  classesOf(axis, accesses).reduce(
    (sum, stride, i) => sum + (stride === 's' ? (isStored(i, accesses) ? 3 : 1) : stride === 'z' ? 0.1 : 0),
    0,
  )

/** An axis of extent 1 that goes nowhere, for nests without an axis. */
export const pointAxis = (steps: number): Axis => ({ extent: 1, reduced: false, steps: new Array(steps).fill(0) })

/** The starts after `count` steps along an axis. */
export const advance = (starts: readonly number[], axis: Axis, count: number): number[] =>
  starts.map((start, i) => start + count * axis.steps[i])
export const scaled = (axis: Axis, extent: number, factor: number): Axis => ({
  extent,
  reduced: axis.reduced,
  steps: axis.steps.map((step) => step * factor),
})

import { ShapeError } from '../core/errors.ts'

/** One axis or several, counted from the end when negative; null: all. */
export type Axes = number | readonly number[] | null
export interface AxesOption {
  axis?: Axes
}

/** Options, or the bare value of the first of them: `0` for `{ axis: 0 }`. */
export function withBare<K extends string, V, O extends { [key in K]?: V }>(key: K, options: V | O | undefined): O {
  const bare = typeof options !== 'object' || options === null || Array.isArray(options)
  return bare ? ({ [key]: options } as unknown as O) : (options as O)
}

/** The arguments before the options object at the end, and the options ({} when there are none). */
export function takeOptions<T, O extends object>(args: readonly (T | O)[]): [T[], O] {
  const last = args[args.length - 1]
  const given = typeof last === 'object' && last !== null
  return [(given ? args.slice(0, -1) : [...args]) as T[], (given ? last : {}) as O]
}

/** The integer that a size is. Errors: ShapeError. */
export function checkCount(count: unknown, what: string, operation: string): number {
  const number = typeof count === 'bigint' ? Number(count) : count
  if (Number.isSafeInteger(number) && (number as number) >= 0) return number as number
  throw new ShapeError(`${operation}: got ${what} ${String(count)}, want an integer from 0 on`)
}

/** One axis, counted from the end when negative. */
export interface AxisOption {
  axis?: number | null
}
/** The axis of options or bare, null for none. */
export const axisOf = (given: number | null | AxisOption | undefined): number | null =>
  withBare<'axis', number | null, AxisOption>('axis', given).axis ?? null

import { formatGiven, ShapeError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'

/** One axis or several, counted from the end when negative; null: all. */
export type Axes = number | readonly number[] | null
export interface AxesOption {
  axis?: Axes
}

type Names<O> = readonly (keyof O & string)[]

/** Options, or the bare value of the first of them: `0` for `{ axis: 0 }`. Errors: NdloomError for a name that is unknown. */
export function withBare<O extends object>(names: Names<O>, given: unknown, operation: string): O {
  const bare = typeof given !== 'object' || given === null || Array.isArray(given)
  return bare ? ({ [names[0]]: given } as O) : checkOptions<O>(given, names, operation)
}

/** The arguments before the options object at the end, and the options ({} when there are none). Errors: as for withBare. */
export function takeOptions<T, O extends object>(
  args: readonly (T | O)[],
  names: Names<O>,
  operation: string,
): [T[], O] {
  const last = args[args.length - 1]
  if (typeof last !== 'object' || last === null) return [[...args] as T[], {} as O]
  return [args.slice(0, -1) as T[], checkOptions<O>(last, names, operation)]
}

/** The integer that a size is. Errors: ShapeError. */
export function checkCount(count: unknown, what: string, operation: string): number {
  const number = typeof count === 'bigint' ? Number(count) : count
  if (Number.isSafeInteger(number) && (number as number) >= 0) return number as number
  throw new ShapeError(`${operation}: got ${what} ${formatGiven(count)}, want an integer from 0 on`)
}

/** One axis, counted from the end when negative. */
export interface AxisOption {
  axis?: number | null
}
/** The axis of options or bare, null for none. */
export const axisOf = (given: unknown, operation: string): number | null =>
  withBare<AxisOption>(['axis'], given, operation).axis ?? null

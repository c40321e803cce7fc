import { formatGiven, NdloomError, ShapeError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'

/** One axis or several, counted from the end when negative; null: all. */
export type Axes = number | readonly number[] | null
export interface AxesOption {
  axis?: Axes
}

type Names<O> = readonly (keyof O & string)[]

/**
 * Options, or the bare value of the first of them: `0` for `{ axis: 0 }`, after which `others` may follow. Errors: NdloomError for a name
 * that is unknown, and for options after options.
 */
export function withBare<O extends object>(names: Names<O>, given: unknown, operation: string, others?: unknown): O {
  const bare = typeof given !== 'object' || given === null || Array.isArray(given)
  if (bare) return { ...checkOptions<O>(others, names.slice(1), operation), [names[0]]: given }
  if (others === undefined) return checkOptions<O>(given, names, operation)
  throw new NdloomError(`${operation}: got ${formatGiven(others)} after the options; put all of them into one object`)
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

/** Taken where the standard has it. */
export interface CopyOption {
  /** As in the standard; it changes nothing, for arrays never change. */
  copy?: boolean | null
}

/** Where there are no options: an object of them is refused, and what else JavaScript gives (as `map` does) left alone. Errors: NdloomError. */
export function checkNoOptions(given: unknown, operation: string): void {
  if (typeof given !== 'object' || given === null || Object.getPrototypeOf(given) !== Object.prototype) return
  throw new NdloomError(
    `${operation}: got ${formatGiven(given)}, it takes no options; cast with astype, choose with where`,
  )
}

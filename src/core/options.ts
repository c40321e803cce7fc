import { formatGiven, NdloomError } from './errors.ts'

/**
 * The options object ({} for none), when it is one and all its names are known. Errors: NdloomError that lists the names.
 * @example checkOptions<CumulativeOptions>(given, ['axis', 'dtype', 'includeInitial'], 'cumulativeSum')
 */
export function checkOptions<O extends object>(
  given: unknown,
  names: readonly (keyof O & string)[],
  operation: string,
): O {
  if (given === undefined) return {} as O
  if (typeof given !== 'object' || given === null || (given.constructor && given.constructor.name !== 'Object'))
    throw new NdloomError(
      `${operation}: got ${formatGiven(given)} as options, want an object such as { ${names[0]}: ... }`,
    )
  const unknown = Object.keys(given).find((name) => !names.includes(name as keyof O & string))
  if (unknown !== undefined)
    throw new NdloomError(`${operation}: there is no option ${unknown}; there are ${names.join(', ')}`)
  return given as O
}

/** An option that is true or false, `fallback` unless given. Errors: NdloomError. */
export function checkFlag(value: unknown, name: string, operation: string, fallback = false): boolean {
  if (value === undefined) return fallback
  if (typeof value === 'boolean') return value
  throw new NdloomError(`${operation}: got ${name} ${formatGiven(value)}, want true or false`)
}

/** An AbortSignal, if one is given. Errors: NdloomError. */
export function checkSignal(value: unknown, operation: string): AbortSignal | undefined {
  const signal = value as AbortSignal | undefined
  if (signal === undefined || typeof signal?.addEventListener === 'function') return signal
  throw new NdloomError(
    `${operation}: got signal ${formatGiven(value)}, want an AbortSignal, as new AbortController().signal`,
  )
}

/** The `progress` option of a run. Errors: NdloomError. */
export function checkProgress(value: unknown, operation: string): void {
  if (value === undefined || typeof value === 'boolean' || typeof value === 'function') return
  throw new NdloomError(
    `${operation}: got progress ${formatGiven(value)}, want true or a function (finished, total, state) => ...`,
  )
}

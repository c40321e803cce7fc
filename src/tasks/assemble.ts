/** The value of a list that holds results of other tasks. */
export const list = (...items: unknown[]): unknown[] => items
/** Of a list that was put together in parts, as a call takes only so many arguments. */
export const concatenate = (...parts: unknown[][]): unknown[] => parts.flat(1)
/** Of a plain object that holds results of other tasks. */
export const record = (keys: readonly string[], ...values: unknown[]): Record<string, unknown> =>
  Object.fromEntries(keys.map((key, i) => [key, values[i]]))

/*
 * JSON as Zarr's metadata have it: with NaN and Infinity, as Python writes them in attributes, with the sign of zero, and with integers of
 * any length, which JSON.parse would round; those are bigints here.
 */

/** Errors: SyntaxError. */
export function parseJson(text: string): unknown {
  const isPlain = !/NaN|Infinity|\d{16}/.test(text)
  return isPlain ? JSON.parse(text) : JSON.parse(text.replace(tokenPattern, mark), unmark)
}

/** The text; undefined of what JSON has no text for. */
export const formatJson = (value: unknown, space = 0): string | undefined =>
  JSON.stringify(value, (_, part) => (needsMark(part) ? `\0${textOf(part)}` : part), space)?.replace(markPattern, '$1')

/** Texts, which are passed over, and numbers. */
const tokenPattern = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:NaN|Infinity|\d[\d.eE+-]*)/g
const isLongInteger = (token: string): boolean => /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token))

/** What JSON.parse does not know, or would round, as a text that begins with a zero byte. */
const mark = (token: string): string => (/^-?[NI]/.test(token) || isLongInteger(token) ? `"\\u0000${token}"` : token)
function unmark(_: string, value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith('\0')) return value
  const token = value.slice(1)
  return isLongInteger(token) ? BigInt(token) : Number(token)
}

/** What JSON.stringify refuses or changes. */
const needsMark = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' || (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
const textOf = (value: number | bigint): string => (Object.is(value, -0) ? '-0.0' : String(value))
const markPattern = /"\\u0000(-?(?:NaN|Infinity|[\d.]+))"/g

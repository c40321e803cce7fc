import { ChunkedArray } from '../array/chunked-array.ts'
import { NdloomError } from '../core/errors.ts'
import { isLazy } from '../run/lazy.ts'

/** What futures and lazy values are looked for in: lists and plain objects. */
export function innerParts(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value
  const isRecord = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  return isRecord ? Object.values(value) : undefined
}

/** Lazy values among the arguments would come as plain objects that are of no use. Errors: NdloomError. */
export function checkComputed(value: unknown, operation: string, seen = new Set<unknown>()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  if (value instanceof ChunkedArray || isLazy(value))
    throw new NdloomError(
      `${operation}: got ${value instanceof ChunkedArray ? 'a lazy array' : 'a delayed value'} as an argument, which is not computed; await its compute() first, or call the function through nd.delayed`,
    )
  const parts = innerParts(value)
  if (!parts) return
  seen.add(value)
  for (const part of parts) checkComputed(part, operation, seen)
}

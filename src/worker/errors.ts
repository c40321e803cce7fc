import * as errors from '../core/errors.ts'

/** An error as it goes between threads, which by itself would lose its class, its own fields and its cause. */
export interface EncodedError {
  readonly kind: 'error'
  /** Names of its classes, its own first. */
  readonly classes: readonly string[]
  readonly message: string
  readonly stack: string | undefined
  readonly fields: readonly (readonly [string, Encoded])[]
}
export type Encoded =
  | EncodedError
  | { readonly kind: 'list'; readonly items: readonly Encoded[] }
  | { readonly kind: 'value'; readonly value: unknown }

const deepest = 10

/** Anything that was thrown, made ready for structured clone. What cannot be cloned becomes its text. */
export function encodeError(thrown: unknown, depth = 0): Encoded {
  if (depth > deepest) return { kind: 'value', value: String(thrown) }
  if (Array.isArray(thrown) && thrown.some((item) => item instanceof Error)) {
    return { kind: 'list', items: thrown.map((item) => encodeError(item, depth + 1)) }
  }
  if (!(thrown instanceof Error)) return { kind: 'value', value: cloneable(thrown) }
  const fields: [string, Encoded][] = []
  for (const key of Object.getOwnPropertyNames(thrown)) {
    if (key !== 'message' && key !== 'stack') fields.push([key, encodeError(read(thrown, key), depth + 1)])
  }
  const classes = classNames(thrown)
  if (!Object.hasOwn(thrown, 'name') && !classes.includes(thrown.name)) fields.push(['name', encodeError(thrown.name)])
  const code = read(thrown, 'code')
  if (code !== undefined && !Object.hasOwn(thrown, 'code')) fields.push(['code', encodeError(code)])
  return { kind: 'error', classes, message: String(thrown.message), stack: thrown.stack, fields }
}

/** What was thrown on the other side, with the nearest class that is known here. */
export function decodeError(encoded: Encoded): unknown {
  if (encoded.kind === 'value') return encoded.value
  if (encoded.kind === 'list') return encoded.items.map(decodeError)
  const error = new Error(encoded.message)
  const found = encoded.classes.map(classOf).find((candidate) => candidate !== undefined)
  Object.setPrototypeOf(error, (found ?? Error).prototype)
  define(error, 'stack', encoded.stack)
  const [name] = encoded.classes
  for (const [key, value] of encoded.fields) define(error, key, decodeError(value))
  if (error.name !== name && !encoded.fields.some(([key]) => key === 'name')) define(error, 'name', name)
  return error
}

type ErrorClass = { readonly name: string; readonly prototype: Error }
const ownClasses = Object.values(errors).filter(
  (found): found is typeof found & ErrorClass => typeof found === 'function' && found.prototype instanceof Error,
)
const ownByName = new Map<string, ErrorClass>(ownClasses.map((errorClass) => [errorClass.name, errorClass]))

/** Ours, and JavaScript's own (TypeError, AggregateError, ...). */
function classOf(name: string): ErrorClass | undefined {
  const found: unknown = ownByName.get(name) ?? Reflect.get(globalThis, name)
  const isClass = typeof found === 'function' && (found === Error || found.prototype instanceof Error)
  return isClass && name !== 'DOMException' ? (found as unknown as ErrorClass) : undefined
}

function classNames(error: Error): string[] {
  const names: string[] = []
  for (let prototype = Object.getPrototypeOf(error); prototype; prototype = Object.getPrototypeOf(prototype)) {
    const name: unknown = prototype.constructor?.name
    if (typeof name === 'string' && name !== '' && name !== 'Object') names.push(name)
  }
  return names
}

function define(error: Error, key: string, value: unknown): void {
  const enumerable = key !== 'stack' && key !== 'cause' && key !== 'errors'
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable })
}

function read(error: Error, key: string): unknown {
  try {
    return Reflect.get(error, key)
  } catch (failure) {
    return String(failure)
  }
}

function cloneable(value: unknown): unknown {
  try {
    return structuredClone(value)
  } catch {
    return String(value)
  }
}

import { formatGiven, NdloomError } from '../core/errors.ts'

/** A function as it goes to a worker: its text (with its name, for stacks), or the name of an export of a module. */
export type SentFunction = { readonly text: string; readonly name?: string } | ModuleFunction
/**
 * An exported function of a module. `module` is a package name or URL, as `import()` takes it, or a path: a relative one
 * (`./work.js`) is looked up in the working directory of the process.
 */
export interface ModuleFunction {
  readonly module: string
  readonly name: string
}
export type Callable = (this: unknown, ...args: unknown[]) => unknown

/**
 * A function made ready to be sent. Errors: NdloomError for what is no function, and for native and bound functions, which have no text.
 * @example sentFunction((x: number) => x * x, 'map')
 */
export function sentFunction(fn: unknown, operation: string): SentFunction {
  if (typeof fn === 'function') return { text: functionText(fn as () => unknown, operation), name: fn.name }
  const { module, name } = (typeof fn === 'object' && fn !== null ? fn : {}) as Partial<ModuleFunction>
  if (typeof module === 'string' && typeof name === 'string') return { module: moduleUrl(module), name }
  throw new NdloomError(
    `${operation}: got ${formatGiven(fn)} as the function, want a function, or { module, name } of an exported one`,
  )
}

/** The name by which errors and pictures call a function; '' when it has none. */
export const functionName = (fn: unknown): string =>
  typeof fn === 'function' || (typeof fn === 'object' && fn !== null && 'name' in fn) ? String(fn.name) : ''

function functionText(fn: () => unknown, operation: string): string {
  const text = fn.toString()
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text))
    throw new NdloomError(
      `${operation}: the function ${fn.name || ''} is native or bound and has no text to send; write (x) => ... instead`,
    )
  return text
}

/** Paths become URLs here, as a worker does not know from where they were meant. */
function moduleUrl(module: string): string {
  if (!/^(\.{0,2}\/|[a-z]:[\\/])/i.test(module)) return module
  const { pathToFileURL } = process.getBuiltinModule('node:url')
  const { resolve } = process.getBuiltinModule('node:path')
  return pathToFileURL(resolve(module)).href
}

/** Equal functions have equal keys. */
export const keyOf = (fn: SentFunction): string => `${'text' in fn ? fn.text : fn.module} ${fn.name ?? ''}`

const known = new Map<string, Promise<Callable>>()

/** The function that was sent: its text, evaluated in this realm, or the export of the module. */
export function receiveFunction(fn: SentFunction): Promise<Callable> {
  const key = keyOf(fn)
  const found = known.get(key) ?? ('text' in fn ? Promise.resolve(fn).then(evaluate) : importNamed(fn))
  known.set(key, found)
  return found
}

/** A property's name is that of the function. A method's text (`f(x) {...}`) is no expression, but a property by itself. */
function evaluate({ text, name = '' }: { readonly text: string; readonly name?: string }): Callable {
  try {
    return new Function(`'use strict'; return ({ ${JSON.stringify(name)}: (${text}) })`)()[name] as Callable
  } catch {
    return Object.values(new Function(`'use strict'; return ({ ${text} })`)() as Record<string, Callable>)[0]
  }
}

async function importNamed({ module, name }: ModuleFunction): Promise<Callable> {
  const found = (await import(module))[name]
  if (typeof found !== 'function')
    throw new TypeError(`${module} exports no function ${name}; name one that it exports`)
  return found as Callable
}

/** What a function that was sent has thrown; an outside name that its text refers to is named with the cure. */
export function explainThrown(error: unknown, fn: SentFunction, way: string): unknown {
  if (!(error instanceof ReferenceError) || !('text' in fn) || !/ is not defined$/.test(error.message)) return error
  const cure = `the function is sent as text, so it sees no variables from around it: ${way}, or name an exported function by { module, name }`
  return new ReferenceError(`${error.message}: ${cure}`, { cause: error })
}

import type { Expression, Node } from 'acorn'

type Acorn = typeof import('acorn')
type Periscopic = typeof import('periscopic')
let parsers: { readonly acorn: Acorn; readonly periscopic: Periscopic } | undefined

/** Loaded when the first function is looked at, at once, as the error is to come from the call that gave it. */
function loadParsers() {
  const { createRequire } = process.getBuiltinModule('node:module')
  const load = createRequire(import.meta.url)
  parsers ??= { acorn: load('acorn') as Acorn, periscopic: load('periscopic') as Periscopic }
  return parsers
}

/**
 * The names that a function's text refers to and that are neither its own nor global: variables from around it, which it will not find
 * where it is sent. Names that are only asked for with `typeof` do not count; nor does text that is no JavaScript by itself.
 */
export function freeVariables(text: string): string[] {
  const tree = parse(text)
  if (!tree) return []
  const { globals } = loadParsers().periscopic.analyze(tree as never)
  return [...globals.keys()].filter((name) => !(name in globalThis) && name !== 'arguments' && !isAskedFor(text, name))
}

/** A method's text (`f(x) {...}`) is no expression by itself; as a property of an object literal it is. */
function parse(text: string): Node | undefined {
  const { acorn } = loadParsers()
  for (const form of [`(${text})`, `({ ${text} })`]) {
    try {
      return acorn.parseExpressionAt(form, 0, { ecmaVersion: 'latest' }) as Expression
    } catch {
      // The other form, or none: then the worker tells what is wrong with it.
    }
  }
  return undefined
}

const isAskedFor = (text: string, name: string): boolean =>
  new RegExp(`\\btypeof\\s+${name.replaceAll('$', '\\$')}(?![\\w$])`).test(text)

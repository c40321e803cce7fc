import { fields, type Module } from './fields.ts'
import type { Names } from './instructions.ts'
import { bytesOf, createSections } from './sections.ts'
import { expectWord, refuse, tokensOf } from './tokens.ts'

/** Functions and globals where they are declared; an export only mentions them. */
const declaration = /\(export\s+"[^"]*"\s+\(|\((func|global)(?=[\s)])(?:\s+(\$[^\s()";]+))?/g
function declaredNames(text: string): Record<'func' | 'global', Names> {
  const names = { func: new Map<string, number>(), global: new Map<string, number>() }
  const counts = { func: 0, global: 0 }
  for (const [, kind, name] of text.matchAll(declaration)) {
    if (kind !== 'func' && kind !== 'global') continue
    if (name) names[kind].set(name, counts[kind])
    counts[kind]++
  }
  return names
}

/**
 * The bytes of a module from its text: as much of the WebAssembly text format as kernels are written in
 * (https://webassembly.github.io/spec/core/text/index.html), with folded instructions and with names for all but types. Most texts
 * are new to a thread that is new itself, where the engine still interprets our code: so it is one pass without a tree, over words that a
 * regular expression has found.
 *
 * @throws NdloomError that begins with `internal: assemble:` where the text has anything else
 * @example
 * new WebAssembly.Module(assemble('(module (func (export "two") (result i32) (i32.const 2)))'))
 */
export function assemble(text: string): Uint8Array<ArrayBuffer> {
  const tokens = tokensOf(text)
  const { func, global } = declaredNames(text)
  const module: Module = {
    tokens,
    typeIndices: new Map(),
    functions: func,
    globals: global,
    functionCount: 0,
    globalCount: 0,
    hasMemory: false,
    sections: createSections(),
  }
  expectWord(tokens, '(module')
  while (tokens.words[tokens.at] !== ')') {
    const field = fields[tokens.words[tokens.at]] ?? refuse(tokens, tokens.at, 'unknown part of a module')
    tokens.at++
    field(module)
    expectWord(tokens, ')')
  }
  tokens.at++
  if (tokens.at !== tokens.words.length - 1) refuse(tokens, tokens.at, 'behind the module')
  return bytesOf(module.sections)
}

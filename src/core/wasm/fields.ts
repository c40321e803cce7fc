import { type Body, codes, type Names, writeInstruction, writeInstructions } from './instructions.ts'
import { integerOf, writeUnsigned } from './numbers.ts'
import { addEntry, type Sections, sized } from './sections.ts'
import { expectWord, readString, readType, refuse, type Tokens } from './tokens.ts'

/** A module while its text is read. */
export interface Module {
  readonly tokens: Tokens
  /** By parameters and results. */
  readonly typeIndices: Map<string, number>
  /** Known from the start, as a function may call one that comes after it. */
  readonly functions: Names
  readonly globals: Names
  functionCount: number
  globalCount: number
  hasMemory: boolean
  readonly sections: Sections
}

const kinds = { function: 0, memory: 2, global: 3 } as const

/** Reads the name of what is declared as number `index`, if it has one. */
function readName(tokens: Tokens, names: Names, index: number): void {
  const name = tokens.words[tokens.at]
  if (!name.startsWith('$')) return
  if (names.get(name) !== index) refuse(tokens, tokens.at, 'a second declaration')
  tokens.at++
}

/** Reads `(param $x i32)`, `(result f64 f64)` or `(local $y v128)`, as many as follow each other. */
function readTypes(tokens: Tokens, opening: string, types: number[], names: Names): void {
  const { words } = tokens
  while (words[tokens.at] === opening) {
    tokens.at++
    const name = words[tokens.at]
    if (name.startsWith('$')) {
      if (names.has(name)) refuse(tokens, tokens.at, 'a second declaration')
      names.set(name, types.length)
      tokens.at++
      types.push(readType(tokens))
      expectWord(tokens, ')')
    } else {
      while (words[tokens.at] !== ')') types.push(readType(tokens))
      tokens.at++
    }
  }
}

/** Reads a signature; the types of its parameters, and the number of its type. */
function readSignature({ tokens, typeIndices, sections }: Module, names: Names): { params: number[]; index: number } {
  const params: number[] = []
  const results: number[] = []
  readTypes(tokens, '(param', params, names)
  readTypes(tokens, '(result', results, new Map())
  const key = `${params}>${results}`
  const index = typeIndices.get(key) ?? sections.type.count
  if (index === sections.type.count) {
    typeIndices.set(key, index)
    addEntry(sections.type, [0x60, ...sized(params), ...sized(results)])
  }
  return { params, index }
}

function readPages(tokens: Tokens, bytes: number[]): void {
  const pages = integerOf(tokens.words[tokens.at], 32) ?? -1
  if (pages < 0) refuse(tokens, tokens.at, 'not a number of pages')
  writeUnsigned(bytes, pages)
  tokens.at++
}

function readLimits(tokens: Tokens): number[] {
  const bytes = [0]
  readPages(tokens, bytes)
  if (/^\d/.test(tokens.words[tokens.at])) {
    bytes[0] |= 1
    readPages(tokens, bytes)
  }
  if (tokens.words[tokens.at] === 'shared') {
    bytes[0] |= 2
    tokens.at++
  }
  return bytes
}

/** Instructions name no memory, so there is one. */
function addMemory(module: Module): void {
  if (module.hasMemory) refuse(module.tokens, module.tokens.at - 1, 'a second memory')
  module.hasMemory = true
}

function readGlobalType(tokens: Tokens): number[] {
  if (tokens.words[tokens.at] !== '(mut') return [readType(tokens), 0]
  tokens.at++
  const type = readType(tokens)
  expectWord(tokens, ')')
  return [type, 1]
}

const createBody = ({ tokens, functions, globals }: Module, locals: Names): Body => ({
  tokens,
  functions,
  globals,
  locals,
  labels: [],
  bytes: [],
})
/** Reads the instruction that is a value of the module. */
function readConstant(module: Module): number[] {
  const body = createBody(module, new Map())
  writeInstruction(body)
  return [...body.bytes, codes.end]
}

/** Neighbours of one type are declared together. */
function localGroups(types: readonly number[]): number[] {
  const bytes: number[] = []
  let groups = 0
  for (let from = 0, to = 0; from < types.length; from = to, groups++) {
    while (to < types.length && types[to] === types[from]) to++
    writeUnsigned(bytes, to - from)
    bytes.push(types[from])
  }
  const count: number[] = []
  writeUnsigned(count, groups)
  return [...count, ...bytes]
}

function readExports({ tokens, sections }: Module, kind: number, index: number): void {
  while (tokens.words[tokens.at] === '(export') {
    tokens.at++
    const entry = [...sized(readString(tokens)), kind]
    writeUnsigned(entry, index)
    addEntry(sections.export, entry)
    expectWord(tokens, ')')
  }
}

/** What a module is made of, by its opening word; each reads up to its closing parenthesis. */
export const fields: Readonly<Record<string, (module: Module) => void>> = {
  '(import': (module) => {
    const { tokens, sections, functions, globals } = module
    const from = [...sized(readString(tokens)), ...sized(readString(tokens))]
    const kind = tokens.words[tokens.at++]
    if (kind === '(memory') {
      addMemory(module)
      addEntry(sections.import, [...from, kinds.memory, ...readLimits(tokens)])
    } else if (kind === '(global') {
      if (sections.global.count > 0) refuse(tokens, tokens.at - 1, 'an import behind a definition')
      readName(tokens, globals, module.globalCount++)
      addEntry(sections.import, [...from, kinds.global, ...readGlobalType(tokens)])
    } else if (kind === '(func') {
      if (sections.function.count > 0) refuse(tokens, tokens.at - 1, 'an import behind a definition')
      readName(tokens, functions, module.functionCount++)
      const entry = [...from, kinds.function]
      writeUnsigned(entry, readSignature(module, new Map()).index)
      addEntry(sections.import, entry)
    } else refuse(tokens, tokens.at - 1, 'unknown import')
    expectWord(tokens, ')')
  },
  '(memory': (module) => {
    const { tokens, sections } = module
    addMemory(module)
    readExports(module, kinds.memory, 0)
    addEntry(sections.memory, readLimits(tokens))
  },
  '(global': (module) => {
    const { tokens, sections, globals } = module
    readName(tokens, globals, module.globalCount++)
    addEntry(sections.global, readGlobalType(tokens), readConstant(module))
  },
  '(func': (module) => {
    const { tokens, sections, functions } = module
    const number = module.functionCount++
    readName(tokens, functions, number)
    readExports(module, kinds.function, number)
    const locals: Names = new Map()
    const { params, index } = readSignature(module, locals)
    const types = [...params]
    readTypes(tokens, '(local', types, locals)
    const body = createBody(module, locals)
    writeInstructions(body)
    body.bytes.push(codes.end)
    const groups = localGroups(types.slice(params.length))
    const head: number[] = []
    writeUnsigned(head, groups.length + body.bytes.length)
    addEntry(sections.code, head, groups, body.bytes)
    const type: number[] = []
    writeUnsigned(type, index)
    addEntry(sections.function, type)
  },
  '(export': ({ tokens, sections, functions }) => {
    const entry = [...sized(readString(tokens)), kinds.function]
    expectWord(tokens, '(func')
    writeUnsigned(entry, functions.get(tokens.words[tokens.at]) ?? refuse(tokens, tokens.at, 'unknown name'))
    addEntry(sections.export, entry)
    tokens.at++
    expectWord(tokens, ')')
  },
  '(data': (module) => {
    const offset = readConstant(module)
    addEntry(module.sections.data, [0, ...offset, ...sized(readString(module.tokens))])
  },
}

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../src', import.meta.url))
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll('\\', '/'))
const text = new Map(files.map((name) => [name, readFileSync(join(root, name), 'utf8')]))

/** An import goes to the own folder or to a lower layer. Folders of one number do not import each other. */
const layers: Record<string, number> = {
  core: 0,
  ops: 1,
  storage: 2,
  kernel: 3,
  graph: 3,
  plan: 4,
  worker: 4,
  scheduler: 5,
  diagnostics: 6,
  run: 7,
  'compute.ts': 8,
  array: 9,
  tasks: 10,
  'index.ts': 11,
}
const partOf = (file: string): string => file.split('/')[0]
const layerOf = (file: string): number => layers[partOf(file)] ?? Number.NaN
/** Folders that run in a browser: nothing of Node's at the top of a file. */
const portable = ['core', 'ops', 'kernel', 'graph', 'plan']

interface Import {
  readonly from: string
  readonly to: string
  /** Types alone: they vanish when compiled. */
  readonly typesOnly: boolean
  /** False: loaded when it is needed, by import(). */
  readonly atTop: boolean
}
const dynamic = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g
const statement = /^(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]/gms
function importsOf(file: string): Import[] {
  const source = text.get(file)!
  const path = (target: string) =>
    (target.startsWith('.') ? relative(root, join(root, dirname(file), target)) : target).replaceAll('\\', '/')
  const stated = [...source.matchAll(statement)].map((match) => ({
    from: file,
    to: path(match[1] ?? match[2]),
    typesOnly: isTypesOnly(match[0]),
    atTop: true,
  }))
  const later = [...source.matchAll(dynamic)].map((match) => ({
    from: file,
    to: path(match[1]),
    typesOnly: false,
    atTop: false,
  }))
  return [...stated, ...later]
}
function isTypesOnly(imported: string): boolean {
  if (/^(import|export)\s+type\s/.test(imported)) return true
  const names = /^(?:import|export)\s*\{([^}]*)\}/
    .exec(imported)?.[1]
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
  return names !== undefined && names.length > 0 && names.every((name) => name.startsWith('type '))
}
const imports = files.flatMap(importsOf)
const inside = imports.filter(({ to }) => text.has(to))

/** The files of a ring of imports, if there is one. */
function findRing(edges: readonly Import[]): string[] | undefined {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const { to } of edges.filter(({ from }) => from === file)) {
      const ring = visit(to, [...path, file])
      if (ring) return ring
    }
    done.add(file)
    return undefined
  }
  for (const file of new Set(edges.map(({ from }) => from))) {
    const ring = visit(file, [])
    if (ring) return ring
  }
  return undefined
}

/** The functions of a file that end in a line of their own, with their numbers of lines, by the brace they begin with. */
function functionLengths(source: string): { line: number; lines: number }[] {
  const lines = source.split('\n')
  const opens =
    /^(\s*)(?:export )?(?:default )?(?:(?:async )?function\b.*|(?:const|let) \w+.*=>\s*|(?:static |private |async |get |set |\*|#)*[\w[\].#]+\(.*\).*)\{$/
  return lines.flatMap((first, at) => {
    const indent = opens.exec(first)?.[1]
    if (indent === undefined) return []
    const end = lines.findIndex((line, i) => i > at && line.startsWith(`${indent}}`) && !line.startsWith(`${indent}} `))
    return end < 0 ? [] : [{ line: at + 1, lines: end - at + 1 }]
  })
}

describe('layers', () => {
  test('every file has a layer', () => {
    expect(files.filter((file) => Number.isNaN(layerOf(file)))).toEqual([])
  })
  test('an import goes to the own folder or to a lower layer', () => {
    const wrong = inside.filter(({ from, to }) => partOf(from) !== partOf(to) && layerOf(to) >= layerOf(from))
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([])
  })
  test('an import names a file that exists', () => {
    const missing = imports.filter(({ to }) => /\.ts$/.test(to) && !text.has(to))
    expect(missing.map(({ from, to }) => `${from} -> ${to}`)).toEqual([])
  })
  test('there is no ring of imports', () => {
    expect(findRing(inside.filter(({ typesOnly }) => !typesOnly))).toBeUndefined()
  })
  test('there is no ring of imports of types', () => {
    expect(findRing(inside)).toBeUndefined()
  })
  test('what runs in a browser imports nothing of Node at the top of a file', () => {
    const wrong = imports.filter(
      ({ from, to, typesOnly, atTop }) =>
        portable.includes(partOf(from)) && !typesOnly && atTop && to.startsWith('node:'),
    )
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([])
  })
})

describe('room', () => {
  test('a file has at most 400 lines', () => {
    expect(files.filter((file) => text.get(file)!.split('\n').length > 401)).toEqual([])
  })
  test('a function has at most 80 lines', () => {
    const long = files.flatMap((file) =>
      functionLengths(text.get(file)!)
        .filter(({ lines }) => lines > 80)
        .map(({ line, lines }) => `${file}:${line} has ${lines}`),
    )
    expect(long).toEqual([])
  })
  test('there is no top-level await', () => {
    expect(files.filter((file) => /^(await\b|(export )?(const|let) .*= await\b)/m.test(text.get(file)!))).toEqual([])
  })
  test('there are no leftovers', () => {
    const marks = /console\.log|@ts-ignore|@ts-expect-error|\bTODO\b|\bFIXME\b|\bas any\b|: any\b/
    expect(files.filter((file) => marks.test(text.get(file)!) || /(^|\/)utils?(\.ts|\/)/.test(file))).toEqual([])
  })
})

test('the checks find what they look for', () => {
  const edge = (from: string, to: string): Import => ({ from, to, typesOnly: false, atTop: true })
  expect(findRing([edge('a', 'b'), edge('b', 'c'), edge('c', 'b')])).toEqual(['b', 'c', 'b'])
  expect(findRing([edge('a', 'b'), edge('a', 'c'), edge('b', 'c')])).toBeUndefined()
  const body = Array.from({ length: 90 }, () => '  f()').join('\n')
  expect(functionLengths(`export function long(x: number): void {\n${body}\n}\n`)).toEqual([{ line: 1, lines: 92 }])
  expect(functionLengths(`const long = (x: number): void => {\n${body}\n}\n`)).toEqual([{ line: 1, lines: 92 }])
  expect(functionLengths(`class A {\n  long(x: number): void {\n${body}\n  }\n}\n`)).toEqual([{ line: 2, lines: 92 }])
  expect(isTypesOnly("import { type A, type B } from './a.ts'")).toBe(true)
  expect(isTypesOnly("import { type A, b } from './a.ts'")).toBe(false)
})

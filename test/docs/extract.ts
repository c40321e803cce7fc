import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A piece of code that the documentation shows, and what must stand before it so that it runs. */
export interface Example {
  /** Where it stands: file and line. */
  readonly place: string
  readonly setup: string
  readonly code: string
}
/** A page of examples that run one after the other in one process. */
export interface Page {
  readonly name: string
  readonly examples: readonly Example[]
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const lineAt = (text: string, at: number): number => text.slice(0, at).split('\n').length

/**
 * The `ts` fences of a Markdown page. An HTML comment `<!-- setup ... -->` holds what readers need not see (the arrays an example takes
 * for granted); it counts for all fences below it.
 */
function examplesOfPage(file: string): Page {
  const text = read(file)
  const parts = /^<!-- setup\n(?<setup>.*?)^-->|^```ts\n(?<code>.*?)^```/gms
  let setup = ''
  const examples: Example[] = []
  for (const { groups, index } of text.matchAll(parts)) {
    if (groups?.setup !== undefined) setup += groups.setup
    else examples.push({ place: `${file}:${lineAt(text, index)}`, setup, code: groups!.code })
  }
  return { name: file, examples }
}

/** What the short examples of docstrings take for granted. */
const docstringSetup = `
const x = nd.arange(16).reshape([4, 4]).add(0.5).rechunk(2)
const y = nd.ones([4, 4], { chunks: 3 })
`
/** The `@example` parts of the docstrings of a folder. */
function examplesOfSources(folder: string): Page {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  const examples = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const path = join(folder, file)
      const text = read(path)
      return [...text.matchAll(/@example(.*?)(?=\n\s*\* @|\*\/)/gs)].map(({ 1: code, index }) => ({
        place: `${relative('.', path)}:${lineAt(text, index)}`,
        setup: docstringSetup,
        code: code.replaceAll(/^\s*\* ?/gm, '').trim(),
      }))
    })
  return { name: folder, examples }
}

const isPage = (file: string): boolean => file.endsWith('.md')
export const pages: readonly Page[] = [
  examplesOfPage('README.md'),
  ...readdirSync(join(root, 'docs'))
    .filter(isPage)
    .map((file) => examplesOfPage(`docs/${file}`)),
  ...['src/array', 'src/tasks'].map(examplesOfSources),
].filter(({ examples }) => examples.length > 0)

const anImport = /^import .* from '(?!ndloom').*'$/gm
const importOfNdloom = /^import \* as nd from 'ndloom'$/gm
/** `expression // -> text` claims that the expression, awaited, is printed as the text. */
const claim = /^(\s*)(\S.*?)\s*\/\/ -> (.*)$/gm

/** A script that runs a page's examples and tells which failed. */
export function scriptOf({ examples }: Page): string {
  const imports = new Set(examples.flatMap(({ setup, code }) => `${setup}\n${code}`.match(anImport) ?? []))
  const bodyOf = (code: string): string =>
    code
      .replaceAll(anImport, '')
      .replaceAll(importOfNdloom, '')
      .replaceAll(
        claim,
        (_, indent, expression, text) => `${indent}claim(await (${expression}), ${JSON.stringify(text)})`,
      )
  const runs = examples.map(
    ({ place, setup, code }) =>
      `await run(${JSON.stringify(place)}, async () => {\n${bodyOf(setup)}\n{\n${bodyOf(code)}\n}\n})`,
  )
  return `import * as nd from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)}
import { inspect } from 'node:util'
${[...imports].join('\n')}
function claim(value: unknown, text: string): void {
  const shown = inspect(value)
  if (shown !== text) throw new Error('it is ' + shown + ', the page says ' + text)
}
async function run(place: string, example: () => Promise<void>): Promise<void> {
  try {
    await example()
  } catch (error) {
    process.exitCode = 1
    console.error(place + ': ' + (error instanceof Error ? error.stack : error))
  }
}
${runs.join('\n')}
await nd.shutdown()
`
}

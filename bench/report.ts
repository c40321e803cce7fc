/** The benchmarks' common page, bench/results.md: each benchmark writes the section it measured and leaves the others. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

const page = new URL('results.md', import.meta.url)
const heading = (title: string): string => `## ${title}`

const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: new URL('.', import.meta.url), encoding: 'utf8' }).trim()
/** The commit that is measured, and whether anything but the results has been changed since. */
const commit = (): string => {
  const changed = git('status', '--porcelain', '--', ':/', ':!results.md')
  return `${git('rev-parse', '--short', 'HEAD')}${changed === '' ? '' : '-dirty'}`
}

/** When and on what a section is measured, and which commit: the sentence it begins with. */
export const measuredOn = (): string =>
  `Measured on ${new Date().toISOString().slice(0, 10)} at commit ${commit()}: ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ` +
  `${(totalmem() / 2 ** 30).toFixed(0)} GiB, load ${loadavg()[0].toFixed(1)}, Node ${process.versions.node}.`

/** The page with the section `title` (without `##`) replaced, or put at its end. */
export function replaceSection(text: string, title: string, markdown: string): string {
  const [head, ...sections] = text.split(/^(?=## )/m).map((part) => part.trim())
  const section = `${heading(title)}\n\n${markdown.trim()}`
  const index = sections.findIndex((each) => each.split('\n', 1)[0] === heading(title))
  if (index < 0) sections.push(section)
  else sections[index] = section
  return `${[head, ...sections].join('\n\n')}\n`
}

/** Writes one section of bench/results.md. */
export function writeSection(title: string, markdown: string): void {
  const text = existsSync(page) ? readFileSync(page, 'utf8') : '# Benchmarks\n'
  writeFileSync(page, replaceSection(text, title, markdown))
}

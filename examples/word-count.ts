/** The most frequent words of the guide: each page is counted by a task, the counts are put together here. */
import { readdirSync, readFileSync } from 'node:fs'
import * as nd from 'ndloom'

const folder = new URL('../docs/', import.meta.url)
const pages = readdirSync(folder)
  .filter((name) => name.endsWith('.md'))
  .map((name) => readFileSync(new URL(name, folder), 'utf8'))

const countWords = (text: string): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const [word] of text.toLowerCase().matchAll(/\p{Letter}+/gu)) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

const total = new Map<string, number>()
const pool = new nd.Pool()
for await (const counts of pool.imapUnordered(countWords, pages))
  for (const [word, count] of counts) total.set(word, (total.get(word) ?? 0) + count)
await pool.close()

const words = [...total].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
console.log(`${pages.length} pages, ${words.length} different words`)
for (const [word, count] of words.slice(0, 10)) console.log(`${word.padEnd(10)} ${String(count).padStart(5)}`)

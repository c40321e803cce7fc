import { expect, test } from 'vitest'
import { replaceSection } from '../../bench/report.ts'

const page = '# Benchmarks\n\nWhat it is.\n\n## Arrays\n\nold\n\n### part\n\n## Tasks\n\nkept\n'

test('a section is replaced, the others stay', () => {
  expect(replaceSection(page, 'Arrays', 'new\n')).toBe(
    '# Benchmarks\n\nWhat it is.\n\n## Arrays\n\nnew\n\n## Tasks\n\nkept\n',
  )
})

test('a new section goes to the end', () => {
  expect(replaceSection(page, 'Array', 'new')).toBe(`${page}\n## Array\n\nnew\n`)
})

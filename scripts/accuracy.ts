/**
 * Writes docs/accuracy.md: the worst error of each maths function over many more numbers than the tests take.
 *   python scripts/fixtures-math.py 30000 <folder> && node scripts/accuracy.ts <folder>
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeFixture, type Lane, worstError } from '../test/kernel/math-harness.ts'

const folder = process.argv[2]
const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
const names = files.map((file) => file.slice(0, -'.json'.length))
const families = [...new Set(names.map((name) => name.split('_')[0]))].sort()
let count = 0

function cells(family: string, lane: Lane): string {
  const fixture = decodeFixture(readFileSync(join(folder, `${family}_${lane}.json`), 'utf8'), lane)
  count = fixture.expected.length
  const { ulp, at } = worstError(`${family}_${lane}`, fixture)
  return `${ulp.toFixed(2)} | \`${at.join(', ')}\``
}

const rows = families.map((family) => `| ${family} | ${cells(family, 'f64')} | ${cells(family, 'f32')} |`)
const text = `# Accuracy of the maths functions

Written by \`scripts/accuracy.ts\` on ${new Date().toISOString().slice(0, 10)} over ${count.toLocaleString('en')} numbers a function and dtype,
against mpmath with 160 bits (\`scripts/fixtures-math.py\` says which numbers: random ones of every size, near multiples of pi/2, near 1
for logarithms, at the ends of the range, subnormal ones). Errors are in units in the last place of the exact result; half a unit is
the least possible. The functions are WebAssembly SIMD without relaxed instructions, so that every platform gives these bits, and a
result does not depend on its neighbours in a vector. The promise is 2 units, which the tests check; NaN, infinities and signed
zeros are as in C99 and NumPy.

logaddexp: where exp(a) + exp(b) is close to 1 its logarithm is far smaller than a and b and has fewer good digits than it shows (so
it is in NumPy); its error is counted in units of the larger operand there.

| function | float64, worst | at | float32, worst | at |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

Normal random numbers are within 4 units of the formula of Box and Muller evaluated in plain JavaScript; uniform ones are exact.
`
writeFileSync(new URL('../docs/accuracy.md', import.meta.url), text)

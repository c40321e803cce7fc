import type { Definition } from './build.ts'
import { expFunctions } from './exp.ts'
import { hyperbolicFunctions } from './hyperbolic.ts'
import { integerPowerFunctions } from './integer-power.ts'
import { inverseHyperbolicFunctions } from './inverse-hyperbolic.ts'
import { inverseTrigonometricFunctions } from './inverse-trigonometric.ts'
import { constantText } from './lanes.ts'
import { logFunctions } from './log.ts'
import { powFunctions } from './pow.ts'
import { reductionFunctions } from './reduction.ts'
import { remainderFunctions } from './remainder.ts'
import { singleFunctions } from './single.ts'
import { trigonometricFunctions } from './trigonometric.ts'

const functions: readonly Definition[] = [
  ...expFunctions,
  ...logFunctions,
  ...reductionFunctions,
  ...trigonometricFunctions,
  ...inverseTrigonometricFunctions,
  ...hyperbolicFunctions,
  ...inverseHyperbolicFunctions,
  ...powFunctions,
  ...singleFunctions,
  // Used by src/ops/division.ts and the integer powers of src/ops/arithmetic.ts.
  ...remainderFunctions,
  ...integerPowerFunctions,
]

const byName: Readonly<Record<string, Definition>> = Object.fromEntries(functions.map((each) => [each.name, each]))

/**
 * The functions by name. A constant that one needs is found here too: it is a definition of its own, so that one in several functions is
 * in a module once, and follows from its name, so that no function is written before it is used.
 */
export const mathFunctions: Readonly<Record<string, Definition>> = new Proxy(byName, {
  get: (table, name: string) => table[name] ?? (name.includes(':') ? constantDefinition(name) : undefined),
})

const constantDefinition = (name: string): Definition => ({ name, text: constantText(name), needs: [] })

/** The texts of `names` and of all they need, each once. */
export function mathText(names: Iterable<string>): string {
  const found = new Set<string>()
  const visit = (name: string) => {
    if (found.has(name)) return
    found.add(name)
    mathFunctions[name].needs.forEach(visit)
  }
  for (const name of names) visit(name)
  return [...found].map((name) => mathFunctions[name].text).join('\n')
}

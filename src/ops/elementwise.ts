import { arithmetic } from './arithmetic.ts'
import { comparison } from './comparison.ts'
import { parts } from './complex.ts'
import { exponential } from './exponential.ts'
import { logical } from './logical.ts'
import type { ElementwiseRecord } from './record.ts'
import { rounding } from './rounding.ts'
import { trigonometric } from './trigonometric.ts'

/**
 * Every element-wise function of the Array API standard 2025.12 and a few of NumPy's, by name. `clip` is made of `minimum` and
 * `maximum`. Where NumPy gives float16 (functions of 8-bit integers) these give float32.
 */
export const elementwise: Readonly<Record<string, ElementwiseRecord>> = {
  ...arithmetic,
  ...comparison,
  ...logical,
  ...rounding,
  ...exponential,
  ...trigonometric,
  ...parts,
}

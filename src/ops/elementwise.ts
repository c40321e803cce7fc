import { arithmetic } from './arithmetic.ts'
import { comparison } from './comparison.ts'
import { parts } from './complex.ts'
import { exponential } from './exponential.ts'
import { logical } from './logical.ts'
import type { ElementwiseRecord } from './record.ts'
import { rounding } from './rounding.ts'
import { trigonometric } from './trigonometric.ts'

/**
 * Every element-wise function of the Array API standard 2025.12, by name; `clip` is made of `minimum` and `maximum`. Results are
 * NumPy's, bit for bit where a function is exact, but for these:
 * - functions of 8-bit integers and bool give float32 where NumPy gives float16, and `round` of bool gives int8;
 * - a negative integer exponent gives 0 (the bases 1 and -1 their powers) where NumPy throws, and the integer reciprocal of 0 is 0;
 * - `maximum` and `minimum` tell zeros apart (0 is the greater one), which NumPy leaves to the machine;
 * - two integer dtypes promote before a floating function makes them floating (`atan2` of int16 and uint16 is float64, not float32), and
 *   a scalar that does not fit an integer dtype makes such a function float64;
 * - int64 with uint64 is compared as float64, where NumPy compares exactly;
 * - complex numbers have no order: no `less`, `maximum` and kin;
 * - complex `expm1` and `log1p` have the standard's values at infinities and keep small real parts, `pow` gives NaN beside them.
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

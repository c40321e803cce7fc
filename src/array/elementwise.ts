import { apply } from '../graph/build.ts'
import { ChunkedArray } from './chunked-array.ts'
import { exprOf, type Operand, weakOperands } from './operands.ts'
import { checkNoOptions } from './options.ts'

export type Unary = (x: Operand) => ChunkedArray
export type Binary = (x1: Operand, x2: Operand) => ChunkedArray

const callRecord = (name: string, operands: readonly Operand[]): ChunkedArray =>
  new ChunkedArray(apply(name, weakOperands(operands, name), name))
const unary =
  (name: string): Unary =>
  (x: Operand, options?: unknown) => {
    checkNoOptions(options, name)
    return callRecord(name, [x])
  }
const binary =
  (name: string): Binary =>
  (x1: Operand, x2: Operand, options?: unknown) => {
    checkNoOptions(options, name)
    return callRecord(name, [x1, x2])
  }

// What each does to dtypes and special values stands in its record, src/ops/elementwise.ts.
/** |x|; of complex numbers their modulus, a real number. */
export const abs: Unary = unary('abs')
/** Arc cosine, in radians. */
export const acos: Unary = unary('acos')
/** Inverse hyperbolic cosine. */
export const acosh: Unary = unary('acosh')
/** Arc sine, in radians. */
export const asin: Unary = unary('asin')
/** Inverse hyperbolic sine. */
export const asinh: Unary = unary('asinh')
/** Arc tangent, in radians. */
export const atan: Unary = unary('atan')
/** Inverse hyperbolic tangent. */
export const atanh: Unary = unary('atanh')
/** Every bit inverted; of bool, not. */
export const bitwiseInvert: Unary = unary('bitwiseInvert')
/** The least integer that is not below x. */
export const ceil: Unary = unary('ceil')
/** The complex conjugate; real numbers as they are. */
export const conj: Unary = unary('conj')
/** Cosine of x radians. */
export const cos: Unary = unary('cos')
/** Hyperbolic cosine. */
export const cosh: Unary = unary('cosh')
/** e to the power x. */
export const exp: Unary = unary('exp')
/** e to the power x, less 1; exact near 0. */
export const expm1: Unary = unary('expm1')
/** The greatest integer that is not above x. */
export const floor: Unary = unary('floor')
/** The imaginary part; 0 of real numbers. */
export const imag: Unary = unary('imag')
/** Whether x is neither NaN nor infinite. */
export const isfinite: Unary = unary('isfinite')
/** Whether x is an infinity. */
export const isinf: Unary = unary('isinf')
/** Whether x is NaN. */
export const isnan: Unary = unary('isnan')
/** Natural logarithm. */
export const log: Unary = unary('log')
/** Natural logarithm of 1 + x; exact near 0. */
export const log1p: Unary = unary('log1p')
/** Logarithm to base 2. */
export const log2: Unary = unary('log2')
/** Logarithm to base 10. */
export const log10: Unary = unary('log10')
/** Whether x is zero (false). */
export const logicalNot: Unary = unary('logicalNot')
/** -x; integers wrap around. */
export const negative: Unary = unary('negative')
/** x as it is. */
export const positive: Unary = unary('positive')
/** The real part; real numbers as they are. */
export const real: Unary = unary('real')
/** 1 / x, of floating dtypes. */
export const reciprocal: Unary = unary('reciprocal')
/** The nearest integer, halves to even. */
export const round: Unary = unary('round')
/** -1, 0 or 1; of complex numbers x / |x|. */
export const sign: Unary = unary('sign')
/** Whether the sign bit is set, of -0 and NaN too. */
export const signbit: Unary = unary('signbit')
/** Sine of x radians. */
export const sin: Unary = unary('sin')
/** Hyperbolic sine. */
export const sinh: Unary = unary('sinh')
/** Square root. */
export const sqrt: Unary = unary('sqrt')
/** x * x. */
export const square: Unary = unary('square')
/** Tangent of x radians. */
export const tan: Unary = unary('tan')
/** Hyperbolic tangent. */
export const tanh: Unary = unary('tanh')
/** The nearest integer towards 0. */
export const trunc: Unary = unary('trunc')
/** x1 + x2; integers wrap around. */
export const add: Binary = binary('add')
/** The angle of the point (x2, x1) to the x axis, in radians. */
export const atan2: Binary = binary('atan2')
/** Bits set in both. */
export const bitwiseAnd: Binary = binary('bitwiseAnd')
/** Bits moved x2 places up. */
export const bitwiseLeftShift: Binary = binary('bitwiseLeftShift')
/** Bits set in either. */
export const bitwiseOr: Binary = binary('bitwiseOr')
/** Bits moved x2 places down; the sign is kept. */
export const bitwiseRightShift: Binary = binary('bitwiseRightShift')
/** Bits set in one of the two. */
export const bitwiseXor: Binary = binary('bitwiseXor')
/** The magnitude of x1 with the sign of x2. */
export const copysign: Binary = binary('copysign')
/** x1 / x2, floating whatever the dtypes. */
export const divide: Binary = binary('divide')
/** Whether x1 = x2. */
export const equal: Binary = binary('equal')
/** The floor of x1 / x2. */
export const floorDivide: Binary = binary('floorDivide')
/** Whether x1 > x2. */
export const greater: Binary = binary('greater')
/** Whether x1 >= x2. */
export const greaterEqual: Binary = binary('greaterEqual')
/** The length of the vector (x1, x2), without overflow on the way. */
export const hypot: Binary = binary('hypot')
/** Whether x1 < x2. */
export const less: Binary = binary('less')
/** Whether x1 <= x2. */
export const lessEqual: Binary = binary('lessEqual')
/** log(exp(x1) + exp(x2)), without overflow on the way. */
export const logaddexp: Binary = binary('logaddexp')
/** Whether both are true. */
export const logicalAnd: Binary = binary('logicalAnd')
/** Whether either is true. */
export const logicalOr: Binary = binary('logicalOr')
/** Whether one of the two is true. */
export const logicalXor: Binary = binary('logicalXor')
/** The greater of the two; NaN if either is. */
export const maximum: Binary = binary('maximum')
/** The lesser of the two; NaN if either is. */
export const minimum: Binary = binary('minimum')
/** x1 * x2; integers wrap around. */
export const multiply: Binary = binary('multiply')
/** The floating number after x1 on the way to x2. */
export const nextafter: Binary = binary('nextafter')
/** Whether x1 and x2 differ. */
export const notEqual: Binary = binary('notEqual')
/** x1 to the power x2. */
export const pow: Binary = binary('pow')
/** What floorDivide leaves; it has the sign of x2. */
export const remainder: Binary = binary('remainder')
/** x1 - x2; integers wrap around. */
export const subtract: Binary = binary('subtract')

/**
 * x1 where the condition is true, x2 elsewhere; the three broadcast, x1 and x2 promote.
 * @example nd.where(x.gt(0), x, 0)
 */
export const where = (condition: Operand, x1: Operand, x2: Operand): ChunkedArray =>
  callRecord('where', [condition, x1, x2])

/**
 * x brought into the range `min` to `max`; a bound that is undefined or null is none, and NaN stays NaN.
 * @example x.clip(0, 1)
 */
export function clip(x: Operand, min?: Operand | null, max?: Operand | null): ChunkedArray {
  const bounded = (name: string, operand: Operand, bound: Operand | null | undefined) =>
    new ChunkedArray(
      bound === undefined || bound === null
        ? exprOf(operand, 'clip')
        : apply(name, weakOperands([operand, bound], 'clip'), 'clip'),
    )
  return bounded('minimum', bounded('maximum', x, min), max)
}

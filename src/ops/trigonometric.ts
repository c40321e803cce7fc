import * as complex from './complex-trigonometric.ts'
import { mathFunction } from './exponential.ts'
import { byKind } from './meaning.ts'
import type { ElementwiseRecord } from './record.ts'
import { floats } from './signature.ts'
import { emitByKind, mathCall } from './wat.ts'

export const trigonometric: Record<string, ElementwiseRecord> = {
  sin: mathFunction('sin', 'The sine of x radians; NaN at the infinities.', Math.sin, complex.sin, 3),
  cos: mathFunction('cos', 'The cosine of x radians; NaN at the infinities.', Math.cos, complex.cos, 3),
  tan: mathFunction('tan', 'The tangent of x radians; NaN at the infinities.', Math.tan, complex.tan, 4),
  asin: mathFunction('asin', 'The arc sine, -pi/2 to pi/2; NaN outside [-1, 1].', Math.asin, complex.asin, 4),
  acos: mathFunction('acos', 'The arc cosine, 0 to pi; NaN outside [-1, 1].', Math.acos, complex.acos, 4),
  atan: mathFunction('atan', 'The arc tangent, -pi/2 to pi/2.', Math.atan, complex.atan, 4),
  atan2: {
    name: 'atan2',
    arity: 2,
    doc: 'The angle of the point (x2, x1), -pi to pi; the sign of a zero tells the side. Real dtypes; integers give floats.',
    signature: floats,
    meaning: byKind({ float: Math.atan2 }),
    emit: emitByKind({ float: mathCall('atan2') }),
    costNanoseconds: 5,
  },
  sinh: mathFunction('sinh', 'The hyperbolic sine.', Math.sinh, complex.sinh, 4),
  cosh: mathFunction('cosh', 'The hyperbolic cosine.', Math.cosh, complex.cosh, 4),
  tanh: mathFunction('tanh', 'The hyperbolic tangent, -1 to 1.', Math.tanh, complex.tanh, 4),
  asinh: mathFunction('asinh', 'The inverse hyperbolic sine.', Math.asinh, complex.asinh, 5),
  acosh: mathFunction('acosh', 'The inverse hyperbolic cosine; NaN below 1.', Math.acosh, complex.acosh, 5),
  atanh: mathFunction(
    'atanh',
    'The inverse hyperbolic tangent: infinite at -1 and 1, NaN beyond.',
    Math.atanh,
    complex.atanh,
    4,
  ),
}

import * as complex from './complex-power.ts'
import { byKind } from './meaning.ts'
import type { ElementwiseRecord } from './record.ts'
import { floatsOrComplex } from './signature.ts'
import { emitByKind, mathCall } from './wat.ts'

/** A function of one floating value that the maths library computes; the oracle is JavaScript's Math. */
export const mathFunction = (
  name: string,
  doc: string,
  float: (x: number) => number,
  expansion: ElementwiseRecord['complex'],
  costNanoseconds: number,
): ElementwiseRecord => ({
  name,
  arity: 1,
  doc: `${doc} Integers give floats (float32 up to 16 bits, else float64).`,
  signature: floatsOrComplex,
  meaning: byKind({ float }),
  emit: emitByKind({ float: mathCall(name) }),
  complex: expansion,
  costNanoseconds,
})

export const exponential: Record<string, ElementwiseRecord> = {
  exp: mathFunction('exp', 'e to the power of x.', Math.exp, complex.exp, 2),
  expm1: mathFunction('expm1', 'exp(x) - 1, exact near 0.', Math.expm1, complex.expm1, 3),
  log: mathFunction('log', 'The natural logarithm: -Infinity at 0, NaN below.', Math.log, complex.log, 3),
  log1p: mathFunction('log1p', 'log(1 + x), exact near 0: -Infinity at -1, NaN below.', Math.log1p, complex.log1p, 3),
  log2: mathFunction('log2', 'The logarithm of base 2: -Infinity at 0, NaN below.', Math.log2, complex.log2, 3),
  log10: mathFunction('log10', 'The logarithm of base 10: -Infinity at 0, NaN below.', Math.log10, complex.log10, 3),
}

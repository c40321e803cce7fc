import * as complex from './complex.ts'
import { byKind } from './meaning.ts'
import type { ElementwiseRecord } from './record.ts'
import { anyKind, keeps, keepsNumbers, real, type Signature } from './signature.ts'
import { emitByKind, instruction, same } from './wat.ts'

/** The integer nearest to x, the even one of two: by the sign-symmetric floor of x + 1/2 with its tie put right. */
function roundHalfEven(x: number): number {
  if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 52) return x
  const floor = Math.floor(x)
  const rest = x - floor
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0)
  const nearest = up ? floor + 1 : floor
  return nearest === 0 && (x < 0 || Object.is(x, -0)) ? -0 : nearest
}

const rounds = (
  name: string,
  doc: string,
  signature: Signature,
  float: (x: number) => number,
  wasm: string,
): ElementwiseRecord => ({
  name,
  arity: 1,
  doc,
  signature,
  meaning: byKind({ float, integer: (x) => x, bool: (x) => x }),
  emit: emitByKind({ float: instruction(wasm), integer: same, bool: same }),
  costNanoseconds: 0.2,
})

export const rounding: Record<string, ElementwiseRecord> = {
  ceil: rounds(
    'ceil',
    'The least integer not less than x, in the dtype of x. Integers stay.',
    keeps(['bool', ...real]),
    Math.ceil,
    'ceil',
  ),
  floor: rounds(
    'floor',
    'The greatest integer not greater than x, in the dtype of x. Integers stay.',
    keeps(['bool', ...real]),
    Math.floor,
    'floor',
  ),
  trunc: rounds(
    'trunc',
    'The integer part of x, in the dtype of x. Integers stay.',
    keeps(['bool', ...real]),
    Math.trunc,
    'trunc',
  ),
  round: {
    ...rounds(
      'round',
      'The integer nearest to x, halves to the even one, in the dtype of x. Integers stay; complex numbers by parts.',
      keepsNumbers(anyKind),
      roundHalfEven,
      'nearest',
    ),
    complex: complex.round,
  },
}

import { kindOf, type RealDType, toValue, type Value } from '../core/dtype.ts'
import { internal } from '../core/errors.ts'
import type { ElementwiseRecord } from './record.ts'

export type Meaning = ElementwiseRecord['meaning']

/** One meaning for each sort of value; integers of every width are computed as bigint and wrapped. */
export interface Meanings {
  readonly float?: (...operands: number[]) => number
  readonly integer?: (...operands: bigint[]) => bigint
  readonly bool?: (...operands: boolean[]) => boolean
}

/** A result of the loop dtype: rounded to float32, or wrapped to the integer's width. */
export const byKind =
  (meanings: Meanings): Meaning =>
  (dtype: RealDType, ...operands: Value[]) => {
    const { float, integer, bool } = meanings
    if (kindOf(dtype) === 'float' && float) return toValue(float(...(operands as number[])), dtype)
    if (kindOf(dtype) === 'bool' && bool) return bool(...(operands as boolean[]))
    if (integer) return toValue(integer(...operands.map((x) => BigInt(x as number))), dtype)
    return internal(`a function without a meaning for ${dtype} was called`)
  }

/** The same on values of every dtype. */
export const always =
  (meaning: (...operands: (number | bigint | boolean)[]) => Value): Meaning =>
  (_dtype: RealDType, ...operands: (number | bigint | boolean)[]) =>
    meaning(...operands)

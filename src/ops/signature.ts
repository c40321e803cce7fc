import { type DType, facts, type Kind, kindOf, realOf } from '../core/dtype.ts'
import type { ElementwiseRecord } from './record.ts'

export type Signature = ElementwiseRecord['signature']

export const real: readonly Kind[] = ['int', 'uint', 'float']
export const numeric: readonly Kind[] = [...real, 'complex']
export const integral: readonly Kind[] = ['int', 'uint']
export const anyKind: readonly Kind[] = ['bool', ...numeric]

/** Computed in the operands' dtype, with a result of it. */
export const keeps =
  (kinds: readonly Kind[]): Signature =>
  (dtype) =>
    kinds.includes(kindOf(dtype)) ? { loop: dtype, output: dtype } : undefined

/** As `keeps`, and bool counts as int8. */
export const keepsNumbers =
  (kinds: readonly Kind[]): Signature =>
  (dtype) =>
    keeps(kinds)(dtype === 'bool' ? 'int8' : dtype)

/** The floating dtype for a dtype: bool and integers up to 16 bits as float32, wider integers as float64. */
const floatingOf = (dtype: DType): DType =>
  kindOf(dtype) === 'float' || kindOf(dtype) === 'complex' ? dtype : facts[dtype].itemsize <= 2 ? 'float32' : 'float64'

/** Computed in floating point. */
export const floats: Signature = (dtype) => {
  const loop = floatingOf(dtype)
  return kindOf(loop) === 'complex' ? undefined : { loop, output: loop }
}

/** As `floats`, for complex numbers too. */
export const floatsOrComplex: Signature = (dtype) => ({ loop: floatingOf(dtype), output: floatingOf(dtype) })

/** Integers and bool are divided as float64. */
export const divides: Signature = (dtype) => {
  const loop = kindOf(dtype) === 'float' || kindOf(dtype) === 'complex' ? dtype : 'float64'
  return { loop, output: loop }
}

/** A truth value of operands of these kinds. */
export const tells =
  (kinds: readonly Kind[]): Signature =>
  (dtype) =>
    kinds.includes(kindOf(dtype)) ? { loop: dtype, output: 'bool' } : undefined

/** A result of the real part's dtype. */
export const toReal =
  (kinds: readonly Kind[]): Signature =>
  (dtype) =>
    kinds.includes(kindOf(dtype)) ? { loop: dtype, output: realOf(dtype) } : undefined

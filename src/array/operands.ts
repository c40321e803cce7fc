import { checkDType, type DType, isComplex, type Value } from '../core/dtype.ts'
import { DTypeError } from '../core/errors.ts'
import type { Expr } from '../graph/expr.ts'
import { ChunkedArray } from './chunked-array.ts'
import { type ArrayData, exprFromData, isValue } from './data.ts'

/** What an operation takes as an array: an array, a JavaScript scalar (weak beside arrays), or data as `nd.array` takes it. */
export type Operand = ChunkedArray | ArrayData

/** The expression of an operand; a scalar is a 0-d array of its own dtype. */
export const exprOf = (operand: Operand, operation: string): Expr =>
  operand instanceof ChunkedArray ? operand.expr : exprFromData(operand, {}, operation)

/** Operands as the builders take them: scalars stay weak, unless there are only scalars. */
export function weakOperands(operands: readonly Operand[], operation: string): (Expr | Value)[] {
  const onlyScalars = operands.every(isValue)
  return operands.map((operand) => (!onlyScalars && isValue(operand) ? operand : exprOf(operand, operation)))
}

/** Errors: DTypeError for a cast that would drop imaginary parts. */
export function checkCast(from: DType, to: DType, operation: string): void {
  if (isComplex(from) && !isComplex(to) && to !== 'bool')
    throw new DTypeError(`${operation}: ${from} to ${to} would drop the imaginary part; use x.real() or x.abs()`)
}

/** The `dtype` option of what is computed of an array, undefined when it is not given. Errors: DTypeError. */
export function dtypeOption(dtype: DType | undefined, { dtype: from }: Expr, operation: string): DType | undefined {
  if (dtype !== undefined) checkCast(from, checkDType(dtype, operation), operation)
  return dtype
}

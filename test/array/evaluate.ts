import {
  type Complex,
  type DType,
  isComplex,
  isComplexValue,
  type RealDType,
  realOf,
  toValue,
  type Value,
} from '../../src/core/dtype.ts'
import { ravel, sizeOf, unravel } from '../../src/core/shape.ts'
import type { Expr } from '../../src/graph/expr.ts'
import { elementwise } from '../../src/ops/elementwise.ts'
import type { Builder } from '../../src/ops/record.ts'

/**
 * The elements of an expression in row-major order, in the plainest way: node by node, element by element, without plan, kernels
 * or blocks. What the engine computes is compared with it. Random numbers and users' functions are left to other tests.
 */
export function evaluate(expr: Expr): Value[] {
  const size = sizeOf(expr.shape)
  const each = (element: (position: number[], i: number) => Value): Value[] =>
    Array.from({ length: size }, (_, i) => element(unravel(i, expr.shape), i))
  switch (expr.kind) {
    case 'source':
      return evaluateSource(expr)
    case 'constant':
      return each(() => expr.value)
    case 'index':
      return each((position) => toValue(position[expr.axis], expr.dtype))
    case 'elementwise': {
      const args = expr.args.map(evaluate)
      return each((_, i) =>
        applyRecord(
          expr.name,
          expr.loop,
          args.map((values) => values[i]),
          expr.dtype,
        ),
      )
    }
    case 'cast': {
      const input = evaluate(expr.input)
      return each((_, i) => toValue(input[i], expr.dtype))
    }
    case 'view': {
      const input = evaluate(expr.input)
      const { axes } = expr.view
      return each(
        (at) =>
          input[
            ravel(
              axes.map(({ from, start, step }) => start + (from < 0 ? 0 : step * at[from])),
              expr.input.shape,
            )
          ],
      )
    }
    case 'reduce':
      return reduceAll(expr)
    case 'scan': {
      const input = evaluate(expr.input)
      const op = expr.name === 'cumulativeSum' ? 'add' : 'multiply'
      const out: Value[] = []
      for (let i = 0; i < size; i++) {
        const at = unravel(i, expr.shape)
        const before = at[expr.axis] === 0 ? undefined : out[ravel(at.with(expr.axis, at[expr.axis] - 1), expr.shape)]
        out.push(before === undefined ? input[i] : applyRecord(op, expr.dtype, [before, input[i]], expr.dtype))
      }
      return out
    }
    case 'concat': {
      const inputs = expr.inputs.map(evaluate)
      return each((at) => {
        let [k, along] = [0, at[expr.axis]]
        while (along >= expr.inputs[k].shape[expr.axis]) along -= expr.inputs[k++].shape[expr.axis]
        return inputs[k][ravel(at.with(expr.axis, along), expr.inputs[k].shape)]
      })
    }
    case 'rechunk':
    case 'reshape':
      return evaluate(expr.input)
    default:
      throw new Error(`no plain meaning for ${expr.kind}`)
  }
}

function evaluateSource(expr: Extract<Expr, { kind: 'source' }>): Value[] {
  if (expr.source.type !== 'memory') throw new Error('only sources in memory have a plain meaning')
  const data = expr.source.data as Float64Array
  return Array.from({ length: sizeOf(expr.shape) }, (_, i) => {
    const at = unravel(i, expr.shape).map((n, axis) => n + expr.origin[axis])
    const k = ravel(at, expr.source.shape)
    return isComplex(expr.dtype)
      ? { re: data[2 * k], im: data[2 * k + 1] }
      : expr.dtype === 'bool'
        ? data[k] !== 0
        : data[k]
  })
}

interface Typed {
  readonly value: Value
  readonly dtype: RealDType
}
const comparisons = new Set([
  'equal',
  'notEqual',
  'less',
  'lessEqual',
  'greater',
  'greaterEqual',
  'isnan',
  'isinf',
  'isfinite',
  'signbit',
])
const builder: Builder<Typed> = {
  op(name, ...operands) {
    const loop = name === 'where' ? operands[1].dtype : operands[0].dtype
    const value = elementwise[name].meaning(loop, ...(operands.map((operand) => operand.value) as never[]))
    return { value, dtype: comparisons.has(name) || name.startsWith('logical') ? 'bool' : loop }
  },
  constant: (value, dtype) => ({ value: toValue(value, dtype), dtype }),
  cast: (operand, dtype) => ({ value: toValue(operand.value, dtype), dtype }),
  dtypeOf: (operand) => operand.dtype,
}

function applyRecord(name: string, loop: DType, args: readonly Value[], output: DType): Value {
  const record = elementwise[name]
  const operands = args.map((value, i) => (name === 'where' && i === 0 ? value : toValue(value, loop)))
  if (!isComplex(loop)) return toValue(record.meaning(loop as RealDType, ...(operands as never[])), output)
  if (name === 'where') return operands[operands[0] ? 1 : 2]
  const real = realOf(loop)
  const pairs = operands.map((value) => {
    const { re, im } = value as Complex
    return [
      { value: re, dtype: real },
      { value: im, dtype: real },
    ] as [Typed, Typed]
  })
  const parts = record.complex!(builder, ...pairs).map(({ value }) => value)
  return toValue(parts.length === 2 ? { re: Number(parts[0]), im: Number(parts[1]) } : parts[0], output)
}

function reduceAll(expr: Extract<Expr, { kind: 'reduce' }>): Value[] {
  const { input, axes } = expr
  const values = evaluate(input)
  const kept = input.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis))
  const groups: Value[][] = Array.from({ length: sizeOf(expr.shape) }, () => [])
  for (const [i, value] of values.entries()) {
    const at = unravel(i, input.shape)
    groups[
      ravel(
        kept.map((axis) => at[axis]),
        expr.shape,
      )
    ].push(value)
  }
  return groups.map((group) => toValue(reduceGroup(expr.name, expr.loop, group, expr.correction), expr.dtype))
}

function reduceGroup(name: string, loop: DType, group: readonly Value[], correction: number): Value {
  const fold = (op: string, first = group[0], rest: readonly Value[] = group.slice(1)): Value =>
    rest.reduce((a, b) => applyRecord(op, loop, [a, b], loop), first)
  const total = (): Value => fold('add', toValue(0, loop), group)
  const scaled = (value: Value, divisor: number): Value =>
    isComplexValue(value) ? { re: value.re / divisor, im: value.im / divisor } : Number(value) / divisor
  const truth = group.map((value) => toValue(value, 'bool'))
  switch (name) {
    case 'sum':
      return total()
    case 'prod':
      return fold('multiply')
    case 'min':
      return fold('minimum')
    case 'max':
      return fold('maximum')
    case 'mean':
      return scaled(total(), group.length)
    case 'var':
    case 'std': {
      const numbers = group.map(Number)
      const mean = numbers.reduce((a, b) => a + b) / numbers.length
      const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(0, numbers.length - correction)
      return name === 'var' ? variance : Math.sqrt(variance)
    }
    case 'argmin':
    case 'argmax': {
      const best = fold(name === 'argmin' ? 'minimum' : 'maximum')
      return BigInt(group.findIndex((value) => value === best || (Number.isNaN(value) && Number.isNaN(best))))
    }
    case 'any':
      return truth.includes(true)
    case 'all':
      return !truth.includes(false)
    case 'countNonzero':
      return BigInt(truth.filter(Boolean).length)
    default:
      throw new Error(`no plain meaning for ${name}`)
  }
}

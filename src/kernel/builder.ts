import { isFloating, itemsize, kindOf, type RealDType, toValue, type Value } from '../core/dtype.ts'
import { internal } from '../core/errors.ts'
import type { Builder, EmitTools } from '../ops/record.ts'
import { castValue } from './cast.ts'
import { castLanes } from './casts.ts'
import { type FunctionFrame, freshLocal, type LaneValue, noteWidth, setLocal } from './frame.ts'
import {
  fromScalars,
  integerLane,
  laneBytes,
  laneType,
  resizeMask,
  scalarType,
  splatConstant,
  vectorBytes,
} from './lanes.ts'

/** Writes values to the body of a loop; uniform ones go before the loop. An expression that was written is not written again. */
export interface LaneBuilder extends Builder<LaneValue> {
  readonly frame: FunctionFrame
  readonly code: string[]
  /** Keeps the value of an expression in a local. */
  keep(expression: string, dtype: RealDType, uniform: boolean): LaneValue
}

export function createBuilder(frame: FunctionFrame, code: string[]): LaneBuilder {
  const own = new Map<string, LaneValue>()
  const orders = new Map<string, Order>()
  const { width, tables } = frame.module
  const keep = (expression: string, dtype: RealDType, uniform: boolean): LaneValue => {
    const [seen, lines] = uniform ? [frame.shared, frame.before] : [own, code]
    const key = `${dtype} ${expression}`
    const known = seen.get(key)
    if (known) return known
    if (!uniform) noteWidth(frame.module, dtype)
    const name = freshLocal(frame, 'v128')
    lines.push(setLocal(name, hoistConstants(frame, expression)))
    const value = { dtype, text: `(local.get $${name})`, uniform }
    seen.set(key, value)
    return value
  }
  const constant = (value: Value, dtype: RealDType): LaneValue => ({
    dtype,
    text: splatConstant(value, dtype),
    uniform: true,
    known: toValue(value, dtype),
  })
  const builder: LaneBuilder = {
    frame,
    code,
    keep,
    constant,
    dtypeOf: (value) => value.dtype,
    cast(value, dtype) {
      if (value.dtype === dtype) return value
      if (value.known !== undefined) return constant(castValue(value.known, value.dtype, dtype), dtype)
      return keep(castLanes(value.text, value.dtype, dtype, { width, uniform: value.uniform }), dtype, value.uniform)
    },
    op(name, ...operands) {
      const record = tables.elementwise[name] ?? internal(`no element-wise function ${name}`)
      const loop = operands[operands.length - 1].dtype
      const output = record.signature(loop)?.output ?? internal(`${name} is not defined for ${loop}`)
      if (operands.every((operand) => operand.known !== undefined)) {
        const value = record.meaning(loop, ...(operands.map((operand) => operand.known) as never[]))
        return constant(castValue(value, output as RealDType, output as RealDType), output as RealDType)
      }
      const uniform = operands.every((operand) => operand.uniform)
      const texts = operands.map((operand) => fitMask(operand, loop, width))
      const result =
        chosenByOrder(orders, name, operands, width) ??
        record.emit(loop)(createTools(frame, loop, uniform, texts), ...texts)
      if (output !== 'bool') return keep(result, output as RealDType, uniform)
      const mask = resizeMask(result, laneBytes(loop, width), laneBytes('bool', width), uniform)
      const value = keep(mask, 'bool', uniform)
      if (name === 'less' || name === 'greater') orders.set(value.text, { name, operands })
      return value
    },
  }
  return builder
}

/** What a mask was made by. */
interface Order {
  readonly name: 'less' | 'greater'
  readonly operands: readonly LaneValue[]
}
/** Of two floats the one that is less, or greater, than the other: one instruction. */
function chosenByOrder(
  orders: ReadonlyMap<string, Order>,
  name: string,
  [condition, x, y]: readonly LaneValue[],
  width: number,
): string | undefined {
  const order = name === 'where' ? orders.get(condition.text) : undefined
  if (!order || !isFloating(x.dtype) || order.operands[0].text !== x.text || order.operands[1].text !== y.text)
    return undefined
  return `(${laneType(x.dtype, width)}.${order.name === 'less' ? 'pmin' : 'pmax'} ${y.text} ${x.text})`
}

/** The condition of `where` beside operands of other lanes. */
const fitMask = (operand: LaneValue, loop: RealDType, width: number): string =>
  operand.dtype === 'bool'
    ? resizeMask(operand.text, laneBytes('bool', width), laneBytes(loop, width), operand.uniform)
    : operand.text

/** V8 builds a vector constant anew at each use; in a local it is built once. Zeros and ones are as cheap as a copy. */
function hoistConstants(frame: FunctionFrame, expression: string): string {
  return expression.replace(/\(v128\.const [^()]*\)/g, (text) => {
    if (/^\(v128\.const \w+((?: 0)+|(?: -1)+)\)$/.test(text)) return text
    const known = frame.shared.get(text)
    if (known) return known.text
    const name = freshLocal(frame, 'v128')
    frame.before.push(setLocal(name, text))
    frame.shared.set(text, { dtype: 'int64', text: `(local.get $${name})`, uniform: true })
    return `(local.get $${name})`
  })
}

function createTools(frame: FunctionFrame, loop: RealDType, uniform: boolean, operands: readonly string[]): EmitTools {
  const { module } = frame
  const lane = laneType(loop, module.width)
  const lanes = vectorBytes / laneBytes(loop, module.width)
  const count = uniform ? lanes : Math.min(module.width, lanes)
  return {
    lane,
    call(name, ...args) {
      module.mathCalls.add(name)
      return `(call $${name} ${args.join(' ')})`
    },
    scalar(template, options) {
      const each = (index: number) => template(...operands.map((x) => extractLane(loop, lane, index, x)))
      if (!options?.mask && loop !== 'bool') return fromScalars(lane, count, each)
      const target = integerLane(laneBytes(loop, module.width))
      return fromScalars(target, count, (index) => truthLane(target, each(index)))
    },
    imported(name, ...args) {
      module.imports.set(name, args.length)
      const single = lane === 'f32x4'
      return fromScalars(lane, count, (index) => {
        const scalars = args.map((x) => {
          const value = `(${lane}.extract_lane ${index} ${x})`
          return single ? `(f64.promote_f32 ${value})` : value
        })
        const result = `(call $Math.${name} ${scalars.join(' ')})`
        return single ? `(f32.demote_f64 ${result})` : result
      })
    },
  }
}

function extractLane(loop: RealDType, lane: string, index: number, x: string): string {
  if (loop === 'bool') return truthOf(lane, index, x)
  const sign = lane === 'i8x16' || lane === 'i16x8' ? (kindOf(loop) === 'int' ? '_s' : '_u') : ''
  return `(${lane}.extract_lane${sign} ${index} ${x})`
}
const truthOf = (lane: string, index: number, x: string): string =>
  lane === 'i64x2'
    ? `(i64.ne (i64x2.extract_lane ${index} ${x}) (i64.const 0))`
    : `(i32.ne (${lane}.extract_lane${lane === 'i32x4' ? '' : '_s'} ${index} ${x}) (i32.const 0))`
const truthLane = (lane: string, truth: string): string => {
  const mask = `(i32.sub (i32.const 0) (i32.ne ${truth} (i32.const 0)))`
  return scalarType(lane) === 'i64' ? `(i64.extend_i32_s ${mask})` : mask
}

/** One scalar as a uniform value. */
export const splatScalar = (builder: LaneBuilder, scalar: string, dtype: RealDType): LaneValue =>
  builder.keep(`(${laneType(dtype, vectorBytes / itemsize(dtype))}.splat ${scalar})`, dtype, true)

import { itemsize, type RealDType, type Value } from '../core/dtype.ts'

/**
 * A loop iteration holds `width` elements of every value. A value lies in the low `width` lanes of its own lane type; a bool is a
 * mask in integer lanes of 16 / width bytes.
 */
export const vectorBytes = 16

export const laneBytes = (dtype: RealDType, width: number): number =>
  dtype === 'bool' ? vectorBytes / width : itemsize(dtype)
const integerLanes: Record<number, string> = { 1: 'i8x16', 2: 'i16x8', 4: 'i32x4', 8: 'i64x2' }
export const integerLane = (bytes: number): string => integerLanes[bytes]
export const laneType = (dtype: RealDType, width: number): string =>
  dtype === 'float64' ? 'f64x2' : dtype === 'float32' ? 'f32x4' : integerLane(laneBytes(dtype, width))
export const scalarType = (lane: string): string =>
  lane === 'f64x2' ? 'f64' : lane === 'f32x4' ? 'f32' : lane === 'i64x2' ? 'i64' : 'i32'

const literal = (value: number): string =>
  Number.isNaN(value) ? 'nan' : Object.is(value, -0) ? '-0' : `${value}`.replace('Infinity', 'inf')
const repeat = (text: string | number | bigint, count: number): string => new Array(count).fill(text).join(' ')

export const zeros = '(v128.const i64x2 0 0)'
/** A value in all lanes of its type. */
export function splatConstant(value: Value, dtype: RealDType): string {
  if (dtype === 'bool') return value ? '(v128.const i64x2 -1 -1)' : zeros
  const lane = laneType(dtype, 2)
  if (lane[0] === 'f') return `(v128.const ${lane} ${repeat(literal(value as number), vectorBytes / itemsize(dtype))})`
  const bits = BigInt.asIntN(itemsize(dtype) * 8, BigInt(value as number | bigint))
  return `(v128.const ${lane} ${repeat(bits, vectorBytes / itemsize(dtype))})`
}

export const shuffle = (bytes: readonly number[], a: string, b: string): string =>
  `(i8x16.shuffle ${bytes.join(' ')} ${a} ${b})`
/** The low bytes of each lane, packed; repeated until the vector is full, so a splat stays one. */
function packLanes(from: number, to: number, x: string): string {
  const lanes = vectorBytes / from
  const bytes = Array.from({ length: vectorBytes }, (_, i) => (Math.floor(i / to) % lanes) * from + (i % to))
  return shuffle(bytes, x, x)
}
/** Integer lanes of `from` bytes as lanes of `to` bytes. */
export function resizeLanes(x: string, from: number, to: number, sign: string): string {
  if (from > to) return packLanes(from, to, x)
  let text = x
  for (let bytes = from; bytes < to; bytes *= 2)
    text = `(${integerLane(bytes * 2)}.extend_low_${integerLane(bytes)}_${sign} ${text})`
  return text
}
/** Moves lane i + by to lane i; the upper lanes keep anything. */
export function shiftLanes(x: string, bytes: number, by: number): string {
  return shuffle(
    Array.from({ length: vectorBytes }, (_, i) => (i + by * bytes) % vectorBytes),
    x,
    x,
  )
}

/** Lane 0, of so many bytes, in all lanes. */
export const firstLane = (x: string, bytes: number): string =>
  shuffle(
    Array.from({ length: vectorBytes }, (_, i) => i % bytes),
    x,
    x,
  )

/** A mask for lanes of other bytes. A uniform mask fits all. */
export const resizeMask = (x: string, from: number, to: number, uniform: boolean): string =>
  uniform || from === to ? x : resizeLanes(x, from, to, 's')

/** A vector from one scalar a lane; `each` gives the scalar of the lane type. */
export function fromScalars(lane: string, count: number, each: (index: number) => string): string {
  let text = `(${lane}.splat ${each(0)})`
  for (let index = 1; index < count; index++) text = `(${lane}.replace_lane ${index} ${text} ${each(index)})`
  return text
}

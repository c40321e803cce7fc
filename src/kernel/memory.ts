import { itemsize, type RealDType } from '../core/dtype.ts'
import type { LaneBuilder } from './builder.ts'
import type { LaneValue } from './frame.ts'
import { integerLane, laneBytes, resizeMask, shuffle, vectorBytes } from './lanes.ts'

/**
 * How a walk along the inner axis moves through an operand: element by element, not at all, with gaps, or with gaps where the rows lie
 * side by side (t: transposed).
 */
export type StrideClass = 'u' | 'z' | 's' | 't'
export const hasGaps = (stride: StrideClass): boolean => stride === 's' || stride === 't'

/** A place in memory: a pointer's text, and the local with the bytes from one lane to the next where there are gaps. */
export interface Place {
  readonly pointer: string
  readonly offset?: number
  readonly stride: StrideClass
  /** Bytes from lane 0 to lane `index`. */
  readonly laneOffset?: (index: number) => string
  /** Of a transposed operand: the row in a group of as many as there are lanes, and the pointer of the group's first row. */
  readonly group?: { readonly row: number; readonly pointer: string }
}

const bits = (dtype: RealDType): number => itemsize(dtype) * 8
const at = (offset: number | undefined): string => (offset ? ` offset=${offset}` : '')

/** So many bits in the low end of a vector. */
const loadBits = (count: number, pointer: string, offset?: number): string =>
  `(v128.load${count === 128 ? '' : count >= 32 ? `${count}_zero` : `${count}_splat`}${at(offset)} ${pointer})`

/** The elements of the lanes (or of lane 0 alone: `one`) as they lie in memory, packed. */
function loadPacked(dtype: RealDType, width: number, place: Place, one: boolean): string {
  const { pointer } = place
  if (place.stride === 'z') return `(v128.load${bits(dtype)}_splat${at(place.offset)} ${pointer})`
  if (one) return loadBits(bits(dtype), pointer, place.offset)
  if (place.stride === 'u') return loadBits(bits(dtype) * width, pointer, place.offset)
  let text = loadBits(bits(dtype), pointer, place.offset)
  for (let lane = 1; lane < width; lane++)
    text = `(v128.load${bits(dtype)}_lane ${lane} (i32.add ${pointer} ${place.laneOffset!(lane)}) ${text})`
  return text
}

/** A row of a square: its columns are loaded as they lie, and turned by interleaving halves. */
function loadTurned(builder: LaneBuilder, dtype: RealDType, place: Place, row: number, pointer: string): string {
  const { width } = builder.frame.module
  const total = bits(dtype) * width
  const size = itemsize(dtype)
  let square = Array.from({ length: width }, (_, lane) => {
    const address = lane ? `(i32.add ${pointer} ${place.laneOffset!(lane)})` : pointer
    return builder.keep(loadBits(total, address), 'int64', false).text
  })
  const interleave = (half: number) =>
    Array.from({ length: vectorBytes }, (_, i) => {
      const lane = Math.floor(i / size) % width
      return ((half * width) / 2 + (lane >> 1)) * size + (i % size) + (lane % 2) * vectorBytes
    })
  for (let done = 1; done < width; done *= 2)
    square = square.map((_, i) => {
      const [a, b] = [square[i >> 1], square[(i >> 1) + width / 2]]
      return builder.keep(shuffle(interleave(i % 2), a, b), 'int64', false).text
    })
  return square[row]
}

/** Loads the elements of an iteration; any byte but 0 is true. */
export function load(builder: LaneBuilder, dtype: RealDType, place: Place, one: boolean): LaneValue {
  const { width } = builder.frame.module
  const uniform = place.stride === 'z'
  const packed =
    place.group && !one
      ? loadTurned(builder, dtype, place, place.group.row, place.group.pointer)
      : loadPacked(dtype, width, place, one)
  if (dtype !== 'bool') return builder.keep(packed, dtype, uniform)
  const mask = `(i8x16.ne ${packed} (v128.const i64x2 0 0))`
  return builder.keep(resizeMask(mask, 1, laneBytes('bool', width), uniform), 'bool', uniform)
}

/** Stores the elements of an iteration, or lane 0 alone. */
export function store(builder: LaneBuilder, value: LaneValue, place: Place, one: boolean): void {
  const { width } = builder.frame.module
  const packed =
    value.dtype === 'bool'
      ? builder.keep(
          `(v128.and ${resizeMask(value.text, laneBytes('bool', width), 1, value.uniform)} (v128.const ${integerLane(1)} ${new Array(vectorBytes).fill(1).join(' ')}))`,
          'int8',
          value.uniform,
        )
      : value
  const text = packed.known === undefined ? packed.text : builder.keep(packed.text, packed.dtype, true).text
  const size = bits(value.dtype)
  const total = size * width
  if (!one && place.stride === 'u') {
    const lanes = total === 128 ? `v128.store${at(place.offset)}` : `v128.store${total}_lane${at(place.offset)} 0`
    builder.code.push(`(${lanes} ${place.pointer} ${text})`)
    return
  }
  builder.code.push(`(v128.store${size}_lane${at(place.offset)} 0 ${place.pointer} ${text})`)
  if (one) return
  for (let lane = 1; lane < width; lane++)
    builder.code.push(`(v128.store${size}_lane ${lane} (i32.add ${place.pointer} ${place.laneOffset!(lane)}) ${text})`)
}

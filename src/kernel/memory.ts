import { itemsize, type RealDType } from '../core/dtype.ts'
import type { LaneBuilder } from './builder.ts'
import type { LaneValue } from './frame.ts'
import { integerLane, laneBytes, resizeMask, vectorBytes } from './lanes.ts'

/** How a walk along the inner axis moves through an operand: element by element, not at all, or with gaps. */
export type StrideClass = 'u' | 'z' | 's'

/** A place in memory: a pointer's text, and the local with the bytes from one lane to the next where there are gaps. */
export interface Place {
  readonly pointer: string
  readonly offset?: number
  readonly stride: StrideClass
  /** Bytes from lane 0 to lane `index`. */
  readonly laneOffset?: (index: number) => string
}

const bits = (dtype: RealDType): number => itemsize(dtype) * 8
const at = (offset: number | undefined): string => (offset ? ` offset=${offset}` : '')

/** The elements of the lanes (or of lane 0 alone: `one`) as they lie in memory, packed. */
function loadPacked(dtype: RealDType, width: number, place: Place, one: boolean): string {
  const { pointer } = place
  if (place.stride === 'z') return `(v128.load${bits(dtype)}_splat${at(place.offset)} ${pointer})`
  const first = (count: number) =>
    count >= 32
      ? `(v128.load${count}_zero${at(place.offset)} ${pointer})`
      : `(v128.load${count}_splat${at(place.offset)} ${pointer})`
  if (one) return first(bits(dtype))
  if (place.stride === 'u') {
    const total = bits(dtype) * width
    return total === 128 ? `(v128.load${at(place.offset)} ${pointer})` : first(total)
  }
  let text = first(bits(dtype))
  for (let lane = 1; lane < width; lane++)
    text = `(v128.load${bits(dtype)}_lane ${lane} (i32.add ${pointer} ${place.laneOffset!(lane)}) ${text})`
  return text
}

/** Loads the elements of an iteration; any byte but 0 is true. */
export function load(builder: LaneBuilder, dtype: RealDType, place: Place, one: boolean): LaneValue {
  const { width } = builder.frame.module
  const uniform = place.stride === 'z'
  const packed = loadPacked(dtype, width, place, one)
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

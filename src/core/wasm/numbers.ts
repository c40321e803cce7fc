/** Numbers of the text, and how they are written as bytes (https://webassembly.github.io/spec/core/binary/values.html). */

/** An unsigned integer below 2^32 in groups of 7 bits. */
export function writeUnsigned(bytes: number[], value: number): void {
  let rest = value
  while (rest > 127) {
    bytes.push((rest & 127) | 128)
    rest >>>= 7
  }
  bytes.push(rest)
}

/** A signed integer of 32 bits in groups of 7. */
function writeSigned(bytes: number[], value: number): void {
  let rest = value
  while (rest < -64 || rest > 63) {
    bytes.push((rest & 127) | 128)
    rest >>= 7
  }
  bytes.push(rest & 127)
}

function writeLongSigned(bytes: number[], value: bigint): void {
  let rest = value
  while (rest < -64n || rest > 63n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  bytes.push(Number(rest & 127n))
}

const integerForm = /^-?(?:\d+|0x[\da-f]+)$/
/** An integer of so many bits (32 at most), signed or unsigned; undefined where the word is none. */
export function integerOf(word: string, bits: number): number | undefined {
  if (!integerForm.test(word)) return undefined
  const value = word[0] === '-' ? -Number(word.slice(1)) : Number(word)
  return value >= -(2 ** (bits - 1)) && value < 2 ** bits ? value : undefined
}
function longOf(word: string): bigint | undefined {
  if (!integerForm.test(word)) return undefined
  const value = word[0] === '-' ? -BigInt(word.slice(1)) : BigInt(word)
  return value >= -(1n << 63n) && value < 1n << 64n ? BigInt.asIntN(64, value) : undefined
}

const floatForm = /^-?\d+(?:\.\d*)?(?:e[-+]?\d+)?$/
/**
 * The float64 nearest to a decimal. A float32 is that one rounded once more, as numbers of JavaScript are: our texts have as many digits
 * as tell a float64.
 */
function floatOf(word: string): number | undefined {
  if (floatForm.test(word)) return Number(word)
  if (word === 'nan') return Number.NaN
  return word === 'inf' ? Number.POSITIVE_INFINITY : word === '-inf' ? Number.NEGATIVE_INFINITY : undefined
}

const view = new DataView(new ArrayBuffer(8))
function writeView(bytes: number[], count: number): void {
  for (let i = 0; i < count; i++) bytes.push(view.getUint8(i))
}

/** Writers of one word each; false where it is no such number. */
type Writer = (bytes: number[], word: string) => boolean

export const writeInteger32: Writer = (bytes, word) => {
  const value = integerOf(word, 32)
  if (value === undefined) return false
  writeSigned(bytes, value | 0)
  return true
}

export const writeInteger64: Writer = (bytes, word) => {
  const value = longOf(word)
  if (value === undefined) return false
  writeLongSigned(bytes, value)
  return true
}

/** A not-a-number has the bits that are written in the specification, and not what the engine has at hand. */
export const writeFloat64: Writer = (bytes, word) => {
  const value = floatOf(word)
  if (value === undefined) return false
  if (Number.isNaN(value)) view.setBigUint64(0, 0x7ff8000000000000n, true)
  else view.setFloat64(0, value, true)
  writeView(bytes, 8)
  return true
}

export const writeFloat32: Writer = (bytes, word) => {
  const value = floatOf(word)
  if (value === undefined) return false
  if (Number.isNaN(value)) view.setUint32(0, 0x7fc00000, true)
  else view.setFloat32(0, value, true)
  writeView(bytes, 4)
  return true
}

const integerLane =
  (bits: 8 | 16 | 32): Writer =>
  (bytes, word) => {
    const value = integerOf(word, bits)
    if (value === undefined) return false
    view.setInt32(0, value, true)
    writeView(bytes, bits / 8)
    return true
  }

const longLane: Writer = (bytes, word) => {
  const value = longOf(word)
  if (value === undefined) return false
  view.setBigInt64(0, value, true)
  writeView(bytes, 8)
  return true
}

/** The lanes of a v128.const by its shape. */
export const shapes: ReadonlyMap<string, { readonly lanes: number; readonly write: Writer }> = new Map([
  ['i8x16', { lanes: 16, write: integerLane(8) }],
  ['i16x8', { lanes: 8, write: integerLane(16) }],
  ['i32x4', { lanes: 4, write: integerLane(32) }],
  ['i64x2', { lanes: 2, write: longLane }],
  ['f32x4', { lanes: 4, write: writeFloat32 }],
  ['f64x2', { lanes: 2, write: writeFloat64 }],
])

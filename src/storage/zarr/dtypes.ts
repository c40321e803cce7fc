import { type DType, dtypes, facts, isComplex, type Kind, viewBytes } from '../../core/dtype.ts'

const kindLetters: Readonly<Record<string, Kind>> = { b: 'bool', i: 'int', u: 'uint', f: 'float', c: 'complex' }

/** The dtype that a NumPy type string ('<f8', '|b1') of Zarr v2 means, if it is one of ours. */
export function parseV2DType(text: unknown): { dtype: DType; bigEndian: boolean } | undefined {
  const match = typeof text === 'string' ? /^([<>|])([biufc])(\d+)$/.exec(text) : null
  if (!match) return undefined
  const dtype = dtypes.find(
    (name) => facts[name].kind === kindLetters[match[2]] && facts[name].itemsize === Number(match[3]),
  )
  return dtype && { dtype, bigEndian: match[1] === '>' }
}
export function formatV2DType(dtype: DType, bigEndian: boolean): string {
  const { kind, itemsize } = facts[dtype]
  const letter = Object.keys(kindLetters).find((key) => kindLetters[key] === kind)
  return `${itemsize === 1 ? '|' : bigEndian ? '>' : '<'}${letter}${itemsize}`
}

type Scalar = number | bigint | boolean
const special: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity: Infinity, '-Infinity': -Infinity }

/** The bytes of the element that a fill value in metadata means; undefined where it is none of the dtype. */
export function parseFill(value: unknown, dtype: DType): Uint8Array | undefined {
  const parts = isComplex(dtype) ? (Array.isArray(value) ? value : [value, 0]) : [value]
  const numbers = parts.map((part) => parseScalar(part, dtype))
  if (numbers.includes(undefined) || parts.length > 2) return undefined
  const bytes = new Uint8Array(facts[dtype].itemsize)
  const whole = typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value)
  if (whole) return bitsOf(value, bytes)
  const elements = viewBytes(dtype, bytes.buffer, 0, 1)
  numbers.forEach((number, i) => {
    if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) elements[i] = BigInt(number as bigint)
    else elements[i] = Number(number)
  })
  return bytes
}

function parseScalar(value: unknown, dtype: DType): Scalar | undefined {
  if (value === null || value === undefined) return 0
  if (typeof value === 'boolean') return value
  const isDigits = typeof value === 'string' && /^-?\d+$/.test(value)
  if (facts[dtype].kind === 'float' || facts[dtype].kind === 'complex') {
    if (typeof value === 'number' || isDigits) return Number(value)
    return typeof value === 'string' ? (special[value] ?? (/^0x/i.test(value) ? 0 : undefined)) : undefined
  }
  if (isDigits) return BigInt(value)
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined
}

/** A floating number by its bits, as Zarr v3 has it. */
function bitsOf(text: string, bytes: Uint8Array): Uint8Array | undefined {
  let rest = BigInt(text)
  for (let i = 0; i < bytes.length; i++, rest >>= 8n) bytes[i] = Number(rest & 255n)
  return rest === 0n ? bytes : undefined
}

/** The fill value of an element's bytes as metadata have it. */
export function formatFill(fill: Uint8Array, dtype: DType): unknown {
  const parts = [...viewBytes(dtype, fill.slice().buffer, 0, 1)].map(formatScalar)
  if (dtype === 'bool') return fill[0] !== 0
  return isComplex(dtype) ? parts : parts[0]
}
const formatScalar = (value: number | bigint): unknown =>
  typeof value === 'bigint' || Number.isFinite(value) ? value : String(value)

import { type DType, dtypes, facts, isComplex, type Kind, realOf, viewBytes } from '../../core/dtype.ts'

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
  if (!isComplex(dtype)) return scalarBytes(value, dtype)
  const parts: unknown[] = Array.isArray(value) ? value : [value, 0]
  const [re, im] = parts.map((part) => scalarBytes(part, realOf(dtype)))
  return parts.length === 2 && re && im ? Uint8Array.of(...re, ...im) : undefined
}

function scalarBytes(value: unknown, dtype: DType): Uint8Array | undefined {
  const { kind, itemsize } = facts[dtype]
  const bytes = new Uint8Array(itemsize)
  if (kind === 'float' && typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value)) return bitsOf(value, bytes)
  const scalar = parseScalar(value, kind)
  if (scalar === undefined) return undefined
  const elements = viewBytes(dtype, bytes.buffer, 0, 1)
  if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) elements[0] = BigInt(scalar)
  else elements[0] = Number(scalar)
  const isInRange = kind === 'float' || (BigInt(elements[0]) === BigInt(scalar) && (kind !== 'bool' || bytes[0] <= 1))
  return isInRange ? bytes : undefined
}

function parseScalar(value: unknown, kind: Kind): Scalar | undefined {
  if (value === null || value === undefined) return 0
  if (typeof value === 'boolean' || typeof value === 'bigint') return value
  if (typeof value === 'number') return kind === 'float' || Number.isInteger(value) ? value : undefined
  return kind === 'float' && typeof value === 'string' ? special[value] : undefined
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

import { DTypeError, formatGiven } from './errors.ts'

/** The dtypes, in the order of the Array API standard. */
export const dtypes = [
  'bool',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'float32',
  'float64',
  'complex64',
  'complex128',
] as const
export type DType = (typeof dtypes)[number]
/** The dtypes a kernel computes in; a complex value is a pair of these. */
export type RealDType = Exclude<DType, 'complex64' | 'complex128'>
export type Kind = 'bool' | 'int' | 'uint' | 'float' | 'complex'

export type Complex = { re: number; im: number }
/** A value of an element in JavaScript: int64 and uint64 are bigint, bool is boolean, complex is a pair. */
export type Value = number | bigint | boolean | Complex

/** The typed arrays that hold elements; complex numbers lie as re, im pairs in the array of their part. */
export type TypedArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array
type TypedArrayConstructor = {
  new (length: number): TypedArray
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray
  BYTES_PER_ELEMENT: number
}

interface DTypeFacts {
  kind: Kind
  /** Bytes of one element. */
  itemsize: number
  /** The dtype of the real part; of a real dtype itself. */
  real: RealDType
  array: TypedArrayConstructor
}

const row = (kind: Kind, itemsize: number, real: RealDType, array: unknown): DTypeFacts => ({
  kind,
  itemsize,
  real,
  array: array as TypedArrayConstructor,
})

export const facts: Record<DType, DTypeFacts> = {
  bool: row('bool', 1, 'bool', Uint8Array),
  int8: row('int', 1, 'int8', Int8Array),
  int16: row('int', 2, 'int16', Int16Array),
  int32: row('int', 4, 'int32', Int32Array),
  int64: row('int', 8, 'int64', BigInt64Array),
  uint8: row('uint', 1, 'uint8', Uint8Array),
  uint16: row('uint', 2, 'uint16', Uint16Array),
  uint32: row('uint', 4, 'uint32', Uint32Array),
  uint64: row('uint', 8, 'uint64', BigUint64Array),
  float32: row('float', 4, 'float32', Float32Array),
  float64: row('float', 8, 'float64', Float64Array),
  complex64: row('complex', 8, 'float32', Float32Array),
  complex128: row('complex', 16, 'float64', Float64Array),
}

export const itemsize = (dtype: DType): number => facts[dtype].itemsize
export const kindOf = (dtype: DType): Kind => facts[dtype].kind
export const isComplex = (dtype: DType): boolean => kindOf(dtype) === 'complex'
export const isFloating = (dtype: DType): boolean => kindOf(dtype) === 'float'
export const isInteger = (dtype: DType): boolean => kindOf(dtype) === 'int' || kindOf(dtype) === 'uint'
/** Whether elements are bigint in JavaScript. */
export const isBig = (dtype: DType): boolean => dtype === 'int64' || dtype === 'uint64'
/** The floating dtype of a complex dtype's parts; any other dtype itself. */
export const realOf = (dtype: DType): RealDType => facts[dtype].real

/** The dtype, if it is one. Errors: DTypeError that lists them. */
export function checkDType(dtype: unknown, operation: string): DType {
  if (typeof dtype === 'string' && Object.hasOwn(facts, dtype)) return dtype as DType
  throw new DTypeError(`${operation}: got dtype ${formatGiven(dtype)}, want one of ${dtypes.join(', ')}`)
}

const bits = (dtype: DType): number => facts[dtype].itemsize * 8
const byKind = (kind: Kind, width: number): DType => (kind === 'bool' ? 'bool' : (`${kind}${width}` as DType))

/** The least floating dtype that holds an integer dtype as NumPy sees it: up to 16 bits float32, else float64. */
const floatFor = (dtype: DType): DType =>
  kindOf(dtype) === 'float'
    ? dtype
    : kindOf(dtype) === 'complex'
      ? realOf(dtype)
      : bits(dtype) <= 16
        ? 'float32'
        : 'float64'

/** The dtype that two arrays' dtypes promote to: the standard's table, and NumPy's where the standard has none. */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === b || kindOf(b) === 'bool') return a
  if (kindOf(a) === 'bool') return b
  const [ka, kb] = [kindOf(a), kindOf(b)]
  if (ka === kb) return bits(a) >= bits(b) ? a : b
  if (isInteger(a) && isInteger(b)) {
    const [signed, unsigned] = ka === 'int' ? [a, b] : [b, a]
    if (bits(signed) > bits(unsigned)) return signed
    return bits(unsigned) === 64 ? 'float64' : byKind('int', bits(unsigned) * 2)
  }
  const part = bits(floatFor(a)) >= bits(floatFor(b)) ? floatFor(a) : floatFor(b)
  if (ka !== 'complex' && kb !== 'complex') return part
  return part === 'float64' ? 'complex128' : 'complex64'
}

const kinds: readonly Kind[] = ['complex', 'float', 'int', 'uint', 'bool']
/**
 * The dtype that several arrays' dtypes promote to, in any order, as NumPy's: floating ones first, so that int16, uint16 and float32 are
 * float32 and not, by way of int32, float64.
 */
export const promoteAll = (dtypes: readonly DType[]): DType =>
  [...dtypes].sort((a, b) => kinds.indexOf(kindOf(a)) - kinds.indexOf(kindOf(b))).reduce(promoteTypes)

/** The dtype of a JavaScript value by itself. */
export function dtypeOfValue(value: unknown): DType {
  if (typeof value === 'number') return 'float64'
  if (typeof value === 'bigint') return 'int64'
  if (typeof value === 'boolean') return 'bool'
  if (isComplexValue(value)) return 'complex128'
  throw new DTypeError(`a value of type ${typeof value} has no dtype; use a number, bigint, boolean or { re, im }`)
}

export const isComplexValue = (value: unknown): value is Complex =>
  typeof value === 'object' &&
  value !== null &&
  're' in value &&
  'im' in value &&
  typeof value.re === 'number' &&
  typeof value.im === 'number'

/** The least and greatest integer of an integer dtype. */
export function integerRange(dtype: DType): [bigint, bigint] {
  const width = BigInt(bits(dtype))
  return kindOf(dtype) === 'uint' ? [0n, (1n << width) - 1n] : [-(1n << (width - 1n)), (1n << (width - 1n)) - 1n]
}

/**
 * The dtype of a weak JavaScript scalar beside an array of `dtype` (NumPy's NEP 50): an integral number keeps an integer
 * dtype, a fractional one makes it float64, a floating dtype stays. Errors: DTypeError when an integer is out of range.
 */
export function weakType(value: Value, dtype: DType): DType {
  const kind = kindOf(dtype)
  if (typeof value === 'boolean') return dtype
  if (isComplexValue(value)) return kind === 'complex' ? dtype : dtype === 'float32' ? 'complex64' : 'complex128'
  if (kind === 'float' || kind === 'complex') return dtype
  if (typeof value === 'number' && !Number.isInteger(value)) return 'float64'
  const integer = kind === 'bool' ? 'int64' : dtype
  const [low, high] = integerRange(integer)
  if (BigInt(value) < low || BigInt(value) > high)
    throw new DTypeError(
      `the scalar ${value} does not fit ${integer} (${low} to ${high}); make it an array of a wider dtype, or use astype`,
    )
  return integer
}

/** The dtype of an operation over arrays' dtypes and weak scalars. */
export function resultTypeOf(arrays: readonly DType[], scalars: readonly Value[]): DType {
  if (arrays.length === 0) return promoteAll(scalars.map(dtypeOfValue))
  const strong = promoteAll(arrays)
  return scalars.map((value) => weakType(value, strong)).reduce(promoteTypes, strong)
}

/** Whether a dtype casts to another without loss of kind or range, as the standard's `can_cast`. */
export const canCastTo = (from: DType, to: DType): boolean => promoteTypes(from, to) === to

/** A value brought into a dtype's JavaScript form: rounding to float32, wrapping integers, NaN and infinities to 0 for integers. */
export function toValue(value: Value, dtype: DType): Value {
  const kind = kindOf(dtype)
  if (kind === 'complex') {
    const { re, im } = isComplexValue(value) ? value : { re: Number(value), im: 0 }
    return dtype === 'complex64' ? { re: Math.fround(re), im: Math.fround(im) } : { re, im }
  }
  if (kind === 'bool') return isComplexValue(value) ? value.re !== 0 || value.im !== 0 : Number(value) !== 0
  const real = isComplexValue(value) ? value.re : value
  if (kind === 'float') return dtype === 'float32' ? Math.fround(Number(real)) : Number(real)
  const big = typeof real === 'number' ? BigInt(Number.isFinite(real) ? Math.trunc(real) : 0) : BigInt(real)
  const wrapped = kind === 'int' ? BigInt.asIntN(bits(dtype), big) : BigInt.asUintN(bits(dtype), big)
  return isBig(dtype) ? wrapped : Number(wrapped)
}

/** A typed array of `length` elements (a complex element takes two numbers). */
export const allocate = (dtype: DType, length: number): TypedArray =>
  new facts[dtype].array(isComplex(dtype) ? 2 * length : length)

/** A typed array over bytes that exist. `length` counts elements. */
export const viewBytes = (dtype: DType, buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray =>
  new facts[dtype].array(buffer, byteOffset, isComplex(dtype) ? 2 * length : length)

import { type Complex, type DType, facts, type Value } from '../core/dtype.ts'
import { type Decimal, decimalToCount, decimalToPlace, positional } from './decimal.ts'

/** How numbers are written; see FormatOptions in format.ts. */
export interface NumberStyle {
  readonly precision: number
  readonly suppress: boolean
  readonly sign: '-' | '+' | ' '
}
/** Writes an element. All elements that the formatter was made for come out equally wide. */
export type Formatter = (value: Value) => string

/** The formatter for elements of an array (`isScalar`: of one that has no axes), made to fit the ones that are shown. */
export function formatterFor(dtype: DType, shown: readonly Value[], style: NumberStyle, isScalar: boolean): Formatter {
  const { kind, real } = facts[dtype]
  const isSingle = real === 'float32'
  if (kind === 'bool') return (value) => (value ? (isScalar ? 'True' : ' True') : 'False')
  if (kind === 'float') return floatFormatter(shown as number[], isSingle, style) as Formatter
  if (kind === 'complex') return complexFormatter(shown as Complex[], isSingle, style) as Formatter
  return integerFormatter(shown as (number | bigint)[], style) as Formatter
}

function integerFormatter(
  shown: readonly (number | bigint)[],
  { sign }: NumberStyle,
): (value: number | bigint) => string {
  const isNegative = shown.some((value) => value < 0)
  const mark = sign === ' ' && isNegative ? '' : sign === '-' ? '' : sign
  const text = (value: number | bigint): string => (value < 0 ? `${value}` : `${mark}${value}`)
  const width = Math.max(0, ...shown.map((value) => text(value).length))
  return (value) => text(value).padStart(width)
}

function complexFormatter(
  shown: readonly Complex[],
  isSingle: boolean,
  style: NumberStyle,
): (value: Complex) => string {
  const formatRe = floatFormatter(
    shown.map(({ re }) => re),
    isSingle,
    style,
  )
  const formatIm = floatFormatter(
    shown.map(({ im }) => im),
    isSingle,
    { ...style, sign: '+' },
  )
  return ({ re, im }) => {
    const text = formatIm(im)
    const end = text.trimEnd().length
    return `${formatRe(re)}${text.slice(0, end)}j${text.slice(end)}`
  }
}

/** Up to here a large number is written out; float32 has fewer digits to fill it with. */
const scientificFrom = (isSingle: boolean): number => (isSingle ? 1e6 : 1e8)

/** NumPy's rule: powers of ten where numbers are very large or very small, or lie more than a factor of 1000 apart. */
function isScientific(finite: readonly number[], isSingle: boolean, suppress: boolean): boolean {
  let least = Number.POSITIVE_INFINITY
  let most = 0
  for (const value of finite) {
    if (value === 0) continue
    least = Math.min(least, Math.abs(value))
    most = Math.max(most, Math.abs(value))
  }
  if (most === 0) return false
  const ratio = isSingle ? Math.fround(most / least) : most / least
  return most >= scientificFrom(isSingle) || (!suppress && (least < 1e-4 || ratio > 1000))
}

const isNegative = (value: number): boolean => value < 0 || Object.is(value, -0)
const signOf = (value: number, sign: string): string => (isNegative(value) ? '-' : sign === '+' ? '+' : '')

function floatFormatter(shown: readonly number[], isSingle: boolean, style: NumberStyle): (value: number) => string {
  const finite = shown.filter(Number.isFinite)
  const write = isScientific(finite, isSingle, style.suppress)
    ? scientificWriter(finite, isSingle, style)
    : positionalWriter(finite, isSingle, style)
  const isAnyNegative = finite.some(isNegative)
  const before = write.before + (finite.length > 0 && style.sign === ' ' && !isAnyNegative ? 1 : 0)
  const infinity = shown.some((value) => value === Number.NEGATIVE_INFINITY) || style.sign !== '-' ? 4 : 3
  const width = before + 1 + write.after
  const wide = finite.length < shown.length ? Math.max(width, 3, infinity) : width
  return (value) => {
    if (Number.isNaN(value)) return `${style.sign === '+' ? '+' : ''}nan`.padStart(wide)
    if (!Number.isFinite(value)) return `${signOf(value, style.sign)}inf`.padStart(wide)
    return write.text(value).padStart(wide)
  }
}

/** Writes numbers of one form: characters before and after the point, and the text from the sign on, padded behind. */
interface Writer {
  readonly before: number
  readonly after: number
  readonly text: (value: number) => string
}

function positionalWriter(finite: readonly number[], isSingle: boolean, { precision, sign }: NumberStyle): Writer {
  const partsOf = (value: number) => {
    const { whole, fraction } = positional(decimalToPlace(Math.abs(value), isSingle, precision))
    return { before: `${signOf(value, sign)}${whole}`, fraction }
  }
  const parts = finite.map(partsOf)
  const after = Math.max(0, ...parts.map(({ fraction }) => fraction.length))
  return {
    before: Math.max(0, ...parts.map(({ before }) => before.length)),
    after,
    text(value) {
      const { before, fraction } = partsOf(value)
      return `${before}.${fraction.padEnd(after)}`
    },
  }
}

function scientificWriter(finite: readonly number[], isSingle: boolean, { precision, sign }: NumberStyle): Writer {
  const short = finite.map((value) => decimalToCount(Math.abs(value), isSingle, precision))
  const places = Math.max(...short.map(({ digits }) => digits.slice(1).replace(/0+$/, '').length))
  const exponentWidth = Math.max(2, ...short.map(({ exponent }) => `${Math.abs(exponent)}`.length))
  const power = ({ exponent }: Decimal): string =>
    `e${exponent < 0 ? '-' : '+'}${`${Math.abs(exponent)}`.padStart(exponentWidth, '0')}`
  return {
    before: finite.some(isNegative) || sign === '+' ? 2 : 1,
    after: places + 2 + exponentWidth,
    text(value) {
      const decimal = decimalToCount(Math.abs(value), isSingle, places, places)
      return `${signOf(value, sign)}${decimal.digits[0]}.${decimal.digits.slice(1)}${power(decimal)}`
    },
  }
}

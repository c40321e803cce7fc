import type { NdArray } from 'ndarray'
import type { DType, Value } from '../core/dtype.ts'
import { formatGiven, NdloomError } from '../core/errors.ts'
import { checkFlag, checkOptions } from '../core/options.ts'
import { sizeOf } from '../core/shape.ts'
import { type Elements, elementsOf } from './elements.ts'
import { type Formatter, formatterFor, type NumberStyle } from './format-number.ts'

/** How values are written; the names and what they mean are those of numpy.printoptions. */
export interface FormatOptions {
  /** The most digits after the point, 8 unless given. */
  precision?: number
  /** Arrays of more elements are shown by their edges, 1000 unless given. */
  threshold?: number
  /** How many elements are shown at each edge of an axis, 3 unless given. */
  edgeitems?: number
  /** Characters of a line, 75 unless given. */
  linewidth?: number
  /** Write numbers near zero as zero rather than all numbers as powers of ten; false unless given. */
  suppress?: boolean
  /** '-' (default): only negative numbers have a sign; '+': all have; ' ': a space stands for a plus. */
  sign?: '-' | '+' | ' '
  /** What stands between elements, a space unless given. */
  separator?: string
  /** What the elements are, where the array does not tell: 'bool' for a uint8 array of 0 and 1. */
  dtype?: DType
}
const optionNames = [
  'precision',
  'threshold',
  'edgeitems',
  'linewidth',
  'suppress',
  'sign',
  'separator',
  'dtype',
] as const

/**
 * The values of a result as text, as numpy.array2string writes them (NumPy 2.4): float64 with the fewest digits that tell it from
 * others, at most `precision` after the point; large arrays by their edges. A 0-d result (a plain value) is one number.
 * Errors: NdloomError for what is no array or value, or an option that is unknown or not of its kind.
 *
 * @example nd.format(await x.at('0:2, 0:2').compute()) // -> '[[0.5 1.5]\n [4.5 5.5]]'
 */
export function format(values: NdArray | Value, options: FormatOptions = {}): string {
  const { array, axes, formatter, settings } = laidOut(values, options)
  if (sizeOf(array.shape) === 0) return '[]'
  return nested(array, axes, formatter, settings, [], ' ', settings.linewidth)
}

/** The positions that are shown of each axis (undefined for those that are left out), and the text of the element at an index. */
export function formattedCells(values: NdArray, options: FormatOptions) {
  const { array, axes, formatter } = laidOut(values, options)
  return { axes, textOf: (index: readonly number[]): string => formatter(array.at(index)).trim() }
}

function laidOut(values: NdArray | Value, options: FormatOptions) {
  const settings = settingsOf(options)
  const array = elementsOf(values, settings.dtype)
  const isSummary = sizeOf(array.shape) > settings.threshold
  const axes = array.shape.map((extent) => indicesOf(extent, isSummary ? settings.edgeitems : extent))
  const formatter = formatterFor(array.dtype, cornersOf(array, axes), settings, array.shape.length === 0)
  return { array, axes, formatter, settings }
}

/** The positions of an axis that are shown; undefined stands for those that are left out. */
function indicesOf(extent: number, edgeitems: number): (number | undefined)[] {
  const all = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i)
  if (extent <= 2 * edgeitems) return all(0, extent)
  return [...all(0, edgeitems), undefined, ...all(extent - edgeitems, edgeitems)]
}

function cornersOf(array: Elements, axes: readonly (number | undefined)[][]): Value[] {
  let indices: number[][] = [[]]
  for (const axis of axes)
    indices = indices.flatMap((index) => axis.flatMap((k) => (k === undefined ? [] : [[...index, k]])))
  return indices.map((index) => array.at(index))
}

/** The text of the part of the array at `index`; its lines after the first begin with `indent`. */
function nested(
  array: Elements,
  axes: readonly (number | undefined)[][],
  formatter: Formatter,
  settings: Settings,
  index: readonly number[],
  indent: string,
  width: number,
): string {
  if (index.length === axes.length) return formatter(array.at(index))
  const parts = axes[index.length].map((k) =>
    k === undefined ? '...' : nested(array, axes, formatter, settings, [...index, k], `${indent} `, width - 1),
  )
  const separator = settings.separator.trimEnd()
  const left = axes.length - index.length
  if (left > 1) return `[${parts.join(`${separator}${'\n'.repeat(left - 1)}${indent}`)}]`
  return `[${wrapped(parts, indent, settings.separator, width - Math.max(1, separator.length)).slice(indent.length)}]`
}

/** Words in lines of at most `width` characters, where a word fits at all. */
function wrapped(words: readonly string[], indent: string, separator: string, width: number): string {
  const lines: string[] = []
  let line = indent
  words.forEach((word, i) => {
    if (line.length + word.length > width && line.length > indent.length) {
      lines.push(line.trimEnd())
      line = indent
    }
    line += i === words.length - 1 ? word : `${word}${separator}`
  })
  return [...lines, line].join('\n')
}

interface Settings extends NumberStyle {
  readonly threshold: number
  readonly edgeitems: number
  readonly linewidth: number
  readonly separator: string
  readonly dtype: DType | undefined
}
function settingsOf(given: FormatOptions): Settings {
  const options = checkOptions<FormatOptions>(given, optionNames, 'format')
  const { sign = '-', separator = ' ', dtype } = options
  const count = (
    name: 'precision' | 'threshold' | 'edgeitems' | 'linewidth',
    fallback: number,
    most: number,
  ): number => {
    const value = options[name] ?? fallback
    if (typeof value === 'number' && value >= 0 && value <= most && (Number.isInteger(value) || value === most))
      return value
    throw new NdloomError(`format: got ${name} ${formatGiven(value)}, want an integer from 0 to ${most}`)
  }
  if (!['-', '+', ' '].includes(sign))
    throw new NdloomError(`format: got sign ${formatGiven(sign)}, want '-', '+' or ' '`)
  if (typeof separator !== 'string')
    throw new NdloomError(`format: got separator ${formatGiven(separator)}, want text such as ', '`)
  return {
    precision: count('precision', 8, 70),
    threshold: count('threshold', 1000, Number.POSITIVE_INFINITY),
    edgeitems: count('edgeitems', 3, Number.POSITIVE_INFINITY),
    linewidth: count('linewidth', 75, Number.POSITIVE_INFINITY),
    suppress: checkFlag(options.suppress, 'suppress', 'format'),
    sign,
    separator,
    dtype,
  }
}

/** A decimal number d.ddd * 10^exponent, by its digits; zero has the one digit 0. */
export interface Decimal {
  readonly digits: string
  readonly exponent: number
}

const parse = (text: string): Decimal => {
  const [mantissa, exponent] = text.split('e')
  return { digits: mantissa.replace('.', ''), exponent: Number(exponent) }
}

/** The fewest digits that tell a positive number, or zero, from all others of its dtype. */
export function shortestDecimal(value: number, isSingle: boolean): Decimal {
  if (!isSingle) return parse(value.toExponential())
  for (let more = 0; more < 8; more++) {
    const text = value.toExponential(more)
    if (Math.fround(Number(text)) === value) return roundedDecimal(value, more)
  }
  return roundedDecimal(value, 8)
}

/** JavaScript writes at most so many digits after the first; doubles beyond them are never halfway between shorter decimals. */
const mostDigits = 100

/**
 * A positive number, or zero, rounded to `count` digits after the first, a tie to the even digit (IEEE 754). JavaScript's own
 * toExponential is exact too, but rounds ties up.
 */
export function roundedDecimal(value: number, count: number): Decimal {
  const rounded = parse(value.toExponential(count))
  const exact = parse(value.toExponential(mostDigits))
  const isTie = /^50*$/.test(exact.digits.slice(count + 1))
  const kept = exact.digits.slice(0, count + 1)
  return isTie && Number(kept[count]) % 2 === 0 ? { digits: kept, exponent: exact.exponent } : rounded
}

/** The shortest decimal, but with no more than `most` digits after the point, to which it is rounded then. */
export function decimalToPlace(value: number, isSingle: boolean, most: number): Decimal {
  const shortest = shortestDecimal(value, isSingle)
  const places = shortest.digits.length - 1 - shortest.exponent
  if (places <= most) return shortest
  const count = most + shortest.exponent
  if (count >= 0) return roundedDecimal(value, count)
  // Less than one unit of the last place: it is one or nothing.
  return count === -1 && value > 0.5 * 10 ** -most ? { digits: '1', exponent: -most } : { digits: '0', exponent: 0 }
}

/** The shortest decimal, but with no more than `most` digits after the first, and with no fewer than `least`. */
export function decimalToCount(value: number, isSingle: boolean, most: number, least = 0): Decimal {
  const shortest = shortestDecimal(value, isSingle)
  const count = shortest.digits.length - 1
  if (count > most) return roundedDecimal(value, most)
  return count < least ? roundedDecimal(value, least) : shortest
}

/** The digits before and after the point. */
export function positional({ digits, exponent }: Decimal): { whole: string; fraction: string } {
  if (exponent < 0) return { whole: '0', fraction: `${'0'.repeat(-exponent - 1)}${digits}`.replace(/0+$/, '') }
  const padded = digits.padEnd(exponent + 1, '0')
  return { whole: padded.slice(0, exponent + 1), fraction: padded.slice(exponent + 1).replace(/0+$/, '') }
}

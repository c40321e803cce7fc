import { internal } from '../errors.ts'

/** A text cut into words. An opening parenthesis and the word behind it are one. */
export interface Tokens {
  readonly text: string
  readonly words: readonly string[]
  /** The word that is read next. */
  at: number
}

/** The last alternative takes what is none of ours, so that it is refused where it is read. */
const word = /\)|\([a-z][^\s()";]*|[^\s()";]+|"(?:[^"\\]|\\.)*"|;;.*|\S/g
/** Stands behind the last word: no instruction, no number and no name. */
const endOfText = '(end of text'

/** The engine's regular expressions are fast from the first text on; our own loop over characters would be interpreted. */
export function tokensOf(text: string): Tokens {
  const all: string[] = text.match(word) ?? []
  const words = text.includes(';;') ? all.filter((each) => !each.startsWith(';;')) : all
  words.push(endOfText)
  return { text, words, at: 0 }
}

/** Ends with an error that says where word `at` is. */
export function refuse({ text, words }: Tokens, at: number, problem: string): never {
  const places = [...text.matchAll(word)].filter((match) => !match[0].startsWith(';;'))
  const offset = places[at]?.index ?? text.length
  const line = text.slice(0, offset).split('\n').length
  const around = words.slice(Math.max(0, at - 4), at + 4).join(' ')
  return internal(`assemble: ${problem}: ${words[at]} in line ${line}, character ${offset}, at ${around}`)
}

export function expectWord(tokens: Tokens, expected: string): void {
  if (tokens.words[tokens.at] !== expected) refuse(tokens, tokens.at, `not ${expected}`)
  tokens.at++
}

/** The bytes of a string in quotes: printable ASCII and \hh. */
export function readString(tokens: Tokens): number[] {
  const quoted = tokens.words[tokens.at]
  if (!/^"(?:[ !#-[\]-~]|\\[\da-f]{2})*"$/.test(quoted)) refuse(tokens, tokens.at, 'not a string')
  tokens.at++
  const parts = quoted.slice(1, -1).match(/\\..|./g) ?? []
  return parts.map((part) => (part.length > 1 ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0)))
}

const valueTypes = new Map([
  ['i32', 0x7f],
  ['i64', 0x7e],
  ['f32', 0x7d],
  ['f64', 0x7c],
  ['v128', 0x7b],
])
export function readType(tokens: Tokens): number {
  const type = valueTypes.get(tokens.words[tokens.at]) ?? refuse(tokens, tokens.at, 'not a type')
  tokens.at++
  return type
}

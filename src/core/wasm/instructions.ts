import {
  integerOf,
  shapes,
  writeFloat32,
  writeFloat64,
  writeInteger32,
  writeInteger64,
  writeUnsigned,
} from './numbers.ts'
import { type Opcode, opcodes } from './opcodes.ts'
import { expectWord, readType, refuse, type Tokens } from './tokens.ts'

/** Numbers by their names, which begin with a dollar. */
export type Names = Map<string, number>

/** A function while its instructions are written. */
export interface Body {
  readonly tokens: Tokens
  readonly functions: Names
  readonly globals: Names
  readonly locals: Names
  /** Of the blocks around, the outermost first; '' where one has no name. */
  readonly labels: string[]
  readonly bytes: number[]
}

/** Writes a folded instruction: its operands, which are instructions too, then itself. */
export function writeInstruction(body: Body): void {
  const { tokens, bytes } = body
  const { words } = tokens
  const start = tokens.at
  const opcode = opcodes.get(words[start]) ?? refuse(tokens, start, 'unknown instruction')
  if (opcode.immediate === 'block') {
    writeBlock(body, opcode.code)
    return
  }
  let end = start + 1
  while (!isParenthesis(words[end])) end++
  tokens.at = end
  writeInstructions(body)
  tokens.at++
  if (opcode.prefix === 0) bytes.push(opcode.code)
  else {
    bytes.push(opcode.prefix)
    writeUnsigned(bytes, opcode.code)
  }
  const next = opcode.immediate === 'none' ? start + 1 : writeImmediates(body, opcode, start + 1)
  if (next !== end) refuse(tokens, next, `more than ${words[start]} takes`)
}

function isParenthesis(word: string): boolean {
  const first = word.charCodeAt(0)
  return first === 40 || first === 41
}

/** Writes what is between an instruction's name and its operands, from word `at` on; where that ends. */
function writeImmediates(body: Body, opcode: Opcode, at: number): number {
  const { tokens, bytes } = body
  const { words } = tokens
  switch (opcode.immediate) {
    case 'local':
      return writeIndex(body, body.locals, at)
    case 'global':
      return writeIndex(body, body.globals, at)
    case 'memory':
      return writeMemory(body, opcode, at)
    case 'i32':
      return writeInteger32(bytes, words[at]) ? at + 1 : refuse(tokens, at, 'not an i32')
    case 'function':
      return writeIndex(body, body.functions, at)
    case 'label':
      return writeLabel(body, at)
    case 'v128':
      return writeVector(body, at)
    case 'lane':
      return writeLane(body, at, 16)
    case 'i64':
      return writeInteger64(bytes, words[at]) ? at + 1 : refuse(tokens, at, 'not an i64')
    case 'f64':
      return writeFloat64(bytes, words[at]) ? at + 1 : refuse(tokens, at, 'not an f64')
    case 'f32':
      return writeFloat32(bytes, words[at]) ? at + 1 : refuse(tokens, at, 'not an f32')
    case 'memoryLane':
      return writeLane(body, writeMemory(body, opcode, at), 16)
    case 'shuffle': {
      for (let lane = 0; lane < 16; lane++) writeLane(body, at + lane, 32)
      return at + 16
    }
    case 'labels':
      return writeLabels(body, at)
    case 'oneMemory':
      bytes.push(0)
      return at
    case 'twoMemories':
      bytes.push(0, 0)
      return at
    default:
      return at
  }
}

function writeIndex({ tokens, bytes }: Body, names: Names, at: number): number {
  writeUnsigned(bytes, names.get(tokens.words[at]) ?? refuse(tokens, at, 'unknown name'))
  return at + 1
}

/** A label is written as the number of blocks between. */
function writeLabel({ tokens, labels, bytes }: Body, at: number): number {
  const place = labels.lastIndexOf(tokens.words[at])
  if (place < 0) refuse(tokens, at, 'unknown label')
  writeUnsigned(bytes, labels.length - 1 - place)
  return at + 1
}

/** All labels of a table but the last, which is for what is beyond it, are counted. */
function writeLabels(body: Body, at: number): number {
  let end = at
  while (!isParenthesis(body.tokens.words[end])) end++
  if (end === at) refuse(body.tokens, at, 'not a label')
  writeUnsigned(body.bytes, end - at - 1)
  for (let label = at; label < end; label++) writeLabel(body, label)
  return end
}

/** Alignment, as its power of two, and offset. */
function writeMemory({ tokens, bytes }: Body, { alignment }: Opcode, at: number): number {
  const { words } = tokens
  let [next, offset, power] = [at, 0, alignment]
  if (words[next].startsWith('offset=')) {
    offset = integerOf(words[next].slice(7), 32) ?? -1
    if (offset < 0) refuse(tokens, next, 'not an offset')
    next++
  }
  if (words[next].startsWith('align=')) {
    power = Math.log2(integerOf(words[next].slice(6), 32) ?? -1)
    if (!(Number.isInteger(power) && power <= alignment)) refuse(tokens, next, 'not an alignment')
    next++
  }
  writeUnsigned(bytes, power)
  writeUnsigned(bytes, offset)
  return next
}

function writeLane({ tokens, bytes }: Body, at: number, lanes: number): number {
  const lane = integerOf(tokens.words[at], 8) ?? -1
  if (!(lane >= 0 && lane < lanes)) refuse(tokens, at, 'not a lane')
  bytes.push(lane)
  return at + 1
}

function writeVector({ tokens, bytes }: Body, at: number): number {
  const { words } = tokens
  const { lanes, write } = shapes.get(words[at]) ?? refuse(tokens, at, 'not a shape')
  for (let lane = at + 1; lane <= at + lanes; lane++)
    if (!write(bytes, words[lane])) refuse(tokens, lane, `not a lane of ${words[at]}`)
  return at + 1 + lanes
}

export const codes = { if: 0x04, else: 0x05, end: 0x0b, empty: 0x40 } as const

/** block, loop and if; the condition of an if comes before it and knows nothing of its label. */
function writeBlock(body: Body, code: number): void {
  const { tokens, labels, bytes } = body
  const { words } = tokens
  tokens.at++
  const label = words[tokens.at].startsWith('$') ? words[tokens.at++] : ''
  const type = readBlockType(tokens)
  if (code === codes.if) while (words[tokens.at] !== '(then') writeInstruction(body)
  bytes.push(code, type)
  labels.push(label)
  if (code === codes.if) writeBranches(body)
  else writeInstructions(body)
  expectWord(tokens, ')')
  labels.pop()
  bytes.push(codes.end)
}

function readBlockType(tokens: Tokens): number {
  if (tokens.words[tokens.at] !== '(result') return codes.empty
  tokens.at++
  const type = readType(tokens)
  expectWord(tokens, ')')
  return type
}

function writeBranches(body: Body): void {
  const { tokens, bytes } = body
  expectWord(tokens, '(then')
  writeInstructions(body)
  expectWord(tokens, ')')
  if (tokens.words[tokens.at] !== '(else') return
  tokens.at++
  if (tokens.words[tokens.at] !== ')') bytes.push(codes.else)
  writeInstructions(body)
  expectWord(tokens, ')')
}

/** Writes instructions up to the parenthesis that closes what they are in. */
export function writeInstructions(body: Body): void {
  const { tokens } = body
  while (tokens.words[tokens.at] !== ')') writeInstruction(body)
}

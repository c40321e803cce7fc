import { assemble } from '../../core/wasm/assemble.ts'
import { lz4EncoderText } from './lz4-encoder.ts'

/** Bytes that may be read and written past the end of a buffer: copies go on in whole vectors. */
export const slackBytes = 64

/** The functions of the kernel; all positions and lengths are bytes of its memory. */
export interface BloscKernel {
  readonly memory: WebAssembly.Memory
  /** Decodes an LZ4 block of `length` bytes; how many bytes it made, or -1 when it is damaged or makes more than `room`. */
  lz4(from: number, length: number, to: number, room: number): number
  /** Encodes `length` bytes, see lz4-encoder.ts; `from` is not 0. */
  lz4Encode(from: number, length: number, to: number, room: number, table: number, acceleration: number): number
  /** Puts the bytes of `count` elements (a multiple of 16) together again, by the bytes of an element. */
  readonly unshuffle: Readonly<Record<number, Shuffle>>
  /** The reverse: byte k of all elements goes to k * stride. */
  readonly shuffle: Readonly<Record<number, Shuffle>>
}
type Shuffle = (from: number, to: number, count: number, stride: number) => void

/** Copies vectors while `to` is below `end`. */
const copyVectors = (to: string, from: string, end: string): string => `(loop $vectors
    (v128.store (local.get ${to}) (v128.load (local.get ${from})))
    (local.set ${to} (i32.add (local.get ${to}) (i32.const 16)))
    (local.set ${from} (i32.add (local.get ${from}) (i32.const 16)))
    (br_if $vectors (i32.lt_u (local.get ${to}) (local.get ${end}))))`

/** Adds bytes to a length as long as they are 255. */
const longLength = (length: string): string => `(if (i32.eq (local.get ${length}) (i32.const 15)) (then
  (loop $more
    (if (i32.ge_u (local.get $from) (local.get $end)) (then (return (i32.const -1))))
    (local.set $byte (i32.load8_u (local.get $from)))
    (local.set $from (i32.add (local.get $from) (i32.const 1)))
    (local.set ${length} (i32.add (local.get ${length}) (local.get $byte)))
    (br_if $more (i32.eq (local.get $byte) (i32.const 255))))))`

/** For each offset from 0 to 16: which of the 16 bytes before it each byte of a match is, as they repeat after `offset` bytes. */
const repeats = Array.from({ length: 17 }, (_, offset) =>
  Array.from({ length: 16 }, (_, i) => (offset ? i % offset : 0)),
)
const repeatsText = repeats
  .flat()
  .map((byte) => `\\${byte.toString(16).padStart(2, '0')}`)
  .join('')
/** Bytes at the start of the kernel's memory that are its own. */
export const constantBytes = Math.ceil((16 * repeats.length) / 64) * 64

/**
 * Most sequences: up to 14 literals and a match of up to 16 bytes, far from the end. Each is one vector, without a loop whose end the
 * processor has to guess.
 */
const shortSequence = `(if (i32.and
      (i32.and (i32.lt_u (local.get $count) (i32.const 15)) (i32.lt_u (i32.and (local.get $token) (i32.const 15)) (i32.const 13)))
      (i32.and
        (i32.ge_u (i32.sub (local.get $limit) (local.get $to)) (i32.const 32))
        (i32.ge_u (i32.sub (local.get $end) (local.get $from)) (i32.const 16)))) (then
    (if (local.get $count) (then
      (v128.store (local.get $to) (v128.load (local.get $from)))
      (local.set $to (i32.add (local.get $to) (local.get $count)))
      (local.set $from (i32.add (local.get $from) (local.get $count)))))
    (local.set $offset (i32.load16_u (local.get $from)))
    (if (i32.or (i32.eqz (local.get $offset)) (i32.gt_u (local.get $offset) (i32.sub (local.get $to) (local.get $start))))
      (then (return (i32.const -1))))
    (v128.store (local.get $to) (i8x16.swizzle
      (v128.load (i32.sub (local.get $to) (local.get $offset)))
      (v128.load (i32.shl (select (local.get $offset) (i32.const 16) (i32.lt_u (local.get $offset) (i32.const 16))) (i32.const 4)))))
    (local.set $to (i32.add (local.get $to) (i32.add (i32.and (local.get $token) (i32.const 15)) (i32.const 4))))
    (local.set $from (i32.add (local.get $from) (i32.const 2)))
    (br $sequence)))`

/**
 * Decodes an LZ4 block (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md): literals are copied, then a match, which may
 * overlap itself: then its first bytes are copied one by one, until whole vectors of the repeated pattern can be.
 */
const lz4Text = `(func (export "lz4") (param $from i32) (param $length i32) (param $to i32) (param $room i32) (result i32)
(local $end i32) (local $start i32) (local $limit i32) (local $token i32) (local $count i32) (local $byte i32)
(local $at i32) (local $offset i32) (local $past i32) (local $reach i32)
(local.set $end (i32.add (local.get $from) (local.get $length)))
(local.set $start (local.get $to))
(local.set $limit (i32.add (local.get $to) (local.get $room)))
(loop $sequence
  (if (i32.ge_u (local.get $from) (local.get $end)) (then (return (i32.const -1))))
  (local.set $token (i32.load8_u (local.get $from)))
  (local.set $from (i32.add (local.get $from) (i32.const 1)))
  (local.set $count (i32.shr_u (local.get $token) (i32.const 4)))
  ${shortSequence}
  ${longLength('$count')}
  (if (i32.or
    (i32.gt_u (local.get $count) (i32.sub (local.get $end) (local.get $from)))
    (i32.gt_u (local.get $count) (i32.sub (local.get $limit) (local.get $to)))) (then (return (i32.const -1))))
  (if (local.get $count) (then
    (local.set $past (i32.add (local.get $to) (local.get $count)))
    (local.set $at (local.get $from))
    ${copyVectors('$to', '$at', '$past')}
    (local.set $to (local.get $past))
    (local.set $from (i32.add (local.get $from) (local.get $count)))))
  (if (i32.eq (local.get $from) (local.get $end)) (then (return (i32.sub (local.get $to) (local.get $start)))))
  (if (i32.lt_u (i32.sub (local.get $end) (local.get $from)) (i32.const 2)) (then (return (i32.const -1))))
  (local.set $offset (i32.load16_u (local.get $from)))
  (local.set $from (i32.add (local.get $from) (i32.const 2)))
  (if (i32.or (i32.eqz (local.get $offset)) (i32.gt_u (local.get $offset) (i32.sub (local.get $to) (local.get $start))))
    (then (return (i32.const -1))))
  (local.set $count (i32.and (local.get $token) (i32.const 15)))
  ${longLength('$count')}
  (local.set $count (i32.add (local.get $count) (i32.const 4)))
  (if (i32.gt_u (local.get $count) (i32.sub (local.get $limit) (local.get $to))) (then (return (i32.const -1))))
  (local.set $past (i32.add (local.get $to) (local.get $count)))
  (local.set $at (i32.sub (local.get $to) (local.get $offset)))
  (if (i32.eq (local.get $offset) (i32.const 1))
    (then (memory.fill (local.get $to) (i32.load8_u (local.get $at)) (local.get $count)))
    (else
      (if (i32.lt_u (local.get $offset) (i32.const 16)) (then
        ;; the least multiple of the offset that vectors do not overlap at
        (local.set $reach (local.get $offset))
        (loop $grow
          (local.set $reach (i32.add (local.get $reach) (local.get $offset)))
          (br_if $grow (i32.lt_u (local.get $reach) (i32.const 16))))
        (local.set $reach (i32.add (local.get $at) (local.get $reach)))
        (loop $bytes
          (if (i32.and (i32.lt_u (local.get $to) (local.get $reach)) (i32.lt_u (local.get $to) (local.get $past))) (then
            (i32.store8 (local.get $to) (i32.load8_u (i32.sub (local.get $to) (local.get $offset))))
            (local.set $to (i32.add (local.get $to) (i32.const 1)))
            (br $bytes))))))
      (if (i32.lt_u (local.get $to) (local.get $past)) (then
        ${copyVectors('$to', '$at', '$past')}))))
  (local.set $to (local.get $past))
  (br $sequence))
(unreachable))`

const zipLow = Array.from({ length: 16 }, (_, i) => (i >> 1) + 16 * (i & 1)).join(' ')
const zipHigh = Array.from({ length: 16 }, (_, i) => 8 + (i >> 1) + 16 * (i & 1)).join(' ')

/**
 * Byte k of all elements lies at k * stride; after log2(size) rounds of interleaving vector j with vector j + size/2 the
 * elements are whole. `size` is a power of two.
 */
function unshuffleText(size: number): string {
  const rounds = Math.log2(size)
  const local = (round: number, j: number): string => `$v${round % 2}_${j}`
  const all = Array.from({ length: size }, (_, j) => j)
  const loads = all.map(
    (j) =>
      `(local.set ${local(0, j)} (v128.load (i32.add (local.get $from) (i32.mul (local.get $stride) (i32.const ${j})))))`,
  )
  const zips = Array.from({ length: rounds }, (_, round) =>
    all.map((k) => {
      const [a, b] = [local(round, k >> 1), local(round, (k >> 1) + size / 2)]
      return `(local.set ${local(round + 1, k)} (i8x16.shuffle ${k % 2 === 0 ? zipLow : zipHigh} (local.get ${a}) (local.get ${b})))`
    }),
  ).flat()
  const stores = all.map((j) => `(v128.store offset=${16 * j} (local.get $to) (local.get ${local(rounds, j)}))`)
  return `(func (export "unshuffle${size}") (param $from i32) (param $to i32) (param $count i32) (param $stride i32)
(local $end i32)
${[0, 1].map((side) => all.map((j) => `(local $v${side}_${j} v128)`).join(' ')).join('\n')}
(local.set $end (i32.add (local.get $from) (local.get $count)))
(loop $next
  (if (i32.lt_u (local.get $from) (local.get $end)) (then
    ${[...loads, ...zips, ...stores].join('\n    ')}
    (local.set $from (i32.add (local.get $from) (i32.const 16)))
    (local.set $to (i32.add (local.get $to) (i32.const ${16 * size})))
    (br $next)))))`
}

const evens = Array.from({ length: 16 }, (_, i) => 2 * i).join(' ')
const odds = Array.from({ length: 16 }, (_, i) => 2 * i + 1).join(' ')

/** The rounds of `unshuffleText` backwards: even bytes of a pair of vectors go to vector j, odd ones to j + size/2. */
function shuffleText(size: number): string {
  const rounds = Math.log2(size)
  const local = (round: number, j: number): string => `$v${round % 2}_${j}`
  const all = Array.from({ length: size }, (_, j) => j)
  const loads = all.map((j) => `(local.set ${local(0, j)} (v128.load offset=${16 * j} (local.get $from)))`)
  const unzips = Array.from({ length: rounds }, (_, round) =>
    all.map((j) => {
      const pair = 2 * (j % (size / 2))
      const [a, b] = [local(round, pair), local(round, pair + 1)]
      return `(local.set ${local(round + 1, j)} (i8x16.shuffle ${j < size / 2 ? evens : odds} (local.get ${a}) (local.get ${b})))`
    }),
  ).flat()
  const stores = all.map(
    (j) =>
      `(v128.store (i32.add (local.get $to) (i32.mul (local.get $stride) (i32.const ${j}))) (local.get ${local(rounds, j)}))`,
  )
  return `(func (export "shuffle${size}") (param $from i32) (param $to i32) (param $count i32) (param $stride i32)
(local $end i32)
${[0, 1].map((side) => all.map((j) => `(local $v${side}_${j} v128)`).join(' ')).join('\n')}
(local.set $end (i32.add (local.get $to) (local.get $count)))
(loop $next
  (if (i32.lt_u (local.get $to) (local.get $end)) (then
    ${[...loads, ...unzips, ...stores].join('\n    ')}
    (local.set $from (i32.add (local.get $from) (i32.const ${16 * size})))
    (local.set $to (i32.add (local.get $to) (i32.const 16)))
    (br $next)))))`
}

const sizes = [2, 4, 8, 16]
/** The WebAssembly text of the kernel. */
export function bloscText(): string {
  const functions = [lz4Text, lz4EncoderText, ...sizes.map(unshuffleText), ...sizes.map(shuffleText)]
  return `(module (memory (export "memory") 1) (data (i32.const 0) "${repeatsText}")\n${functions.join('\n')})`
}

let kernel: BloscKernel | undefined
/** The kernel of this thread, with a memory of its own that grows with the blocks. */
export function bloscKernel(): BloscKernel {
  if (kernel) return kernel
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble(bloscText())))
  const found = exports as unknown as BloscKernel & Record<string, Shuffle>
  const bySize = (name: string): Record<number, Shuffle> =>
    Object.fromEntries(sizes.map((size) => [size, found[`${name}${size}`]]))
  const { memory, lz4, lz4Encode } = found
  kernel = { memory, lz4, lz4Encode, unshuffle: bySize('unshuffle'), shuffle: bySize('shuffle') }
  return kernel
}

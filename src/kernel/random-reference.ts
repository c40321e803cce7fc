/** The numbers of random.ts one at a time in plain JavaScript: what the kernels are tested against. */
import { type Distribution, keySteps, multipliers, perCounter, type RandomDType, rounds } from './random-kernel.ts'

export type Words = readonly [number, number, number, number]

/** Philox4x32-10 of a counter of four words under a key of two. */
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [c0, c1, c2, c3] = counter.map((each) => BigInt(each >>> 0))
  let [k0, k1] = key.map((each) => BigInt(each >>> 0))
  const word = (value: bigint) => BigInt.asUintN(32, value)
  for (let round = 0; round < rounds; round++) {
    const first = BigInt(multipliers[0]) * c0
    const second = BigInt(multipliers[1]) * c2
    ;[c0, c1, c2, c3] = [(second >> 32n) ^ c1 ^ k0, word(second), (first >> 32n) ^ c3 ^ k1, word(first)]
    k0 = word(k0 + BigInt(keySteps[0]))
    k1 = word(k1 + BigInt(keySteps[1]))
  }
  return [Number(c0), Number(c1), Number(c2), Number(c3)]
}

const join = (low: number, high: number) => (BigInt(high) << 32n) | BigInt(low)

/** 53 bits: the upper 52 and the lowest. */
const fraction = (bits: bigint) => Number(bits >> 12n) * 2 ** -52 + Number(bits & 1n) * 2 ** -53

function boxMuller(u: number, turn: number): readonly [number, number] {
  const radius = Math.sqrt(-2 * Math.log(u))
  const quarter = Math.round(4 * turn)
  const angle = 2 * Math.PI * (turn - quarter / 4)
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const pairs = [
    [cos, sin],
    [-sin, cos],
    [-cos, -sin],
    [sin, -cos],
  ]
  const [x, y] = pairs[quarter % 4]
  return [radius * x, radius * y]
}

/** Number `index` under `key`: a bigint for uint64, else a number. */
export function randomValue(
  distribution: Distribution,
  dtype: RandomDType,
  key: bigint,
  index: bigint | number,
): number | bigint {
  const each = BigInt(perCounter[dtype])
  const counter = BigInt(index) / each
  const place = Number(BigInt(index) % each)
  const halves = (value: bigint) => [Number(value & 0xffff_ffffn), Number((value >> 32n) & 0xffff_ffffn)] as const
  const words = philox([...halves(counter), 0, 0], halves(key))
  if (distribution === 'normal') {
    if (dtype === 'float64') {
      return boxMuller(1 - fraction(join(words[0], words[2])), fraction(join(words[1], words[3])))[place]
    }
    const [first, second] = place < 2 ? [words[0], words[1]] : [words[2], words[3]]
    return Math.fround(boxMuller(Math.fround((first >>> 1) | 1) * 2 ** -31, (second >>> 8) * 2 ** -24)[place % 2])
  }
  if (dtype === 'float32') return (words[place] >>> 8) * 2 ** -24
  const bits = join(words[2 * place], words[2 * place + 1])
  return distribution === 'bits' ? bits : fraction(bits)
}

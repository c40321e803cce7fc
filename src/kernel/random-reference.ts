/** The numbers of random.ts one at a time in plain JavaScript: what the kernels are tested against. */
import { philox } from './philox.ts'
import { type Distribution, perCounter, type RandomDType } from './random-kernel.ts'

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

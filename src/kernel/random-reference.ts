/** The numbers of random.ts one at a time in plain JavaScript: what the kernels are tested against. */
import { philox } from './philox.ts'
import { type Distribution, perCounter, type RandomDType } from './random-kernel.ts'

const join = (low: number, high: number) => (BigInt(high) << 32n) | BigInt(low)

/** 53 bits: the upper 52 and the lowest. */
const fraction = (bits: bigint) => Number(bits >> 12n) * 2 ** -52 + Number(bits & 1n) * 2 ** -53

/** `r` in [-1/2, 1/2) and the two bits above it are a direction. */
function boxMuller(u: number, r: number, mirrored: boolean, exchanged: boolean): readonly [number, number] {
  const radius = Math.sqrt(-2 * Math.log(u))
  const x = radius * Math.cos((Math.PI / 2) * r) * (mirrored ? -1 : 1)
  const y = radius * Math.sin((Math.PI / 2) * r)
  return exchanged ? [y, x] : [x, y]
}

function normalDouble(first: bigint, second: bigint): readonly [number, number] {
  const r = Number(BigInt.asUintN(62, second) >> 10n) * 2 ** -52 - 0.5
  return boxMuller(1 - Number(first >> 12n) * 2 ** -52, r, second >> 63n === 1n, ((second >> 62n) & 1n) === 1n)
}

function normalSingle(first: number, second: number): readonly [number, number] {
  const r = ((second << 2) >>> 9) * 2 ** -23 - 0.5
  return boxMuller(Math.fround((first >>> 1) | 1) * 2 ** -31, r, second >>> 31 === 1, ((second >>> 30) & 1) === 1)
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
    if (dtype === 'float64') return normalDouble(join(words[0], words[2]), join(words[1], words[3]))[place]
    const [first, second] = place < 2 ? [words[0], words[1]] : [words[2], words[3]]
    return Math.fround(normalSingle(first, second)[place % 2])
  }
  if (dtype === 'float32') return (words[place] >>> 8) * 2 ** -24
  const bits = join(words[2 * place], words[2 * place + 1])
  return distribution === 'bits' ? bits : fraction(bits)
}

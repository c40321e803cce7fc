/**
 * Counter-based random numbers: number i under a key is a function of i and the key alone, so that an array is the same whatever
 * its chunks, the workers and the order. The generator is Philox4x32-10 of Salmon, Moraes, Dror and Shaw (SC 2011), who report
 * that it passes SmallCrush, Crush and BigCrush of TestU01, also as parallel streams (already with 7 of its 10 rounds); the tests
 * check it against the known answers of their Random123 library.
 */
import { internal } from '../core/errors.ts'
import { assemble } from '../core/wasm/assemble.ts'
import { mathFunctions, mathText } from './math/functions.ts'
import { highWord, lowWord } from './philox.ts'
import { type Distribution, formDefinitions, formNames, perCounter, type RandomDType } from './random-kernel.ts'

export { splitKey } from './philox.ts'
export type { Distribution, RandomDType } from './random-kernel.ts'

export interface Random {
  /**
   * Writes numbers index to index + count - 1 of the stream `key`, one after the other, from byte `address` on.
   * uniform: [0, 1) in steps of 2^-53 (float64) or 2^-24 (float32). normal: mean 0, variance 1 (float64, float32).
   * bits: 64 random bits (uint64).
   */
  fill(
    distribution: Distribution,
    dtype: RandomDType,
    key: bigint,
    index: bigint | number,
    count: number,
    address: number,
  ): void
}

type Fill = (
  key0: number,
  key1: number,
  counterLow: number,
  counterHigh: number,
  address: number,
  first: number,
  end: number,
) => void

/** The WebAssembly text of one form, e.g. uniform_float64. */
export function randomText(form: string): string {
  const definitions = formDefinitions(form)
  const needs = [...new Set(definitions.flatMap((each) => each.needs))]
  return [
    '(module (import "h" "m" (memory 1 65536 shared))',
    mathText(needs.filter((name) => mathFunctions[name])),
    ...definitions.map((each) => each.text),
    '(export "fill" (func $fill)))',
  ].join('\n')
}

const modules = new Map<string, WebAssembly.Module>()

function moduleOf(form: string): WebAssembly.Module {
  const known = modules.get(form)
  if (known) return known
  if (!formNames.includes(form))
    throw internal(`no random numbers of the form ${form}; there are ${formNames.join(', ')}`)
  const made = new WebAssembly.Module(assemble(randomText(form)))
  modules.set(form, made)
  return made
}

/** Where number `index` comes from: the two words of its counter, and its place among the counter's numbers. */
function positionOf(index: bigint | number, each: number): { low: number; high: number; first: number } {
  if (typeof index === 'number') {
    const counter = Math.floor(index / each)
    return { low: counter % 2 ** 32, high: Math.floor(counter / 2 ** 32), first: index - counter * each }
  }
  const counter = index / BigInt(each)
  return { low: lowWord(counter), high: highWord(counter), first: Number(index % BigInt(each)) }
}

/** Random numbers into `memory`; kernels are made at their first use. */
export function createRandom(memory: WebAssembly.Memory): Random {
  const kernels: Partial<Record<Distribution, Partial<Record<RandomDType, Fill>>>> = {}
  const make = (distribution: Distribution, dtype: RandomDType) => {
    const instance = new WebAssembly.Instance(moduleOf(`${distribution}_${dtype}`), { h: { m: memory } })
    const made = instance.exports.fill as Fill
    kernels[distribution] = { ...kernels[distribution], [dtype]: made }
    return made
  }
  // Rows of a block are short, so a call must cost little: no bigint is taken apart that was so the time before.
  let words = { key: 0n, low: 0, high: 0 }
  return {
    fill(distribution, dtype, key, index, count, address) {
      const kernel = kernels[distribution]?.[dtype] ?? make(distribution, dtype)
      if (words.key !== key) words = { key, low: lowWord(key), high: highWord(key) }
      const each = perCounter[dtype]
      const bytes = dtype === 'float32' ? 4 : 8
      const { low, high, first } = positionOf(index, each)
      // One call keeps the counter's upper word, so it ends where the lower word is full.
      const room = (2 ** 32 - low) * each - first
      const now = Math.min(count, room)
      if (now > 0) kernel(words.low, words.high, low, high, address - first * bytes, first, first + now)
      if (count > room) kernel(words.low, words.high, 0, high + 1, address + room * bytes, 0, count - room)
    },
  }
}

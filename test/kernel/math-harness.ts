import { compile } from 'watr'
import { mathText } from '../../src/kernel/math/functions.ts'

export type Lane = 'f64' | 'f32'
const kinds = { f64: Float64Array, f32: Float32Array } as const
export type Numbers = Float64Array | Float32Array

/** A module of one loop that applies `name` (exp_f64, pow_f32, ...) to arrays, and a function that runs it. */
export function harness(name: string, parameters = 1): (...inputs: Numbers[]) => Numbers {
  const load = Array.from({ length: parameters }, (_, index) => `(v128.load (local.get $x${index}))`).join(' ')
  const params = Array.from({ length: parameters }, (_, index) => `(param $x${index} i32)`).join(' ')
  const next = Array.from({ length: parameters }, (_, index) => `$x${index}`)
    .map((each) => `(local.set ${each} (i32.add (local.get ${each}) (i32.const 16)))`)
    .join(' ')
  const text = `(module (import "h" "m" (memory 1 65536 shared))
    ${mathText([name])}
    (func (export "run") ${params} (param $out i32) (param $end i32)
      (loop $next
        (v128.store (local.get $out) (call $${name} ${load}))
        ${next}
        (local.set $out (i32.add (local.get $out) (i32.const 16)))
        (br_if $next (i32.lt_u (local.get $out) (local.get $end))))))`
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true })
  const module = new WebAssembly.Module(new Uint8Array(compile(text)))
  const run = new WebAssembly.Instance(module, { h: { m: memory } }).exports.run as (...args: number[]) => void
  const Kind = kinds[name.endsWith('f64') ? 'f64' : 'f32']
  return (...inputs) => {
    const { length } = inputs[0]
    const bytes = Math.ceil((length * Kind.BYTES_PER_ELEMENT) / 16) * 16
    const needed = bytes * (parameters + 1) - memory.buffer.byteLength
    if (needed > 0) memory.grow(Math.ceil(needed / 65536))
    inputs.forEach((input, index) => {
      new Kind(memory.buffer, index * bytes, length).set(input)
    })
    const starts = Array.from({ length: parameters + 1 }, (_, index) => index * bytes)
    run(...starts, bytes * (parameters + 1))
    return new Kind(memory.buffer, parameters * bytes, length).slice()
  }
}

/** The place of a number in the order of all numbers of its dtype, as an integer: neighbours differ by one. */
export function ordinals(values: Numbers): BigInt64Array {
  const signed =
    values instanceof Float64Array
      ? new BigInt64Array(values.slice().buffer)
      : BigInt64Array.from(new Int32Array(values.slice().buffer), BigInt)
  const lowest = values instanceof Float64Array ? -(2n ** 63n) : -(2n ** 31n)
  return signed.map((each) => (each < 0n ? lowest - each : each))
}

export interface Fixture {
  readonly inputs: readonly Numbers[]
  readonly expected: Numbers
  /** Exact value minus `expected`, in units in the last place. */
  readonly residual: Float64Array
}

export function decodeFixture(text: string, lane: Lane): Fixture {
  const raw = JSON.parse(text) as { inputs: string[]; expected: string; residual: string }
  const bytes = (encoded: string) => new Uint8Array(Buffer.from(encoded, 'base64')).buffer
  const numbers = (encoded: string) => new kinds[lane](bytes(encoded))
  const residual = Float64Array.from(new Int8Array(bytes(raw.residual)), (each) => each / 254)
  return { inputs: raw.inputs.map(numbers), expected: numbers(raw.expected), residual }
}

/** The distance of two neighbours in the dtype at the size of `value`. */
function unit(value: number, lane: Lane): number {
  const [lowest, bits] = lane === 'f64' ? [-1022, 52] : [-126, 23]
  return 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), lowest) - bits)
}

/**
 * The largest error in units in the last place, and where it is. log(exp(a) + exp(b)) may be far smaller than a and b, whose last
 * places it then lacks: its unit is that of the larger of them where that is larger.
 */
export function worstError(name: string, fixture: Fixture): { ulp: number; at: number[]; got: number } {
  const lane = name.endsWith('f64') ? 'f64' : 'f32'
  const scaleOf = (i: number) => {
    if (!name.startsWith('logaddexp')) return 1
    const operand = Math.max(fixture.inputs[0][i], fixture.inputs[1][i])
    return Math.min(1, unit(fixture.expected[i], lane) / unit(operand, lane))
  }
  const got = harness(name, fixture.inputs.length)(...fixture.inputs)
  const actual = ordinals(got)
  const wanted = ordinals(fixture.expected)
  let ulp = -1
  let place = 0
  for (let i = 0; i < got.length; i++) {
    const error = Number.isNaN(got[i]) ? Infinity : Math.abs(Number(actual[i] - wanted[i]) - fixture.residual[i])
    if (error * scaleOf(i) > ulp) {
      ulp = error * scaleOf(i)
      place = i
    }
  }
  return { ulp, at: fixture.inputs.map((input) => input[place]), got: got[place] }
}

/** Nanoseconds a number of the maths functions over an array that stays in the cache: node bench/math.ts [names,...] */
import { compile } from 'watr'
import { mathFunctions, mathText } from '../src/kernel/math/functions.ts'

const twoArguments = new Set(['pow', 'atan2', 'hypot', 'logaddexp'])
const ranges: Record<string, readonly [number, number]> = {
  log: [0, 10],
  log2: [0, 10],
  log10: [0, 10],
  log1p: [0, 10],
  pow: [0, 10],
  asin: [-1, 1],
  acos: [-1, 1],
  atanh: [-1, 1],
  acosh: [1, 20],
}
const count = 8192
const rounds = 200

function measure(name: string): number {
  const [family, lane] = name.split('_')
  const two = twoArguments.has(family)
  const bytes = count * (lane === 'f64' ? 8 : 4)
  const loads = ['(v128.load (local.get $x))', ...(two ? [`(v128.load offset=${bytes} (local.get $x))`] : [])]
  const text = `(module (import "h" "m" (memory 1 65536 shared)) ${mathText([name])}
    (func (export "run") (param $x i32) (param $end i32)
      (loop $next
        (v128.store offset=${2 * bytes} (local.get $x) (call $${name} ${loads.join(' ')}))
        (local.set $x (i32.add (local.get $x) (i32.const 16)))
        (br_if $next (i32.lt_u (local.get $x) (local.get $end))))))`
  const memory = new WebAssembly.Memory({ initial: 8, maximum: 65536, shared: true })
  const module = new WebAssembly.Module(new Uint8Array(compile(text)))
  const run = new WebAssembly.Instance(module, { h: { m: memory } }).exports.run as (start: number, end: number) => void
  const [low, high] = ranges[family] ?? [-10, 10]
  const Kind = lane === 'f64' ? Float64Array : Float32Array
  const values = new Kind(memory.buffer, 0, 2 * count)
  values.forEach((_, index) => {
    values[index] = low + Math.random() * (high - low)
  })
  for (let i = 0; i < rounds * 5; i++) run(0, bytes)
  const times = Array.from({ length: 15 }, () => {
    const start = performance.now()
    for (let i = 0; i < rounds; i++) run(0, bytes)
    return ((performance.now() - start) / rounds / count) * 1e6
  })
  return Math.min(...times)
}

const wanted = process.argv[2]?.split(',')
for (const name of Object.keys(mathFunctions).filter((each) => /^[a-z0-9]+_f(64|32)$/.test(each))) {
  if (!/^(reduce|fmod|remainder|floorDivide)/.test(name) && (wanted?.includes(name.split('_')[0]) ?? true)) {
    console.log(`${name.padEnd(16)}${measure(name).toFixed(2).padStart(8)} ns`)
  }
}

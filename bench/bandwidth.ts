import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { compile } from 'watr'

const length = 24_000_000
const pageBytes = 65536
const passes = 12

/** c = a + b over float64, two lanes at a time; addresses and the end are in bytes. */
const add = `(module
  (import "" "memory" (memory 1 65536 shared))
  (func (export "add") (param $a i32) (param $b i32) (param $c i32) (param $end i32)
    (loop $next
      (v128.store (local.get $c) (f64x2.add (v128.load (local.get $a)) (v128.load (local.get $b))))
      (v128.store offset=16 (local.get $c) (f64x2.add (v128.load offset=16 (local.get $a)) (v128.load offset=16 (local.get $b))))
      (local.set $a (i32.add (local.get $a) (i32.const 32)))
      (local.set $b (i32.add (local.get $b) (i32.const 32)))
      (local.set $c (i32.add (local.get $c) (i32.const 32)))
      (br_if $next (i32.lt_u (local.get $a) (local.get $end))))))`

/**
 * What the memory gives `threads` threads that add two float64 arrays into a third: 24 bytes an element, the best of 12 passes.
 * Bytes a second.
 */
export async function measureBandwidth(threads: number): Promise<number> {
  const pages = Math.ceil((3 * length * 8) / pageBytes)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true })
  // Pages that were never written are all one page of zeros, which the caches hold: they would read far too fast.
  new Float64Array(memory.buffer).fill(1)
  const workers = Array.from({ length: threads }, (_, part) => {
    const from = Math.floor((part * length) / threads / 4) * 32
    const to = Math.floor(((part + 1) * length) / threads / 4) * 32
    return new Worker(fileURLToPath(import.meta.url), { workerData: { memory, from, to } })
  })
  const each = (action: (worker: Worker) => void): Promise<unknown> =>
    Promise.all(
      workers.map((worker) => {
        const answered = once(worker, 'message')
        action(worker)
        return answered
      }),
    )
  await each(() => {})
  let best = Number.POSITIVE_INFINITY
  for (let pass = 0; pass < passes; pass++) {
    const start = performance.now()
    await each((worker) => worker.postMessage('go'))
    best = Math.min(best, performance.now() - start)
  }
  await Promise.all(workers.map((worker) => worker.terminate()))
  return (length * 24) / (best / 1000)
}

if (!isMainThread && parentPort) {
  const { memory, from, to } = workerData as { memory: WebAssembly.Memory; from: number; to: number }
  const module = new WebAssembly.Module(compile(add) as Uint8Array<ArrayBuffer>)
  const run = new WebAssembly.Instance(module, { '': { memory } }).exports.add as (...args: number[]) => void
  const port = parentPort
  port.on('message', () => {
    run(from, length * 8 + from, 2 * length * 8 + from, to)
    port.postMessage('done')
  })
  port.postMessage('ready')
}

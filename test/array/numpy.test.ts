import { readdirSync, readFileSync } from 'node:fs'
import type { NdArray } from 'ndarray'
import { afterAll, describe, expect, test } from 'vitest'
import { isComplex, type TypedArray, viewBytes } from '../../src/core/dtype.ts'
import { sizeOf } from '../../src/core/shape.ts'
import * as nd from '../../src/index.ts'
import type { ComplexStore } from '../../src/storage/ndarray.ts'

// What NumPy says about calls of the public interface; scripts/fixtures-arrays.py tells the form of the files.
type Packed = readonly [dtype: nd.DType, shape: number[], base64: string]
interface Case {
  readonly call: readonly [string, ...unknown[]]
  readonly results: readonly Packed[]
  readonly ulps?: number
}
const folder = new URL('../fixtures/arrays/', import.meta.url)
const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
const inputs = read<Record<string, Packed>>('inputs.json')
const families = readdirSync(folder).filter((name) => name !== 'inputs.json')

/** How the arrays of a case are cut: input number i in blocks of this length (-1: the whole axis). */
type ChunkOf = (input: number) => number
const chunkings: readonly ChunkOf[] = [() => 1, (i) => (i % 3) + 2, () => -1]

const elements = ([dtype, shape, base64]: Packed): TypedArray =>
  viewBytes(dtype, Uint8Array.from(Buffer.from(base64, 'base64')).buffer, 0, sizeOf(shape))

function inputArray(packed: Packed, chunks: number): nd.ChunkedArray {
  const [dtype, shape] = packed
  const data = elements(packed)
  if (!isComplex(dtype)) return nd.fromArray(data, { shape, dtype, chunks })
  const values = Array.from({ length: data.length / 2 }, (_, i) => ({
    re: Number(data[2 * i]),
    im: Number(data[2 * i + 1]),
  }))
  return nd.array(values, { shape, dtype, chunks })
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const functions: Record<string, unknown> = { ...nd }
const creates = new Set(['arange', 'linspace', 'eye', 'tri', 'zeros', 'ones', 'full'])
const values: Record<string, number> = { nan: Number.NaN, '-inf': Number.NEGATIVE_INFINITY }

/** The lazy results of a call. */
function build([name, ...given]: Case['call'], chunkOf: ChunkOf): nd.ChunkedArray[] {
  let count = 0
  const argument = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(argument)
    if (!isObject(value)) return value
    if ('input' in value) return inputArray(inputs[value.input as string], chunkOf(count++))
    if ('int' in value) return BigInt(value.int as string)
    if ('value' in value) return values[value.value as string]
    return 'options' in value ? value.options : value
  }
  const args = given.map(argument)
  if (creates.has(name)) {
    const options = isObject(given.at(-1)) && 'options' in (given.at(-1) as object) ? args.pop() : {}
    args.push({ ...(options as object), chunks: chunkOf(0) })
  }
  if (name === 'T' || name === 'mT') return [(args[0] as nd.ChunkedArray)[name]]
  const call = functions[name] as (...args: unknown[]) => nd.ChunkedArray | nd.ChunkedArray[]
  return [call(...args)].flat()
}

/** The distance allowed of an element, in units of the last place of the number (of a complex number: of its modulus). */
function isClose(found: TypedArray, wanted: TypedArray, i: number, ulps: number, pairs: boolean): boolean {
  if (Object.is(found[i], wanted[i])) return true
  const [a, b] = [Number(found[i]), Number(wanted[i])]
  const size = pairs ? Math.hypot(Number(wanted[i & ~1]), Number(wanted[i | 1])) : Math.abs(b)
  const epsilon = wanted instanceof Float32Array ? 2 ** -23 : 2 ** -52
  return ulps > 0 && Math.abs(a - b) <= ulps * epsilon * size
}

/** What is wrong with a result, or undefined. */
function complaint(x: nd.ChunkedArray, result: nd.Result, packed: Packed, ulps: number): string | undefined {
  const [dtype, shape] = packed
  const wanted = elements(packed)
  if (x.dtype !== dtype || String(x.shape) !== String(shape)) return `is ${x.dtype} [${x.shape}]`
  const found = x.ndim > 0 ? dataOf(result as NdArray) : scalarData(result, wanted)
  if (found.length !== wanted.length) return `has ${found.length} elements`
  for (let i = 0; i < wanted.length; i++)
    if (!isClose(found, wanted, i, ulps, isComplex(dtype)))
      return `has ${String(found[i])} at ${i}, want ${String(wanted[i])}`
  return undefined
}
const dataOf = ({ data }: NdArray): TypedArray =>
  'parts' in data ? (data as unknown as ComplexStore).parts : (data as TypedArray)
const scalarData = (result: nd.Result, like: TypedArray): TypedArray => {
  const parts = isObject(result) ? [result.re, result.im] : [typeof result === 'boolean' ? Number(result) : result]
  return (like.constructor as unknown as { from(values: unknown[]): TypedArray }).from(parts)
}

const batch = 100

describe.each(families)('%s', (family) => {
  const cases = read<Case[]>(family)
  // Every case in blocks of one element, in blocks that do not lie alike and in one block, on both runners. Those of the
  // element-wise functions, each a kernel to compile, take turns.
  const turns = cases.length > 2000 ? [0] : [0, 1, 2]
  test.each(
    turns.flatMap((turn) => [
      ['local', turn],
      ['threads', turn + 1],
    ]) as ['local' | 'threads', number][],
  )('%s, turn %i', async (scheduler, turn) => {
    const complaints: string[] = []
    for (let first = 0; first < cases.length; first += batch) {
      const some = cases.slice(first, first + batch)
      const arrays = some.map(({ call }, k) => build(call, chunkings[(first + k + turn) % chunkings.length]))
      const results = await nd.compute(...arrays.flat(), { scheduler, workers: 2 })
      some.forEach(({ call, results: wanted, ulps = 0 }, k) => {
        expect(arrays[k]).toHaveLength(wanted.length)
        arrays[k].forEach((x, i) => {
          const wrong = complaint(x, results.shift()!, wanted[i], ulps)
          if (wrong) complaints.push(`${JSON.stringify(call)} ${wrong}`)
        })
      })
    }
    expect(complaints.slice(0, 20)).toEqual([])
  })
})

afterAll(() => nd.shutdown())

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mathFunctions, mathText } from '../../src/kernel/math/functions.ts'
import { decodeFixture, harness, type Lane, ordinals, worstError } from './math-harness.ts'

const one = 'exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh'.split(' ')
const two = 'atan2 pow hypot logaddexp'.split(' ')
const lanes: readonly Lane[] = ['f64', 'f32']
const names = [...one, ...two].flatMap((family) => lanes.map((lane) => ({ family, lane, name: `${family}_${lane}` })))
const Kinds = { f64: Float64Array, f32: Float32Array } as const

const compiled = new Map<string, ReturnType<typeof harness>>()
function run(name: string, parameters: number) {
  const known = compiled.get(name) ?? harness(name, parameters)
  compiled.set(name, known)
  return known
}

describe('accuracy against mpmath', () => {
  test.each(names)('$name is within 2 units in the last place', ({ name, lane }) => {
    const text = readFileSync(new URL(`../fixtures/math/${name}.json`, import.meta.url), 'utf8')
    const fixture = decodeFixture(text, lane)
    expect(fixture.expected.length).toBeGreaterThan(1000)
    expect(worstError(name, fixture)).toSatisfy(({ ulp }: { ulp: number }) => ulp >= 0 && ulp <= 2)
  })
})

test('sin, cos and tan where nearly all bits of pi/2 are needed', () => {
  // The first is the double that comes closest to a multiple of pi/2 (Muller, Elementary Functions); values by mpmath with 1400 bits.
  const hard = [
    [6381956970095103 * 2 ** 797, 1, -4.687165924254628e-19, -2.133485385753704e18],
    [Number.MAX_VALUE, 0.004961954789184062, -0.9999876894265599, -0.004962015874444895],
    [1e22, -0.8522008497671888, 0.523214785395139, -1.6287782256068988],
    [Math.PI, 1.2246467991473532e-16, -1, -1.2246467991473532e-16],
  ]
  const inputs = Float64Array.from(hard, ([x]) => x)
  ;['sin', 'cos', 'tan'].forEach((family, column) => {
    const wanted = ordinals(Float64Array.from(hard, (row) => row[column + 1]))
    ordinals(run(`${family}_f64`, 1)(inputs)).forEach((got, i) => {
      expect(Math.abs(Number(got - wanted[i])), `${family}(${inputs[i]})`).toBeLessThanOrEqual(2)
    })
  })
})

const { NaN: nan, POSITIVE_INFINITY: infinity, MAX_VALUE: largest } = Number
const special = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2,
  -2,
  3,
  -3,
  710,
  -710,
  1e300,
  -1e300,
  2 ** 53,
  2 ** 53 + 2,
  -(2 ** 53),
].concat([infinity, -infinity, nan, 5e-324, -5e-324, 2 ** -1022, 1e-310, 1e-40, -1e-20, largest, -largest])

/** C99 and NumPy where JavaScript says otherwise. */
const meanings: Record<string, (x: number, y: number) => number> = {
  exp2: (x) => 2 ** x,
  pow: (x, y) => (x === 1 || (x === -1 && Math.abs(y) === infinity) ? 1 : x ** y),
  logaddexp: (a, b) => (a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)))),
}
const meaningOf = (family: string) =>
  meanings[family] ?? (Math as unknown as Record<string, (x: number, y: number) => number>)[family]

/** NaN, infinities and zeros exactly, with their signs; other numbers as near as JavaScript's own functions are. */
function expectSame(name: string, got: number, wanted: number, operands: readonly number[]) {
  const exact = Number.isNaN(wanted) || !Number.isFinite(wanted) || wanted === 0
  const allowed = name.endsWith('f64') ? Math.abs(wanted) * 1e-15 + 1e-323 : Math.abs(wanted) * 3e-7 + 3e-45
  const same = exact ? Object.is(got, wanted) : Math.abs(got - wanted) <= allowed
  expect(same, `${name}(${operands.join(', ')}) = ${got}, not ${wanted}`).toBe(true)
}

describe('special values', () => {
  test.each(names.filter(({ family }) => one.includes(family)))('$name', ({ name, family, lane }) => {
    const inputs = new Kinds[lane](special)
    const got = run(name, 1)(inputs)
    inputs.forEach((x, i) => {
      expectSame(name, got[i], new Kinds[lane]([meaningOf(family)(x, 0)])[0], [x])
    })
  })
  test.each(names.filter(({ family }) => two.includes(family)))('$name', ({ name, family, lane }) => {
    const values = [...new Kinds[lane](special)]
    const pairs = values.flatMap((x) => values.map((y) => [x, y] as const))
    const [left, right] = [0, 1].map((side) => new Kinds[lane](pairs.map((pair) => pair[side])))
    const got = run(name, 2)(left, right)
    pairs.forEach(([x, y], i) => {
      expectSame(name, got[i], new Kinds[lane]([meaningOf(family)(x, y)])[0], [x, y])
    })
  })
})

describe('properties', () => {
  const value = fc.oneof(fc.constantFrom(...special), fc.double(), fc.double({ min: -10, max: 10, noNaN: true }))
  test.each(names)('$name of a lane does not depend on the other lanes', ({ name, family, lane }) => {
    const parameters = two.includes(family) ? 2 : 1
    const row = fc.array(value, { minLength: 4, maxLength: 4 })
    const vectors = fc.array(row, { minLength: parameters, maxLength: parameters })
    const apply = run(name, parameters)
    fc.assert(
      fc.property(vectors, (rows) => {
        const together = apply(...rows.map((each) => new Kinds[lane](each)))
        for (let i = 0; i < 4; i++) {
          const alone = apply(...rows.map((each) => new Kinds[lane](4).fill(each[i])))
          const equal = Number.isNaN(alone[i]) ? Number.isNaN(together[i]) : Object.is(together[i], alone[i])
          expect(equal, `${name}(${rows.map((each) => each[i]).join(', ')}): ${together[i]} or ${alone[i]}`).toBe(true)
        }
      }),
      { numRuns: 60 },
    )
  })
  test('every definition is there for those that need it, and no text uses more than base SIMD', () => {
    for (const { name, text, needs } of Object.values(mathFunctions)) {
      expect(text.includes(`$${name}`)).toBe(true)
      expect(text).not.toMatch(/relaxed|\(memory|\(import/)
      for (const need of needs) expect(mathFunctions[need]).toBeDefined()
    }
    expect(mathText(['sin_f32']).match(/\(func \$/g)?.length).toBeGreaterThan(4)
  })
  test('neighbouring numbers have neighbouring ordinals', () => {
    expect([...ordinals(new Float64Array([-5e-324, -0, 0, 5e-324]))]).toEqual([-1n, 0n, 0n, 1n])
    expect([...ordinals(new Float32Array([-1, 1]))]).toEqual([-1065353216n, 1065353216n])
  })
})

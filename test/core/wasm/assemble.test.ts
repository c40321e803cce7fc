import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compile } from 'watr'
import { NdloomError } from '../../../src/core/errors.ts'
import { assemble } from '../../../src/core/wasm/assemble.ts'
import { type Immediate, opcodes } from '../../../src/core/wasm/opcodes.ts'

/** watr, an assembler of the whole text format, is the judge. */
const same = (text: string): void => {
  expect(Buffer.from(assemble(text)).toString('hex')).toBe(Buffer.from(compile(text)).toString('hex'))
}
const inFunction = (code: string): string =>
  `(module (memory 1) (global $g (mut i32) (i32.const 7)) (func $f (param $x i32) (local $y i32) (block $label ${code})))`

describe('instructions', () => {
  const immediates: Record<Immediate, string[]> = {
    none: [''],
    local: ['$x', '$y'],
    global: ['$g'],
    function: ['$f'],
    label: ['$label'],
    labels: ['$label', '$label $label $label'],
    memory: ['', 'offset=0', 'offset=4294967295', 'align=1', 'offset=300 align=1'],
    memoryLane: ['0', 'offset=128 1', 'offset=1 align=1 0', 'align=1 1'],
    lane: ['0', '1'],
    shuffle: ['0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31'],
    i32: ['0'],
    i64: ['0'],
    f32: ['0'],
    f64: ['0'],
    v128: ['i32x4 1 2 3 4'],
    oneMemory: [''],
    twoMemories: [''],
    block: [''],
  }
  test.each([...opcodes].filter(([, { immediate }]) => immediate !== 'block'))('%s)', (name, { immediate }) => {
    for (const text of immediates[immediate]) same(inFunction(`${name} ${text} (nop) (drop (local.get $x)))`))
  })
  test('are all of the first version but else, end and call_indirect, of sign extension, saturation and base SIMD, and two copies', () => {
    expect(opcodes.size).toBe(172 - 3 + 5 + 8 + 236 + 2)
  })

  test.each([
    '(block)',
    '(block (nop))',
    '(block (result i32) (i32.const 1))',
    '(loop $again (br_if $again (local.get $x)))',
    '(if (local.get $x) (then))',
    '(if (local.get $x) (then (nop)) (else))',
    '(if $out (result f64) (i32.eqz (local.get $x)) (then (br $out (f64.const 1))) (else (f64.const 2)))',
    '(block (block $inner (block (br_table $inner $label (local.get $x)))))',
    '(return (i32.const 1))',
    '(select (i32.const 1) (i32.const 2) (local.get $x))',
    '(call $f (i32.add (local.get $x) (i32.const 1)))',
    '(local.set $y\n  (local.tee $x ;; why not\n (i32.const 1)))',
  ])('%s', (code) => same(inFunction(code)))
})

test('a label hides one of the same name around it, and only inside', () => {
  const text = inFunction('(block $a (br $a) (loop $a (br $a)) (br $a))')
  expect(assemble(text)).toEqual(assemble(inFunction('(block $a (br $a) (loop $b (br $b)) (br $a))')))
})

describe('numbers', () => {
  const extremes = (bits: bigint) => [0n, 1n, -1n, 63n, 64n, -64n, -65n, (1n << (bits - 1n)) - 1n, -(1n << (bits - 1n))]
  const unsigned = (bits: bigint) => [`${(1n << bits) - 1n}`, `0x${((1n << bits) - 1n).toString(16)}`, '0x0', '-0x1']
  test.each([
    ['i32', 32n],
    ['i64', 64n],
  ] as const)('%s at its ends', (type, bits) => {
    for (const value of [...extremes(bits), ...unsigned(bits)]) same(inFunction(`(${type}.const ${value})`))
  })
  test('integers', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }), (value) => {
        same(inFunction(`(i64.const ${value}) (i64.const ${value >> 20n}) (i64.const ${value >> 40n})`))
        same(inFunction(`(i32.const ${BigInt.asIntN(32, value)}) (i32.const ${BigInt.asUintN(32, value >> 9n)})`))
      }),
    )
  })
  const floats = [
    '0',
    '-0',
    '1',
    '-1.5',
    '.1e1',
    '1e300',
    '1e-300',
    '5e-324',
    '2.5e-324',
    'inf',
    '-inf',
    'nan',
    '1.',
    '1e+21',
  ].filter((word) => word !== '.1e1')
  const ties = [
    '16777217',
    '16777219',
    '1.000000059604645',
    '3.4028235677973366e38',
    '1e39',
    '7.006492321624085e-46',
    '1e-46',
  ]
  test.each([...floats, ...ties])('%s as floats', (word) => {
    same(inFunction(`(f64.const ${word}) (f32.const ${word}) (v128.const f64x2 ${word} 1)`))
    same(inFunction(`(v128.const f32x4 ${word} 1 ${word} 2)`))
  })
  test('floats as JavaScript writes them', () => {
    const view = new DataView(new ArrayBuffer(8))
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const bytes = assemble(`(module (global f64 (f64.const ${Object.is(value, -0) ? '-0' : value})))`)
        view.setFloat64(0, value, true)
        expect(bytes.slice(-9, -1)).toEqual(new Uint8Array(view.buffer))
      }),
      { numRuns: 1000 },
    )
  })
  test.each([
    `i8x16 ${Array.from({ length: 16 }, (_, i) => (i % 2 ? 255 - i : i - 128)).join(' ')}`,
    'i16x8 -32768 65535 0 1 -1 0xffff 0x8000 12',
    'i32x4 -2147483648 4294967295 0xdeadbeef 3',
    'i64x2 -9223372036854775808 18446744073709551615',
    'i64x2 0x8000000000000000 0xffffffffffffffff',
    'f32x4 nan inf -inf -0',
    'f64x2 nan -inf',
  ])('v128.const %s', (value) => same(inFunction(`(v128.const ${value})`)))
})

describe('modules', () => {
  test.each([
    '(module)',
    '(module (memory 0))',
    '(module (memory (export "a") (export "b") 1 300))',
    '(module (import "h" "m" (memory 1 65536 shared)) (import "h" "s" (global $s i32)) (global $t i32 (global.get $s)))',
    '(module (import "h" "s" (global $s (mut v128))) (func (global.set $s (global.get $s))))',
    '(module (import "Math" "atan2" (func $Math.atan2 (param f64 f64) (result f64))) (func $a (call $b)) (func $b (call $a)))',
    '(module (func (export "one") (export "uno")) (func $two (export "two") (result i32 f64) (i32.const 1) (f64.const 2)))',
    '(module (func $two (param $x i32) (param f32 f32) (local i64 i64) (local $z i64) (local $w f32)) (export "two" (func $two)))',
    '(module (func $use (drop (global.get $late:-1.5e+3))) (global $late:-1.5e+3 f64 (f64.const -1.5e+3)))',
    '(module (func $a (param i32)) (func $b) (func $c (param i32)) (func $d (param i64) (result i32) (unreachable)))',
    '(module (memory 1) (data (i32.const 0) "\\00\\ffplain (text) ;; of\\22 all") (data (i32.const 500) ""))',
    `(module ${Array.from({ length: 300 }, (_, i) => `(func $f${i} (local $l i32) (call $f${299 - i}))`).join('\n')})`,
    `(module (func ${Array.from({ length: 200 }, (_, i) => `(local $l${i} ${i % 3 ? 'i32' : 'v128'})`).join('')} (local.set $l199 (local.get $l130))))`,
  ])('%s', same)
})

describe('what is not known is refused', () => {
  test.each([
    ['(i32.sum (local.get $x))', 'unknown instruction: (i32.sum in line 1, character 108, at '],
    ['(i32.add i32.const 1)', 'more than (i32.add takes: i32.const'],
    ['local.get $x', 'unknown instruction: local.get'],
    ['(local.get $z)', 'unknown name: $z'],
    ['(local.get 0)', 'unknown name: 0'],
    ['(local.get)', 'unknown name: )'],
    ['(local.get $x $x)', 'more than (local.get takes: $x'],
    ['(global.get $x)', 'unknown name: $x'],
    ['(call $x)', 'unknown name: $x'],
    ['(br $none)', 'unknown label: $none'],
    ['(br_table (local.get $x))', 'not a label: (local.get'],
    ['(i32.const 1.5)', 'not an i32: 1.5'],
    ['(i32.const 4294967296)', 'not an i32: 4294967296'],
    ['(i32.const -2147483649)', 'not an i32'],
    ['(i32.const 1_000)', 'not an i32: 1_000'],
    ['(i32.const)', 'not an i32: )'],
    ['(i64.const 18446744073709551616)', 'not an i64'],
    ['(i64.const -9223372036854775809)', 'not an i64'],
    ['(i64.const 1n)', 'not an i64: 1n'],
    ['(f64.const 0x1p3)', 'not an f64: 0x1p3'],
    ['(f64.const nan:0x1)', 'not an f64'],
    ['(f64.const undefined)', 'not an f64: undefined'],
    ['(f32.const NaN)', 'not an f32: NaN'],
    ['(v128.const i32x4 1 2 3)', 'not a lane of i32x4: )'],
    ['(v128.const i32x4 1 2 3 4 5)', 'more than (v128.const takes: 5'],
    ['(v128.const i8x16 256 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0)', 'not a lane of i8x16: 256'],
    ['(v128.const constructor 1 2)', 'not a shape: constructor'],
    ['(i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 32 (nop) (nop))', 'not a lane: 32'],
    ['(i32x4.extract_lane (nop))', 'not a lane: (nop'],
    ['(i32.load offset=-1 (local.get $x))', 'not an offset: offset=-1'],
    ['(i32.load align=3 (local.get $x))', 'not an alignment: align=3'],
    ['(i32.load align=8 (local.get $x))', 'not an alignment: align=8'],
    ['(i32.load align=4 offset=4 (local.get $x))', 'more than (i32.load takes: offset=4'],
    ['(if (local.get $x) (nop))', 'unknown instruction: )'],
    ['(if (local.get $x) (then) (nop))', 'not ): (nop'],
    ['(block (result i32 i32) (nop))', 'not ): i32'],
    ['(select (result i32) (nop))', 'unknown instruction: (result'],
    ['(nop "text")', 'more than (nop takes: "text"'],
    ['( nop)', 'unknown instruction: ('],
    ['(; a comment ;) (nop)', 'unknown instruction: ('],
  ])('%s', (code, problem) => {
    expect(() => assemble(inFunction(code))).toThrow(`internal: assemble: ${problem}`)
  })
  test.each([
    ['', 'not (module: (end of text'],
    ['(func)', 'not (module: (func'],
    ['(module', 'unknown part of a module: (end of text'],
    ['(module))', 'behind the module: )'],
    ['(module (func)', 'unknown part of a module: (end of text'],
    ['(module (func', 'unknown instruction: (end of text'],
    ['(module (func (block', 'unknown instruction: (end of text'],
    ['(module (table 1 funcref))', 'unknown part of a module: (table'],
    ['(module (type $t (func)))', 'unknown part of a module: (type'],
    ['(module (memory 1) (memory 1))', 'a second memory: (memory'],
    ['(module (memory -1))', 'not a number of pages: -1'],
    ['(module (memory 1 unshared))', 'not ): unshared'],
    ['(module (func $f) (func $f))', 'a second declaration: $f'],
    ['(module ;; (func\n (func $f))', 'a second declaration: $f'],
    ['(module (func (param $x i32) (local $x i32)))', 'a second declaration: $x'],
    ['(module (func (param $x constructor)))', 'not a type: constructor'],
    ['(module (func) (import "a" "b" (func)))', 'an import behind a definition: (func'],
    ['(module (global i32 (i32.const 0)) (import "a" "b" (global i32)))', 'an import behind a definition: (global'],
    ['(module (import "a" "b" (table 1 funcref)))', 'unknown import: (table'],
    ['(module (export "f" (func $f)))', 'unknown name: $f'],
    ['(module (memory 1) (data (i32.const 0) "\\n"))', 'not a string: "\\n"'],
    ['(module (memory 1) (data (i32.const 0) "é"))', 'not a string: "é"'],
    ['(module (memory 1) (data (i32.const 0) "open))', 'not a string: "'],
    ['(module (func $a)\n(func $b (nop)\n (call $c)))', 'unknown name: $c in line 3, character 40, at'],
  ])('%s', (text, problem) => {
    expect(() => assemble(text)).toThrow(`internal: assemble: ${problem}`)
    expect(() => assemble(text)).toThrow(NdloomError)
  })
  test('any word of a text that is changed or left out: an error of ours, or what the judge makes of it', () => {
    const words = inFunction('(if (local.get $x) (then (i32.store offset=4 (local.get $x) (i32.const -7))))').split(' ')
    const spoilt = fc.tuple(
      fc.nat(words.length - 1),
      fc.constantFrom('', '(', ')', '$x', '(nop', '7', '"', '(param', 'i32'),
    )
    fc.assert(
      fc.property(spoilt, ([at, word]) => {
        const text = words.with(at, word).join(' ')
        let bytes: Uint8Array | undefined
        try {
          bytes = assemble(text)
        } catch (error) {
          expect(String(error)).toMatch(/internal: assemble: /)
        }
        if (bytes) expect(Buffer.from(bytes).toString('hex')).toBe(Buffer.from(compile(text)).toString('hex'))
      }),
      { numRuns: 500 },
    )
  })
})

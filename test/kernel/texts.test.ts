import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compile } from 'watr'
import { itemsize, type RealDType } from '../../src/core/dtype.ts'
import { assemble } from '../../src/core/wasm/assemble.ts'
import { writeKernel } from '../../src/kernel/compile.ts'
import { emitCombine } from '../../src/kernel/emit-combine.ts'
import { kernelTexts } from '../../src/kernel/kernels.ts'
import { mathFunctions, mathText } from '../../src/kernel/math/functions.ts'
import { storedClass } from '../../src/kernel/nest.ts'
import { randomText } from '../../src/kernel/random.ts'
import { formNames } from '../../src/kernel/random-kernel.ts'
import type { KernelSpec, LoopNest, SpecNode } from '../../src/kernel/spec.ts'
import { elementwise } from '../../src/ops/elementwise.ts'
import { reductions } from '../../src/ops/reductions.ts'
import { scans } from '../../src/ops/scans.ts'
import { bloscText } from '../../src/storage/zarr/blosc-kernel.ts'
import { accessOf, lies, reals } from './nests.ts'

/** watr, an assembler of the whole text format, makes the same bytes of every text that is written; and they are a module. */
function check(text: string): void {
  const bytes = assemble(text)
  expect(WebAssembly.validate(bytes)).toBe(true)
  expect(Buffer.compare(bytes, compile(text))).toBe(0)
}

describe('texts that are always the same', () => {
  test.each(Object.keys(mathFunctions))('%s', (name) => {
    check(`(module (import "h" "m" (memory 1 65536 shared))\n${mathText([name])})`)
  })
  test.each(formNames)('random numbers: %s', (form) => check(randomText(form)))
  test('Blosc', () => check(bloscText()))
})

const extentsOf = fc.array(fc.constantFrom(1, 2, 5, 33, 70), { minLength: 0, maxLength: 3 })
/** Where `parts` lie, one after the other; those of `skipped` axes stay in place there. */
const nestsOf = (operands: RealDType[], outputs: RealDType[], indices: number, kind: KernelSpec['kind']) =>
  extentsOf
    .filter((extents) => kind !== 'scan' || extents.length > 0)
    .chain((extents) =>
      fc.record({
        extents: fc.constant(extents),
        axes: fc.array(fc.boolean(), { minLength: extents.length, maxLength: extents.length }),
        inputs: fc.tuple(...operands.map(() => lies(extents.length, true))),
        results: fc.tuple(...outputs.map(() => lies(extents.length, false))),
        carried: fc.boolean(),
      }),
    )
    .map(({ extents, axes, inputs, results, carried }): LoopNest => {
      const reduced = extents.map((_, axis) => (kind === 'reduce' ? axes[axis] : kind === 'scan' && axis === 0))
      const placed = results.map(
        (lie, i) => accessOf(lie, extents, outputs[i], 4096, kind === 'reduce' ? reduced : []).access,
      )
      return {
        extents,
        reduced,
        operands: inputs.map((lie, i) => accessOf(lie, extents, operands[i], 4096).access),
        indices: Array.from({ length: indices }, () => ({ start: 3, strides: extents.map((_, axis) => axis + 1) })),
        outputs: placed,
        mergedCount: carried ? 5 : 0,
        carry: kind === 'scan' && carried ? placed : undefined,
      }
    })
const checkNest = (spec: KernelSpec, nest: LoopNest): void => {
  for (const text of kernelTexts(spec, nest)) check(text)
}

/** A load, cast to the loop dtype where it has another. */
const loaded = (dtype: RealDType, loop: RealDType): SpecNode[] => [
  { op: 'load', dtype, operand: 0 },
  ...(loop === dtype ? [] : [{ op: 'cast', dtype: loop, args: [0] } as const]),
]
const named = <R extends { signature: (dtype: RealDType) => { loop: unknown } | undefined }>(
  table: Readonly<Record<string, R>>,
) =>
  fc
    .record({ name: fc.constantFrom(...Object.keys(table)), dtype: fc.constantFrom(...reals) })
    .filter(({ name, dtype }) => reals.includes(table[name].signature(dtype)?.loop as RealDType))

describe('kernels', () => {
  test('every element-wise function of every dtype', () => {
    const line = { extents: [100], reduced: [false], indices: [], mergedCount: 0 }
    for (const { name, arity, signature } of Object.values(elementwise))
      for (const dtype of reals) {
        const found = signature(dtype) as { loop: RealDType; output: RealDType } | undefined
        if (!found || !reals.includes(found.loop) || !reals.includes(found.output)) continue
        const { loop, output } = found
        const operands = Array.from({ length: arity }, (_, i) => (name === 'where' && i === 0 ? 'bool' : loop))
        const nodes: SpecNode[] = operands.map((each, operand) => ({ op: 'load', dtype: each, operand }))
        nodes.push({ op: 'call', name, dtype: loop, args: operands.map((_, i) => i) })
        const spec: KernelSpec = { kind: 'map', nodes, operands, indices: 0, results: [arity], outputs: [output] }
        const at = (each: RealDType) => ({ address: 4096, strides: [itemsize(each)] })
        checkNest(spec, { ...line, operands: operands.map(at), outputs: [at(output)] })
      }
  })

  test('casts, constants and indices over random nests', () => {
    const cases = fc
      .record({ from: fc.constantFrom(...reals), to: fc.constantFrom(...reals), value: fc.double() })
      .chain(({ from, to, value }) => {
        const constant: SpecNode = to.startsWith('float')
          ? { op: 'constant', dtype: to, value }
          : { op: 'constant', dtype: to, value: /64/.test(to) ? 3n : to === 'bool' ? true : 3 }
        const nodes: SpecNode[] = [
          { op: 'load', dtype: from, operand: 0 },
          { op: 'cast', dtype: to, args: [0] },
          constant,
          { op: 'call', name: 'equal', dtype: to, args: [1, 2] },
          { op: 'call', name: 'where', dtype: to, args: [3, 1, 2] },
          { op: 'index', dtype: 'int64', slot: 0 },
        ]
        const outputs: RealDType[] = [to, 'int64']
        const spec: KernelSpec = { kind: 'map', nodes, operands: [from], indices: 1, results: [4, 5], outputs }
        return fc.tuple(fc.constant(spec), nestsOf([from], outputs, 1, 'map'))
      })
    fc.assert(
      fc.property(cases, ([spec, nest]) => checkNest(spec, nest)),
      { numRuns: 80 },
    )
  })

  test('reductions over random nests', () => {
    const cases = named(reductions).chain(({ name, dtype }) => {
      const { signature, state, indexed } = reductions[name]
      const loop = signature(dtype)!.loop as RealDType
      const nodes = loaded(dtype, loop)
      const results = [nodes.length - 1]
      if (indexed) results.push(nodes.push({ op: 'index', dtype: 'int64', slot: 0 }) - 1)
      const indices = indexed ? 1 : 0
      const outputs = state(loop, 1)
      const spec: KernelSpec = { kind: 'reduce', nodes, operands: [dtype], indices, results, outputs, reduction: name }
      return fc.tuple(fc.constant(spec), nestsOf([dtype], outputs, indices, 'reduce'))
    })
    fc.assert(
      fc.property(cases, ([spec, nest]) => checkNest(spec, nest)),
      { numRuns: 80 },
    )
  })

  test('scans over random nests', () => {
    const cases = named(scans).chain(({ name, dtype }) => {
      const loop = scans[name].signature(dtype)!.loop as RealDType
      const nodes = loaded(dtype, loop)
      const results = [nodes.length - 1]
      const spec: KernelSpec = {
        kind: 'scan',
        nodes,
        operands: [dtype],
        indices: 0,
        results,
        outputs: [loop],
        reduction: name,
      }
      return fc.tuple(fc.constant(spec), nestsOf([dtype], [loop], 0, 'scan'))
    })
    fc.assert(
      fc.property(cases, ([spec, nest]) => checkNest(spec, nest)),
      { numRuns: 40 },
    )
  })

  test('merges of partial states', () => {
    const tables = { elementwise, reductions, scans, mathFunctions }
    fc.assert(
      fc.property(named(reductions), fc.boolean(), ({ name, dtype }, finalize) => {
        const { signature, state } = reductions[name]
        const { loop, output } = signature(dtype) as { loop: RealDType; output: RealDType }
        const outputs = finalize ? [output] : state(loop, 1)
        const spec = { reduction: name, loop, parts: 1, finalize, outputs, correction: 1 }
        const classes = outputs.map((each) => storedClass(itemsize(each), each, 100))
        check(writeKernel(tables, (frame) => emitCombine(frame, { spec, state: state(loop, 1), classes })).text)
      }),
      { numRuns: 60 },
    )
  })
})

import { itemsize, type RealDType } from '../core/dtype.ts'
import { createBuilder, splatScalar } from './builder.ts'
import { reductionOf } from './emit-reduce.ts'
import {
  createFunctionFrame,
  type FunctionFrame,
  functionText,
  local,
  type ModuleFrame,
  noteWidth,
  setLocal,
} from './frame.ts'
import { header, parameterBytes, piece, tableBytes } from './layout.ts'
import { load, type StrideClass, store } from './memory.ts'
import { moduleText } from './module.ts'
import type { CombineSpec } from './spec.ts'
import { entryBytes, loadState, type StateForm, stateFunctions, storeState } from './states.ts'

export interface CombineForm {
  readonly spec: CombineSpec
  readonly state: readonly RealDType[]
  /** Of each output. */
  readonly classes: readonly StrideClass[]
}
/** The parameters: a piece (vectors, ones), then a pointer and a stride for each output. */
export const combineAt = { piece: header.end, outputs: header.end + 32 } as const
/** A row of the table of partials: its count, then the pointers of its components. */
export const partialBytes = (components: number): number => 8 + Math.ceil(components / 2) * 8

/** The text of the merge of partial states, one after the other as leaves of the levels. */
export function emitCombine(module: ModuleFrame, form: CombineForm): string {
  const record = reductionOf(module, form.spec.reduction)
  const states: StateForm = { record, state: form.state, runs: 1 }
  for (const dtype of [...form.state, ...form.spec.outputs]) noteWidth(module, dtype)
  const bytes = partialBytes(form.state.length)
  const run = `(func (export "run") (local $partial i32) (local $n i32) (local $piece i32)
(local.set $piece (i32.add (global.get $s) (i32.const ${combineAt.piece})))
(local.set $partial (i32.add (global.get $s) (i32.const ${parameterBytes})))
(local.set $n (i32.load offset=${header.partials} (global.get $s)))
(call $clear (i32.add (i32.load offset=${piece.vectors} (local.get $piece)) (i32.load offset=${piece.ones} (local.get $piece))))
(loop $partials
  (call $leaf (local.get $piece) (local.get $partial) (call $top))
  (call $carry (f64.load (local.get $partial)))
  (local.set $partial (i32.add (local.get $partial) (i32.const ${bytes})))
  (br_if $partials (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
(call $finish (local.get $piece) (call $collect)))`
  return moduleText(module, [
    ...stateFunctions(module, states, parameterBytes + tableBytes, false),
    leafFunction(module, states),
    finishFunction(module, form, states),
    run,
  ])
}

/** Loops over the vectors and then the single elements of a piece; `each` writes an iteration. */
function entryLoops(frame: FunctionFrame, each: (code: string[], one: boolean) => void): string[] {
  local(frame, 'n', 'i32')
  return [false, true].flatMap((one) => {
    const code: string[] = []
    each(code, one)
    const label = one ? '$ones' : '$vectors'
    return [
      `(local.set $n (i32.load offset=${one ? piece.ones : piece.vectors} (local.get $piece)))`,
      `(if (local.get $n) (then (loop ${label}\n${code.join('\n')}\n(br_if ${label} (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))`,
    ]
  })
}
const move = (name: string, by: string): string => setLocal(name, `(i32.add (local.get $${name}) ${by})`)

/** A partial state, from its contiguous components to entries. */
function leafFunction(module: ModuleFrame, states: StateForm): string {
  const frame = createFunctionFrame(module)
  const head = states.state.map((_, i) => {
    local(frame, `p${i}`, 'i32')
    return setLocal(`p${i}`, `(i32.load offset=${8 + 4 * i} (local.get $partial))`)
  })
  const loops = entryLoops(frame, (code, one) => {
    const builder = createBuilder(frame, code)
    const values = states.state.map((dtype, i) =>
      load(builder, dtype, { pointer: `(local.get $p${i})`, stride: 'u' }, one),
    )
    storeState(builder, values, '(local.get $entry)')
    states.state.forEach((dtype, i) => {
      code.push(move(`p${i}`, `(i32.const ${itemsize(dtype) * (one ? 1 : module.width)})`))
    })
    code.push(move('entry', `(i32.const ${entryBytes(states)})`))
  })
  return functionText(frame, '$leaf (param $piece i32) (param $partial i32) (param $entry i32)', head, loops)
}

/** The merged states, or the results they stand for, to the outputs. */
function finishFunction(module: ModuleFrame, form: CombineForm, states: StateForm): string {
  const { spec } = form
  const frame = createFunctionFrame(module)
  const head: string[] = []
  const set = (name: string, value: string) => {
    local(frame, name, 'i32')
    head.push(setLocal(name, value))
  }
  spec.outputs.forEach((_, k) => {
    set(`p${k}`, `(i32.load offset=${combineAt.outputs + 8 * k} (global.get $s))`)
    for (let lane = 1; lane <= module.width; lane++) {
      const before = lane === 1 ? '(i32.const 0)' : `(local.get $s${k}_${lane - 1})`
      set(`s${k}_${lane}`, `(i32.add ${before} (i32.load offset=${combineAt.outputs + 8 * k + 4} (global.get $s)))`)
    }
  })
  const loops = entryLoops(frame, (code, one) => {
    const builder = createBuilder(frame, code)
    const state = loadState(builder, states, '(local.get $entry)')
    const n = splatScalar(builder, '(global.get $count)', 'float64')
    const results = spec.finalize
      ? states.record.finalize(builder, state, n, builder.constant(spec.correction, 'float64'))
      : state
    spec.outputs.forEach((dtype, k) => {
      const place = {
        pointer: `(local.get $p${k})`,
        stride: form.classes[k],
        laneOffset: (lane: number) => `(local.get $s${k}_${lane})`,
      }
      store(builder, builder.cast(results[k], dtype), place, one)
    })
    spec.outputs.forEach((_, k) => {
      code.push(move(`p${k}`, `(local.get $s${k}_${one ? 1 : module.width})`))
    })
    code.push(move('entry', `(i32.const ${entryBytes(states)})`))
  })
  return functionText(frame, '$finish (param $piece i32) (param $entry i32)', head, loops)
}

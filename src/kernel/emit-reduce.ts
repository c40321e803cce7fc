import { internal } from '../core/errors.ts'
import type { ReductionRecord } from '../ops/record.ts'
import { createBuilder, type LaneBuilder, splatScalar } from './builder.ts'
import { type ColumnLoops, columnFunction, type KernelForm, loadedOperands, usedSlots } from './columns.ts'
import { createFunctionFrame, freshLocal, type LaneValue, type ModuleFrame, noteWidth, setLocal } from './frame.ts'
import { header, parameterBytes, piece } from './layout.ts'
import { leafState, liftOf, ofRun } from './leaf.ts'
import { load, store } from './memory.ts'
import { blockOf, moduleText, walkFunctions } from './module.ts'
import { runningLeaf, searchEach, searchFunction } from './running.ts'
import type { KernelSpec } from './spec.ts'
import { entryBytes, loadState, type StateForm, stateBytes, stateFunctions, storeState } from './states.ts'

/**
 * Rows whose states are merged in registers: the fewer, the more a kernel computes for each, or the more arrays it reads (each row of each
 * is a place of its own in memory).
 */
export function leafRows(spec: KernelSpec, { running, near }: Pick<KernelForm, 'running' | 'near'>): number {
  const calls = callsOf(spec)
  const most = running === 'search' || spec.operands.length > 2 ? 8 : 16
  return (near === 2 ? 2 : 1) * Math.min(most, calls <= 5 ? 16 : calls <= 8 ? 8 : calls <= 12 ? 4 : 2)
}
const callsOf = ({ nodes }: KernelSpec): number =>
  nodes.filter((node) => node.op === 'call' || node.op === 'cast').length

/** Whether an element costs so little that two vectors at each place, and leaves of twice as many rows, are read faster than one. */
export const readsInPairs = (spec: KernelSpec, record: ReductionRecord | undefined): boolean =>
  callsOf(spec) <= 1 && spec.indices === 0 && record?.leaf === undefined

export const reductionOf = (module: ModuleFrame, name: string | undefined) =>
  module.tables.reductions[name ?? ''] ?? internal(`no reduction ${name}`)

/** The text of a reduction: columns of states over rows, and where the columns are reduced too (`fold`) those merged at the end. */
export function emitReduce(module: ModuleFrame, form: KernelForm): string {
  const record = reductionOf(module, form.spec.reduction)
  const states: StateForm = { record, state: form.spec.outputs, runs: form.runs }
  for (const dtype of states.state) noteWidth(module, dtype)
  const rows = leafRows(form.spec, form)
  return moduleText(module, [
    ...stateFunctions(module, states, parameterBytes, form.fold),
    ...walkFunctions(form),
    leafFunction(module, form, states, rows),
    singleFunction(module, form, states, 'vectors'),
    singleFunction(module, form, states, 'ones'),
    finishFunction(module, form, states, false),
    finishFunction(module, form, states, true),
    levelsFunction(form, rows),
    ...(form.running === 'search' ? [searchFunction(module, form, states, rows)] : []),
    runFunction(form, states, module.width),
  ])
}

function leafFunction(module: ModuleFrame, form: KernelForm, states: StateForm, rows: number): string {
  const loops: ColumnLoops = {
    form,
    frame: createFunctionFrame(module),
    signature: '$leaf (param $piece i32) (param $entry i32)',
    rows,
    runs: form.runs,
    accesses: loadedOperands(form),
    indices: usedSlots(form),
    entryBytes: entryBytes(states),
    part: 'vectors',
    each(iteration) {
      for (let run = 0; run < form.runs; run++) {
        const state = leafState(states, form, ofRun(iteration, run, rows), rows)
        storeState(iteration.builder, state, '(local.get $entry)', run * stateBytes(states))
      }
    },
  }
  return columnFunction(form.running ? { ...loops, ...runningLeaf(form, loops.frame, states, rows) } : loops)
}

/** One row into the entries, after `done` others. */
function singleFunction(module: ModuleFrame, form: KernelForm, states: StateForm, part: 'vectors' | 'ones'): string {
  const frame = createFunctionFrame(module)
  const before = createBuilder(frame, frame.before)
  const done = splatScalar(before, '(local.get $done)', 'float64')
  return columnFunction({
    form,
    frame,
    signature: `$${part} (param $piece i32) (param $entry i32) (param $done f64)`,
    rows: 1,
    runs: form.runs,
    accesses: loadedOperands(form),
    indices: usedSlots(form),
    entryBytes: entryBytes(states),
    part,
    each({ builder, evaluate }) {
      for (let run = 0; run < form.runs; run++) {
        const offset = run * stateBytes(states)
        const state = liftOf(states, builder, evaluate(run))
        const inner = createBuilder(frame, [])
        const merge = (): LaneValue[] => {
          const old = loadState(inner, states, '(local.get $entry)', offset)
          return states.record.merge(inner, old, state, done, inner.constant(1, 'float64'))
        }
        // What is left of a run whose rows lie side by side is one row.
        const merged =
          form.near > 1 ? state : mergeWhen(builder, inner, '(f64.ne (local.get $done) (f64.const 0))', state, merge)
        storeState(builder, merged, '(local.get $entry)', offset)
      }
    },
  })
}

/** The state, or under a condition what `merge` (written to `inner`) makes of it. */
function mergeWhen(
  builder: LaneBuilder,
  inner: LaneBuilder,
  condition: string,
  state: readonly LaneValue[],
  merge: () => LaneValue[],
): LaneValue[] {
  const names = state.map(() => freshLocal(builder.frame, 'v128'))
  names.forEach((name, i) => {
    builder.code.push(setLocal(name, state[i].text))
  })
  const result = merge()
  const assign = names.map((name, i) => setLocal(name, result[i].text))
  builder.code.push(`(if ${condition} (then\n${[...inner.code, ...assign].join('\n')}))`)
  return names.map((name, i) => ({ dtype: state[i].dtype, text: `(local.get $${name})`, uniform: false }))
}

/** Stores the entries of a slot to the outputs, merged with what they hold already (`merge`). */
function finishFunction(module: ModuleFrame, form: KernelForm, states: StateForm, merge: boolean): string {
  const frame = createFunctionFrame(module)
  const before = createBuilder(frame, frame.before)
  const first = form.spec.operands.length
  const [old, now] = [`(f64.load offset=${header.mergedCount} (global.get $s))`, '(local.get $count)'].map((scalar) =>
    splatScalar(before, scalar, 'float64'),
  )
  return columnFunction({
    form,
    frame,
    signature: `$${merge ? 'mergeOut' : 'storeOut'} (param $piece i32) (param $entry i32) (param $count f64)`,
    rows: 1,
    accesses: states.state.map((_, k) => first + k),
    indices: [],
    entryBytes: stateBytes(states),
    each({ builder, one, place }) {
      const state = loadState(builder, states, '(local.get $entry)')
      const held = merge ? states.state.map((dtype, k) => load(builder, dtype, place(first + k, 0), one)) : []
      const result = merge ? states.record.merge(builder, held, state, old, now) : state
      result.forEach((value, k) => {
        store(builder, value, place(first + k, 0), one)
      })
    },
  })
}

const entriesOfColumns = '(i32.add (local.get $vectors) (local.get $ones))'
const entriesOfRun = `(if (result i32) (i32.load offset=${piece.leaves} (local.get $piece)) (then (i32.const 1)) (else ${entriesOfColumns}))`
/** Takes the rows of a piece in leaves and singly; the answer is the slot with the states of all. */
const levelsFunction = (
  { layout, running, runs }: KernelForm,
  rows: number,
): string => `(func $levels (param $piece i32) (result i32)
(local $n i32) (local $slot i32) (local $ones i32) (local $vectors i32)
(local.set $vectors (i32.load offset=${piece.vectors} (local.get $piece)))
(local.set $ones (i32.load offset=${piece.ones} (local.get $piece)))
(call $clear (i32.mul (i32.const ${runs}) ${running ? entriesOfRun : entriesOfColumns}))
(loop $reduced
  (call $begin (local.get $piece))
  (local.set $n (i32.load offset=${piece.leaves} (local.get $piece)))
  (if (local.get $n) (then (loop $leaves
    (local.set $slot (call $top))
    (if (local.get $vectors) (then (call $leaf (local.get $piece) (local.get $slot))))
    (if (local.get $ones) (then (call $rows (local.get $piece) (local.get $slot) (i32.const ${rows}) (i32.const 0) (i32.const 1))))
    (call $carry (f64.const ${rows}))
    (call $step ${blockOf(layout, 'leaf')} (i32.const 1))
    (br_if $leaves (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
  (local.set $n (i32.load offset=${piece.singles} (local.get $piece)))
  (if (local.get $n) (then
    (local.set $slot (call $top))
    (call $rows (local.get $piece) (local.get $slot) (local.get $n) (local.get $vectors) (local.get $ones))
    (call $carry (f64.convert_i32_u (local.get $n)))))
  (br_if $reduced (call $nextReduced)))
(call $collect))
(func $rows (param $piece i32) (param $slot i32) (param $n i32) (param $vectors i32) (param $ones i32) (local $done i32)
(loop $next
  (if (local.get $vectors) (then (call $vectors (local.get $piece) (local.get $slot) (f64.convert_i32_u (local.get $done)))))
  (if (local.get $ones) (then (call $ones (local.get $piece) (local.get $slot) (f64.convert_i32_u (local.get $done)))))
  (call $step ${blockOf(layout, 'row')} (i32.const 1))
  (local.set $done (i32.add (local.get $done) (i32.const 1)))
  (br_if $next (i32.lt_u (local.get $done) (local.get $n))))
(call $step ${blockOf(layout, 'row')} (i32.sub (i32.const 0) (local.get $n))))`

function runFunction(form: KernelForm, states: StateForm, width: number): string {
  const { layout, fold } = form
  const nextPiece = `(local.set $piece (i32.add (local.get $piece) (i32.const ${layout.pieceBytes})))`
  const out = (
    slot: string,
    count: string,
  ) => `(if (f64.gt (f64.load offset=${header.mergedCount} (global.get $s)) (f64.const 0))
    (then (call $mergeOut (local.get $piece) ${slot} ${count}))
    (else (call $storeOut (local.get $piece) ${slot} ${count})))`
  const first = `(local.set $piece (i32.add (global.get $s) (i32.const ${layout.pieces})))`
  const body = fold
    ? `(local.set $total (f64.const 0))
  (local.set $n (i32.load offset=${header.pieces} (global.get $s)))
  (loop $pieces
    (local.set $slot (call $levels (local.get $piece)))
    (local.set $total (call $fold (local.get $piece) (local.get $slot) (local.get $total)))
    ${nextPiece}
    (br_if $pieces (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
  ${form.running === 'search' ? `${searchEach(form, states, width)}\n  ${nextPiece}\n  (call $begin (local.get $piece))` : ''}
  ${out(`(i32.add (global.get $s) (i32.const ${header.accumulator}))`, '(local.get $total)')}`
    : `(local.set $slot (call $levels (local.get $piece)))
  ${out('(local.get $slot)', '(global.get $count)')}`
  return `(func (export "run") (local $piece i32) (local $n i32) (local $slot i32) (local $total f64)
(loop $kept
  ${first}
  ${body}
  (br_if $kept (call $nextKept))))`
}

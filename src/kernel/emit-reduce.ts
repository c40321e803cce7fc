import { internal } from '../core/errors.ts'
import type { Builder, ReductionRecord } from '../ops/record.ts'
import { createBuilder, type LaneBuilder, splatScalar } from './builder.ts'
import {
  type ColumnLoops,
  columnFunction,
  type Iteration,
  type KernelForm,
  loadedOperands,
  rowIndexOffset,
  usedSlots,
} from './columns.ts'
import {
  createFunctionFrame,
  type FunctionFrame,
  freshLocal,
  type LaneValue,
  type ModuleFrame,
  noteWidth,
  setLocal,
} from './frame.ts'
import { header, parameterBytes, piece } from './layout.ts'
import { load, store } from './memory.ts'
import { blockOf, moduleText, walkFunctions } from './module.ts'
import type { KernelSpec } from './spec.ts'
import { entryBytes, loadState, type StateForm, stateBytes, stateFunctions, storeState } from './states.ts'

/** Rows whose states are merged in registers: the fewer, the more a kernel computes for each. */
export function leafRows({ nodes }: KernelSpec): number {
  const calls = nodes.filter((node) => node.op === 'call' || node.op === 'cast').length
  return calls <= 1 ? 16 : calls <= 6 ? 8 : calls <= 12 ? 4 : 2
}

export const reductionOf = (module: ModuleFrame, name: string | undefined) =>
  module.tables.reductions[name ?? ''] ?? internal(`no reduction ${name}`)

/** The text of a reduction: columns of states over rows, and where the columns are reduced too (`fold`) those merged at the end. */
export function emitReduce(module: ModuleFrame, form: KernelForm): string {
  const record = reductionOf(module, form.spec.reduction)
  const states: StateForm = { record, state: form.spec.outputs, runs: form.runs }
  for (const dtype of states.state) noteWidth(module, dtype)
  const rows = leafRows(form.spec)
  return moduleText(module, [
    ...stateFunctions(module, states, parameterBytes, form.fold),
    ...walkFunctions(form),
    leafFunction(module, form, states, rows),
    singleFunction(module, form, states, 'vectors'),
    singleFunction(module, form, states, 'ones'),
    finishFunction(module, form, states, false),
    finishFunction(module, form, states, true),
    levelsFunction(form, rows),
    runFunction(form),
  ])
}

const liftOf = ({ record }: StateForm, builder: Builder<LaneValue>, element: LaneValue[]): LaneValue[] =>
  record.indexed
    ? record.lift(builder, element.slice(0, -1), element[element.length - 1])
    : record.lift(builder, element)

/** What comes of an iteration's rows of one run alone. */
const ofRun = (iteration: Iteration, run: number, rows: number): Iteration => ({
  ...iteration,
  evaluate: (row) => iteration.evaluate(run * rows + row),
})

/** The state of 2^k rows: a balanced tree of merges, or what the record has for a few elements. */
function leafState(states: StateForm, form: KernelForm, { builder, evaluate }: Iteration, rows: number): LaneValue[] {
  const { record } = states
  if (record.leaf) {
    const elements = Array.from({ length: rows }, (_, row) => evaluate(row))
    return record.indexed ? indexedLeaf(record.leaf, form, builder, elements) : record.leaf(builder, elements)
  }
  const tree = (first: number, count: number): LaneValue[] => {
    if (count === 1) return liftOf(states, builder, evaluate(first))
    const half = count / 2
    const n = builder.constant(half, 'float64')
    const a = tree(first, half)
    return record.merge(builder, a, tree(first + half, half), n, n)
  }
  return tree(0, rows)
}

/** A leaf only chooses among the indices: it is given those of the rows alone, and the position is added to the one it chose. */
function indexedLeaf(
  leaf: NonNullable<ReductionRecord['leaf']>,
  { spec, indexStill }: KernelForm,
  builder: LaneBuilder,
  elements: LaneValue[][],
): LaneValue[] {
  const node = spec.nodes[spec.results[spec.results.length - 1]]
  if (node.op !== 'index' || node.dtype !== 'int64' || indexStill[node.slot]) return leaf(builder, elements)
  const offsets = elements.map((element, row) => [
    ...element.slice(0, -1),
    row ? rowIndexOffset(node.slot, row) : builder.constant(0n, 'int64'),
  ])
  const state = leaf(builder, offsets)
  const position = elements[0][elements[0].length - 1]
  const chosen = builder.op('add', position, state[state.length - 1])
  return [...state.slice(0, -1), chosen]
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

/** The leaf loop with one entry for all columns: a leaf is merged only when one of its elements can take the state over. */
function runningLeaf(
  form: KernelForm,
  frame: FunctionFrame,
  states: StateForm,
  rows: number,
): Pick<ColumnLoops, 'entryBytes' | 'each'> {
  const updates = Array.from({ length: form.runs }, (_, run) => runningUpdate(form, frame, states, run))
  return {
    entryBytes: 0,
    each(iteration) {
      for (const [run, update] of updates.entries()) update(ofRun(iteration, run, rows), rows)
    },
  }
}
function runningUpdate(
  form: KernelForm,
  frame: FunctionFrame,
  states: StateForm,
  run: number,
): (iteration: Iteration, rows: number) => void {
  const never = states.record.never ?? internal(`${states.record.name} does not tell what it passes over`)
  const names = states.state.map(() => freshLocal(frame, 'v128'))
  const held = names.map(
    (name, i): LaneValue => ({ dtype: states.state[i], text: `(local.get $${name})`, uniform: false }),
  )
  const started = freshLocal(frame, 'i32')
  return (iteration, rows) => {
    const { builder } = iteration
    const elements = Array.from({ length: rows }, (_, row) => iteration.evaluate(row))
    const passed = elements.map((element) => never(builder, held, element))
    const all = passed.reduce((a, c) => builder.op('logicalAnd', a, c))
    const inner = createBuilder(frame, [])
    const leaf = leafState(states, form, { ...iteration, builder: inner, evaluate: (row) => elements[row] }, rows)
    const first = leaf.map((value, i) => setLocal(names[i], value.text))
    const further = createBuilder(frame, [])
    const one = further.constant(1, 'float64')
    const merged = states.record
      .merge(further, held, leaf, one, one)
      .map((value) => further.keep(value.text, value.dtype, false))
    const later = merged.map((value, i) => setLocal(names[i], value.text))
    const stored = createBuilder(frame, [])
    storeState(stored, held, '(local.get $entry)', run * stateBytes(states))
    builder.code.push(`(if (i32.or (i32.eqz (local.get $${started})) (i32.ne (i8x16.bitmask ${all.text}) (i32.const 65535))) (then
${inner.code.join('\n')}
(if (local.get $${started}) (then
${[...further.code, ...later].join('\n')})
(else ${first.join('\n')}))
(local.set $${started} (i32.const 1))
${stored.code.join('\n')}))`)
  }
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
        const old = loadState(inner, states, '(local.get $entry)', offset)
        const merged = mergeWhen(builder, inner, '(f64.ne (local.get $done) (f64.const 0))', state, () =>
          states.record.merge(inner, old, state, done, inner.constant(1, 'float64')),
        )
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

function runFunction({ layout, fold }: KernelForm): string {
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
    (local.set $piece (i32.add (local.get $piece) (i32.const ${layout.pieceBytes})))
    (br_if $pieces (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
  ${out(`(i32.add (global.get $s) (i32.const ${header.accumulator}))`, '(local.get $total)')}`
    : `(local.set $slot (call $levels (local.get $piece)))
  ${out('(local.get $slot)', '(global.get $count)')}`
  return `(func (export "run") (local $piece i32) (local $n i32) (local $slot i32) (local $total f64)
(loop $kept
  ${first}
  ${body}
  (br_if $kept (call $nextKept))))`
}

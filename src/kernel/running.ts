import { internal } from '../core/errors.ts'
import { createBuilder } from './builder.ts'
import {
  type ColumnLoops,
  columnFunction,
  type Iteration,
  type KernelForm,
  loadedOperands,
  usedSlots,
} from './columns.ts'
import {
  createFunctionFrame,
  type FunctionFrame,
  freshLocal,
  type LaneValue,
  type ModuleFrame,
  setLocal,
} from './frame.ts'
import { vectorBytes } from './lanes.ts'
import { blockOffset, header, piece } from './layout.ts'
import { leafState, ofRun } from './leaf.ts'
import { blockOf } from './module.ts'
import { plainIndex } from './spec.ts'
import { loadState, type StateForm, stateBytes, storeState } from './states.ts'

/** Reductions with an index along a run, with one state that goes along all its leaves; see KernelForm.running. */

/** The leaf loop with one entry for all columns: a leaf is merged only when one of its elements can take the state over. */
export function runningLeaf(
  form: KernelForm,
  frame: FunctionFrame,
  states: StateForm,
  rows: number,
): Pick<ColumnLoops, 'entryBytes' | 'each'> {
  const update = form.running === 'search' ? searchUpdate : skipUpdate
  const updates = Array.from({ length: form.runs }, (_, run) => update(form, frame, states, run))
  return {
    entryBytes: 0,
    each(iteration) {
      for (const [run, updateRun] of updates.entries()) updateRun(ofRun(iteration, run, rows), rows)
    },
  }
}
type Update = (iteration: Iteration, rows: number) => void

/** A state in locals that is kept from one iteration to the next. */
function heldState(frame: FunctionFrame, { state }: StateForm) {
  const names = state.map(() => freshLocal(frame, 'v128'))
  const held = names.map((name, i): LaneValue => ({ dtype: state[i], text: `(local.get $${name})`, uniform: false }))
  const set = (values: readonly LaneValue[]) => values.map((value, i) => setLocal(names[i], value.text))
  return { held, started: freshLocal(frame, 'i32'), set }
}

/** Merges leaves of which only the value that wins is known; the index is that of the leaf's first row in the same lane. */
function searchUpdate({ spec }: KernelForm, frame: FunctionFrame, states: StateForm, run: number): Update {
  const { best, leaf: inOrder } = states.record
  if (!best || !inOrder) return internal(`${states.record.name} cannot be searched for`)
  const [value, index] = spec.results
  const { held, started, set } = heldState(frame, states)
  return ({ builder, evaluate }, rows) => {
    const tree = (first: number, count: number): LaneValue[] =>
      count === 1
        ? best.lift(builder, evaluate(first, [value])[0])
        : best.merge(builder, tree(first, count / 2), tree(first + count / 2, count / 2))
    const leaf = [best.value(builder, tree(0, rows)), evaluate(0, [index])[0]]
    const further = createBuilder(frame, [])
    const merged = inOrder(further, [held, leaf])
    builder.code.push(`(if (local.get $${started})
(then ${[...further.code, ...set(merged)].join('\n')})
(else ${set(leaf).join('\n')} (local.set $${started} (i32.const 1))))`)
    storeState(builder, held, '(local.get $entry)', run * stateBytes(states))
  }
}

/** Merges leaves in which something can take the held state over. */
function skipUpdate(form: KernelForm, frame: FunctionFrame, states: StateForm, run: number): Update {
  const never = states.record.never ?? internal(`${states.record.name} does not tell what it passes over`)
  const { held, started, set } = heldState(frame, states)
  return (iteration, rows) => {
    const { builder } = iteration
    const elements = Array.from({ length: rows }, (_, row) => iteration.evaluate(row))
    const passed = elements.map((element) => never(builder, held, element))
    const all = passed.reduce((a, c) => builder.op('logicalAnd', a, c))
    const inner = createBuilder(frame, [])
    const leaf = leafState(states, form, { ...iteration, builder: inner, evaluate: (row) => elements[row] }, rows)
    const further = createBuilder(frame, [])
    const one = further.constant(1, 'float64')
    const merged = states.record
      .merge(further, held, leaf, one, one)
      .map((value) => further.keep(value.text, value.dtype, false))
    const stored = createBuilder(frame, [])
    storeState(stored, held, '(local.get $entry)', run * stateBytes(states))
    builder.code.push(`(if (i32.or (i32.eqz (local.get $${started})) (i32.ne (i8x16.bitmask ${all.text}) (i32.const 65535))) (then
${inner.code.join('\n')}
(if (local.get $${started}) (then
${[...further.code, ...set(merged)].join('\n')})
(else ${set(leaf).join('\n')}))
(local.set $${started} (i32.const 1))
${stored.code.join('\n')}))`)
  }
}

/**
 * Brings the index of a state to the first element of its run that has the state's value: it is looked for from that index on. The piece
 * is cut there into what is passed over (its vectors) and the rest (its ones).
 */
export function searchFunction(module: ModuleFrame, form: KernelForm, states: StateForm): string {
  const frame = createFunctionFrame(module)
  return columnFunction({
    form,
    frame,
    signature: '$search (param $piece i32) (param $state i32)',
    rows: 1,
    accesses: loadedOperands(form),
    indices: usedSlots(form),
    part: 'ones',
    each({ builder, evaluate }) {
      const [best] = loadState(builder, states, '(local.get $state)')
      const [value, index] = evaluate(0)
      // A NaN has won if there is one.
      const found = builder.op('logicalOr', builder.op('equal', value, best), builder.op('isnan', value))
      builder.code.push(`(if (i8x16.extract_lane_u 0 ${found.text}) (then
  (v128.store offset=${vectorBytes} (local.get $state) ${index.text})
  (return)))`)
    },
  })
}

/** Searches for the index of each run, by the piece at `$piece`. */
export function searchEach(form: KernelForm, states: StateForm): string {
  const { layout, spec } = form
  const slot = layout.indexAt + 8 * (plainIndex(spec) ?? internal('a computed index cannot be searched for'))
  const begin = `(i64.load offset=${layout.row + slot} (global.get $s))`
  const lane = `(i64.load offset=${blockOffset(layout, 'lane') + slot} (local.get $piece))`
  const vectors = `(i32.load offset=${piece.vectors} (local.get $piece))`
  const ones = `(i32.load offset=${piece.ones} (local.get $piece))`
  const runs = Array.from({ length: form.runs }, (_, run) => {
    const state = `(i32.add (global.get $s) (i32.const ${header.accumulator + run * stateBytes(states)}))`
    const index = `(i64.load offset=${vectorBytes} ${state})`
    return `(local.set $n (i32.add ${vectors} ${ones}))
  (i32.store offset=${piece.vectors} (local.get $piece) (i32.wrap_i64 (i64.div_s (i64.sub ${index} ${begin}) ${lane})))
  (i32.store offset=${piece.ones} (local.get $piece) (i32.sub (local.get $n) ${vectors}))
  (call $search (local.get $piece) ${state})
  (call $step ${blockOf(layout, 'run')} (i32.const 1))`
  })
  return ['(call $begin (local.get $piece))', ...runs].join('\n')
}

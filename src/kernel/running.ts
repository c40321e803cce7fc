import { itemsize } from '../core/dtype.ts'
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
  local,
  type ModuleFrame,
  setLocal,
} from './frame.ts'
import { firstLane, integerLane, vectorBytes } from './lanes.ts'
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
 * Brings the index of a state from its leaf's first element on to the first one that has the state's value: all elements of the leaf are
 * looked at and none branches, as where it lies cannot be foretold.
 */
export function searchFunction(module: ModuleFrame, form: KernelForm, states: StateForm, rows: number): string {
  const frame = createFunctionFrame(module)
  const { width } = module
  const found = local(frame, 'found', 'i32')
  return columnFunction({
    form,
    frame,
    signature: '$search (param $piece i32) (param $state i32)',
    rows,
    accesses: loadedOperands(form),
    indices: usedSlots(form),
    part: 'vectors',
    each({ builder, evaluate }) {
      const [state] = loadState(builder, states, '(local.get $state)')
      const best = builder.keep(firstLane(state.text, itemsize(state.dtype)), state.dtype, false)
      for (let row = 0; row < rows; row++) {
        const [value] = evaluate(row, form.spec.results.slice(0, 1))
        // A NaN has won if there is one.
        const hit = builder.op('logicalOr', builder.op('equal', value, best), builder.op('isnan', value))
        const bits = `(${integerLane(vectorBytes / width)}.bitmask ${hit.text})`
        builder.code.push(setLocal('found', `(i32.or ${found} (i32.shl ${bits} (i32.const ${row * width})))`))
      }
      const index = `(i64.load offset=${vectorBytes} (local.get $state))`
      const passed = `(i64.mul (i64.extend_i32_u (i32.ctz ${found})) ${laneOfIndex(form)})`
      builder.code.push(`(i64.store offset=${vectorBytes} (local.get $state) (i64.add ${index} ${passed}))`)
    },
  })
}

/** Searches for the index of each run by the piece at `$piece`, where it was found in a leaf of so many rows. */
export function searchEach(form: KernelForm, states: StateForm, width: number): string {
  const { layout } = form
  const begin = `(i64.load offset=${layout.row + layout.indexAt + 8 * indexSlot(form)} (global.get $s))`
  const lane = laneOfIndex(form)
  const runs = Array.from({ length: form.runs }, (_, run) => {
    const state = `(i32.add (global.get $s) (i32.const ${header.accumulator + run * stateBytes(states)}))`
    const index = `offset=${vectorBytes} ${state}`
    return `(local.set $n (i32.wrap_i64 (i64.div_s (i64.sub (i64.load ${index}) ${begin}) ${lane})))
  (if (i32.lt_u (local.get $n) (i32.load offset=${piece.singles} (local.get $piece))) (then
    (local.set $n (i32.and (local.get $n) (i32.const ${-width})))
    (i64.store ${index} (i64.add ${begin} (i64.mul (i64.extend_i32_u (local.get $n)) ${lane})))
    (call $step ${blockOf(layout, 'lane')} (local.get $n))
    (call $search (local.get $piece) ${state})
    (call $step ${blockOf(layout, 'lane')} (i32.sub (i32.const 0) (local.get $n)))))
  (call $step ${blockOf(layout, 'run')} (i32.const 1))`
  })
  return ['(call $begin (local.get $piece))', ...runs].join('\n')
}

const indexSlot = ({ spec }: KernelForm): number =>
  plainIndex(spec) ?? internal('a computed index cannot be searched for')
/** How much the index grows from one element of the run to the next. */
const laneOfIndex = (form: KernelForm): string =>
  `(i64.load offset=${blockOffset(form.layout, 'lane') + form.layout.indexAt + 8 * indexSlot(form)} (local.get $piece))`

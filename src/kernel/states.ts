import type { RealDType } from '../core/dtype.ts'
import type { ReductionRecord } from '../ops/record.ts'
import { createBuilder, type LaneBuilder, splatScalar } from './builder.ts'
import { createFunctionFrame, functionText, type LaneValue, type ModuleFrame, setLocal } from './frame.ts'
import { laneBytes, shiftLanes, vectorBytes } from './lanes.ts'
import { header, piece } from './layout.ts'

/**
 * States of a reduction in scratch: a state is a vector for each component, an entry holds a state for each of the runs that are worked
 * on side by side (mostly one), an array of entries is a slot. Slot l of the levels
 * holds what 2^l leaves came to, as in a binary counter, so that equals meet equals and rounding errors grow with the logarithm.
 */
export interface StateForm {
  readonly record: ReductionRecord
  readonly state: readonly RealDType[]
  readonly runs: number
}
export const stateBytes = ({ state }: StateForm): number => vectorBytes * state.length
export const entryBytes = (form: StateForm): number => stateBytes(form) * form.runs

const component = (index: number, at: string, offset = 0): string =>
  `(v128.load offset=${offset + vectorBytes * index} ${at})`
export const loadState = (builder: LaneBuilder, form: StateForm, at: string, offset = 0): LaneValue[] =>
  form.state.map((dtype, i) => builder.keep(component(i, at, offset), dtype, false))
export const storeState = (builder: LaneBuilder, values: readonly LaneValue[], at: string, offset = 0): void =>
  values.forEach((value, i) => {
    builder.code.push(`(v128.store offset=${offset + vectorBytes * i} ${at} ${value.text})`)
  })

/** `to` = `a` merged with `c`, state by state; they stand for `na` and `nc` elements each. */
function mergeFunction(module: ModuleFrame, form: StateForm): string {
  const frame = createFunctionFrame(module)
  const code: string[] = []
  const builder = createBuilder(frame, code)
  const counts = ['na', 'nc'].map((count) => splatScalar(builder, `(local.get $${count})`, 'float64'))
  const states = ['a', 'c'].map((from) => loadState(builder, form, `(local.get $${from})`))
  storeState(builder, form.record.merge(builder, states[0], states[1], counts[0], counts[1]), '(local.get $to)')
  const move = ['to', 'a', 'c'].map((name) =>
    setLocal(name, `(i32.add (local.get $${name}) (i32.const ${stateBytes(form)}))`),
  )
  return functionText(
    frame,
    `$merge (param $to i32) (param $a i32) (param $c i32) (param $n i32) (param $na f64) (param $nc f64)`,
    [],
    [
      `(loop $states\n${[...code, ...move].join('\n')}\n(br_if $states (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))`,
    ],
  )
}

/** Merges the lanes of one state into lane 0; each stands for `m` elements. */
function lanesFunction(module: ModuleFrame, form: StateForm): string {
  const frame = createFunctionFrame(module)
  const code: string[] = []
  const builder = createBuilder(frame, code)
  let state = loadState(builder, form, '(local.get $state)')
  for (let by = module.width / 2, factor = 1; by >= 1; by /= 2, factor *= 2) {
    const count = splatScalar(builder, `(f64.mul (local.get $m) (f64.const ${factor}))`, 'float64')
    const other = state.map((value) =>
      builder.keep(shiftLanes(value.text, laneBytes(value.dtype, module.width), by), value.dtype, false),
    )
    state = form.record.merge(builder, state, other, count, count)
  }
  storeState(builder, state, '(local.get $state)')
  return functionText(frame, '$lanes (param $state i32) (param $m f64)', [], code)
}

function copyFunction(form: StateForm): string {
  const code: string[] = []
  for (let at = 0; at < entryBytes(form); at += vectorBytes)
    code.push(`(v128.store offset=${at} (local.get $to) ${component(0, '(local.get $from)', at)})`)
  return `(func $copy (param $to i32) (param $from i32)\n${code.join('\n')})`
}

const countAt = (level: string): string => `(i32.add (global.get $s) (i32.mul (i32.const 8) ${level}))`
const slotAt = (level: string): string =>
  `(i32.add (global.get $slots) (i32.mul (i32.load offset=${header.slotBytes} (global.get $s)) ${level}))`

/** The counter of levels: `top` is the slot for the next leaf, `carry` merges it with the levels below, `collect` merges all. */
function levelFunctions(slots: number): string[] {
  return [
    `(global $slots (mut i32) (i32.const 0)) (global $pushes (mut i32) (i32.const 0)) (global $states (mut i32) (i32.const 0)) (global $count (mut f64) (f64.const 0))`,
    `(func $top (result i32) ${slotAt('(i32.ctz (i32.xor (global.get $pushes) (i32.const -1)))')})`,
    `(func $clear (param $n i32)
(global.set $slots (i32.add (global.get $s) (i32.const ${slots})))
(global.set $pushes (i32.const 0))
(global.set $states (local.get $n)))`,
    `(func $carry (param $count f64) (local $level i32) (local $k i32) (local $slot i32) (local $below f64)
(local.set $level (i32.ctz (i32.xor (global.get $pushes) (i32.const -1))))
(local.set $slot ${slotAt('(local.get $level)')})
(if (local.get $level) (then (loop $levels
  (local.set $below (f64.load offset=${header.counts} ${countAt('(local.get $k)')}))
  (call $merge (local.get $slot) ${slotAt('(local.get $k)')} (local.get $slot) (global.get $states) (local.get $below) (local.get $count))
  (local.set $count (f64.add (local.get $count) (local.get $below)))
  (local.set $k (i32.add (local.get $k) (i32.const 1)))
  (br_if $levels (i32.lt_u (local.get $k) (local.get $level))))))
(f64.store offset=${header.counts} ${countAt('(local.get $level)')} (local.get $count))
(global.set $pushes (i32.add (global.get $pushes) (i32.const 1))))`,
    `(func $collect (result i32) (local $bits i32) (local $k i32) (local $slot i32) (local $above i32) (local $n f64) (local $m f64)
(local.set $bits (global.get $pushes))
(local.set $k (i32.ctz (local.get $bits)))
(local.set $slot ${slotAt('(local.get $k)')})
(local.set $n (f64.load offset=${header.counts} ${countAt('(local.get $k)')}))
(block $done (loop $levels
  (local.set $bits (i32.and (local.get $bits) (i32.sub (local.get $bits) (i32.const 1))))
  (br_if $done (i32.eqz (local.get $bits)))
  (local.set $k (i32.ctz (local.get $bits)))
  (local.set $above ${slotAt('(local.get $k)')})
  (local.set $m (f64.load offset=${header.counts} ${countAt('(local.get $k)')}))
  (call $merge (local.get $above) (local.get $above) (local.get $slot) (global.get $states) (local.get $m) (local.get $n))
  (local.set $n (f64.add (local.get $n) (local.get $m)))
  (local.set $slot (local.get $above))
  (br $levels)))
(global.set $count (local.get $n))
(local.get $slot))`,
  ]
}

/**
 * Merges all entries of a slot (each lane stands for $count elements) and their lanes, and the result into the accumulator. Halves are
 * merged with each other; an odd entry waits in `rest`.
 */
function foldFunction(form: StateForm, width: number): string {
  const bytes = entryBytes(form)
  const rest = `(i32.add (global.get $s) (i32.const ${header.rest}))`
  const accumulator = `(i32.add (global.get $s) (i32.const ${header.accumulator}))`
  const states = (entries: string) => (form.runs === 1 ? entries : `(i32.mul (i32.const ${form.runs}) ${entries})`)
  const one = states('(i32.const 1)')
  const lanes = Array.from(
    { length: form.runs },
    (_, run) => `(call $lanes (i32.add (local.get $slot) (i32.const ${run * stateBytes(form)})) (local.get $m))`,
  )
  const entry = (index: string) => `(i32.add (local.get $slot) (i32.mul (i32.const ${bytes}) ${index}))`
  return `(func $fold (param $piece i32) (param $slot i32) (param $total f64) (result f64)
(local $v i32) (local $half i32) (local $m f64) (local $waiting f64)
(local.set $v (i32.div_u (global.get $states) (i32.const ${form.runs})))
(local.set $m (global.get $count))
(block $single (loop $halves
  (br_if $single (i32.le_u (local.get $v) (i32.const 1)))
  (local.set $half (i32.shr_u (local.get $v) (i32.const 1)))
  (if (i32.and (local.get $v) (i32.const 1)) (then
    (if (f64.eq (local.get $waiting) (f64.const 0))
      (then (call $copy ${rest} ${entry('(i32.sub (local.get $v) (i32.const 1))')}))
      (else (call $merge ${rest} ${entry('(i32.sub (local.get $v) (i32.const 1))')} ${rest} ${one} (local.get $m) (local.get $waiting))))
    (local.set $waiting (f64.add (local.get $waiting) (local.get $m)))))
  (call $merge (local.get $slot) (local.get $slot) ${entry('(local.get $half)')} ${states('(local.get $half)')} (local.get $m) (local.get $m))
  (local.set $v (local.get $half))
  (local.set $m (f64.add (local.get $m) (local.get $m)))
  (br $halves)))
(if (f64.ne (local.get $waiting) (f64.const 0)) (then
  (call $merge (local.get $slot) (local.get $slot) ${rest} ${one} (local.get $m) (local.get $waiting))
  (local.set $m (f64.add (local.get $m) (local.get $waiting)))))
(if (i32.load offset=${piece.vectors} (local.get $piece)) (then
  ${lanes.join('\n')}
  (local.set $m (f64.mul (local.get $m) (f64.const ${width})))))
(if (f64.eq (local.get $total) (f64.const 0))
  (then (call $copy ${accumulator} (local.get $slot)))
  (else (call $merge ${accumulator} ${accumulator} (local.get $slot) ${one} (local.get $total) (local.get $m))))
(f64.add (local.get $total) (local.get $m)))`
}

/** The functions over states; slots start `slots` bytes into scratch. */
export function stateFunctions(module: ModuleFrame, form: StateForm, slots: number, fold: boolean): string[] {
  const functions = [...levelFunctions(slots), mergeFunction(module, form)]
  if (!fold) return functions
  return [...functions, copyFunction(form), lanesFunction(module, form), foldFunction(form, module.width)]
}

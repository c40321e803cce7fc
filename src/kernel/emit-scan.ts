import { itemsize } from '../core/dtype.ts'
import { internal } from '../core/errors.ts'
import type { ScanRecord } from '../ops/record.ts'
import { createBuilder, type LaneBuilder } from './builder.ts'
import { columnFunction, type Iteration, type KernelForm, loadedOperands, usedSlots } from './columns.ts'
import { createFunctionFrame, freshLocal, type LaneValue, type ModuleFrame, noteWidth, setLocal } from './frame.ts'
import { laneBytes, shiftLanes, vectorBytes } from './lanes.ts'
import { parameterBytes, piece } from './layout.ts'
import { load, type Place, store } from './memory.ts'
import { blockOf, moduleText, walkFunctions } from './module.ts'

/** Rows that are taken in one walk over the columns. */
export const scanRows = 4

interface ScanForm {
  readonly form: KernelForm
  readonly record: ScanRecord
}

/** The text of a scan: columns of accumulators walk down the rows, or (`fold`) one accumulator walks along the inner axis. */
export function emitScan(module: ModuleFrame, form: KernelForm): string {
  const record = module.tables.scans[form.spec.reduction ?? ''] ?? internal(`no scan ${form.spec.reduction}`)
  const scan = { form, record }
  for (const dtype of form.spec.outputs) noteWidth(module, dtype)
  const functions = form.fold
    ? [lineFunction(module, scan), lineRun(form)]
    : [
        initFunction(module, scan),
        rowsFunction(module, scan, 'leaf', scanRows),
        rowsFunction(module, scan, 'single', 1),
        rowsRun(form),
      ]
  return moduleText(module, [...walkFunctions(form), ...functions])
}

const firstOutput = (form: KernelForm): number => form.spec.operands.length
const firstCarry = (form: KernelForm): number => firstOutput(form) + form.spec.outputs.length

/** The accumulators before the first element. */
const initial = ({ form, record }: ScanForm, builder: LaneBuilder, place: (access: number) => Place, one: boolean) =>
  form.spec.outputs.map((dtype, k) =>
    form.carry
      ? load(builder, dtype, place(firstCarry(form) + k), one)
      : builder.cast(builder.constant(record.identity[k], 'float64'), dtype),
  )

/** The next accumulators, in the outputs' dtypes. */
function next(
  { form, record }: ScanForm,
  builder: LaneBuilder,
  held: readonly LaneValue[],
  element: LaneValue[],
): LaneValue[] {
  const accumulator = held.map((value, k) => builder.cast(value, element[k].dtype))
  return record.step(builder, accumulator, element).map((value, k) => builder.cast(value, form.spec.outputs[k]))
}

function initFunction(module: ModuleFrame, scan: ScanForm): string {
  const { form } = scan
  const { outputs } = form.spec
  return columnFunction({
    form,
    frame: createFunctionFrame(module),
    signature: '$init (param $piece i32) (param $entry i32)',
    rows: 1,
    accesses: form.carry ? outputs.map((_, k) => firstCarry(form) + k) : [],
    indices: [],
    entryBytes: vectorBytes * outputs.length,
    each({ builder, one, place }) {
      initial(scan, builder, (access) => place(access, 0), one).forEach((value, k) => {
        builder.code.push(`(v128.store offset=${vectorBytes * k} (local.get $entry) ${value.text})`)
      })
    },
  })
}

function rowsFunction(module: ModuleFrame, scan: ScanForm, name: string, rows: number): string {
  const { form } = scan
  const { outputs } = form.spec
  const entry = (k: number) => `offset=${vectorBytes * k} (local.get $entry)`
  return columnFunction({
    form,
    frame: createFunctionFrame(module),
    signature: `$${name} (param $piece i32) (param $entry i32)`,
    rows,
    accesses: [...loadedOperands(form), ...outputs.map((_, k) => firstOutput(form) + k)],
    indices: usedSlots(form),
    entryBytes: vectorBytes * outputs.length,
    each({ builder, one, place, evaluate }) {
      let held = outputs.map((dtype, k) => builder.keep(`(v128.load ${entry(k)})`, dtype, false))
      for (let row = 0; row < rows; row++) {
        held = next(scan, builder, held, evaluate(row))
        held.forEach((value, k) => {
          store(builder, value, place(firstOutput(form) + k, row), one)
        })
      }
      held.forEach((value, k) => {
        builder.code.push(`(v128.store ${entry(k)} ${value.text})`)
      })
    },
  })
}

const rowsRun = ({
  layout,
}: KernelForm): string => `(func (export "run") (local $piece i32) (local $n i32) (local $held i32)
(local.set $piece (i32.add (global.get $s) (i32.const ${layout.pieces})))
(local.set $held (i32.add (global.get $s) (i32.const ${parameterBytes})))
(loop $kept
  (call $begin (local.get $piece))
  (call $init (local.get $piece) (local.get $held))
  ${(['leaf', 'single'] as const)
    .map(
      (name) => `(local.set $n (i32.load offset=${name === 'leaf' ? piece.leaves : piece.singles} (local.get $piece)))
  (if (local.get $n) (then (loop $${name}s
    (call $${name} (local.get $piece) (local.get $held))
    (call $step ${blockOf(layout, name === 'leaf' ? 'leaf' : 'row')} (i32.const 1))
    (br_if $${name}s (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))`,
    )
    .join('\n  ')}
  (br_if $kept (call $nextKept))))`

/** Walks along the inner axis: elements are computed as vectors, the accumulator takes them one by one. */
function lineFunction(module: ModuleFrame, scan: ScanForm): string {
  const { form } = scan
  const { outputs } = form.spec
  const frame = createFunctionFrame(module)
  const held = outputs.map(() => freshLocal(frame, 'v128'))
  const carries = form.carry ? outputs.map((_, k) => firstCarry(form) + k) : []
  return columnFunction({
    form,
    frame,
    signature: '$line (param $piece i32)',
    rows: 1,
    accesses: [...loadedOperands(form), ...outputs.map((_, k) => firstOutput(form) + k), ...carries],
    indices: usedSlots(form),
    prepare(place) {
      initial(scan, createBuilder(frame, frame.before), place, true).forEach((value, k) => {
        frame.before.push(setLocal(held[k], value.text))
      })
    },
    each: (iteration) => walkLanes(scan, iteration, held),
  })
}

function walkLanes(scan: ScanForm, { builder, one, place, evaluate }: Iteration, names: readonly string[]): void {
  const { form } = scan
  const { width } = builder.frame.module
  const element = evaluate(0)
  let held: LaneValue[] = names.map((name, k) => ({
    dtype: form.spec.outputs[k],
    text: `(local.get $${name})`,
    uniform: false,
  }))
  for (let lane = 0; lane < (one ? 1 : width); lane++) {
    const single = element.map((value) => (lane === 0 || value.uniform ? value : shifted(builder, value, lane)))
    held = next(scan, builder, held, single)
    held.forEach((value, k) => {
      const access = firstOutput(form) + k
      store(builder, value, lanePlace(place(access, 0), lane, itemsize(form.dtypes[access])), true)
    })
  }
  names.forEach((name, k) => {
    builder.code.push(setLocal(name, held[k].text))
  })
}
const shifted = (builder: LaneBuilder, value: LaneValue, lane: number): LaneValue =>
  builder.keep(shiftLanes(value.text, laneBytes(value.dtype, builder.frame.module.width), lane), value.dtype, false)
const lanePlace = (place: Place, lane: number, size: number): Place =>
  lane === 0
    ? place
    : place.stride === 'u'
      ? { ...place, offset: (place.offset ?? 0) + lane * size }
      : { ...place, pointer: `(i32.add ${place.pointer} ${place.laneOffset!(lane)})` }

const lineRun = ({ layout }: KernelForm): string => `(func (export "run") (local $piece i32)
(local.set $piece (i32.add (global.get $s) (i32.const ${layout.pieces})))
(loop $kept
  (call $begin (local.get $piece))
  (call $line (local.get $piece))
  (br_if $kept (call $nextKept))))`

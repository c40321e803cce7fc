import { type ColumnLoops, columnFunction, type KernelForm, loadedOperands, usedSlots } from './columns.ts'
import { createFunctionFrame, type ModuleFrame, noteWidth } from './frame.ts'
import { piece } from './layout.ts'
import { hasGaps, store } from './memory.ts'
import { blockOf, moduleText, walkFunctions } from './module.ts'

/** Rows that are worked on together where an operand is read across its rows: each line of memory is then used for all of them. */
export const stripRows = 4

/** The text of a map: outer loops over rows of the inner axis, one by one or in strips. */
export function emitMap(module: ModuleFrame, form: KernelForm): string {
  const { layout } = form
  for (const dtype of form.spec.outputs) noteWidth(module, dtype)
  // A square of elements is turned in registers: no wider than a strip has rows.
  if (form.strips) noteWidth(module, 'int32')
  const strips = form.strips ? [rowsFunction(module, form, 'leaf', stripRows)] : []
  const strip = `(local.set $n (i32.load offset=${piece.leaves} (local.get $piece)))
(if (local.get $n) (then (loop $strips
  (call $leaf (local.get $piece))
  (call $step ${blockOf(layout, 'leaf')} (i32.const 1))
  (br_if $strips (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))`
  const run = `(func (export "run") (local $piece i32) (local $n i32)
(local.set $piece (i32.add (global.get $s) (i32.const ${layout.pieces})))
(loop $kept
  (call $begin (local.get $piece))
  ${form.strips ? strip : ''}
  (local.set $n (i32.load offset=${piece.singles} (local.get $piece)))
  (if (local.get $n) (then (loop $rows
    (call $single (local.get $piece))
    (call $step ${blockOf(layout, 'row')} (i32.const 1))
    (br_if $rows (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
  (br_if $kept (call $nextKept))))`
  return moduleText(module, [...walkFunctions(form), ...strips, rowsFunction(module, form, 'single', 1), run])
}

function rowsFunction(module: ModuleFrame, form: KernelForm, name: string, rows: number): string {
  const { spec } = form
  const first = spec.operands.length
  const outputs = spec.outputs.map((_, k) => first + k)
  const accesses = [...loadedOperands(form), ...outputs]
  const loops: ColumnLoops = {
    form,
    frame: createFunctionFrame(module),
    signature: `$${name} (param $piece i32)`,
    rows,
    accesses,
    indices: usedSlots(form),
    unroll: rows === 1 && !accesses.some((access) => hasGaps(form.classes[access])) && spec.nodes.length <= 12 ? 4 : 1,
    each({ builder, one, evaluate, place }) {
      for (let row = 0; row < rows; row++)
        evaluate(row).forEach((value, k) => {
          store(builder, builder.cast(value, spec.outputs[k]), place(first + k, row), one)
        })
    },
  }
  return columnFunction(loops)
}

import type { KernelForm } from './columns.ts'
import { type ModuleFrame, mathClosure } from './frame.ts'
import { blockOffset, header, type Layout } from './layout.ts'

/** The text of a module: imports, maths functions that are called, then the kernel's functions. */
export function moduleText(frame: ModuleFrame, functions: readonly string[]): string {
  const { tables } = frame
  const imports = [...frame.imports].map(
    ([name, arity]) =>
      `(import "Math" "${name}" (func $Math.${name} (param ${new Array(arity).fill('f64').join(' ')}) (result f64)))`,
  )
  const maths = mathClosure(tables, frame.mathCalls).map((name) => tables.mathFunctions[name].text)
  return `(module
(import "h" "m" (memory 1 65536 shared))
(import "h" "s" (global $s i32))
${[...imports, ...maths, ...functions].join('\n')})
`
}

/** Moves the positions of a block by a block of strides, `by` times. */
function addFunction({ layout, indexDTypes }: KernelForm): string {
  const code: string[] = []
  for (let access = 0; access < layout.accesses; access++) {
    const at = `offset=${4 * access}`
    code.push(
      `(i32.store ${at} (local.get $to) (i32.add (i32.load ${at} (local.get $to)) (i32.mul (local.get $by) (i32.load ${at} (local.get $from)))))`,
    )
  }
  indexDTypes.forEach((dtype, slot) => {
    const at = `offset=${layout.indexAt + 8 * slot}`
    const scalar = dtype === 'int64' ? 'i64' : 'f64'
    const by = dtype === 'int64' ? '(i64.extend_i32_s (local.get $by))' : '(f64.convert_i32_s (local.get $by))'
    code.push(
      `(${scalar}.store ${at} (local.get $to) (${scalar}.add (${scalar}.load ${at} (local.get $to)) (${scalar}.mul ${by} (${scalar}.load ${at} (local.get $from)))))`,
    )
  })
  return `(func $add (param $to i32) (param $from i32) (param $by i32)\n${code.join('\n')})`
}

const copyBytes = (bytes: number, to: string, from: string): string[] => {
  const code: string[] = []
  for (let at = 0; at < bytes; at += 8) code.push(`(i64.store offset=${at} ${to} (i64.load offset=${at} ${from}))`)
  return code
}

/** Brings the cursor one step on in the loops of a table, the innermost first; 0 at their end, when it is back at the start. */
const advanceFunction = (layout: Layout): string => `(func $advance (param $level i32) (param $levels i32) (result i32)
(local $next i32) (local $extent i32)
(loop $again
  (if (i32.eqz (local.get $levels)) (then (return (i32.const 0))))
  (local.set $extent (i32.load (local.get $level)))
  (local.set $next (i32.add (i32.load offset=4 (local.get $level)) (i32.const 1)))
  (if (i32.lt_u (local.get $next) (local.get $extent)) (then
    (i32.store offset=4 (local.get $level) (local.get $next))
    (call $add (i32.add (global.get $s) (i32.const ${layout.cursor})) (i32.add (local.get $level) (i32.const 8)) (i32.const 1))
    (return (i32.const 1))))
  (i32.store offset=4 (local.get $level) (i32.const 0))
  (call $add (i32.add (global.get $s) (i32.const ${layout.cursor})) (i32.add (local.get $level) (i32.const 8)) (i32.sub (i32.const 1) (local.get $extent)))
  (local.set $level (i32.add (local.get $level) (i32.const ${layout.levelBytes})))
  (local.set $levels (i32.sub (local.get $levels) (i32.const 1)))
  (br $again))
(unreachable))`

/** The functions that all kernels walk their loops with. */
export function walkFunctions(form: KernelForm): string[] {
  const { layout } = form
  const row = `(i32.add (global.get $s) (i32.const ${layout.row}))`
  return [
    addFunction(form),
    advanceFunction(layout),
    `(func $begin (param $piece i32)
${copyBytes(layout.blockBytes, `(i32.add (global.get $s) (i32.const ${layout.row}))`, `(i32.add (global.get $s) (i32.const ${layout.cursor}))`).join('\n')}
(call $add ${row} (i32.add (local.get $piece) (i32.const ${blockOffset(layout, 'offset')})) (i32.const 1)))`,
    `(func $step (param $strides i32) (param $by i32)
(call $add ${row} (local.get $strides) (local.get $by)))`,
    `(func $nextKept (result i32)
(call $advance (i32.add (global.get $s) (i32.const ${layout.levels})) (i32.load offset=${header.keptLevels} (global.get $s))))`,
    `(func $nextReduced (result i32)
(call $advance (i32.load offset=${header.reducedTable} (global.get $s)) (i32.load offset=${header.reducedLevels} (global.get $s))))`,
  ]
}
/** The strides of a piece's block. */
export const blockOf = (layout: Layout, block: Parameters<typeof blockOffset>[1]): string =>
  `(i32.add (local.get $piece) (i32.const ${blockOffset(layout, block)}))`

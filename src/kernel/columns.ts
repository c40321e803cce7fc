import { itemsize, type RealDType } from '../core/dtype.ts'
import { createBuilder, type LaneBuilder } from './builder.ts'
import { type FunctionFrame, functionText, type LaneValue, local, noteWidth, setLocal } from './frame.ts'
import { blockOffset, type Layout, type PieceBlock, piece } from './layout.ts'
import { hasGaps, load, type Place, type StrideClass } from './memory.ts'
import type { KernelSpec, SpecNode } from './spec.ts'

/** All that the text of a kernel depends on. Accesses are the operands, then the outputs, then a scan's carry. */
export interface KernelForm {
  readonly spec: KernelSpec
  readonly layout: Layout
  readonly dtypes: readonly RealDType[]
  readonly classes: readonly StrideClass[]
  /** Of each index slot its dtype, and whether it stays the same along the inner axis. */
  readonly indexDTypes: readonly ('int64' | 'float64')[]
  readonly indexStill: readonly boolean[]
  /** Whether the inner axis is reduced too (its lanes and entries are merged at the end), or the one that a scan runs along. */
  readonly fold: boolean
  /** map: whether an operand is read across its rows, so that several rows are worked on together. */
  readonly strips: boolean
  /** Of each access, in strips: whether it is the same in all rows. */
  readonly rowStill: readonly boolean[]
  /**
   * reduce, of an indexed record along a run: one state goes along all leaves. `skip`: a leaf in which nothing can take it over is only
   * looked at, not merged. `search`: only values are merged, with the place where a leaf begins; the index is looked up from there on.
   */
  readonly running: 'skip' | 'search' | undefined
  /** reduce, `fold`: of how many rows of a leaf the vectors lie side by side in their run: 1, 2, or all (Infinity). */
  readonly near: number
  /** reduce, `fold`: how many runs along the inner axis are worked on side by side, each with a state of its own. */
  readonly runs: number
  /** scan: whether the accumulators start from the last accesses. */
  readonly carry: boolean
}
/** The operands and the index slots that the nodes look at. */
export const loadedOperands = ({ spec }: KernelForm): number[] => [
  ...new Set(spec.nodes.flatMap((node) => (node.op === 'load' ? [node.operand] : []))),
]
export const usedSlots = ({ spec }: KernelForm): number[] => [
  ...new Set(spec.nodes.flatMap((node) => (node.op === 'index' ? [node.slot] : []))),
]

/** One iteration of a column loop. */
export interface Iteration {
  readonly builder: LaneBuilder
  /** Only lane 0 holds an element. */
  readonly one: boolean
  /** The kernel's results, or some nodes, for the element in a row. The rows of each run follow those of the run before. */
  evaluate(row: number, nodes?: readonly number[]): LaneValue[]
  /** How much further an index slot that moves is in a row than in the first of its run. */
  indexOffset(slot: number, row: number): LaneValue
  /** Where an access is in a row. */
  place(access: number, row: number): Place
}
export interface ColumnLoops {
  readonly form: KernelForm
  readonly frame: FunctionFrame
  /** Name and parameters; `$piece` is one of them. */
  readonly signature: string
  /** Rows of a run. */
  readonly rows: number
  /** Runs side by side, if more than one. */
  readonly runs?: number
  /** The accesses that are read or written. */
  readonly accesses: readonly number[]
  /** The index slots that are looked at. */
  readonly indices: readonly number[]
  /** Iterations in one pass of the loop, where there are no gaps. */
  readonly unroll?: number
  /** Only the full vectors, or only what comes after them. */
  readonly part?: 'vectors' | 'ones'
  /** Bytes from one entry of states to the next; the local `$entry` moves on by them. */
  readonly entryBytes?: number
  /** Writes what comes before the loops. */
  readonly prepare?: (place: (access: number) => Place) => void
  readonly each: (iteration: Iteration) => void
}

const fromBlock = (layout: Layout, block: PieceBlock, access: number): string =>
  `(i32.load offset=${blockOffset(layout, block) + 4 * access} (local.get $piece))`
const indexFrom = (layout: Layout, block: PieceBlock, slot: number, dtype: string): string =>
  `(${dtype === 'int64' ? 'i64' : 'f64'}.load offset=${blockOffset(layout, block) + layout.indexAt + 8 * slot} (local.get $piece))`
const indexLane = (dtype: string) =>
  dtype === 'int64' ? { lane: 'i64x2', scalar: 'i64' } : { lane: 'f64x2', scalar: 'f64' }

/** The function that walks all entries of a piece: first the full vectors, then the elements that are left, one by one. */
export function columnFunction(loops: ColumnLoops): string {
  const { frame, part } = loops
  local(frame, 'n', 'i32')
  const head = [...pointerHead(loops), ...indexHead(loops), ...(part === 'ones' ? passVectors(loops) : [])]
  loops.prepare?.((access) => placeOf(loops, access, 0, 0))
  const unroll = loops.unroll ?? 1
  const code: string[] = []
  if (part !== 'ones') {
    code.push(`(local.set $n (i32.load offset=${piece.vectors} (local.get $piece)))`)
    if (unroll > 1) code.push(countedLoop(loops, unroll, false))
    code.push(countedLoop(loops, 1, false))
  }
  if (part !== 'vectors')
    code.push(`(local.set $n (i32.load offset=${piece.ones} (local.get $piece)))`, countedLoop(loops, 1, true))
  return functionText(frame, loops.signature, head, code)
}

/** Brings the pointers to the elements after the full vectors. */
function passVectors(loops: ColumnLoops): string[] {
  const { form, accesses, entryBytes } = loops
  const count = `(i32.load offset=${piece.vectors} (local.get $piece))`
  const pointers = accesses
    .filter((access) => form.classes[access] !== 'z')
    .map((access) =>
      setLocal(`p${access}`, `(i32.add (local.get $p${access}) (i32.mul ${count} (local.get $d${access})))`),
    )
  const indices = moving(loops).map((slot) => {
    const { lane, scalar } = indexLane(form.indexDTypes[slot])
    const factor = scalar === 'i64' ? `(i64.extend_i32_u ${count})` : `(f64.convert_i32_u ${count})`
    return setLocal(
      `x${slot}`,
      `(${lane}.add (local.get $x${slot}) (${lane}.mul (local.get $xd${slot}) (${lane}.splat ${factor})))`,
    )
  })
  const entry = entryBytes
    ? [setLocal('entry', `(i32.add (local.get $entry) (i32.mul ${count} (i32.const ${entryBytes})))`)]
    : []
  return [...pointers, ...indices, ...entry]
}

/** Runs while `copies` iterations are left. */
function countedLoop(loops: ColumnLoops, copies: number, one: boolean): string {
  const code: string[] = []
  for (let copy = 0; copy < copies; copy++) {
    iterate(loops, code, one, copy)
    for (const slot of moving(loops)) code.push(advanceIndex(loops, slot, one))
  }
  for (const access of loops.accesses)
    if (loops.form.classes[access] !== 'z') code.push(advancePointer(loops, access, one, copies))
  if (loops.entryBytes)
    code.push(`(local.set $entry (i32.add (local.get $entry) (i32.const ${loops.entryBytes * copies})))`)
  const left = `(i32.ge_s (local.get $n) (i32.const ${copies}))`
  const label = `$${one ? 'ones' : 'vectors'}${copies}`
  return `(if ${left} (then (loop ${label}
${code.join('\n')}
(local.set $n (i32.sub (local.get $n) (i32.const ${copies})))
(br_if ${label} ${left}))))`
}

/** Writes one iteration. */
export function iterate(loops: ColumnLoops, code: string[], one: boolean, copy = 0): void {
  const { form } = loops
  const builder = createBuilder(loops.frame, code)
  for (const access of loops.accesses)
    if (form.classes[access] !== 'z')
      for (const row of furtherRows(loops, access)) code.push(nextRow(loops, access, row))
  const place = (access: number, row: number) => placeOf(loops, access, row, copy)
  const iteration = { builder, one, place }
  loops.each({
    ...iteration,
    evaluate: (row, nodes = form.spec.results) => evaluate(loops, iteration, row, nodes),
    indexOffset: (slot, row) => indexOffset(loops, builder, slot, row),
  })
}

const placeOf = (loops: ColumnLoops, access: number, row: number, copy: number): Place => {
  const { form, frame, rows } = loops
  const { width } = frame.module
  const stride = form.classes[access]
  const own = pointerRow(loops, access, row)
  const further = form.rowStill[access] ? 0 : row - own
  const first = own - (own % width)
  return {
    pointer: rowPointer(access, own),
    offset: stride === 'z' ? 0 : (copy + further) * width * itemsize(form.dtypes[access]),
    stride,
    laneOffset: (lane) => `(local.get $s${access}_${lane})`,
    group: stride === 't' && rows >= width ? { row: own - first, pointer: rowPointer(access, first) } : undefined,
  }
}
const rowPointer = (access: number, row: number): string => `(local.get $p${access}${row ? `_${row}` : ''})`
const allRows = ({ rows, runs = 1 }: ColumnLoops): number => rows * runs
const nextRow = ({ form, rows }: ColumnLoops, access: number, row: number): string =>
  row % rows === 0
    ? setLocal(`p${access}_${row}`, `(i32.add ${rowPointer(access, row - rows)} (local.get $q${access}))`)
    : setLocal(
        `p${access}_${row}`,
        `(i32.add ${rowPointer(access, row - (form.near < rows ? form.near : 1))} (local.get $r${access}))`,
      )
/** The row whose pointer serves a row. */
function pointerRow({ form, rows }: ColumnLoops, access: number, row: number): number {
  if (form.rowStill[access]) return 0
  return hasGaps(form.classes[access]) ? row : row - (row % Math.min(form.near, rows))
}
/** The rows but the first that have pointers of their own. */
function furtherRows(loops: ColumnLoops, access: number): number[] {
  const rows = Array.from({ length: allRows(loops) }, (_, row) => row)
  return rows.filter((row) => row > 0 && pointerRow(loops, access, row) === row)
}
const moving = ({ form, indices }: ColumnLoops): number[] => indices.filter((slot) => !form.indexStill[slot])

function pointerHead(loops: ColumnLoops): string[] {
  const { form, frame, accesses, rows, runs = 1 } = loops
  const { layout } = form
  const head: string[] = []
  const set = (name: string, value: string) => {
    local(frame, name, 'i32')
    head.push(setLocal(name, value))
  }
  for (const access of accesses) {
    set(`p${access}`, `(i32.load offset=${layout.row + 4 * access} (global.get $s))`)
    if (form.classes[access] !== 'z') set(`d${access}`, fromBlock(layout, 'vector', access))
    if (hasGaps(form.classes[access]))
      for (let lane = 1; lane < frame.module.width; lane++) {
        const before = lane === 1 ? '(i32.const 0)' : `(local.get $s${access}_${lane - 1})`
        set(`s${access}_${lane}`, `(i32.add ${before} ${fromBlock(layout, 'lane', access)})`)
      }
    if (rows > 1) set(`r${access}`, fromBlock(layout, 'row', access))
    if (runs > 1) set(`q${access}`, fromBlock(layout, 'run', access))
    for (const row of furtherRows(loops, access)) {
      local(frame, `p${access}_${row}`, 'i32')
      if (form.classes[access] === 'z') head.push(nextRow(loops, access, row))
    }
  }
  return head
}

/** The values of the index slots that move along the inner axis, and their steps. */
function indexHead(loops: ColumnLoops): string[] {
  const { form, frame } = loops
  const { layout } = form
  const head: string[] = []
  for (const slot of moving(loops)) {
    const dtype = form.indexDTypes[slot]
    const { lane, scalar } = indexLane(dtype)
    const set = (name: string, value: string) => {
      local(frame, name, 'v128')
      head.push(setLocal(name, value))
    }
    set(`xl${slot}`, `(${lane}.splat ${indexFrom(layout, 'lane', slot, dtype)})`)
    set(`xd${slot}`, `(${lane}.splat ${indexFrom(layout, 'vector', slot, dtype)})`)
    const start = `(${scalar}.load offset=${layout.row + layout.indexAt + 8 * slot} (global.get $s))`
    set(
      `x${slot}`,
      `(${lane}.add (${lane}.splat ${start}) (${lane}.mul (local.get $xl${slot}) (v128.const ${lane} 0 1)))`,
    )
  }
  return head
}

function advancePointer({ form, frame }: ColumnLoops, access: number, one: boolean, copies: number): string {
  const size = itemsize(form.dtypes[access])
  const unit = form.classes[access] === 'u'
  const contiguous = form.spec.kind === 'map' && unit
  const step = one
    ? unit
      ? `(i32.const ${size})`
      : `(local.get $s${access}_1)`
    : contiguous
      ? `(i32.const ${size * frame.module.width * copies})`
      : `(local.get $d${access})`
  return setLocal(`p${access}`, `(i32.add (local.get $p${access}) ${step})`)
}

const advanceIndex = ({ form }: ColumnLoops, slot: number, one: boolean): string =>
  setLocal(
    `x${slot}`,
    `(${indexLane(form.indexDTypes[slot]).lane}.add (local.get $x${slot}) (local.get $x${one ? 'l' : 'd'}${slot}))`,
  )

/** The text of how much further an index is in a row than in the first row. */
function indexOfRow({ form, rows }: ColumnLoops, slot: number, row: number): string {
  const dtype = form.indexDTypes[slot]
  const { scalar } = indexLane(dtype)
  const steps = (count: number, block: PieceBlock) =>
    `(${scalar}.mul (${scalar}.const ${count}) ${indexFrom(form.layout, block, slot, dtype)})`
  if (row < rows) return steps(row, 'row')
  return `(${scalar}.add ${steps(row % rows, 'row')} ${steps(Math.floor(row / rows), 'run')})`
}

/** Those of the nodes, and the ones they are made of. */
function usedNodes(nodes: readonly SpecNode[], wanted: readonly number[]): Set<number> {
  const used = new Set(wanted)
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]
    if (used.has(i) && 'args' in node) for (const arg of node.args) used.add(arg)
  }
  return used
}

/** The values of some nodes, in the dtypes of the nodes. */
function evaluate(
  loops: ColumnLoops,
  { builder, place, one }: Pick<Iteration, 'builder' | 'place' | 'one'>,
  row: number,
  wanted: readonly number[],
): LaneValue[] {
  const { form } = loops
  const { nodes } = form.spec
  const used = usedNodes(nodes, wanted)
  const values: LaneValue[] = []
  const valueIn = (node: SpecNode): LaneValue => {
    if (node.op === 'load')
      return builder.cast(load(builder, form.dtypes[node.operand], place(node.operand, row), one), node.dtype)
    if (node.op === 'constant') return builder.constant(node.value, node.dtype)
    if (node.op === 'index') return builder.cast(indexValue(loops, builder, node.slot, row), node.dtype)
    const args = node.args.map((arg) => values[arg])
    return node.op === 'cast' ? builder.cast(args[0], node.dtype) : builder.op(node.name, ...args)
  }
  nodes.forEach((node, i) => {
    if (used.has(i)) values[i] = valueIn(node)
  })
  return wanted.map((node) => values[node])
}

/** How much further a moving index is in a row than in the first row. */
function indexOffset(loops: ColumnLoops, builder: LaneBuilder, slot: number, row: number): LaneValue {
  const dtype = loops.form.indexDTypes[slot]
  return builder.keep(`(${indexLane(dtype).lane}.splat ${indexOfRow(loops, slot, row)})`, dtype, true)
}

function indexValue(loops: ColumnLoops, builder: LaneBuilder, slot: number, row: number): LaneValue {
  const { form } = loops
  const { layout } = form
  const dtype = form.indexDTypes[slot]
  const { lane, scalar } = indexLane(dtype)
  if (form.indexStill[slot]) {
    const start = `(${scalar}.load offset=${layout.row + layout.indexAt + 8 * slot} (global.get $s))`
    const text = row ? `(${scalar}.add ${start} ${indexOfRow(loops, slot, row)})` : start
    return builder.keep(`(${lane}.splat ${text})`, dtype, true)
  }
  noteWidth(builder.frame.module, dtype)
  const first = { dtype, text: `(local.get $x${slot})`, uniform: false }
  if (row === 0) return first
  return builder.keep(`(${lane}.add ${first.text} ${indexOffset(loops, builder, slot, row).text})`, dtype, false)
}

import type { Builder, ReductionRecord } from '../ops/record.ts'
import type { Iteration, KernelForm } from './columns.ts'
import type { LaneValue } from './frame.ts'
import { plainIndex } from './spec.ts'
import type { StateForm } from './states.ts'

export const liftOf = ({ record }: StateForm, builder: Builder<LaneValue>, element: LaneValue[]): LaneValue[] =>
  record.indexed
    ? record.lift(builder, element.slice(0, -1), element[element.length - 1])
    : record.lift(builder, element)

/** What comes of an iteration's rows of one run alone. */
export const ofRun = (iteration: Iteration, run: number, rows: number): Iteration => ({
  ...iteration,
  evaluate: (row, nodes) => iteration.evaluate(run * rows + row, nodes),
})

/** The state of 2^k rows: a balanced tree of merges, or what the record has for a few elements. */
export function leafState(states: StateForm, form: KernelForm, iteration: Iteration, rows: number): LaneValue[] {
  const { builder, evaluate } = iteration
  const { record } = states
  if (record.leaf) {
    const elements = Array.from({ length: rows }, (_, row) => evaluate(row))
    return record.indexed ? indexedLeaf(record.leaf, form, iteration, elements) : record.leaf(builder, elements)
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
  { builder, indexOffset }: Pick<Iteration, 'builder' | 'indexOffset'>,
  elements: LaneValue[][],
): LaneValue[] {
  const slot = plainIndex(spec)
  if (slot === undefined || indexStill[slot]) return leaf(builder, elements)
  const offsets = elements.map((element, row) => [
    ...element.slice(0, -1),
    row ? indexOffset(slot, row) : builder.constant(0n, 'int64'),
  ])
  const state = leaf(builder, offsets)
  const position = elements[0][elements[0].length - 1]
  const chosen = builder.op('add', position, state[state.length - 1])
  return [...state.slice(0, -1), chosen]
}

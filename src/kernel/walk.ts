import { blockOffset, header, type Layout, type PieceBlock, piece, pieceBlocks } from './layout.ts'
import { type Axis, advance } from './nest.ts'

/** So many steps along an axis. */
export type Stride = readonly [Axis, number]
/** A rectangle of rows and columns: see layout.ts. */
export interface Piece {
  readonly vectors: number
  readonly ones: number
  readonly leaves: number
  readonly singles: number
  /** Where it starts, if not at the start of the walk. */
  readonly offset?: Stride
  readonly leaf: Stride
  readonly row: Stride
  readonly vector: Stride
  readonly lane: Stride
  /** From a run to the next one beside it; see KernelForm.runs. */
  readonly run?: Stride
}
/** One call of a kernel: the outer loops (outermost first), and the pieces that are walked in each iteration of them. */
export interface Walk {
  readonly kept: readonly Axis[]
  readonly reduced: readonly Axis[]
  readonly pieces: readonly Piece[]
  /** Of a folded reduction, after those: where an index is searched for, if it is, and where the states go. */
  readonly further?: readonly Piece[]
  /** Where it starts, if not at the start of the nest. */
  readonly offset?: Stride
  readonly slotBytes: number
}

/** All that the parameters of a walk are made of, but for where its nest starts. */
export interface PreparedWalk {
  readonly layout: Layout
  readonly walk: Walk
  readonly indexIsInteger: readonly boolean[]
  readonly mergedCount: number
  isWritten: boolean
  /** The parameters as they lie in the scratch. Kept when they are written again: those of a box that is like no other never are. */
  words: Int32Array | undefined
}
/** Writes the parameters of a walk into the scratch of its kernel. `starts`: see startsOf. */
export type ParameterWriter = (prepared: PreparedWalk, starts: readonly number[]) => void

export function createParameterWriter(buffer: ArrayBufferLike, scratch: number, bytes: number): ParameterWriter {
  const words = new Int32Array(buffer, scratch, bytes / 4)
  const doubles = new Float64Array(buffer, scratch, bytes / 8)
  const setBlock = (
    layout: Layout,
    at: number,
    steps: readonly number[],
    factor: number,
    integer: readonly boolean[],
  ) => {
    for (let i = 0; i < layout.accesses; i++) words[at / 4 + i] = (steps[i] * factor) | 0
    for (let slot = 0; slot < layout.indices; slot++) {
      const value = steps[layout.accesses + slot] * factor
      const place = at + layout.indexAt + 8 * slot
      if (integer[slot]) setInteger(place, value)
      else doubles[place / 8] = value
    }
  }
  const setInteger = (at: number, value: number) => {
    words[at / 4] = (value % 4294967296) | 0
    words[at / 4 + 1] = Math.floor(value / 4294967296)
  }
  const setLevels = (layout: Layout, at: number, axes: readonly Axis[], integer: readonly boolean[]) => {
    for (let i = 0; i < axes.length; i++) {
      const place = at + i * layout.levelBytes
      const axis = axes[axes.length - 1 - i]
      words[place / 4] = axis.extent
      words[place / 4 + 1] = 0
      setBlock(layout, place + 8, axis.steps, 1, integer)
    }
  }
  const setPiece = (layout: Layout, at: number, value: Piece, integer: readonly boolean[]) => {
    words[(at + piece.vectors) / 4] = value.vectors
    words[(at + piece.ones) / 4] = value.ones
    words[(at + piece.leaves) / 4] = value.leaves
    words[(at + piece.singles) / 4] = value.singles
    for (const block of pieceBlocks as readonly PieceBlock[]) {
      const [axis, count] = value[block] ?? [value.lane[0], 0]
      setBlock(layout, at + blockOffset(layout, block), axis.steps, count, integer)
    }
  }
  /** Returns how many words they are. */
  const writeAll = ({ layout, walk, indexIsInteger: integer, mergedCount }: PreparedWalk): number => {
    const reducedTable = layout.levels + walk.kept.length * layout.levelBytes
    words[header.keptLevels / 4] = walk.kept.length
    words[header.reducedLevels / 4] = walk.reduced.length
    words[header.pieces / 4] = walk.pieces.length
    words[header.slotBytes / 4] = walk.slotBytes
    words[header.reducedTable / 4] = scratch + reducedTable
    doubles[header.mergedCount / 8] = mergedCount
    setLevels(layout, layout.levels, walk.kept, integer)
    setLevels(layout, reducedTable, walk.reduced, integer)
    let at = layout.pieces
    for (const list of [walk.pieces, walk.further ?? []])
      for (const each of list) {
        setPiece(layout, at, each, integer)
        at += layout.pieceBytes
      }
    return (reducedTable + walk.reduced.length * layout.levelBytes) / 4
  }
  return (prepared, starts) => {
    const { layout, walk, indexIsInteger } = prepared
    if (prepared.words) words.set(prepared.words)
    else {
      const length = writeAll(prepared)
      if (prepared.isWritten) prepared.words = words.slice(0, length)
      prepared.isWritten = true
    }
    setBlock(layout, layout.cursor, walk.offset ? advance(starts, ...walk.offset) : starts, 1, indexIsInteger)
  }
}

import { internal } from '../core/errors.ts'

/**
 * Where a kernel finds its parameters, in bytes from the start of its scratch. A block holds a pointer for each access (i32) and then a
 * value for each index slot (8 bytes); there are blocks of positions and blocks of strides.
 */
export interface Layout {
  readonly accesses: number
  readonly indices: number
  readonly blockBytes: number
  readonly indexAt: number
  /** Block of the positions at the current place of the outer loops, and of the current row. */
  readonly cursor: number
  readonly row: number
  /** Where pieces start; each is `pieceBytes` long. */
  readonly pieces: number
  readonly pieceBytes: number
  readonly levels: number
  readonly levelBytes: number
}
export const header = {
  keptLevels: 0,
  reducedLevels: 4,
  pieces: 8,
  slotBytes: 12,
  mergedCount: 16,
  /** Address of the table of the reduced loops. */
  reducedTable: 24,
  /** Of a combine: how many partials. */
  partials: 28,
  /** How many elements the state of each level stands for: float64, by level. */
  counts: 32,
  accumulator: 32 + 40 * 8,
  rest: 32 + 40 * 8 + 256,
  end: 32 + 40 * 8 + 512,
} as const
/** A piece: counts, then blocks. Vector and one-element entries, leaves of rows and single rows. */
export const piece = { vectors: 0, ones: 4, leaves: 8, singles: 12, blocks: 16 } as const
/** Its blocks: where it starts; a leaf, a row, a vector, a lane and a run further. */
export const pieceBlocks = ['offset', 'leaf', 'row', 'vector', 'lane', 'run'] as const
export type PieceBlock = (typeof pieceBlocks)[number]
export const mostPieces = 6
export const parameterBytes = 65536
/** The slots of states, or the table of partials, come after the parameters. */
export const tableBytes = 1024 * 1024

export function createLayout(accesses: number, indices: number): Layout {
  const indexAt = Math.ceil((4 * accesses) / 8) * 8
  const blockBytes = indexAt + 8 * indices
  const cursor = header.end
  const row = cursor + blockBytes
  const pieces = row + blockBytes
  const pieceBytes = piece.blocks + pieceBlocks.length * blockBytes
  const levels = pieces + mostPieces * pieceBytes
  const levelBytes = 8 + blockBytes
  if (levels + 64 * levelBytes > parameterBytes) internal(`a kernel with ${accesses} operands; want fewer in one stage`)
  return { accesses, indices, blockBytes, indexAt, cursor, row, pieces, pieceBytes, levels, levelBytes }
}
export const blockOffset = (layout: Layout, block: PieceBlock): number =>
  piece.blocks + pieceBlocks.indexOf(block) * layout.blockBytes

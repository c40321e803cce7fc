import { writeUnsigned } from './numbers.ts'

/** In the order of the binary format, with their numbers. */
const sectionNumbers = { type: 1, import: 2, function: 3, memory: 5, global: 6, export: 7, code: 10, data: 11 } as const
type SectionName = keyof typeof sectionNumbers
const sectionNames = Object.keys(sectionNumbers) as SectionName[]

/** Entries of a section, which may be in several pieces each. */
interface Section {
  count: number
  readonly pieces: number[][]
}
const createSection = (): Section => ({ count: 0, pieces: [] })
export function addEntry(section: Section, ...pieces: number[][]): void {
  section.count++
  section.pieces.push(...pieces)
}

export type Sections = Readonly<Record<SectionName, Section>>
export const createSections = (): Sections =>
  Object.fromEntries(sectionNames.map((name) => [name, createSection()])) as unknown as Sections

/** Bytes behind their number. */
export const sized = (bytes: readonly number[]): number[] => {
  const size: number[] = []
  writeUnsigned(size, bytes.length)
  return [...size, ...bytes]
}

/** Puts the sections behind each other. */
export function bytesOf(sections: Sections): Uint8Array<ArrayBuffer> {
  const pieces: number[][] = [[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]]
  for (const name of sectionNames) {
    const section = sections[name]
    if (section.count === 0) continue
    const count: number[] = []
    writeUnsigned(count, section.count)
    const head: number[] = [sectionNumbers[name]]
    writeUnsigned(
      head,
      section.pieces.reduce((sum, piece) => sum + piece.length, count.length),
    )
    pieces.push(head, count, ...section.pieces)
  }
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

import { lowestBit } from './bits.ts'

/**
 * A set of the numbers 0 .. length - 1 that finds its smallest member from a position on. A tree of bits, 32 to a word: each bit of
 * a level tells whether the word below it has any bit, so every call looks at log32(length) words.
 */
export class OrderedSet {
  size = 0
  private readonly levels: Int32Array[] = []

  constructor(length: number) {
    let words = length
    do {
      words = Math.max(1, Math.ceil(words / 32))
      this.levels.push(new Int32Array(words))
    } while (words > 1)
  }

  /** The member must not be there yet. */
  add(member: number): void {
    this.size++
    for (const level of this.levels) {
      const word = member >>> 5
      const before = level[word]
      level[word] = before | (1 << (member & 31))
      if (before !== 0) return
      member = word
    }
  }

  /** The member must be there. */
  remove(member: number): void {
    this.size--
    for (const level of this.levels) {
      const word = member >>> 5
      level[word] &= ~(1 << (member & 31))
      if (level[word] !== 0) return
      member = word
    }
  }

  /** The smallest member that is at least `from`, or -1. */
  next(from: number): number {
    const { levels } = this
    for (let height = 0; height < levels.length; height++) {
      const word = from >>> 5
      if (word >= levels[height].length) return -1
      const bits = levels[height][word] & (-1 << (from & 31))
      if (bits !== 0) return this.descend(height, word * 32 + lowestBit(bits))
      from = word + 1
    }
    return -1
  }

  private descend(height: number, position: number): number {
    for (let below = height - 1; below >= 0; below--) position = position * 32 + lowestBit(this.levels[below][position])
    return position
  }
}

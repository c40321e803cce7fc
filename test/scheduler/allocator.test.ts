import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createAllocator, largestHeapBytes } from '../../src/scheduler/allocator.ts'
import { OrderedSet } from '../../src/scheduler/ordered-set.ts'
import { randomFrom } from './simulation.ts'

interface Live {
  readonly address: number
  readonly size: number
}

/** The largest stretch between the live blocks, up to `end`. */
function largestGap(live: readonly Live[], end: number): number {
  let position = 64
  let gap = 0
  for (const { address, size } of [...live].sort((a, b) => a.address - b.address)) {
    gap = Math.max(gap, address - position)
    position = address + size
  }
  return Math.max(gap, end - position)
}

describe('allocator', () => {
  test('blocks never overlap, all fits that can, memory that was used goes first', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 1, max: 24 }),
        (seed, bits, limitBits) => {
          const random = randomFrom(seed)
          const limitBytes = Math.floor(2 ** (5 + limitBits * random()))
          const heap = createAllocator(limitBytes)
          const live: Live[] = []
          for (let i = 0; i < 200; i++) {
            if (random() < 0.45 && live.length > 0) {
              const [{ address }] = live.splice(Math.floor(random() * live.length), 1)
              heap.free(address)
            } else {
              const bytes = Math.ceil(2 ** (random() * bits))
              const size = Math.ceil(bytes / 64) * 64
              const end = heap.heapBytes
              const gap = largestGap(live, end)
              const room = largestGap(live, limitBytes + 64)
              const address = heap.allocate(bytes)
              expect(address === undefined).toBe(size > room)
              if (address === undefined) continue
              expect(address % 64).toBe(0)
              expect(address).toBeGreaterThan(0)
              expect(address + size).toBeLessThanOrEqual(limitBytes + 64)
              for (const other of live)
                expect(address + size <= other.address || other.address + other.size <= address).toBe(true)
              if (size <= gap) expect(heap.heapBytes).toBe(end)
              live.push({ address, size })
            }
            expect(heap.usedBytes).toBe(live.reduce((sum, { size }) => sum + size, 0))
          }
          for (const { address } of live) heap.free(address)
          expect(heap.usedBytes).toBe(0)
          const all = heap.heapBytes - 64
          if (all > 0) expect(heap.allocate(all)).toBe(64)
        },
      ),
      { numRuns: 400 },
    )
  })
  test('the whole of 4 GiB, and not a byte more', () => {
    const heap = createAllocator(2 ** 40)
    expect(heap.allocate(largestHeapBytes)).toBeUndefined()
    const address = heap.allocate(largestHeapBytes - 64)!
    expect(address).toBe(64)
    expect(heap.heapBytes).toBe(largestHeapBytes)
    expect(heap.allocate(1)).toBeUndefined()
    heap.free(address)
    const halves = [heap.allocate(2 ** 31)!, heap.allocate(2 ** 31 - 2 ** 16 - 64)!]
    expect(halves).toEqual([64, 2 ** 31 + 64])
    for (const half of halves) heap.free(half)
    expect(heap.usedBytes).toBe(0)
  })
  test('misuse is a bug of ours', () => {
    const heap = createAllocator(1000)
    const address = heap.allocate(10)!
    heap.free(address)
    expect(() => heap.free(address)).toThrow('internal: free')
    expect(() => heap.free(0)).toThrow('internal: free')
    for (const bytes of [0, -1, Number.NaN]) expect(() => heap.allocate(bytes)).toThrow('internal: allocate')
    expect(heap.allocate(Number.POSITIVE_INFINITY)).toBeUndefined()
  })
  test('the limit may move', () => {
    const heap = createAllocator(64)
    expect(heap.allocate(64)).toBe(64)
    expect(heap.allocate(64)).toBeUndefined()
    heap.limitBytes += 64
    expect(heap.allocate(64)).toBe(128)
  })
})

describe('ordered set', () => {
  test('finds what a sorted list finds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40_000 }), fc.integer(), (length, seed) => {
        const random = randomFrom(seed)
        const set = new OrderedSet(length)
        const model = new Set<number>()
        for (let i = 0; i < 100; i++) {
          const member = Math.floor(random() * length)
          if (model.delete(member)) set.remove(member)
          else {
            model.add(member)
            set.add(member)
          }
          const from = Math.floor(random() * (length + 2))
          const expected = [...model].filter((value) => value >= from)
          expect(set.next(from)).toBe(expected.length > 0 ? Math.min(...expected) : -1)
          expect(set.size).toBe(model.size)
        }
      }),
      { numRuns: 200 },
    )
  })
  test('the empty set', () => {
    expect(new OrderedSet(0).next(0)).toBe(-1)
  })
})

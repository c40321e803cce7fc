import { expect, test } from 'vitest'
import { createAllocator } from '../../src/scheduler/allocator.ts'
import { createSharedHeap } from '../../src/scheduler/shared-heap.ts'

test('scratch that finds no room leaves the limit as it was', () => {
  const allocator = createAllocator(1024, 1024)
  expect(() => createSharedHeap(allocator).takeScratch()).toThrow(/address space/)
  expect(allocator.limitBytes).toBe(1024)
})

test('the regions of executors lie before all blocks, so that a heap of two large blocks has room for both', () => {
  const heap = createSharedHeap(createAllocator(2 ** 20), 2)
  const first = heap.allocate(2 ** 19 - 64)!
  expect([heap.takeScratch(), heap.takeScratch()].every((address) => address < first)).toBe(true)
  expect(heap.allocate(2 ** 19 - 64)).toBeGreaterThan(first)
})

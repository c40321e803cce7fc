import { expect, test } from 'vitest'
import { createAllocator } from '../../src/scheduler/allocator.ts'
import { createSharedHeap } from '../../src/scheduler/shared-heap.ts'

test('scratch that finds no room leaves the limit as it was', () => {
  const allocator = createAllocator(1024, 1024)
  expect(() => createSharedHeap(allocator).takeScratch()).toThrow(/address space/)
  expect(allocator.limitBytes).toBe(1024)
})

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { createAllocator } from '../../src/scheduler/allocator.ts'
import { createMover } from '../../src/scheduler/mover.ts'
import { createSharedHeap } from '../../src/scheduler/shared-heap.ts'
import { createSlots, inFile, type Slot, slabBytes } from '../../src/scheduler/slots.ts'
import type { SchedulerEvent } from '../../src/scheduler/types.ts'

const mebibyte = 2 ** 20

describe('slots', () => {
  test('never lie over each other, and slabs keep to their limit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3 * 1024 }),
        fc.array(fc.record({ mebibytes: fc.integer({ min: 1, max: 400 }), drop: fc.nat() }), { maxLength: 60 }),
        (limit, steps) => {
          const slots = createSlots(limit * mebibyte)
          const taken: Slot[] = []
          for (const { mebibytes, drop } of steps) {
            if (drop % 3 === 0 && taken.length > 0) slots.give(taken.splice(drop % taken.length, 1)[0])
            const slot = slots.take(mebibytes * mebibyte, drop % 5 !== 0)
            if (drop % 5 === 0) expect(slot.slab).toBe(inFile)
            if (slot.slab !== inFile) expect(slot.offset + slot.bytes).toBeLessThanOrEqual(slabBytes)
            for (const { slab, offset, bytes } of taken)
              expect(slab !== slot.slab || offset + bytes <= slot.offset || slot.offset + slot.bytes <= offset).toBe(
                true,
              )
            taken.push(slot)
            expect(slots.slabBytes).toBeLessThanOrEqual(limit * mebibyte)
          }
          for (const slot of taken) slots.give(slot)
          expect([slots.slabBytes, slots.fileBytes]).toEqual([0, 0])
          expect(slots.takeEmptied()).toEqual(expect.arrayContaining(taken.map(({ slab }) => slab)))
          expect(slots.takeEmptied()).toEqual([])
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('moves', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ndloom-test-'))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('between the heap, a slab and the file', async () => {
    const heap = createSharedHeap(createAllocator(mebibyte))
    const address = heap.allocate(1024)!
    const told: SchedulerEvent[] = []
    let wake = () => {}
    const mover = createMover({
      heap,
      spillDirectory: () => folder,
      report: (event) => {
        told.push(event)
        wake()
      },
    })
    const bytes = () => new Uint8Array(heap.memory.buffer, address, 1024)
    const move = async (type: 'spill' | 'reload', slot: Slot) => {
      const answered = new Promise<void>((resolve) => {
        wake = resolve
      })
      mover.move({ type, move: told.length + 1, address, slot })
      await answered
    }
    const slots: Slot[] = [
      { slab: 1, offset: 64, bytes: 1024 },
      { slab: inFile, offset: 8192, bytes: 1024 },
    ]
    for (const [k, slot] of slots.entries()) {
      bytes().forEach((_, i, all) => {
        all[i] = i * 7 + k
      })
      await move('spill', slot)
    }
    expect(readdirSync(folder).length).toBe(1)
    for (const [k, slot] of slots.entries()) {
      bytes().fill(0)
      await move('reload', slot)
      expect([...bytes()]).toEqual(Array.from({ length: 1024 }, (_, i) => (i * 7 + k) % 256))
    }
    expect(told.map(({ type }) => type)).toEqual(new Array(4).fill('moved'))
    await move('reload', { slab: inFile, offset: 2 ** 20, bytes: 1024 })
    expect(told[4]).toMatchObject({ type: 'moveFailed', error: { name: 'StorageError' } })
    mover.trim(inFile)
    expect(readdirSync(folder)).toEqual([])
    await mover.shutdown()
  })
})

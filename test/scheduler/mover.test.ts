import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createAllocator } from '../../src/scheduler/allocator.ts'
import { createMover } from '../../src/scheduler/mover.ts'
import { createSharedHeap } from '../../src/scheduler/shared-heap.ts'
import { inFile } from '../../src/scheduler/slots.ts'
import type { SchedulerEvent } from '../../src/scheduler/types.ts'

const folder = mkdtempSync(join(tmpdir(), 'ndloom-mover-'))
afterAll(() => rmSync(folder, { recursive: true }))
const threads = (): number => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length

test('two shutdowns at once wait for the moves; what is trimmed after them starts no thread', async () => {
  const heap = createSharedHeap(createAllocator(2 ** 20))
  const address = heap.allocate(4096) ?? 0
  const events: SchedulerEvent[] = []
  const mover = createMover({ heap, spillDirectory: () => folder, report: (event) => events.push(event) })
  const before = threads()
  mover.move({ type: 'spill', move: 1, address, slot: { slab: inFile, offset: 0, bytes: 4096 } })
  await Promise.all([mover.shutdown(), mover.shutdown()])
  expect(events).toEqual([{ type: 'moved', move: 1 }])
  const [directory] = readdirSync(folder)
  mover.trim(inFile)
  expect(existsSync(join(folder, directory))).toBe(false)
  expect(threads()).toBe(before)
})

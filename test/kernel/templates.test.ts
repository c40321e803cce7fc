import fc from 'fast-check'
import { expect, it } from 'vitest'
import { blockRanges, eachBlock } from '../../src/core/access.ts'
import {
  type AxisChunks,
  blockAt,
  blockBox,
  boxShape,
  fromBounds,
  fromLengths,
  gridCount,
  gridShape,
  regular,
} from '../../src/core/chunks.ts'
import { itemsize } from '../../src/core/dtype.ts'
import { ravel, sizeOf, unravel } from '../../src/core/shape.ts'
import type { TaskPlace } from '../../src/kernel/nests.ts'
import type { KernelSpec, LoopNest } from '../../src/kernel/spec.ts'
import { type KernelStage, type Read, stateOffsets } from '../../src/kernel/stage.ts'
import { createTaskRunner, mostWalks } from '../../src/kernel/templates.ts'

/** What a task ran: a nest, and where it started. */
interface Ran {
  readonly nest: LoopNest
  readonly starts: readonly number[]
}
/** Runs tasks with kernels that only note what they are given, each of so many walks. */
function recorder(stage: KernelStage, walks = 1) {
  let planned = 0
  let ran: Ran[] = []
  const unwanted = () => expect.unreachable()
  const prepare = (_: KernelSpec, nest: LoopNest) => {
    planned++
    return { walks, run: (starts: readonly number[]) => void ran.push({ nest, starts: [...starts] }) }
  }
  const run = createTaskRunner({ prepare, run: unwanted, combine: unwanted, text: unwanted }, stage)
  return {
    run(place: TaskPlace): Ran[] {
      ran = []
      run(place)
      return ran
    },
    planned: () => planned,
  }
}

const axisOf = (extent: number): fc.Arbitrary<AxisChunks> =>
  fc.oneof(
    fc.integer({ min: 1, max: 5 }).map((size) => regular(extent, size)),
    fc.subarray(Array.from({ length: extent - 1 }, (_, i) => i + 1)).map((inner) => fromBounds([0, ...inner, extent])),
  )
const gridOf = (shape: readonly number[]) => fc.tuple(...shape.map(axisOf))

/** A read through any index map: of each source axis the axis it comes from (or -1), a step, and elements before and after. */
const readOf = (shape: readonly number[], itemBytes: number): fc.Arbitrary<Read> =>
  fc
    .array(
      fc.record({
        from: fc.integer({ min: -1, max: shape.length - 1 }),
        step: fc.constantFrom(1, 1, -1, 2, -3, 0),
        before: fc.nat(3),
        after: fc.nat(3),
      }),
      { maxLength: 3 },
    )
    .chain((axes) => {
      const reach = axes.map(({ from, step }) => (from < 0 ? 0 : step * (shape[from] - 1)))
      const view = {
        shape,
        axes: axes.map(({ from, step, before }, k) => ({ from, step, start: before + Math.max(0, -reach[k]) })),
      }
      return gridOf(axes.map(({ before, after }, k) => before + Math.abs(reach[k]) + 1 + after)).map((grid) => ({
        grid,
        view,
        itemBytes,
      }))
    })

const kinds = fc.constantFrom('map', 'reduce', 'scan') as fc.Arbitrary<KernelSpec['kind']>
const stages: fc.Arbitrary<KernelStage> = fc
  .record({
    kind: kinds,
    shape: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 3 }),
    dtype: fc.constantFrom('float32' as const, 'complex128' as const),
    inPlace: fc.boolean(),
  })
  .chain(({ kind, shape, dtype, inPlace }) =>
    fc
      .tuple(
        gridOf(shape),
        fc.array(readOf(shape, itemsize(dtype)), { maxLength: 3 }),
        fc.subarray(
          shape.map((_, axis) => axis),
          { minLength: 1, maxLength: kind === 'scan' ? 1 : shape.length },
        ),
        fc.tuple(...shape.map(() => fc.integer({ min: -5, max: 5 }))),
      )
      .map(([grid, reads, axes, strides]): KernelStage => {
        const parts = dtype === 'float32' ? (['float32'] as const) : (['float64', 'float64'] as const)
        return {
          kind: 'kernel',
          name: kind,
          dtype,
          grid,
          reads,
          operands: reads.flatMap((_, read) => parts.map((part, k) => ({ read, offsetBytes: k * itemsize(part) }))),
          // The positions themselves, so that it is seen which elements a nest goes over, and something else.
          indices: [
            ...shape.map((_, axis) => ({ start: 0, strides: shape.map((_, other) => (other === axis ? 1 : 0)) })),
            { start: 11, strides },
          ],
          axes: kind === 'map' ? [] : axes,
          region: inPlace && kind !== 'reduce' ? { address: 7_000, shape } : undefined,
          spec: {
            kind,
            nodes: [],
            operands: [],
            indices: shape.length + 1,
            results: [],
            outputs: kind === 'reduce' ? ['float64', 'int32'] : parts,
          },
        }
      }),
  )

const blockOfRead = (read: number, block: number): number => 1e9 * (read + 1) + 1e6 * block
const ownBlock = (task: number): number => 1e12 + 1e6 * task
/** The task before along a scan's axis. */
const taskBefore = ({ grid, axes }: KernelStage, coordinate: readonly number[]): number =>
  ravel(
    coordinate.map((c, axis) => (axis === axes[0] ? c - 1 : c)),
    gridShape(grid),
  )
function placeOf(stage: KernelStage, task: number): TaskPlace {
  const coordinate = unravel(task, gridShape(stage.grid))
  const inputs: number[] = []
  stage.reads.forEach(({ grid, view }, read) => {
    const shape = gridShape(grid)
    eachBlock(blockRanges(grid, view, blockBox(stage.grid, coordinate)), (block) =>
      inputs.push(blockOfRead(read, ravel(block, shape))),
    )
  })
  if (stage.spec.kind === 'scan' && coordinate[stage.axes[0]] > 0) inputs.push(ownBlock(taskBefore(stage, coordinate)))
  return { coordinate, address: ownBlock(task), inputs }
}

/** Where an element of a cut array lies, by the definition. */
function elementAddress(
  grid: readonly AxisChunks[],
  position: readonly number[],
  itemBytes: number,
  blockAddress: (block: number) => number,
): number {
  const block = position.map((p, axis) => blockAt(grid[axis], p))
  const box = blockBox(grid, block)
  const inside = position.map((p, axis) => p - box[axis][0])
  return blockAddress(ravel(block, gridShape(grid))) + ravel(inside, boxShape(box)) * itemBytes
}

/** Checks all that a task ran element by element against what the stage says. */
function checkTask(stage: KernelStage, task: number, ran: readonly Ran[]): void {
  const { grid, reads, axes, region, dtype, spec } = stage
  const box = blockBox(grid, unravel(task, gridShape(grid)))
  const merged = new Map<number, number>()
  const covered = new Set<number>()
  const got: number[][] = []
  const wanted: number[][] = []
  for (const { nest, starts } of ran) {
    const accesses = [...nest.operands, ...nest.outputs, ...(nest.carry ?? []), ...nest.indices]
    const before = new Map(merged)
    for (let k = 0; k < sizeOf(nest.extents); k++) {
      const step = unravel(k, nest.extents)
      const values = accesses.map(({ strides }, i) => strides.reduce((sum, s, axis) => sum + s * step[axis], starts[i]))
      const [position, [other]] = [values.slice(-grid.length - 1, -1), values.slice(-1)]
      const { start, strides } = stage.indices[grid.length]
      covered.add(
        ravel(
          position,
          grid.map(({ extent }) => extent),
        ),
      )
      const operands = stage.operands.map(({ read, offsetBytes }) => {
        const { view, itemBytes, grid: chunks } = reads[read]
        const source = view.axes.map((axis) => axis.start + (axis.from < 0 ? 0 : axis.step * position[axis.from]))
        return offsetBytes + elementAddress(chunks, source, itemBytes, (block) => blockOfRead(read, block))
      })
      const output = (at: readonly number[]): number[] =>
        spec.outputs.map(
          (part, i) =>
            i * itemsize(part) +
            (region
              ? region.address + ravel(at, region.shape) * itemsize(dtype)
              : elementAddress(grid, at, itemsize(dtype), ownBlock)),
        )
      const kept = <T>(list: readonly T[]): T[] => list.filter((_, axis) => !axes.includes(axis))
      const inside = kept(position.map((p, axis) => p - box[axis][0]))
      const state = ravel(inside, kept(boxShape(box)))
      const states = stateOffsets(spec.outputs, sizeOf(kept(boxShape(box))))
      const stored =
        spec.kind === 'reduce'
          ? spec.outputs.map((part, i) => ownBlock(task) + states[i] + state * itemsize(part))
          : output(position)
      const first = position[axes[0]] - step[axes[0]]
      const carry = nest.carry ? output(position.with(axes[0], first - 1)) : []
      const isCarried = spec.kind === 'scan' && first > 0
      const mergedCount = spec.kind === 'reduce' ? (before.get(state) ?? 0) : 0
      got.push([...values.slice(0, -grid.length - 1), other, nest.mergedCount, Number(nest.carry !== undefined)])
      wanted.push([
        ...operands,
        ...stored,
        ...carry,
        strides.reduce((sum, s, axis) => sum + s * position[axis], start),
        mergedCount,
        Number(isCarried),
      ])
      merged.set(state, (merged.get(state) ?? 0) + 1)
    }
    expect(nest.reduced).toEqual(grid.map((_, axis) => axes.includes(axis)))
  }
  expect(got).toEqual(wanted)
  const elements = ran.reduce((count, { nest }) => count + sizeOf(nest.extents), 0)
  expect([elements, covered.size]).toEqual([sizeOf(boxShape(box)), sizeOf(boxShape(box))])
}

it('tasks that share templates run what each would run alone, and every element lies where the stage says', () => {
  fc.assert(
    fc.property(stages, fc.infiniteStream(fc.nat()), (stage, numbers) => {
      const count = gridCount(stage.grid)
      const shared = recorder(stage)
      for (const number of numbers.take(Math.min(2 * count, 24))) {
        const task = number % count
        const ran = shared.run(placeOf(stage, task))
        expect(ran).toEqual(recorder(stage).run(placeOf(stage, task)))
        checkTask(stage, task, ran)
      }
    }),
    { numRuns: 300 },
  )
})

/** A map over an axis in blocks of the given lengths, which reads another one. */
const mapOf = (lengths: readonly number[], read: readonly number[]): KernelStage => {
  const extent = lengths.reduce((a, b) => a + b)
  return {
    kind: 'kernel',
    name: 'map',
    dtype: 'float64',
    grid: [fromLengths(lengths)],
    reads: [
      { grid: [fromLengths(read)], view: { shape: [extent], axes: [{ from: 0, start: 0, step: 1 }] }, itemBytes: 8 },
    ],
    operands: [{ read: 0, offsetBytes: 0 }],
    indices: [],
    axes: [],
    spec: { kind: 'map', nodes: [], operands: ['float64'], indices: 0, results: [], outputs: ['float64'] },
  }
}

it('blocks of the same kind are planned once', () => {
  const stage = mapOf([8, 8, 8, 8, 3], [35])
  const { run, planned } = recorder(stage)
  for (const task of [0, 4, 1, 2, 0, 4, 3]) run(placeOf(stage, task))
  // Each lies elsewhere in the one block that they read.
  expect(planned()).toBe(5)
  const aligned = mapOf([8, 8, 8, 8, 3], [8, 8, 8, 8, 3])
  const other = recorder(aligned)
  for (const task of [0, 4, 1, 2, 0, 4, 3]) other.run(placeOf(aligned, task))
  expect(other.planned()).toBe(2)
})

it('templates are dropped when there are too many walks of them', () => {
  const stage = mapOf([1, 2, 3], [1, 2, 3])
  const { run, planned } = recorder(stage, mostWalks / 2 - 1)
  const plannedAfter = (tasks: number[]) => {
    for (const task of tasks) run(placeOf(stage, task))
    return planned()
  }
  expect(plannedAfter([0, 0, 1, 1, 0])).toBe(2)
  expect(plannedAfter([2, 2])).toBe(3)
  expect(plannedAfter([0, 0, 2])).toBe(4)
})

it('a task with more walks than are kept, and tasks that are all of different kinds, keep nothing', () => {
  const large = mapOf([1, 1], [1, 1])
  const one = recorder(large, mostWalks)
  for (const task of [0, 1, 0]) one.run(placeOf(large, task))
  expect(one.planned()).toBe(3)
  const stage = mapOf([1, 2, 3, 4], [1, 2, 3, 4])
  const none = recorder(stage, mostWalks / 2 - 1)
  for (const task of [0, 1, 2, 3, 3, 3, 3]) none.run(placeOf(stage, task))
  expect(none.planned()).toBe(7)
})

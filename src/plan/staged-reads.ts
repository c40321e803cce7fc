import { blockRanges } from '../core/access.ts'
import {
  type AxisChunks,
  blockCount,
  blockStart,
  fromBounds,
  type Grid,
  gridExtents,
  sameAxis,
  sameGrid,
} from '../core/chunks.ts'
import { facts, isComplex, isFloating, realOf } from '../core/dtype.ts'
import { sizeOf } from '../core/shape.ts'
import { identityView, type View } from '../core/view.ts'
import type { KernelSpec } from '../kernel/spec.ts'
import type { KernelStage, Read } from '../kernel/stage.ts'
import type { Buffer, PlannedStage } from './plan.ts'
import { intermediateGrids, type Rechunk } from './rechunk.ts'

/** What the blocks of a run may take, and how many of its tasks are under way at once. */
export interface Budget {
  readonly roomBytes: number
  readonly concurrency: number
}

/** Blocks of an axis that are looked at to find how much a task reads at most. */
const mostLookedAt = 1024

/** A kernel stage with the buffers it reads. */
interface PlannedKernel extends PlannedStage {
  readonly stage: KernelStage
}

/**
 * A kernel whose tasks fit the memory. Where they would read more blocks than fit, because these lie across theirs, they read others, of which
 * a task needs little more than it uses (`replace`). These are read as they are, in pieces: no further copy.
 */
export function fitReads(
  { stage, buffers }: PlannedKernel,
  budget: Budget,
  replace: (buffer: Buffer, rechunk: Rechunk) => Buffer,
): PlannedKernel {
  const blockBytes = sizeOf(stage.grid.map((axis) => axis.size)) * facts[stage.dtype].itemsize
  const outputBytes = stage.spec.kind === 'reduce' ? 0 : blockBytes
  const wholeBytes = [...new Set(buffers)].reduce((sum, buffer) => sum + bufferBytes(buffer), 0)
  if (wholeBytes + budget.concurrency * outputBytes <= budget.roomBytes) return { stage, buffers }
  const taskBytes = budget.roomBytes / budget.concurrency
  const reads = stage.reads.map((read, i) => ({ index: i, ...readBytes(read, stage.grid) }))
  const fitted = { reads: [...stage.reads], buffers: [...buffers] }
  let inputBytes = reads.reduce((sum, { touchedBytes }) => sum + touchedBytes, 0)
  for (const { index, touchedBytes, usedBytes } of reads.sort((a, b) => b.touchedBytes - a.touchedBytes)) {
    if (outputBytes + inputBytes <= taskBytes || touchedBytes < 2 * usedBytes) continue
    const read = stage.reads[index]
    const shareBytes = Math.max(taskBytes - outputBytes - inputBytes + touchedBytes, usedBytes) + usedBytes
    const buffer = replace(buffers[index], {
      from: read.grid,
      to: wantedGrid(read, stage.grid),
      itemBytes: read.itemBytes,
      taskBytes: shareBytes,
    })
    fitted.reads[index] = { grid: buffer.grid, view: read.view, itemBytes: read.itemBytes }
    fitted.buffers[index] = buffer
    inputBytes += usedBytes - touchedBytes
  }
  return { stage: { ...stage, reads: fitted.reads }, buffers: fitted.buffers }
}

/** Reductions whose result is the same however the elements lie and in whatever order they come. */
const exactReductions = new Set(['min', 'max', 'argmin', 'argmax', 'any', 'all', 'countNonzero'])
/** Whether how a kernel's results round may hang on where what it reads lies. */
export const mayRound = ({ kind, reduction, outputs }: KernelSpec): boolean =>
  kind !== 'map' && !exactReductions.has(reduction ?? '') && outputs.some(isFloating)

/** A reduction or scan reads blocks that lie across its own in pieces, up to so many times what it uses. */
const mostAcross = 4

/**
 * A reduction or scan of floats that reads no more across its blocks than it may: of what it would read more, the elements of each of its blocks are
 * copied together before (`gather`). That hangs on the blocks alone, never on the memory, for how sums round hangs on where the elements lie.
 */
export function gatherReads(
  { stage, buffers }: PlannedKernel,
  gather: (buffer: Buffer, grid: Grid) => Buffer,
): PlannedKernel {
  const gathered = stage.reads.map((read, i): [Read, Buffer] => {
    const { touchedBytes, usedBytes, blocks } = readBytes(read, stage.grid)
    if (blocks === 1 || touchedBytes <= mostAcross * usedBytes) return [read, buffers[i]]
    const buffer = gather(buffers[i], wantedGrid(read, stage.grid))
    return [{ grid: buffer.grid, view: read.view, itemBytes: read.itemBytes }, buffer]
  })
  return { stage: { ...stage, reads: gathered.map(([read]) => read) }, buffers: gathered.map(([, buffer]) => buffer) }
}

const bufferBytes = ({ grid, dtype }: Buffer): number => sizeOf(gridExtents(grid)) * facts[dtype].itemsize

/** Bytes of the blocks that a task reads at most, how many they are, and bytes of those that it uses. */
function readBytes({ grid, view, itemBytes }: Read, tasks: Grid) {
  const lengths = grid.map((axis, k) => readLengths(axis, view, k, tasks))
  return {
    touchedBytes: sizeOf(lengths.map(({ touched }) => touched)) * itemBytes,
    usedBytes: sizeOf(lengths.map(({ used }) => used)) * itemBytes,
    blocks: sizeOf(lengths.map((each) => each.blocks)),
  }
}

/** The same along one axis, in elements. Of an axis that is read at one position the block there counts as used. */
function readLengths(axis: AxisChunks, view: View, k: number, tasks: Grid) {
  const { from, start, step } = view.axes[k]
  const isAligned = from >= 0 && start === 0 && step === 1 && sameAxis(axis, tasks[from])
  if (from < 0 || step === 0 || isAligned) return { touched: axis.size, used: axis.size, blocks: 1 }
  let [touched, used, blocks] = [1, 1, 1]
  const along = { shape: view.shape, axes: [{ ...view.axes[k], from: 0 }] }
  for (let block = 0; block < Math.min(blockCount(tasks[from]), mostLookedAt); block++) {
    const [low, high] = [blockStart(tasks[from], block), blockStart(tasks[from], block + 1)]
    if (low === high) continue
    const [[first, past]] = blockRanges([axis], along, [[low, high]])
    touched = Math.max(touched, blockStart(axis, past) - blockStart(axis, first))
    used = Math.max(used, (high - low - 1) * Math.abs(step) + 1)
    blocks = Math.max(blocks, past - first)
  }
  return { touched, used, blocks }
}

/** What is read, cut where the tasks' boxes are cut. */
function wantedGrid({ grid, view }: Read, tasks: Grid): Grid {
  return grid.map((axis, k) => {
    const { from, start, step } = view.axes[k]
    if (from < 0 || step === 0) return axis
    const along = tasks[from]
    if (start === 0 && step === 1 && along.extent === axis.extent) return along
    const cuts = new Set([0, axis.extent])
    for (let block = 1; block < blockCount(along); block++) {
      const cut = start + step * blockStart(along, block) + (step < 0 ? 1 : 0)
      if (cut > 0 && cut < axis.extent) cuts.add(cut)
    }
    return fromBounds([...cuts].sort((a, b) => a - b))
  })
}

/**
 * The array of a buffer in blocks for tasks over other boxes: made anew in those where it can be made in any (random numbers, files),
 * otherwise copied through intermediate blocks. `add` adds a stage.
 */
export function rechunkBuffer(
  buffer: Buffer,
  maker: PlannedStage | undefined,
  rechunk: Rechunk,
  add: (planned: PlannedStage) => Buffer,
): Buffer {
  const stage = maker?.stage
  const isFree = stage?.kind === 'random' || (stage?.kind === 'load' && anyBox.has(stage.source.type))
  if (stage && isFree && sameGrid(stage.grid, buffer.grid))
    return add({ stage: { ...stage, grid: rechunk.to }, buffers: [] })
  return intermediateGrids(rechunk).reduce(
    (from, grid) =>
      sameGrid(from.grid, grid) ? from : add({ stage: copyStage(from, grid), buffers: [from], isEager: true }),
    buffer,
  )
}

/** Sources of which any box is read without reading more. */
const anyBox: ReadonlySet<string> = new Set(['memory', 'file'])

/** Copies a buffer into the blocks of another grid. */
export function copyStage({ dtype, grid: from }: Buffer, grid: Grid): KernelStage {
  const part = realOf(dtype)
  const offsets = isComplex(dtype) ? [0, facts[part].itemsize] : [0]
  const dtypes = offsets.map(() => part)
  return {
    kind: 'kernel',
    name: 'rechunk',
    dtype,
    grid,
    spec: {
      kind: 'map',
      nodes: offsets.map((_, operand) => ({ op: 'load', dtype: part, operand })),
      operands: dtypes,
      indices: 0,
      results: offsets.map((_, node) => node),
      outputs: dtypes,
    },
    reads: [{ grid: from, view: identityView(gridExtents(from)), itemBytes: facts[dtype].itemsize }],
    operands: offsets.map((offsetBytes) => ({ read: 0, offsetBytes })),
    indices: [],
    axes: [],
  }
}

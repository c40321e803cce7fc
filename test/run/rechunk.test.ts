import { afterAll, describe, expect, it } from 'vitest'
import { sizeOf } from '../../src/core/shape.ts'
import { optimise } from '../../src/graph/optimise.ts'
import * as nd from '../../src/index.ts'
import { lower } from '../../src/plan/lower.ts'
import { writeInPlace } from '../../src/plan/regions.ts'
import { layOut } from '../../src/plan/tasks.ts'
import { startJob } from '../../src/run/job.ts'
import { settingsOf } from '../../src/run/options.ts'
import { takeResult } from '../../src/run/results.ts'
import { getEngine } from '../../src/scheduler/process.ts'

afterAll(() => nd.shutdown())

const bytesOf = (data: object): Buffer => {
  const { buffer, byteOffset, byteLength } = ('parts' in data ? data.parts : data) as Uint8Array
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** The result of the plan for so much memory, run with more; and how many rechunk stages that plan has. */
async function planned(x: nd.ChunkedArray, roomBytes: number): Promise<{ data: unknown; steps: number }> {
  const engine = getEngine()
  const { dtype, shape } = x
  const address = engine.allocate(sizeOf(shape) * x.itemsize)!
  const roots = optimise([x.expr]).roots.map((expr) => ({ expr, assemble: true }))
  const plan = writeInPlace(lower(roots, { roomBytes, concurrency: 3 }), [{ address, shape }])
  await (await startJob({ plan, engine, resultBytes: 0 }, layOut(plan, false), 0, settingsOf({ workers: 2 }))).result
  const result = takeResult(engine, address, shape, dtype)
  const data = typeof result === 'object' && 'data' in result ? bytesOf(result.data) : result
  return { data, steps: plan.stages.filter(({ stage }) => stage.name === 'rechunk').length }
}

/** An array whose blocks cannot be made in others. */
const rows = (shape: number[], chunks: nd.ChunksOption, dtype: nd.DType = 'float64') =>
  nd.random
    .normal(0, 1e3, shape, { seed: 3, chunks })
    .astype(dtype)
    .mapBlocks((block) => block)

describe('results are the same bits whatever the memory', () => {
  const x = rows([300, 280], [20, 280])
  const columns = x.rechunk([300, 20])
  const cases: Record<string, nd.ChunkedArray> = {
    'rows to columns': columns,
    'to blocks that lie across': x.rechunk([77, 31]),
    'unequal blocks': rows([300, 280], [[20, 7, 13, 60, 50, 50, 100], 280]).rechunk([300, [9, 20, 31, 60, 60, 100]]),
    'complex numbers': rows([60, 70], [3, 70], 'complex128').rechunk([60, 7]),
    bytes: rows([300, 280], [10, 280], 'int8').rechunk([300, 9]),
    'three axes': rows([30, 40, 50], [1, 40, 50]).rechunk([30, 5, 4]),
    'sum along the cut axis': columns.sum(0),
    'sum of all': columns.sum(),
    'std along the other axis': columns.std(1),
    argmax: columns.argmax(0),
    'max of x + x.T': rows([256, 256], [8, 256])
      .add(rows([256, 256], [8, 256]).T)
      .max(0),
    'sum of integers': rows([300, 280], [20, 280], 'int32').rechunk([300, 20]).sum(),
    'float32 mean': rows([300, 280], [20, 280], 'float32').rechunk([290, 30]).mean(0),
    'cumulative sum': columns.cumulativeSum({ axis: 0 }),
    'with the transpose': x.add(x.T.at(':, :280').rechunk([20, 280]).at(':280').sum()).add(1),
    'x + x.T': rows([256, 256], [8, 256]).add(rows([256, 256], [8, 256]).T),
    'a slice with steps, reversed': x.at('::-1, 5:270:3').rechunk([300, 4]),
    reshaped: columns.reshape([280, 300]),
  }
  const roomBytes = 40_000
  for (const [name, y] of Object.entries(cases))
    it(name, async () => {
      const direct = await planned(y, 2 ** 30)
      const staged = await planned(y, roomBytes)
      expect(staged.steps).toBeGreaterThan(direct.steps)
      expect(
        Buffer.isBuffer(staged.data) ? staged.data.equals(direct.data as Buffer) : staged.data === direct.data,
      ).toBe(true)
    })
})

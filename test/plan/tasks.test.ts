import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { regular } from '../../src/core/chunks.ts'
import {
  apply,
  broadcastTo,
  concat,
  fromSource,
  randomNumbers,
  rechunk,
  reduce,
  reshape,
  scan,
  view,
} from '../../src/graph/build.ts'
import type { Expr } from '../../src/graph/expr.ts'
import { optimise } from '../../src/graph/optimise.ts'
import { planCost } from '../../src/plan/explain.ts'
import { lower } from '../../src/plan/lower.ts'
import { depthFirstOrder } from '../../src/plan/order.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { layOut, type Tasks, taskBytes } from '../../src/plan/tasks.ts'

const heap = (shape: number[], size: number): Expr => {
  const grid = shape.map((extent) => regular(extent, size))
  const blocks = Array.from(
    { length: grid.reduce((n, axis) => n * Math.ceil(axis.extent / axis.size), 1) },
    (_, k) => k + 1,
  )
  return fromSource({ type: 'kept', blocks, grid, dtype: 'float64', shape }, grid)
}
const transpose = (expr: Expr): Expr =>
  view(expr, {
    shape: [...expr.shape].reverse(),
    axes: [
      { from: 1, start: 0, step: 1 },
      { from: 0, start: 0, step: 1 },
    ],
  })
const computed = (stages: Plan['stages']): string[] =>
  stages.filter(({ stage }) => stage.kind !== 'kept').map(({ stage }) => stage.name)
const planOf = (expr: Expr) => lower(optimise([expr]).roots.map((root) => ({ expr: root, assemble: false })))
const names = (expr: Expr): string[] => computed(planOf(expr).stages)
const headline = (x: Expr): Expr => apply('subtract', [apply('add', [x, transpose(x)]), reduce('mean', x, [0])])

it('counts what a task reads as what its inputs make', () => {
  const plan = planOf(headline(scan('cumulativeSum', heap([40, 40], 10), 0)))
  const { count, stage, block, inputs, inputStart, outputBytes } = layOut(plan, false)
  for (let task = 0; task < count; task++) {
    const made = [...inputs.subarray(inputStart[task], inputStart[task + 1])].map((input) => outputBytes[input])
    const { bytesIn } = taskBytes(plan, stage[task], block[task])
    expect(bytesIn).toBe(made.reduce((sum, bytes) => sum + bytes, 0))
  }
})

describe('stages', () => {
  it('fuses element-wise work, the transpose and the broadcast of the headline into one kernel', () => {
    expect(names(headline(heap([40, 40], 10)))).toEqual(['mean over axis 0', 'combine mean', 'add, subtract'])
  })
  it('fuses what feeds a reduction into its first step', () => {
    const x = heap([40, 40], 10)
    expect(names(reduce('sum', apply('multiply', [apply('add', [x, 1]), x]), [0, 1]))).toEqual([
      'add, multiply, sum over all',
      'combine sum',
    ])
  })
  it('writes a reduction in place when nothing else reads it, and copies it otherwise', () => {
    const assembled = (...exprs: Expr[]): string[] =>
      computed(lower(exprs.map((expr) => ({ expr, assemble: true }))).stages)
    const x = heap([40, 40], 10)
    const mean = reduce('mean', x, [0])
    expect(assembled(mean)).toEqual(['mean over axis 0', 'combine mean'])
    expect(assembled(mean, mean)).toContain('copy')
    expect(assembled(mean, apply('subtract', [x, mean]))).toContain('copy')
    expect(assembled(reduce('sum', heap([4, 4, 4], 2), [0]))).toContain('copy')
  })
  it('makes large random numbers again for a second pass, and holds small ones', () => {
    const random = (n: number) => randomNumbers('uniform', 1n, 'float64', [regular(n, 1000), regular(n, 1000)])
    expect(names(headline(random(10_000))).filter((name) => name === 'random uniform')).toHaveLength(2)
    expect(names(headline(random(2000))).filter((name) => name === 'random uniform')).toHaveLength(1)
  })
  it('cuts a chain of a thousand functions into kernels of bounded length', () => {
    let y = heap([40], 10)
    for (let i = 0; i < 1000; i++) y = apply('add', [apply('multiply', [y, i + 0.5]), y])
    const plan = planOf(y)
    expect(plan.stages.length).toBeGreaterThan(5)
    for (const { stage } of plan.stages) if (stage.kind === 'kernel') expect(stage.spec.nodes.length).toBeLessThan(1000)
  })
  it('computes a broadcast operand once, not once a copy', () => {
    const row = apply('exp', [heap([40], 10)])
    expect(names(apply('multiply', [heap([40, 40], 10), broadcastTo(row, [40, 40])]))).toEqual(['exp', 'multiply'])
  })
  it('adds no stage for a concatenation or a reshape of blocks that fit', () => {
    const x = apply('add', [heap([40, 40], 10), 1])
    expect(
      names(apply('negative', [concat([scan('cumulativeSum', x, 0), scan('cumulativeSum', x, 1)], 0)])),
    ).toHaveLength(3)
    const rows = rechunk(x, [regular(40, 10), regular(40, 40)])
    expect(names(apply('negative', [reshape(rows, [1600])]))).toEqual(['add', 'negative'])
  })
})

describe('costs', () => {
  it('counts tasks and bytes without running, and does not grow with the blocks', () => {
    const x = heap([40, 40], 10)
    const cost = planCost(planOf(headline(x)))
    expect(cost.stages.map((stage) => stage.tasks)).toEqual([16, 16, 4, 16])
    expect(cost.stages[3].readBytes).toBe(2 * 1600 * 8 + 40 * 8)
    expect(cost.stages[3].writtenBytes).toBe(1600 * 8)
    const huge = randomNumbers('uniform', 1n, 'float64', [regular(1e7, 1000), regular(1e7, 1000)])
    expect(planCost(planOf(headline(huge))).stages.at(-1)!.tasks).toBe(1e8)
  })
})

/** Every task after its inputs, and how many bytes are alive at most when tasks run one after the other. */
function replay({ count, inputStart, inputs, outputBytes }: Tasks): number {
  const readers = new Int32Array(count)
  for (const input of inputs) readers[input]++
  let [alive, most] = [0, 0]
  for (let t = 0; t < count; t++) {
    alive += outputBytes[t]
    most = Math.max(most, alive)
    for (let k = inputStart[t]; k < inputStart[t + 1]; k++) {
      expect(inputs[k]).toBeLessThan(t)
      if (--readers[inputs[k]] === 0) alive -= outputBytes[inputs[k]]
    }
    if (readers[t] === 0) alive -= outputBytes[t]
  }
  return most
}

describe('tasks', () => {
  it('come after their inputs, each once, only those that are needed', () => {
    const x = heap([40, 40], 10)
    const corner = view(reduce('sum', x, [1]), { shape: [5], axes: [{ from: 0, start: 12, step: 1 }] })
    const tasks = layOut(planOf(corner), false)
    expect(tasks.count).toBe(4 + 4 + 1 + 1)
    replay(tasks)
  })
  it('keep the memory of x + x.T of made-again numbers low: blocks go in pairs', () => {
    const x = randomNumbers('uniform', 1n, 'float64', [regular(10_000, 1000), regular(10_000, 1000)])
    const total = reduce('sum', headline(x), [0, 1])
    expect(replay(layOut(planOf(total), false))).toBeLessThan(6 * 8e6)
  })
  it('of an ordered stream stay in the order of the grid', () => {
    const tasks = layOut(planOf(headline(heap([40, 40], 10))), true)
    const order = [...tasks.outputs[0]]
    expect(order).toEqual([...order].sort((a, b) => a - b))
  })
  it('lay out random expressions soundly', () => {
    const step = fc.constantFrom('add', 'transpose', 'mean', 'scan', 'rechunk', 'concat', 'reshape')
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 6 }),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        (steps, size, ordered) => {
          let x = heap([12, 12], size)
          for (const name of steps) {
            if (name === 'add') x = apply('add', [x, transpose(x)])
            if (name === 'transpose') x = transpose(x)
            if (name === 'mean') x = apply('subtract', [x, reduce('mean', x, [0])])
            if (name === 'scan') x = scan('cumulativeSum', x, 0)
            if (name === 'rechunk') x = rechunk(x, [regular(12, 5), regular(12, 3)])
            if (name === 'concat')
              x = view(concat([x, x], 1), {
                shape: [12, 12],
                axes: [
                  { from: 0, start: 0, step: 1 },
                  { from: 1, start: 6, step: 1 },
                ],
              })
            if (name === 'reshape') x = reshape(reshape(x, [144]), [12, 12])
          }
          const tasks = layOut(planOf(apply('negative', [x])), ordered)
          replay(tasks)
          expect(new Set(tasks.outputs[0]).size).toBe(tasks.outputs[0].length)
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('depthFirstOrder', () => {
  it('places every task after its inputs, whatever the graph', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 60 }), (lists) => {
        const inputs = lists.flatMap((list, t) => (t === 0 ? [] : list.map((k) => k % t)))
        const inputStart = new Int32Array(lists.length + 1)
        lists.forEach((list, t) => {
          inputStart[t + 1] = inputStart[t] + (t === 0 ? 0 : list.length)
        })
        const dag = {
          count: lists.length,
          inputStart,
          inputs: Int32Array.from(inputs),
          outputBytes: Float64Array.from(lists, (_, t) => t % 3),
        }
        const order = depthFirstOrder(dag, [...lists.keys()].reverse(), () => 'frees')
        const place = new Map([...order].map((task, at) => [task, at]))
        expect(place.size).toBe(lists.length)
        for (let t = 0; t < dag.count; t++)
          for (let k = inputStart[t]; k < inputStart[t + 1]; k++)
            expect(place.get(dag.inputs[k])!).toBeLessThan(place.get(t)!)
      }),
    )
  })
})

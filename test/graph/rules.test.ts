import { describe, expect, it } from 'vitest'
import { regular } from '../../src/core/chunks.ts'
import { apply, cast, constant, fromSource, rechunk, reduce, view } from '../../src/graph/build.ts'
import { type Expr, intern } from '../../src/graph/expr.ts'
import { formatExpr } from '../../src/graph/format.ts'
import { optimise } from '../../src/graph/optimise.ts'
import { rules } from '../../src/graph/rules.ts'

const source = (shape: number[], size = 2, dtype: 'float64' | 'float32' | 'int32' = 'float64'): Expr =>
  fromSource(
    { type: 'memory', data: new Float64Array(0), dtype, shape },
    shape.map((extent) => regular(extent, size)),
  )
const slice = (expr: Expr, start: number, extent: number, step = 1): Expr =>
  view(expr, {
    shape: [extent, ...expr.shape.slice(1)],
    axes: expr.shape.map((_, k) => (k === 0 ? { from: 0, start, step } : { from: k, start: 0, step: 1 })),
  })
const transpose = (expr: Expr): Expr =>
  view(expr, {
    shape: [...expr.shape].reverse(),
    axes: expr.shape.map((_, k) => ({ from: expr.shape.length - 1 - k, start: 0, step: 1 })),
  })
const only = (...names: string[]) => rules.filter((rule) => names.includes(rule.name))
const after = (expr: Expr, ...names: string[]): string => formatExpr(optimise([expr], only(...names)).roots[0])
const x = source([10])
const m = source([6, 4])

describe('each rule, by the expression before and after', () => {
  const cases: [string, Expr, string, string][] = [
    ['fold-view', slice(slice(x, 2, 6), 1, 3), 'view[1:+3](view[2:+6](memory[10]))', 'view[3:+3](memory[10])'],
    ['fold-view', transpose(transpose(m)), 'permute[1, 0](permute[1, 0](memory[6, 4]))', 'memory[6, 4]'],
    [
      'push-view',
      slice(apply('add', [x, 1]), 2, 3),
      'view[2:+3](add(memory[10], 1))',
      'add(view[2:+3](memory[10]), view[2:+3](1))',
    ],
    [
      'push-view',
      slice(cast(x, 'float32'), 2, 3),
      'view[2:+3](float32(memory[10]))',
      'float32(view[2:+3](memory[10]))',
    ],
    ['view-constant', slice(constant(7, 'int32', x.grid), 2, 3), 'view[2:+3](7)', '7'],
    [
      'view-rechunk',
      slice(rechunk(x, [regular(10, 5)]), 2, 3),
      'view[2:+3](rechunk<5>(memory[10]))',
      'rechunk<3>(view[2:+3](memory[10]))',
    ],
    ['narrow-source', slice(x, 4, 3), 'view[4:+3](memory[10])', 'memory@4[3]'],
    ['narrow-source', slice(x, 8, 3, -2), 'view[8:+3:-2](memory[10])', 'view[4:+3:-2](memory@4[5])'],
    [
      'fold-cast',
      cast(cast(source([4], 2, 'int32'), 'int64'), 'float32'),
      'float32(int64(memory[4]))',
      'float32(memory[4])',
    ],
    ['fold-cast', cast(constant(7, 'int32', x.grid), 'float64'), 'float64(7)', '7'],
    ['fold-constant', apply('add', [constant(7, 'int32', x.grid), 1]), 'add(7, 1)', '8'],
    ['square', apply('pow', [x, 2]), 'pow(memory[10], 2)', 'multiply(memory[10], memory[10])'],
    [
      'no-op-rechunk',
      rechunk(rechunk(apply('add', [x, 1]), [regular(10, 5)]), x.grid),
      'rechunk<2>(rechunk<5>(add(memory[10], 1)))',
      'add(memory[10], 1)',
    ],
    ['rechunk-source', rechunk(x, [regular(10, 5)]), 'rechunk<5>(memory[10])', 'memory[10]'],
  ]
  for (const [name, expr, before, wanted] of cases)
    it(`${name}: ${before} becomes ${wanted}`, () => {
      expect(formatExpr(expr)).toBe(before)
      expect(after(expr, name)).toBe(wanted)
    })

  it('has a case for every rule', () => {
    expect(new Set(cases.map(([name]) => name))).toEqual(new Set(rules.map((rule) => rule.name)))
  })
})

describe('the list as a whole', () => {
  it('reads only what a slice of an expression needs', () => {
    const y = slice(apply('subtract', [apply('multiply', [x, 2]), x]), 0, 2)
    expect(formatExpr(optimise([y]).roots[0])).toBe('subtract(multiply(memory[2], 2), memory[2])')
  })
  it('keeps the chunks of the root', () => {
    const y = slice(rechunk(apply('add', [x, 1]), [regular(10, 5)]), 1, 7)
    expect(optimise([y]).roots[0].grid).toEqual(y.grid)
  })
  it('does not fold a cast that loses: float64 to int32 to float64 truncates', () => {
    expect(after(cast(cast(x, 'int32'), 'float64'), 'fold-cast')).toBe('float64(int32(memory[10]))')
  })
  it('does not push a broadcast into an element-wise function', () => {
    const wide = view(apply('exp', [x]), { shape: [3, 10], axes: [{ from: 1, start: 0, step: 1 }] })
    expect(after(wide, 'push-view')).toBe('broadcast[3, 10](exp(memory[10]))')
  })
  it('does not narrow kept blocks', () => {
    const heap = fromSource({ type: 'kept', blocks: [1, 2], grid: [regular(4, 2)], dtype: 'float64', shape: [4] }, [
      regular(4, 2),
    ])
    expect(after(slice(heap, 0, 2), 'narrow-source')).toBe('view[0:+2](kept[4])')
  })
  it('rewrites a shared part once and a chain of ten thousand without overflowing the stack', () => {
    let y = x
    for (let i = 0; i < 10_000; i++) y = apply('add', [y, i])
    const { roots } = optimise([slice(y, 0, 2), y])
    expect(roots[0].shape).toEqual([2])
  })
  it('gives equal expressions one node', () => {
    expect(apply('add', [x, 1])).toBe(apply('add', [x, 1]))
    expect(reduce('sum', x, [0])).toBe(reduce('sum', x, [0]))
    expect(intern({ kind: 'constant', value: 0 }, 'float64', x.grid)).not.toBe(
      intern({ kind: 'constant', value: -0 }, 'float64', x.grid),
    )
  })
})

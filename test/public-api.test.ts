import { expect, test } from 'vitest'
import * as nd from '../src/index.ts'
import { elementwise } from '../src/ops/elementwise.ts'

const words = (text: string): string[] => text.trim().split(/\s+/)

/** Every element-wise function of the Array API standard 2025.12, in camelCase. */
const standardElementwise = words(`
  abs acos acosh add asin asinh atan atan2 atanh bitwiseAnd bitwiseInvert bitwiseLeftShift bitwiseOr bitwiseRightShift bitwiseXor
  ceil clip conj copysign cos cosh divide equal exp expm1 floor floorDivide greater greaterEqual hypot imag isfinite isinf isnan
  less lessEqual log log10 log1p log2 logaddexp logicalAnd logicalNot logicalOr logicalXor maximum minimum multiply negative
  nextafter notEqual positive pow real reciprocal remainder round sign signbit sin sinh sqrt square subtract tan tanh trunc`)
const creation = words(`
  array asarray fromArray zeros ones full empty arange linspace eye tri tril triu meshgrid fromFunction zerosLike onesLike
  fullLike emptyLike fromBinary fromHdf5 fromNpy fromNpz fromSource fromZarr`)
const reductions = words(
  'sum prod mean std var min max argmin argmax any all countNonzero cumulativeSum cumulativeProd',
)
const manipulation = words(`
  permuteDims reshape expandDims squeeze broadcastTo broadcastArrays broadcastShapes flip roll concat stack unstack tile repeat
  moveaxis swapaxes ravel rechunk`)
const linear = words('matmul tensordot vecdot outer matrixTranspose')
const dtypes = words('astype resultType canCast promoteTypes finfo iinfo isdtype dtypes')
const constants = words('pi e inf nan newaxis ellipsis')
const running = words(
  `compute plan configure shutdown store toBinary toNpy toNpz toZarr openZarr consolidateZarr at with slice where mapBlocks random ChunkedArray
  Computation`,
)
const diagnostics = words('format profile Profile dashboard ProgressBar visualize Picture')
const tasks = words('Delayed delayed Graph graph fromDelayed toDelayed Pool Client client Future parallel ranks')
const errors = words(`
  NdloomError ShapeError DTypeError ChunkError IndexError StorageError MemoryLimitError TaskError WorkerLostError AbortError`)
const exported = [
  ...standardElementwise,
  ...creation,
  ...reductions,
  ...manipulation,
  ...linear,
  ...dtypes,
  ...constants,
  ...running,
  ...diagnostics,
  ...tasks,
  ...errors,
]

/** Functions that make arrays of other things, or take several arrays alike: no methods. */
const notMethods = new Set([
  ...creation.filter((name) => !/Like$|^tri[lu]$/.test(name)),
  ...words(
    'broadcastArrays broadcastShapes concat stack resultType canCast promoteTypes finfo iinfo isdtype dtypes slice',
  ),
  ...constants,
  ...words('configure toNpz openZarr consolidateZarr shutdown random ChunkedArray Computation'),
  ...diagnostics,
  ...tasks.filter((name) => name !== 'toDelayed'),
  ...errors,
])
const methods = [
  ...exported.filter((name) => !notMethods.has(name)),
  ...words('sub mul div neg eq ne lt le gt ge persist explain toString toSVG visualize constructor'),
]
const properties = words('T mT shape ndim size dtype chunks numblocks nbytes itemsize')

test('the exported names are these', () => {
  expect(Object.keys(nd).sort()).toEqual([...exported].sort())
})
test('the methods of an array are these', () => {
  const { prototype } = nd.ChunkedArray
  const getters = Object.entries(Object.getOwnPropertyDescriptors(prototype)).filter(([, { get }]) => get)
  expect(getters.map(([name]) => name).sort()).toEqual([...properties].sort())
  const names = Object.getOwnPropertyNames(prototype).filter((name) => !properties.includes(name))
  expect(names.sort()).toEqual([...methods].sort())
})
test('every element-wise record is exported', () => {
  expect(Object.keys(elementwise).filter((name) => !(name in nd))).toEqual([])
})
test('the random namespace', () => {
  const names = words('random uniform normal integers exponential choice')
  expect(Object.keys(nd.random).sort()).toEqual([...names, 'defaultRng'].sort())
  expect(Object.keys(nd.random.defaultRng(1)).sort()).toEqual(names.sort())
})
test('a method is its function', () => {
  const x = nd.array([
    [1, 2],
    [3, 4],
  ])
  expect(x.add(1).expr).toBe(nd.add(x, 1).expr)
  expect(x.sum({ axis: 0, keepdims: true }).expr).toBe(nd.sum(x, { axis: 0, keepdims: true }).expr)
  expect(x.at('0').expr).toBe(nd.at(x, 0).expr)
  expect(x.matmul(x).expr).toBe(nd.matmul(x, x).expr)
  expect(x.reshape(4).expr).toBe(nd.reshape(x, [4]).expr)
  expect(x.var(0).expr).toBe(nd.var(x, 0).expr)
})
test('methods do not show when an array is walked over', () => {
  const found: string[] = []
  for (const name in nd.ones(1)) found.push(name)
  expect(found).toEqual(['expr'])
})
test('every error is an NdloomError with its own name', () => {
  for (const name of errors) {
    const found = Object.entries(nd).find(([key]) => key === name)![1] as unknown as { prototype: Error }
    expect(found.prototype).toSatisfy((p) => p === nd.NdloomError.prototype || p instanceof nd.NdloomError)
  }
  expect(() => nd.zeros(-1)).toThrow(expect.objectContaining({ name: 'ShapeError' }))
})

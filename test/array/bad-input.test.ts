import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import * as nd from '../../src/index.ts'

// biome-ignore lint/suspicious/noExplicitAny: what JavaScript callers may pass
type Loose = any
const loose: Loose = nd
const x: Loose = nd.arange(12).reshape([3, 4]).rechunk(2)
const ints: Loose = nd.ones([3], { dtype: 'uint8' })
const complex: Loose = nd.ones([3], { dtype: 'complex64' })
/** [undefined, 1] as array functions that skip holes do not see it. */
const hole: Loose = new Array(2)
hole[1] = 1
const folder = mkdtempSync(join(tmpdir(), 'ndloom-bad-'))
const short = join(folder, 'short.raw')
writeFileSync(short, new Uint8Array(10))
afterAll(() => rmSync(folder, { recursive: true }))

/** A buffer that was sent away. */
function detached(): Float64Array {
  const data = new Float64Array(4)
  structuredClone(data.buffer, { transfer: [data.buffer] })
  return data
}

type BadCall = readonly [what: string, call: () => unknown, text: RegExp]

/** Each call throws at once, an error of the class, whose text begins with the operation. */
function refuses(group: string, errorClass: typeof nd.NdloomError, calls: readonly BadCall[]): void {
  describe(group, () => {
    test.each(calls)('%s', (_, call, text) => {
      let error: unknown
      try {
        call()
      } catch (thrown) {
        error = thrown
      }
      expect(error).toBeInstanceOf(errorClass)
      expect(error).toBeInstanceOf(nd.NdloomError)
      const { message } = error as Error
      expect(message).toMatch(text)
      expect(message).toMatch(/^[\w()., ]+: /)
      expect(message).not.toMatch(/internal|undefined is not|Cannot read/)
    })
  })
}

const sizes = [Number.NaN, Number.POSITIVE_INFINITY, 1.5, -1, '3', null, {}, 3n, [[2]]]
refuses('sizes', nd.ShapeError, [
  ...sizes.map((size): BadCall => [`zeros of ${String(size)}`, () => loose.zeros([size]), /^zeros: got shape \[/]),
  ...sizes.slice(0, 4).map((size): BadCall => [`reshape to ${size}`, () => x.reshape([size, 5]), /^reshape: /]),
  ['no shape', () => loose.zeros(), /got shape undefined/],
  ['more than 2^53 elements', () => nd.zeros([2 ** 30, 2 ** 30]), /more than 2\^53/],
  ['a product too large', () => nd.zeros(2 ** 40).outer(nd.zeros(2 ** 40)), /more than 2\^53/],
  ['repeated too often', () => nd.zeros(3).repeat(2 ** 52), /more than 2\^53/],
  ['tiled too often', () => nd.zeros(20).tile(2 ** 50), /more than 2\^53/],
  ['random of NaN', () => nd.random.random([Number.NaN]), /^random: got shape \[NaN\]/],
  ['eye of a fraction', () => nd.eye(1.5), /^eye: got rows 1.5/],
  ['linspace of -1', () => nd.linspace(0, 1, -1), /^linspace: got num -1/],
  ['arange to NaN', () => nd.arange(Number.NaN), /^arange: got .*NaN/],
  ['arange to infinity', () => nd.arange(Number.POSITIVE_INFINITY), /Infinity/],
  ['arange of step 0', () => nd.arange(0, 5, 0), /step that is not 0/],
  ['arange of nothing', () => loose.arange(), /got .*undefined/],
  ['tile by NaN', () => x.tile(Number.NaN), /^tile: got NaN/],
  ['repeat by nothing', () => x.repeat(), /^repeat: got undefined/],
  ['roll by a fraction', () => x.roll(1.5), /^roll: got 1.5/],
  ['a list with a hole', () => loose.zeros(hole), /^zeros: got shape \[undefined, 1\]/],
  ['extents one by one', () => x.reshape(-1, 3), /^reshape: .*one list such as \[-1, 3\]/],
  ['reshape to a list with a hole', () => loose.ones(1).reshape(hole), /^reshape: got shape/],
])

refuses('shapes', nd.ShapeError, [
  ['add', () => x.add(nd.ones(3)), /^add: shapes \[3, 4\] and \[3\] do not broadcast \(axis 1: 4 and 3\)/],
  ['clip', () => x.clip([1, 2, 3]), /^clip: shapes/],
  ['reshape', () => x.reshape([5, 5]), /of 12 elements does not fill \[5, 5\]/],
  ['reshape with two -1', () => x.reshape([-1, -1]), /^reshape: /],
  ['broadcastTo', () => x.broadcastTo([2, 4]), /^broadcastTo: /],
  ['ragged rows', () => nd.array([[1, 2], [3]]), /^array: rows of axis 1 have 2 and 1/],
  ['values beside rows', () => loose.array([1, [2]]), /mixed/],
  ['data of another size', () => nd.array([1, 2], { shape: [3] }), /3 elements, the data has 2/],
  ['strides out of the data', () => loose.array({ data: [1], shape: [5], stride: [1], offset: 0 }), /0 to 4/],
  ['strides below the data', () => loose.array({ data: [1, 2], shape: [2], stride: [-1], offset: 0 }), /-1 to 0/],
  ['no strides', () => loose.array({ data: [1], shape: [1], stride: 1, offset: 0 }), /stride 1/],
  ['matmul', () => x.matmul(nd.ones([3, 2])), /^matmul: shapes \[3, 4\] and \[3, 2\]/],
  ['matmul of a scalar', () => x.matmul(3), /use multiply/],
  ['vecdot', () => x.vecdot(nd.ones(3)), /^vecdot: /],
  ['tensordot', () => x.tensordot(x, { axes: 'a' }), /^tensordot: got axes 'a'/],
  ['concat of unlike shapes', () => nd.concat([x, nd.ones([2, 3])]), /^concat: /],
  ['concat of no list', () => loose.concat(x, 0), /want a list of arrays/],
  ['concat of nothing', () => nd.concat([]), /^concat: got no arrays/],
  ['stack of unlike shapes', () => nd.stack([x, nd.ones(3)]), /^stack: /],
  ['with', () => x.with('0', [1, 2]), /^with: /],
  ['squeeze', () => x.squeeze(0), /^squeeze: axis 0 has extent 3/],
  ['mT of one axis', () => nd.ones(3).mT, /^mT: /],
  ['max of nothing', () => nd.zeros(0).max(), /^max: no elements/],
  ['min along an empty axis of an empty result', () => nd.zeros([0, 0]).min(1), /^min: no elements/],
  ['argmin of nothing', () => nd.zeros([0, 3]).argmin(0), /^argmin: no elements/],
  ['fromFunction of another shape', () => nd.fromFunction(() => nd.ones(5), [2]), /^fromFunction: /],
  ['meshgrid of a matrix', () => nd.meshgrid(x), /^meshgrid: /],
])

const axes = [2, -3, 0.5, Number.NaN, '0', true, {}]
refuses('axes', nd.ShapeError, [
  ['a hole', () => x.sum(hole), /^sum: axis undefined/],
  ['a hole among all axes', () => x.permuteDims(hole), /^permuteDims: axis undefined/],
  ['a hole in a contraction', () => x.tensordot(x.T, { axes: [hole, [1, 0]] }), /^tensordot: axis undefined/],
  ...axes.map((axis): BadCall => [`sum over ${String(axis)}`, () => x.sum({ axis }), /^sum: axis .* out of range/]),
  ['twice the same', () => x.sum([0, -2]), /name one axis twice/],
  ['of a 0-d array', () => x.sum().flip(0), /0-d array has no axes/],
  ['argmax over two', () => x.argmax([0, 1]), /^argmax: axis \[0, 1\]/],
  ['cumulativeSum over none', () => x.cumulativeSum(), /say along which/],
  ['permuteDims of too few', () => x.permuteDims([0]), /name each axis once/],
  ['permuteDims of none', () => x.permuteDims(), /got axes undefined/],
  ['moveaxis', () => x.moveaxis(0, 5), /^moveaxis: axis 5/],
  ['swapaxes', () => x.swapaxes(0), /^swapaxes: axis undefined/],
])

refuses('dtypes', nd.DTypeError, [
  ...['f8', 'float', null, 3, 'toString', ['int8']].map(
    (dtype): BadCall => [`zeros of ${dtype}`, () => loose.zeros(3, { dtype }), /^zeros: got dtype .*want one of bool/],
  ),
  ['astype of nothing', () => x.astype(), /^astype: got dtype undefined/],
  ['astype that drops a part', () => complex.astype('float32'), /imaginary part; use x.real/],
  ['sum that drops a part', () => complex.sum({ dtype: 'float64' }), /^sum: .*imaginary/],
  ['bitwiseAnd of floats', () => x.bitwiseAnd(1), /^bitwiseAnd: not defined for dtype float64; .*'int64'/],
  ['less of complex numbers', () => complex.lt(1), /^less: not defined/],
  ['a scalar out of range', () => ints.add(300), /^add: the scalar 300 does not fit uint8 \(0 to 255\)/],
  ['a negative scalar', () => ints.mul(-1n), /does not fit uint8/],
  ['an element out of range', () => nd.array([300], { dtype: 'uint8' }), /which uint8 does not hold/],
  ['NaN as an integer', () => nd.full(2, Number.NaN, { dtype: 'int32' }), /^full: got NaN/],
  ['a replacement out of range', () => ints.with('0', 300), /^with: got 300/],
  ['complex into real', () => x.with('0', { re: 1, im: 1 }), /^with: got a complex value/],
  ['finfo of integers', () => nd.finfo('int8'), /use iinfo/],
  ['isdtype of null', () => loose.isdtype('int8', null), /^isdtype: got null/],
  ['integers of floats', () => nd.random.integers(0, 3, 2, { dtype: 'float64' }), /want an integer dtype/],
])

const notArrays = [undefined, null, 'abc', {}, () => 1, Symbol('s'), new Map(), new Date(), new ArrayBuffer(8)]
refuses('what is no array', nd.DTypeError, [
  ...['concat', 'stack'].map((name): BadCall => [`a hole in ${name}`, () => loose[name](hole), /got undefined, want/]),
  ['a hole in mapBlocks', () => loose.mapBlocks((block: unknown) => block, hole), /^mapBlocks: got undefined, want/],
  ['asarray of nothing', () => loose.asarray(), /^asarray: got undefined/],
  ['ravel of nothing', () => loose.ravel(), /^ravel: got undefined/],
  ...notArrays.map((value): BadCall => [`add ${String(value)}`, () => x.add(value), /^add: got .*, want a number/]),
  ...notArrays.map((value): BadCall => [`array of ${String(value)}`, () => loose.array(value), /^array: got /]),
  ...notArrays.slice(0, 4).map((v): BadCall => [`array of [${String(v)}]`, () => loose.array([v]), /got the element/]),
  ...notArrays.slice(0, 4).map((v): BadCall => [`sum of ${String(v)}`, () => loose.sum(v), /^sum: got /]),
  ['full of a text', () => loose.full(2, 'a'), /^full: got 'a'/],
  ['outer with nothing', () => x.outer(), /^outer: got undefined/],
  ['with nothing', () => x.with('0'), /^with: got undefined/],
  ['linspace of texts', () => loose.linspace('a', 'b'), /^linspace: got 'a'/],
  ['a complex number of texts', () => loose.array([{ re: 1, im: 'a' }]), /got the element/],
  ['lazy arrays in a list', () => loose.array([x, x]), /nd.stack/],
])

refuses('chunks', nd.ChunkError, [
  ['a hole', () => x.rechunk(hole), /^rechunk: got chunks undefined for axis 0/],
  ['a hole among lengths', () => x.rechunk([-1, hole]), /^rechunk: got chunks \[undefined, 1\] for axis 1/],
  ...[0, -2, 1.5, Number.NaN].map(
    (chunks): BadCall => [`${chunks}`, () => nd.zeros(3, { chunks }), /^zeros: got chunk length .* for axis 0, want/],
  ),
  ...['big', {}, true, 2n].map(
    (chunks): BadCall => [`${String(chunks)}`, () => loose.zeros(3, { chunks }), /^zeros: got chunks .*want 'auto'/],
  ),
  ['that do not add up', () => nd.zeros(3, { chunks: [[1, 1]] }), /add up to 2, the axis has 3; make them add up/],
  ['with a negative length', () => nd.zeros(3, { chunks: [[4, -1]] }), /for axis 0/],
  ['for too few axes', () => nd.zeros([3, 3], { chunks: [3] }), /give one entry an axis/],
  ['of rechunk', () => x.rechunk([[1, 1], 4]), /^rechunk: /],
  ['of mapBlocks', () => x.mapBlocks((b: unknown) => b, { chunks: 2 }), /^mapBlocks: got chunks 2/],
  ['too many unequal ones', () => nd.zeros(2 ** 40, { chunks: 2 }).at('1:'), /use larger chunks/],
  ['too many to join', () => nd.concat([nd.zeros(2 ** 30, { chunks: 1 }), nd.zeros(1)]), /use larger chunks/],
])

refuses('indices', nd.IndexError, [
  ['past the end', () => x.at(3), /^at: index 3 is out of range for axis 0 of extent 3, want -3 to 2/],
  ['before the start', () => x.at('0, -5'), /axis 1 of extent 4/],
  ['too many', () => x.at(0, 0, 0), /leave out 1/],
  ...[1.5, Number.NaN, Number.POSITIVE_INFINITY].map(
    (index): BadCall => [`${index}`, () => x.at(index), /^at: got index/],
  ),
  ...['', 'a', '1.5', '0,,1', '0;1', '1:2:3:4'].map(
    (text): BadCall => [`the text '${text}'`, () => x.at(text), /^at: got '/],
  ),
  ['two ellipses', () => x.at('..., ...'), /twice/],
  ['a step of 0', () => x.at('::0'), /step 0/],
  ['undefined', () => x.at(undefined), /^at: got an index of type undefined/],
  ['a list', () => x.at([0, 1]), /not available yet/],
  ['a slice of no integers', () => x.at({ kind: 'slice', start: 'a', stop: null, step: null }), /got start/],
  ['a slice from NaN', () => nd.slice(Number.NaN), /^slice: got start NaN/],
  ...['1', '', true, [], Symbol('s'), x].map(
    (bound): BadCall => ['a slice from what is no number', () => loose.slice(bound), /^slice: got start/],
  ),
  ['of with', () => x.with('5', 1), /^with: index 5/],
])

refuses('options', nd.NdloomError, [
  [
    'options where there are none',
    () => loose.exp(x, { dtype: 'float32' }),
    /^exp: got \{ dtype \}, it takes no options/,
  ],
  ['options of a sum of two', () => x.add(x, { where: true }), /^add: got \{ where \}, it takes no options/],
  ['options of reshape', () => x.reshape([4, 3], { order: 'F' }), /^reshape: there is no option order/],
  ['options of astype', () => x.astype('int8', { casting: 'safe' }), /^astype: there is no option casting/],
  ['options after options', () => x.sum({ axis: 0 }, { keepdims: true }), /^sum: got \{ keepdims \} after the options/],
  ['an axis after an axis', () => x.sum(0, { axis: 1 }), /^sum: there is no option axis; there are keepdims, dtype/],
  ['two axes one by one', () => x.sum(0, 1), /^sum: got 1 as options/],
  [
    'a name that is unknown',
    () => loose.zeros(3, { dtpye: 'int8' }),
    /^zeros: there is no option dtpye; there are dtype/,
  ],
  ['axes for axis', () => x.sum({ axes: 0 }), /^sum: there is no option axes/],
  ['dtype of max', () => x.max({ dtype: 'int8' }), /^max: there is no option dtype/],
  ['a name of NumPy', () => x.cumulativeSum({ axis: 0, include_initial: true }), /no option include_initial/],
  ...[null, 'float32', 3, [1], x].map(
    (options): BadCall => [`zeros with ${String(options)}`, () => loose.zeros(3, options), /^zeros: got .* as options/],
  ),
  ['an array for options', () => x.sum(x), /^sum: got a ChunkedArray as options/],
  ['keepdims of a text', () => x.sum({ keepdims: 'no' }), /^sum: got keepdims 'no', want true or false/],
  ['endpoint of a text', () => loose.linspace(0, 1, 5, { endpoint: 'no' }), /^linspace: got endpoint 'no'/],
  ['correction of a text', () => x.std({ correction: '1' }), /^std: got correction '1'/],
  ['a random option', () => loose.random.random(3, { sed: 1 }), /^random: there is no option sed/],
  ['a seed of NaN', () => nd.random.random(3, { seed: Number.NaN }), /got seed NaN/],
  ['a negative scale', () => nd.random.normal(0, -1, 3), /^normal: got scale -1/],
  ['an infinite range', () => nd.random.uniform(0, Number.POSITIVE_INFINITY, 3), /^uniform: got low 0/],
  ['no function', () => loose.fromFunction(3, [2]), /^fromFunction: got 3/],
  ['a text for a function', () => x.mapBlocks('b => b'), /^mapBlocks: got 'b => b' as the function/],
  ['a native function', () => x.mapBlocks(Math.sqrt), /native/],
  ['half a module function', () => x.mapBlocks({ module: 'a' }), /^mapBlocks: got { module }/],
  ['args that cannot be sent', () => x.mapBlocks((b: unknown) => b, { args: () => 1 }), /cannot be sent/],
  ['a setting that is unknown', () => loose.configure({ worker: 1 }), /^configure: there is no setting worker/],
  ['settings that are none', () => loose.configure(null), /^configure: got null/],
  ['an expression that is none', () => new loose.ChunkedArray({}), /^ChunkedArray: /],
])

refuses('data', nd.StorageError, [
  ['a detached buffer', () => nd.fromArray(detached()), /^fromArray: the buffer of the typed array is detached/],
  ['a detached store', () => nd.array({ data: detached(), shape: [4], stride: [1], offset: 0 }), /detached/],
  ['no file', () => nd.fromBinary(join(folder, 'none'), { dtype: 'int8', shape: 3 }), /^fromBinary: .*no such file/],
  ['a short file', () => nd.fromBinary(short, { dtype: 'float64', shape: 2 }), /has 10 bytes, want 16/],
  ['an offset of NaN', () => nd.fromBinary(short, { dtype: 'int8', shape: 1, offset: Number.NaN }), /got offset NaN/],
  ['a folder', () => nd.fromBinary(folder, { dtype: 'int8', shape: 1 }), /directory/],
  ['a number for a file', () => loose.fromNpy(3), /^fromNpy: got 3 as file/],
  ['no NPY file', () => nd.fromNpy(short), /no NPY file/],
])

test('operators say what to do instead', () => {
  expect(() => x + 1).toThrow(/use x.add\(y\)/)
  expect(() => x < 3).toThrow(nd.NdloomError)
})
test('what a function of the user throws while building comes through as it is', () => {
  const mine = new Error('mine')
  const failing = () => {
    throw mine
  }
  expect(() => nd.fromFunction(failing, [2])).toThrow(mine)
})

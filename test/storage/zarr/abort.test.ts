import { expect, test } from 'vitest'
import { AbortError } from '../../../src/core/errors.ts'
import { tie } from '../../../src/storage/host.ts'
import { writeBox } from '../../../src/storage/write.ts'
import type { ZarrSink } from '../../../src/storage/zarr/array.ts'

const common = { dtype: 'uint8', shape: [4] } as const
const array: ZarrSink['array'] = {
  ...common,
  place: { kind: 'here' },
  path: '',
  version: 2,
  chunks: [4],
  keyPrefix: '',
  keySeparator: '.',
  pipeline: { order: [0], bigEndian: false, codecs: [] },
  fill: new Uint8Array(1),
  attributes: {},
  dimensionNames: undefined,
}

test.each([
  ['a chunk that is covered in part', [[0, 2]], [7, 7]],
  ['an empty chunk', [[0, 4]], [0, 0, 0, 0]],
] as const)('a block that is given up while its store is asked is not stored: %s', async (_, box, elements) => {
  const controller = new AbortController()
  const stored: unknown[] = []
  const store = {
    async get() {
      controller.abort(new Error('enough'))
      return Uint8Array.of(1, 2, 3, 4)
    },
    set: async (_: string, bytes: Uint8Array) => stored.push(bytes),
  }
  const sink: ZarrSink = tie({ type: 'zarr', array, skipsEmpty: true, unit: [4], ...common }, store)
  const written = writeBox(
    sink,
    box.map(([low, high]) => [low, high]),
    Uint8Array.from(elements),
    controller.signal,
  )
  await expect(written).rejects.toBeInstanceOf(AbortError)
  expect(stored).toEqual([])
})

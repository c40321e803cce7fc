import { facts } from '../../core/dtype.ts'
import { joinKey } from '../store/store.ts'
import type { CodecConfig, Pipeline, ZarrArray } from './array.ts'
import { formatFill, formatV2DType } from './dtypes.ts'
import { formatJson } from './json.ts'
import type { Document } from './metadata.ts'

/** Metadata to be written: text under keys. */
export type Documents = readonly (readonly [key: string, document: Document])[]

export const formatDocument = (document: Document): Uint8Array => new TextEncoder().encode(formatJson(document, 2))

/** The metadata of an array, under their keys. */
export function arrayDocuments(array: ZarrArray): Documents {
  if (array.version === 3) return [[joinKey(array.path, 'zarr.json'), v3Array(array)]]
  const names = array.dimensionNames ? { _ARRAY_DIMENSIONS: array.dimensionNames } : {}
  return [
    // An array whose .zarray is there is whole.
    [joinKey(array.path, '.zattrs'), { ...array.attributes, ...names }],
    [joinKey(array.path, '.zarray'), v2Array(array)],
  ]
}

/** The metadata of a group, under their keys. */
export const groupDocuments = (version: 2 | 3, path: string): Documents =>
  version === 3
    ? [[joinKey(path, 'zarr.json'), { zarr_format: 3, node_type: 'group', attributes: {} }]]
    : [[joinKey(path, '.zgroup'), { zarr_format: 2 }]]

function v3Array(array: ZarrArray): Document {
  return {
    zarr_format: 3,
    node_type: 'array',
    shape: array.shape,
    data_type: array.dtype,
    chunk_grid: { name: 'regular', configuration: { chunk_shape: array.chunks } },
    chunk_key_encoding: {
      name: array.keyPrefix === 'c' ? 'default' : 'v2',
      configuration: { separator: array.keySeparator },
    },
    fill_value: formatFill(array.fill, array.dtype),
    codecs: codecsOf(array.pipeline, facts[array.dtype].itemsize),
    attributes: array.attributes,
    ...(array.dimensionNames ? { dimension_names: array.dimensionNames } : {}),
  }
}

function codecsOf({ order, bigEndian, codecs, shard }: Pipeline, elementBytes: number): Document[] {
  if (shard) return [...[shardCodec(shard, elementBytes)], ...codecs.map(v3Codec)]
  const isRowMajor = order.every((axis, k) => axis === k)
  const transpose = isRowMajor ? [] : [{ name: 'transpose', configuration: { order } }]
  const bytes =
    elementBytes > 1 ? { name: 'bytes', configuration: { endian: bigEndian ? 'big' : 'little' } } : { name: 'bytes' }
  return [...transpose, bytes, ...codecs.map(v3Codec)]
}

function shardCodec(shard: NonNullable<Pipeline['shard']>, elementBytes: number): Document {
  const endian = shard.indexIsBigEndian ? 'big' : 'little'
  return {
    name: 'sharding_indexed',
    configuration: {
      chunk_shape: shard.chunks,
      codecs: codecsOf(shard.inner, elementBytes),
      index_codecs: [
        { name: 'bytes', configuration: { endian } },
        ...(shard.indexHasChecksum ? [{ name: 'crc32c' }] : []),
      ],
      index_location: shard.indexAtEnd ? 'end' : 'start',
    },
  }
}

const v3Codec = ({ name, configuration }: CodecConfig): Document =>
  Object.keys(configuration).length > 0 ? { name, configuration } : { name }

function v2Array({ dtype, shape, chunks, fill, keySeparator, pipeline }: ZarrArray): Document {
  const { order, bigEndian, codecs } = pipeline
  const all = codecs.map(({ name, configuration }) => ({ id: name, ...configuration }))
  const filters = all.slice(0, -1)
  return {
    zarr_format: 2,
    shape,
    chunks,
    dtype: formatV2DType(dtype, bigEndian),
    order: order.every((axis, k) => axis === k) ? 'C' : 'F',
    fill_value: formatFill(fill, dtype),
    filters: filters.length > 0 ? filters : null,
    compressor: all.at(-1) ?? null,
    dimension_separator: keySeparator,
  }
}

import { type DType, dtypes } from '../../core/dtype.ts'
import type { CodecConfig, Pipeline, ZarrArray } from './array.ts'
import { codecNames, isKnownCodec } from './codecs.ts'
import { parseFill, parseV2DType } from './dtypes.ts'
import { formatJson, parseJson } from './json.ts'

/** What metadata say of an array, without where it is. */
export type ArrayFacts = Omit<ZarrArray, 'place' | 'path'>
export type Document = Readonly<Record<string, unknown>>

/** What is wrong with metadata, without where they are. */
export class MetadataProblem extends Error {}
const refuse = (text: string): never => {
  throw new MetadataProblem(text)
}
const show = (value: unknown): string => formatJson(value) ?? 'nothing'

/** Errors: MetadataProblem. */
export function parseDocument(bytes: Uint8Array): Document {
  let document: unknown
  try {
    document = parseJson(new TextDecoder().decode(bytes))
  } catch (error) {
    return refuse(`it is no JSON: ${(error as Error).message}`)
  }
  const isObject = typeof document === 'object' && document !== null && !Array.isArray(document)
  return isObject ? (document as Document) : refuse('it is no JSON object')
}

function parseShape(value: unknown, name: string, least: number, ndim?: number): number[] {
  if (
    Array.isArray(value) &&
    value.every((n) => Number.isSafeInteger(n) && n >= least) &&
    (ndim ?? value.length) === value.length
  )
    return [...value]
  return refuse(`its ${name} is ${show(value)}, want ${ndim ?? 'some'} integers from ${least} on`)
}

const object = (value: unknown): Document =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Document) : {}

/** An array's `zarr.json` (https://zarr-specs.readthedocs.io/en/latest/v3/core/v3.0.html). Errors: MetadataProblem. */
export function parseV3Array(document: Document): ArrayFacts {
  checkKnown(document)
  const shape = parseShape(document.shape, 'shape', 0)
  const dtype =
    dtypes.find((name) => name === document.data_type) ??
    refuse(`its data_type is ${show(document.data_type)}; ndloom has ${dtypes.join(', ')}`)
  const grid = named(document.chunk_grid, 'chunk_grid')
  if (grid.name !== 'regular') refuse(`its chunk_grid is ${show(grid.name)}, ndloom reads regular ones`)
  const chunks = parseShape(grid.configuration.chunk_shape, 'chunk_shape', 1, shape.length)
  const keys = named(document.chunk_key_encoding ?? { name: 'default' }, 'chunk_key_encoding')
  if (keys.name !== 'default' && keys.name !== 'v2')
    refuse(`its chunk_key_encoding is ${show(keys.name)}, want default or v2`)
  const separator = keys.configuration.separator ?? (keys.name === 'v2' ? '.' : '/')
  if (separator !== '.' && separator !== '/')
    refuse(`its chunk keys are separated by ${show(separator)}, want '.' or '/'`)
  if (!Array.isArray(document.codecs)) refuse(`its codecs are ${show(document.codecs)}, want a list`)
  return {
    version: 3,
    dtype,
    shape,
    chunks,
    keyPrefix: keys.name === 'v2' ? '' : 'c',
    keySeparator: separator as '/' | '.',
    pipeline: parsePipeline(
      (document.codecs as unknown[]).map((codec) => named(codec, 'codec')),
      dtype,
      chunks,
    ),
    fill:
      parseFill(document.fill_value, dtype) ?? refuse(`its fill_value is ${show(document.fill_value)}, no ${dtype}`),
    attributes: object(document.attributes),
    dimensionNames: parseNames(document.dimension_names, shape.length),
  }
}

const knownFields = new Set(
  'zarr_format node_type shape data_type chunk_grid chunk_key_encoding fill_value codecs attributes storage_transformers dimension_names consolidated_metadata'.split(
    ' ',
  ),
)
/** A field that is unknown must be understood, unless it says otherwise. */
function checkKnown(document: Document): void {
  for (const [field, value] of Object.entries(document))
    if (!knownFields.has(field) && object(value).must_understand !== false)
      refuse(`it has the field ${show(field)}, which ndloom does not know`)
  const transformers = document.storage_transformers
  if (Array.isArray(transformers) && transformers.length > 0)
    refuse('it has storage_transformers, which ndloom does not know')
}

/** An extension point: a name and its configuration, or the bare name. */
function named(value: unknown, what: string): CodecConfig {
  const { name, configuration } = typeof value === 'string' ? { name: value, configuration: {} } : object(value)
  return typeof name === 'string'
    ? { name, configuration: object(configuration) }
    : refuse(`its ${what} is ${show(value)}, want a name and a configuration`)
}

function parseNames(names: unknown, ndim: number): (string | null)[] | undefined {
  if (names === undefined || names === null) return undefined
  return areNames(names, ndim) ? [...names] : refuse(`its dimension_names are ${show(names)}, want one name an axis`)
}
export const areNames = (names: unknown, ndim: number): names is (string | null)[] =>
  Array.isArray(names) && names.length === ndim && names.every((name) => name === null || typeof name === 'string')

/** The codecs of Zarr v3: transposes, then one from elements to bytes, then some from bytes to bytes. */
function parsePipeline(codecs: readonly CodecConfig[], dtype: DType, chunks: readonly number[]): Pipeline {
  let order = chunks.map((_, axis) => axis)
  let at = 0
  for (; codecs[at]?.name === 'transpose'; at++) {
    const axes = parseOrder(codecs[at].configuration.order, chunks.length)
    order = axes.map((axis) => order[axis])
  }
  const first = codecs[at]
  const rest = codecs.slice(at + 1)
  if (first?.name === 'sharding_indexed') {
    if (order.some((axis, k) => axis !== k)) refuse('it has a transpose before sharding, which ndloom does not read')
    return { order, bigEndian: false, codecs: checkCodecs(rest), shard: parseShard(first.configuration, dtype, chunks) }
  }
  if (first?.name !== 'bytes' && first?.name !== 'endian')
    refuse(`its codecs have ${show(first?.name)} where ndloom wants 'bytes', 'transpose' or 'sharding_indexed'`)
  return { order, bigEndian: first.configuration.endian === 'big', codecs: checkCodecs(rest) }
}

function parseOrder(order: unknown, ndim: number): number[] {
  const forward = Array.from({ length: ndim }, (_, axis) => axis)
  if (order === 'C') return forward
  if (order === 'F') return forward.reverse()
  const isOrder = Array.isArray(order) && order.length === ndim && forward.every((axis) => order.includes(axis))
  return isOrder ? [...order] : refuse(`it has a transpose of order ${show(order)}, want each axis once`)
}

function checkCodecs(codecs: readonly CodecConfig[]): readonly CodecConfig[] {
  const unknown = codecs.find((codec) => !isKnownCodec(codec))
  return unknown ? refuse(`it has the codec ${show(unknown.name)}; ndloom has ${codecNames.join(', ')}`) : codecs
}

function parseShard(configuration: Document, dtype: DType, chunks: readonly number[]): NonNullable<Pipeline['shard']> {
  const inner = parseShape(configuration.chunk_shape, 'chunk_shape in a shard', 1, chunks.length)
  if (inner.some((extent, axis) => chunks[axis] % extent !== 0))
    refuse(`its shards of ${show(chunks)} are no whole number of chunks of ${show(inner)}`)
  const list = (value: unknown): CodecConfig[] =>
    Array.isArray(value) ? value.map((codec) => named(codec, 'codec')) : []
  const [bytes, ...others] = list(configuration.index_codecs)
  if (bytes?.name !== 'bytes' || others.length > 1 || (others[0] && others[0].name !== 'crc32c'))
    refuse(`its shards have the index codecs ${show(configuration.index_codecs)}, want bytes and crc32c`)
  const location = configuration.index_location ?? 'end'
  if (location !== 'start' && location !== 'end')
    refuse(`its shards have the index at ${show(location)}, want start or end`)
  return {
    chunks: inner,
    inner: parsePipeline(list(configuration.codecs), dtype, inner),
    indexAtEnd: location === 'end',
    indexHasChecksum: others.length === 1,
    indexIsBigEndian: bytes.configuration.endian === 'big',
  }
}

/** An array's `.zarray` and `.zattrs` (https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html). Errors: MetadataProblem. */
export function parseV2Array(document: Document, attributes: Document): ArrayFacts {
  const shape = parseShape(document.shape, 'shape', 0)
  const chunks = parseShape(document.chunks, 'chunks', 1, shape.length)
  const { dtype, bigEndian } =
    parseV2DType(document.dtype) ?? refuse(`its dtype is ${show(document.dtype)}; ndloom has ${dtypes.join(', ')}`)
  if (document.order !== 'C' && document.order !== 'F') refuse(`its order is ${show(document.order)}, want C or F`)
  const filters = document.filters ?? []
  if (!Array.isArray(filters)) refuse(`its filters are ${show(filters)}, want a list`)
  const given = [...(filters as unknown[]), ...(document.compressor ? [document.compressor] : [])]
  const codecs = given.map((codec): CodecConfig => {
    const { id, ...configuration } = object(codec)
    return typeof id === 'string'
      ? { name: id, configuration }
      : refuse(`it has the codec ${show(codec)} without an id`)
  })
  const separator = document.dimension_separator ?? '.'
  if (separator !== '.' && separator !== '/') refuse(`its dimension_separator is ${show(separator)}, want '.' or '/'`)
  const names = attributes._ARRAY_DIMENSIONS // what xarray writes
  return {
    version: 2,
    dtype,
    shape,
    chunks,
    keyPrefix: '',
    keySeparator: separator as '/' | '.',
    pipeline: { order: parseOrder(document.order, shape.length), bigEndian, codecs: checkCodecs(codecs) },
    fill:
      parseFill(document.fill_value, dtype) ?? refuse(`its fill_value is ${show(document.fill_value)}, no ${dtype}`),
    attributes,
    dimensionNames: areNames(names, shape.length) ? names : undefined,
  }
}

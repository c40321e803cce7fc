import { type AxisChunks, type ChunksOption, type Grid, regular } from '../core/chunks.ts'
import { config } from '../core/config.ts'
import { type DType, itemsize, type Value, viewBytes } from '../core/dtype.ts'
import { StorageError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import { sizeOf } from '../core/shape.ts'
import { fromSource } from '../graph/build.ts'
import { asResult } from '../run/results.ts'
import { tie } from '../storage/host.ts'
import { openDirectory } from '../storage/store/directory.ts'
import { openStore } from '../storage/store/open.ts'
import {
  checkPath,
  formatPlace,
  joinKey,
  placeOf,
  type RemoteStore,
  type StoreLike,
  type StorePlace,
  type ZarritaStore,
} from '../storage/store/store.ts'
import { innerChunks, type ZarrArray, type ZarrAttributes, type ZarrSource } from '../storage/zarr/array.ts'
import { childNames, type Hierarchy, type Node, openHierarchy, readNode, readNodeNow } from '../storage/zarr/node.ts'
import { ChunkedArray } from './chunked-array.ts'
import { gridOf } from './data.ts'

export type { ByteRange, RemoteStore, StoreLike, ZarritaStore } from '../storage/store/store.ts'
export type { ZarrAttributes } from '../storage/zarr/array.ts'

export interface FromZarrOptions {
  /** The array's path in the store, as 'group/x'; the store's root unless given. */
  path?: string
  /** How it is cut into blocks; else as the store is, or in whole multiples of its chunks where they are small (about 32 MiB). */
  chunks?: ChunksOption
}
export interface OpenZarrOptions {
  /** The path in the store, as 'group/x'; the store's root unless given. */
  path?: string
}

/** What `openZarr` tells of a group. */
export interface ZarrGroupInfo {
  readonly kind: 'group'
  readonly path: string
  readonly zarrFormat: 2 | 3
  readonly attributes: ZarrAttributes
  /** The names of the arrays and groups that lie directly in it. */
  readonly arrays: readonly string[]
  readonly groups: readonly string[]
}
/** What `openZarr` tells of an array. */
export interface ZarrArrayInfo {
  readonly kind: 'array'
  readonly path: string
  readonly zarrFormat: 2 | 3
  readonly attributes: ZarrAttributes
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly chunks: readonly number[]
  /** The shape of the shards that hold the chunks, if there are any. */
  readonly shards: readonly number[] | undefined
  /** The names of its axes, null for one that has none. */
  readonly dimensionNames: readonly (string | null)[] | undefined
  /** The element that missing chunks are full of. */
  readonly fillValue: Value
}

/**
 * The array in a Zarr store, version 2 or 3: a folder, a zip file, an http(s) URL, or a store of zarrita's kind (an object with
 * `get(key)`; a Map will do). Its metadata are read now; of its elements only the chunks that a computation needs are read, in the
 * workers (a store object's bytes on the main thread). Of a folder the array is there at once; of a zip file, a server or a store
 * object it is promised: `await` is right for all. Missing chunks are full of the array's fill value.
 * Errors: StorageError (no array there, metadata that ndloom does not understand, a server that fails), ChunkError.
 * @example
 * await nd.ones([4, 6]).toZarr('climate.zarr', { path: 'surface/temperature' })
 * const t = nd.fromZarr('climate.zarr', { path: 'surface/temperature' })
 */
export function fromZarr(store: RemoteStore, options?: FromZarrOptions): Promise<ChunkedArray>
export function fromZarr(store: string | URL, options?: FromZarrOptions): ChunkedArray
export function fromZarr(store: StoreLike, options?: FromZarrOptions): ChunkedArray | Promise<ChunkedArray>
export function fromZarr(store: StoreLike, options: FromZarrOptions = {}): ChunkedArray | Promise<ChunkedArray> {
  const { path = '', chunks } = checkOptions<FromZarrOptions>(options, ['path', 'chunks'], 'fromZarr')
  const { place } = placeOf(store, 'fromZarr')
  if (place.kind !== 'directory') return openNode(store, path, 'fromZarr').then((opened) => arrayOf(opened, chunks))
  return arrayOf(openNodeNow(place, path, 'fromZarr'), chunks)
}

function arrayOf({ node, object, hierarchy: { place } }: OpenedNode, chunks: ChunksOption | undefined): ChunkedArray {
  if (node.kind === 'array') return new ChunkedArray(zarrExpr(node.array, object, chunks))
  throw new StorageError(
    `fromZarr: ${formatPlace(place)} has a group at '${node.path}', no array; give the path of one of its members, which openZarr tells`,
  )
}

/** The expression of an array in a store. */
export function zarrExpr(array: ZarrArray, object: ZarritaStore | undefined, chunks?: ChunksOption) {
  const { dtype, shape } = array
  const source: ZarrSource = { type: 'zarr', array, dtype, shape, unit: innerChunks(array) }
  if (object) tie(source, object)
  return fromSource(source, chunks === undefined ? ownGrid(array) : gridOf(shape, chunks, dtype, 'fromZarr'))
}

/** Chunks are joined up to this part of an 'auto' block: more would only take memory while they are read. */
const joinedPart = 1 / 4

/** Blocks of whole chunks: shards as they are unless they are much larger than 'auto' blocks, and small chunks several at once. */
function ownGrid(array: ZarrArray): Grid {
  const { shape, dtype } = array
  const { chunkBytes } = config()
  const bytes = (lengths: readonly number[]) => sizeOf(lengths) * itemsize(dtype)
  const unit = bytes(array.chunks) <= 2 * chunkBytes ? array.chunks : innerChunks(array)
  const lengths = unit.map((length, axis) => Math.min(length, Math.max(1, shape[axis])))
  // The first axis first: a chunk then lies in its block as it does in the store.
  for (let axis = 0; axis < shape.length; axis++) {
    const most = Math.floor((joinedPart * chunkBytes) / bytes(lengths)) * unit[axis]
    if (most > unit[axis]) lengths[axis] = Math.min(most, Math.max(1, shape[axis]))
  }
  return shape.map((extent, axis): AxisChunks => regular(extent, lengths[axis]))
}

/**
 * What a path of a Zarr store holds: a group with its attributes and the names of its members, or an array with its dtype, shape,
 * attributes and dimension names. Errors: StorageError when nothing is there, or the store cannot list its keys.
 * @example
 * await nd.ones([4, 6]).toZarr('climate.zarr', { path: 'rain', dimensionNames: ['y', 'x'] })
 * await nd.openZarr('climate.zarr') // { kind: 'group', arrays: ['rain'], groups: ['surface'], attributes: {}, ... }
 * await nd.openZarr('climate.zarr', { path: 'rain' }) // { kind: 'array', shape: [4, 6], dimensionNames: ['y', 'x'], ... }
 */
export async function openZarr(
  store: StoreLike,
  options: OpenZarrOptions = {},
): Promise<ZarrGroupInfo | ZarrArrayInfo> {
  const { path = '' } = checkOptions<OpenZarrOptions>(options, ['path'], 'openZarr')
  const { node, hierarchy } = await openNode(store, path, 'openZarr')
  if (node.kind === 'array') return arrayInfo(node.array)
  const children = await Promise.all(
    (await childNames(hierarchy, node.path)).map(async (name) => ({
      name,
      kind: (await readNode(hierarchy, joinKey(node.path, name)))?.kind,
    })),
  )
  const named = (kind: Node['kind']) => children.filter((child) => child.kind === kind).map(({ name }) => name)
  const { attributes, version } = node
  return {
    kind: 'group',
    path: node.path,
    zarrFormat: version,
    attributes,
    arrays: named('array'),
    groups: named('group'),
  }
}

function arrayInfo(array: ZarrArray): ZarrArrayInfo {
  const { path, version, attributes, dtype, shape, pipeline, dimensionNames, fill } = array
  return {
    kind: 'array',
    path,
    zarrFormat: version,
    attributes,
    dtype,
    shape,
    chunks: innerChunks(array),
    shards: pipeline.shard && array.chunks,
    dimensionNames,
    fillValue: asResult(viewBytes(dtype, fill.slice().buffer, 0, 1), dtype, []) as Value,
  }
}

interface OpenedNode {
  readonly node: Node
  readonly object: ZarritaStore | undefined
  readonly hierarchy: Hierarchy
}

/** The node at a path of a store that a user named. Errors: StorageError. */
export async function openNode(given: StoreLike, path: string, operation: string): Promise<OpenedNode> {
  const { place, object } = placeOf(given, operation)
  const checked = checkPath(path, operation)
  const hierarchy = await openHierarchy(await openStore(place, object), place)
  const node = (await readNode(hierarchy, checked)) ?? refuseMissing(place, checked, operation)
  return { node, object, hierarchy }
}
/** The same of a folder, which is read without waiting. */
function openNodeNow(place: StorePlace & { kind: 'directory' }, path: string, operation: string): OpenedNode {
  const checked = checkPath(path, operation)
  const store = openDirectory(place.path)
  const { hierarchy, node } = readNodeNow(store, store.getNow, place, checked)
  return { node: node ?? refuseMissing(place, checked, operation), object: undefined, hierarchy }
}
function refuseMissing(place: StorePlace, path: string, operation: string): never {
  throw new StorageError(
    `${operation}: ${formatPlace(place)} has no array or group at '${path}' (no zarr.json, .zarray or .zgroup); check the store and the path`,
  )
}

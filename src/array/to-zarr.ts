import type { Box } from '../core/chunks.ts'
import { StorageError } from '../core/errors.ts'
import { checkFlag, checkOptions } from '../core/options.ts'
import type { Expr } from '../graph/expr.ts'
import { identityOf } from '../run/identity.ts'
import { type ComputeOptions, optionNames } from '../run/options.ts'
import { type Stored, storeAll } from '../run/store.ts'
import { tie } from '../storage/host.ts'
import { openStore } from '../storage/store/open.ts'
import {
  checkPath,
  formatPlace,
  isWritable,
  placeOf,
  type StoreLike,
  type WritableStore,
} from '../storage/store/store.ts'
import { chunkKey, type ZarrArray, type ZarrSink } from '../storage/zarr/array.ts'
import { consolidate } from '../storage/zarr/consolidate.ts'
import {
  checkPlace,
  createArray,
  endRun,
  hasChunks,
  runKey,
  storedIdentity,
  storeIdentity,
  touchArray,
  updateArray,
  versionAbove,
  writtenKeys,
} from '../storage/zarr/create.ts'
import { type Hierarchy, openHierarchy, readNode } from '../storage/zarr/node.ts'
import { partsOf } from '../storage/zarr/read.ts'
import type { IndexEntry } from './indexing.ts'
import { exprOf, type Operand } from './operands.ts'
import { layOutArray, layoutNames, type ZarrLayout } from './zarr-layout.ts'
import { behind, type Place, regionOf } from './zarr-parts.ts'

export interface ToZarrOptions extends ZarrLayout, ComputeOptions {
  /** Where the array goes in the store, as 'group/x'; the store's root unless given. Groups above it are made. */
  path?: string
  /** Replaces what is at the path. */
  overwrite?: boolean
  /** Writes into a part of an array that is there: an index as in `x.at`, of steps of 1. */
  region?: IndexEntry | readonly IndexEntry[]
  /** Makes an array that is there longer along this axis, and writes behind what it has. */
  appendAxis?: number
  /** Goes on with a run of the same computation that ended before it was done: chunks that are there are kept. */
  resume?: boolean
  /** false: chunks that hold nothing but the fill value are left out. */
  writeEmptyChunks?: boolean
}
const ownNames = ['path', 'overwrite', 'region', 'appendAxis', 'resume', 'writeEmptyChunks'] as const

/** A store that is to be written, and what was asked for. */
interface Target {
  readonly expr: Expr
  readonly options: ZarrTargetOptions
  readonly path: string
  readonly hierarchy: Hierarchy & { readonly store: WritableStore }
  readonly object: unknown
  /** The store's metadata stand together at its root, and are to be kept so. */
  readonly isConsolidated: boolean
}

/**
 * Computes an array and writes it to a Zarr store: a folder, or a store of zarrita's kind (an object with `get` and `set`; a Map will
 * do). Each chunk or shard is written once, by one worker, as a whole: it appears under its name when it is complete. After an error
 * the chunks that were written stay; a run with `resume: true` that was ended goes on from them when it is run again.
 * Errors: StorageError (something is there already, the disk is full, another computation is to be resumed), ChunkError, ShapeError,
 * and those of `compute`.
 * @example
 * await x.toZarr('anomaly.zarr', { chunks: [1000, 1000], compressors: 'zstd', attributes: { units: 'K' } })
 */
export async function toZarr(x: Operand, to: StoreLike, given: ToZarrOptions = {}): Promise<void> {
  const names = [...ownNames, ...layoutNames, ...optionNames]
  const options = checkOptions<ToZarrOptions>(given, names, 'toZarr')
  const target = await openZarrTarget(exprOf(x, 'toZarr'), to, options)
  await storeAll([target], computeOptions(options))
  await target.commit()
}

/** How an array goes to a Zarr store, without how it is computed. */
export type ZarrTargetOptions = Omit<ToZarrOptions, keyof ComputeOptions>
export const zarrTargetNames = [...ownNames, ...layoutNames] as const

/** Finds the array to write to, which is made when the run begins. `commit` ends the run; after an error the chunks that were written stay. Errors: StorageError. */
export async function openZarrTarget(
  expr: Expr,
  to: StoreLike,
  options: ZarrTargetOptions,
): Promise<Stored & { commit(): Promise<void> }> {
  const path = checkPath(options.path ?? '', 'toZarr')
  const target: Target = { expr, options, path, ...(await openWritable(to, path, 'toZarr')) }
  const { stored, array } = await prepare(target)
  const { store } = target.hierarchy
  return {
    ...stored,
    async commit() {
      if (options.appendAxis !== undefined) await updateArray(store, array)
      if (options.region !== undefined) await touchArray(store, array)
      if (target.isConsolidated) await consolidate(target.hierarchy)
      await endRun(store, array, options.resume === true)
    },
  }
}

/**
 * Puts the metadata of all arrays and groups of a Zarr store together at its root, so that a reader over the network finds all with one
 * request and need not list the store. `toZarr` keeps what is there up to date. Errors: StorageError.
 * @example
 * await nd.ones([4, 6]).toZarr('climate.zarr', { path: 'wind' })
 * await nd.consolidateZarr('climate.zarr')
 */
export async function consolidateZarr(store: StoreLike): Promise<void> {
  const { hierarchy } = await openWritable(store, '', 'consolidateZarr')
  await consolidate(hierarchy)
}

const computeOptions = (options: ToZarrOptions): ComputeOptions =>
  Object.fromEntries(optionNames.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])))

async function openWritable(
  given: StoreLike,
  path: string,
  operation: string,
): Promise<Pick<Target, 'hierarchy' | 'object' | 'isConsolidated'>> {
  const { place, object } = placeOf(given, operation)
  const store = place.kind === 'http' || place.kind === 'zip' ? undefined : await openStore(place, object, path)
  if (!store || !isWritable(store))
    throw new StorageError(
      `${operation}: ${formatPlace(place)} can only be read; name a folder, or a store object with set(key, bytes), and upload or zip it afterwards`,
    )
  const { consolidated } = await openHierarchy(store, place)
  return { hierarchy: { store, place, consolidated: undefined }, object, isConsolidated: consolidated !== undefined }
}

/** Where an array goes, and what makes that ready when the run begins. */
interface Opened extends Place {
  readonly begin: () => Promise<void>
  /** Chunks of an earlier run of the same computation are there. */
  readonly goesOn?: boolean
}

/** Finds the array to write to. Nothing is changed before the run begins. Errors: StorageError, ChunkError, ShapeError. */
async function prepare(target: Target): Promise<{ stored: Stored; array: ZarrArray }> {
  const { expr, options, hierarchy, object } = target
  const skipsEmpty = !checkFlag(options.writeEmptyChunks, 'writeEmptyChunks', 'toZarr', true)
  const isPart = options.region !== undefined || options.appendAxis !== undefined
  if (isPart) refuseWithPart(options)
  const { array, origin, begin, goesOn } = isPart ? await openPart(target) : await openWhole(target)
  const { dtype, shape, chunks } = array
  const sink: ZarrSink = { type: 'zarr', array, skipsEmpty, dtype, shape, unit: chunks }
  if (object) tie(sink, object)
  const written = goesOn ? await writtenKeys(hierarchy.store, array) : undefined
  const isWritten =
    written && ((box: Box) => partsOf(box, chunks).every(({ index }) => written.has(chunkKey(array, index))))
  return { stored: { expr, sink, origin, isWritten, begin, isAlone: options.region === undefined }, array }
}

/** An array of its own, or, resuming, the one that an earlier run has begun. */
async function openWhole(target: Target): Promise<Opened> {
  const { expr, options, path, hierarchy } = target
  const { store, place } = hierarchy
  const resume = checkFlag(options.resume, 'resume', 'toZarr')
  const overwrite = checkFlag(options.overwrite, 'overwrite', 'toZarr')
  const zarrFormat = options.zarrFormat ?? (await versionAbove(hierarchy, path))
  const array = { ...layOutArray(expr, { ...options, zarrFormat }), place, path }
  const origin = expr.shape.map(() => 0)
  if (!resume) {
    await checkPlace(hierarchy, array, overwrite)
    // Chunks of this run are none that an earlier one could go on from.
    const begin = () => createArray(hierarchy, array, overwrite, () => store.remove(runKey(array)))
    return { array, origin, begin }
  }
  const identity = identityOf(expr, { ...array, fill: [...array.fill] })
  const found = await storedIdentity(store, array)
  const isThere = (await readNode(hierarchy, path)) !== undefined
  if (found === identity) {
    const begin = async () => (isThere ? undefined : createArray(hierarchy, array, false, async () => {}))
    return { array, origin, begin, goesOn: true }
  }
  if (found !== undefined && !overwrite)
    throw new StorageError(
      `toZarr: ${formatPlace(place)} has at '${path}' what another computation has begun (of other elements, sources, chunks or codecs); ` +
        'finish that one, give overwrite: true, or name another path',
    )
  await checkPlace(hierarchy, array, overwrite)
  if (!isThere && (await hasChunks(store, path)))
    throw new StorageError(
      `toZarr: ${formatPlace(place)} has chunks at '${path}' without metadata, which a run that is resumed would take for its own; ` +
        'remove them, or name another path',
    )
  const begin = () => createArray(hierarchy, array, overwrite, () => storeIdentity(store, array, identity))
  return { array, origin, begin }
}

function refuseWithPart(options: ZarrTargetOptions): void {
  const { region } = options
  const name = region !== undefined ? 'region' : 'appendAxis'
  const other = [...layoutNames, 'overwrite', 'resume', ...(region !== undefined ? ['appendAxis'] : [])] as const
  const given = other.find((option) => options[option as keyof ZarrTargetOptions] !== undefined && option !== name)
  if (given)
    throw new StorageError(
      `toZarr: got ${name} and ${given}; a part is written into an array as it is: leave out ${given}`,
    )
}

/** A part of an array that is there. */
async function openPart({ expr, options, path, hierarchy }: Target): Promise<Opened> {
  const { store, place } = hierarchy
  const node = await readNode(hierarchy, path)
  if (node?.kind !== 'array')
    throw new StorageError(
      `toZarr: ${formatPlace(place)} has no array at '${path}' to write a part of; make it first, say with nd.zeros(shape).toZarr(...)`,
    )
  const part =
    options.region !== undefined
      ? regionOf(expr, node.array, options.region)
      : behind(expr, node.array, options.appendAxis)
  return { ...part, begin: () => touchArray(store, node.array) }
}

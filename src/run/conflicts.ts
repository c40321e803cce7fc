import { realpathSync } from 'node:fs'
import type { Box } from '../core/chunks.ts'
import { StorageError } from '../core/errors.ts'
import { type Expr, inputsFirst } from '../graph/expr.ts'
import { tied } from '../storage/host.ts'
import type { Sink } from '../storage/sink.ts'
import { formatPlace, joinKey } from '../storage/store/store.ts'
import type { ZarrSink, ZarrSource } from '../storage/zarr/array.ts'

interface Written<S extends Sink> {
  readonly expr: Expr
  readonly sink: S
  readonly origin?: readonly number[]
  /** Nothing else may go to the same array, wherever in it. */
  readonly isAlone?: boolean
}

/**
 * Refuses what would destroy data: to write a Zarr array that the same run reads, and to write one from two arrays whose chunks or
 * shards are not apart. Errors: StorageError.
 */
export function refuseConflicts(pairs: readonly Written<Sink>[]): void {
  const written = pairs.flatMap((pair) => (pair.sink.type === 'zarr' ? [{ ...pair, sink: pair.sink }] : []))
  if (written.length === 0) return
  for (const source of zarrSources(pairs.map(({ expr }) => expr)))
    for (const { sink } of written) if (isWithin(locationOf(source), locationOf(sink))) throw readAndWritten(sink)
  written.forEach((pair, k) => {
    for (const other of written.slice(0, k)) if (collide(pair, other)) throw writtenTwice(pair.sink)
  })
}

const readAndWritten = ({ array: { place, path } }: ZarrSink): StorageError =>
  new StorageError(
    `toZarr: the array at '${path}' of ${formatPlace(place)} is to be written and read in one run, which would lose its elements; ` +
      'write to another path, or persist() what is read first',
  )
const writtenTwice = ({ array: { place, path } }: ZarrSink): StorageError =>
  new StorageError(
    `toZarr: two arrays go to the array at '${path}' of ${formatPlace(place)} in one run and would overwrite each other's chunks; ` +
      'give each a path, or regions that share no chunk or shard',
  )

function zarrSources(roots: readonly Expr[]): Set<ZarrSource> {
  const sources = new Set<ZarrSource>()
  for (const expr of inputsFirst(roots))
    if (expr.kind === 'source' && expr.source.type === 'zarr') sources.add(expr.source)
  return sources
}

/** A store's folder counts as a part of the path, so that an array has one location by whichever folder it is named. */
interface Location {
  readonly root: unknown
  readonly path: string
}
function locationOf(data: ZarrSource | ZarrSink): Location {
  const { place, path } = data.array
  if (place.kind === 'directory') return { root: 'directory', path: joinKey(realPath(place.path), path) }
  return { root: tied(data) ?? formatPlace(place), path }
}
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path // it is not there yet
  }
}
const isWithin = (inner: Location, outer: Location): boolean =>
  inner.root === outer.root &&
  (inner.path === outer.path || outer.path === '' || inner.path.startsWith(`${outer.path}/`))

function collide(a: Written<ZarrSink>, b: Written<ZarrSink>): boolean {
  const [here, there] = [locationOf(a.sink), locationOf(b.sink)]
  if (!isWithin(here, there) && !isWithin(there, here)) return false
  if (here.path !== there.path || a.isAlone || b.isAlone) return true
  const others = unitsOf(b)
  return unitsOf(a).every(([low, high], axis) => low < others[axis][1] && others[axis][0] < high)
}

/** The units that are written, from the first to behind the last one along each axis. */
const unitsOf = ({ expr, sink, origin }: Written<ZarrSink>): Box =>
  sink.unit.map((unit, axis) => {
    const start = origin?.[axis] ?? 0
    return [Math.floor(start / unit), Math.ceil((start + expr.shape[axis]) / unit)]
  })

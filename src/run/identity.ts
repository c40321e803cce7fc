import { createHash, type Hash } from 'node:crypto'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { serialize } from 'node:v8'
import { gridKey } from '../core/chunks.ts'
import { StorageError } from '../core/errors.ts'
import { type Expr, inputsFirst, inputsOf, type UserFunction } from '../graph/expr.ts'
import { optimise } from '../graph/optimise.ts'
import { isTied } from '../storage/host.ts'
import type { Source } from '../storage/source.ts'

/**
 * What a computation is, as text that is the same in another process: a hash over the nodes of its optimised expression, with what
 * is known of its sources (of files their size and time of change, of data in memory the data). Errors: StorageError where a source
 * cannot be told from another. `target`: what is to be known of where it goes.
 */
export function identityOf(expr: Expr, target: unknown): string {
  const [root] = optimise([expr]).roots
  const numbers = new Map<Expr, number>()
  const hash = createHash('sha256').update(JSON.stringify(target, plain))
  for (const node of inputsFirst([root])) {
    numbers.set(node, numbers.size)
    addNode(
      hash,
      node,
      inputsOf(node).map((input) => numbers.get(input)!),
    )
  }
  return hash.digest('hex')
}

function addNode(hash: Hash, expr: Expr, inputs: readonly number[]): void {
  const { id: _id, grid, shape: _shape, ...facts } = expr
  const own = Object.entries(facts).filter(
    ([name]) => !['input', 'inputs', 'args', 'source', 'token', 'fn'].includes(name),
  )
  hash.update(`${JSON.stringify(own, plain)} ${gridKey(grid)} ${inputs}\n`)
  if (expr.kind === 'source') addSource(hash, expr.source)
  if (expr.kind === 'mapBlocks') addFunction(hash, expr.fn)
}

function addFunction(hash: Hash, { args, ...fn }: UserFunction): void {
  hash.update(JSON.stringify(fn))
  if ('module' in fn && fn.module.startsWith('file:')) hash.update(fileState(fileURLToPath(fn.module)))
  try {
    hash.update(serialize(args))
  } catch (cause) {
    throw new StorageError(
      `resume: args of mapBlocks cannot be known again by another process (${(cause as Error).message}); give plain data, or store without resume`,
      { cause },
    )
  }
}

const plain = (_: string, value: unknown): unknown =>
  typeof value === 'bigint'
    ? `${value}n`
    : typeof value === 'number' && !Number.isFinite(value)
      ? String(value)
      : Object.is(value, -0)
        ? '-0'
        : value

function addSource(hash: Hash, source: Source): void {
  if (source.type === 'kept' || isTied(source))
    throw new StorageError(
      `resume: ${source.type === 'kept' ? 'a persisted array' : `a ${source.type} source of this process`} cannot be known again by another process; write it to a file first, or store without resume`,
    )
  const { ...facts } = source
  if (source.type === 'memory') {
    const { buffer, byteOffset, byteLength } = source.data
    hash.update(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength))
    return
  }
  hash.update(JSON.stringify(facts, plain))
  for (const path of pathsOf(source)) hash.update(fileState(path))
}

/** The files that tell whether a source has changed; of a Zarr array its metadata, which are touched when a part of it is written. */
function pathsOf(source: Source): string[] {
  if ('path' in source) return [source.path]
  if (source.type !== 'zarr' || !('path' in source.array.place)) return []
  const { place, path } = source.array
  return place.kind === 'zip' ? [place.path] : ['zarr.json', '.zarray'].map((name) => `${place.path}/${path}/${name}`)
}

function fileState(path: string): string {
  const state = statSync(path, { throwIfNoEntry: false })
  return state ? ` ${path} ${state.size} ${state.mtimeMs}` : ''
}

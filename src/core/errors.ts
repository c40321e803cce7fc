/** Every error of ndloom. The text names the operation, what it got, what it wanted and the cure. */
export class NdloomError extends Error {
  override name = 'NdloomError'
}
/** Shapes that do not fit an operation, or a size that is no size. */
export class ShapeError extends NdloomError {
  override name = 'ShapeError'
}
/** A dtype that is unknown, or that an operation is not defined for. */
export class DTypeError extends NdloomError {
  override name = 'DTypeError'
}
/** Chunks that do not add up to the shape. */
export class ChunkError extends NdloomError {
  override name = 'ChunkError'
}
/** An index that is out of range or not understood. */
export class IndexError extends NdloomError {
  override name = 'IndexError'
}
/** A file or store that cannot be read or written, or does not hold what was promised. */
export class StorageError extends NdloomError {
  override name = 'StorageError'
}

/** The computation does not fit its memory budget. `neededBytes` and `limitBytes` are bytes. */
export class MemoryLimitError extends NdloomError {
  override name = 'MemoryLimitError'
  neededBytes: number
  limitBytes: number
  constructor(message: string, neededBytes: number, limitBytes: number) {
    super(message)
    this.neededBytes = neededBytes
    this.limitBytes = limitBytes
  }
}

/** A task threw. `stage` names it, `block` is its grid coordinate, `cause` is the user's own error with its stack. */
export class TaskError extends NdloomError {
  override name = 'TaskError'
  stage: string
  block: readonly number[]
  constructor(message: string, stage: string, block: readonly number[], cause?: unknown) {
    super(message, { cause })
    this.stage = stage
    this.block = block
  }
}

/** A task has ended its worker too often, or workers do not start. `stage` and `block` name the task, `cause` tells how the last one ended. */
export class WorkerLostError extends NdloomError {
  override name = 'WorkerLostError'
  stage: string
  block: readonly number[]
  /** The scheduler's number of the task. */
  task: number | undefined
  constructor(
    message: string,
    facts: { stage?: string; block?: readonly number[]; task?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: facts.cause })
    this.stage = facts.stage ?? ''
    this.block = facts.block ?? []
    this.task = facts.task
  }
}

/** The computation was ended by its AbortSignal; `cause` is the signal's reason. */
export class AbortError extends NdloomError {
  override name = 'AbortError'
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
  }
}

/** What a user gave, in short, for the text of an error: a text in quotes, a list item by item, an object by its names. */
export function formatGiven(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 80 ? `${value.slice(0, 80)}...` : value}'`
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value))
    return `[${[...value.slice(0, 8)].map(formatGiven).join(', ')}${value.length > 8 ? ', ...' : ''}]`
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== 'Object'
    ? `a ${name}`
    : `{ ${Object.keys(value).slice(0, 8).join(', ')} }`
}

/** A bug of ndloom's own. */
export function internal(message: string): never {
  throw new NdloomError(`internal: ${message}`)
}

import { formatGiven, NdloomError } from './errors.ts'

/** What `configure` sets. */
export interface Config {
  /**
   * Workers that computations use: at most as many as the process may run at once (`os.availableParallelism()`, so affinity and `srun -c`
   * count), which is the default too. 0: the main thread runs all.
   */
  readonly workers: number
  /** Bytes that the blocks of all computations may take together (default: 60 % of the memory the process may use). */
  readonly memoryLimit: number
  /** About how many bytes a block of `chunks: 'auto'` has. */
  readonly chunkBytes: number
  /** Folder for blocks that do not fit the memory; undefined: the system's folder for temporary files. */
  readonly spillDirectory: string | undefined
  readonly scheduler: 'threads' | 'local'
}
/** What a user may give: sizes are numbers of bytes or text such as '512MiB' or '2GB'. */
export type ConfigOptions = {
  readonly [key in keyof Config]?: key extends 'memoryLimit' | 'chunkBytes' ? number | string : Config[key]
}

let settings: Config | undefined

/** The settings: what `configure` was given, else the NDLOOM_ environment variables, else the defaults. */
export function config(): Config {
  settings ??= merge(
    {
      workers: isNested() ? 0 : mostWorkers(),
      memoryLimit: defaultMemoryLimitBytes(),
      chunkBytes: 32 * 2 ** 20,
      spillDirectory: undefined,
      scheduler: 'threads',
    },
    environment(),
    'environment',
  )
  return settings
}

/**
 * Changes settings; those not named, or undefined, stay. `workers` is the most: the process never runs more than it may (see Config).
 *
 * @throws NdloomError when a name is unknown or a value is not of its kind.
 * @example
 * configure({ workers: 4, memoryLimit: '2GiB', chunkBytes: 16 * 2 ** 20 })
 */
export function configure(options: ConfigOptions): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    refuse('configure', options, 'an object such as { workers: 4 }')
  settings = merge(config(), { ...options }, 'configure')
}

const rules: { readonly [key in keyof Config]: (value: unknown, name: string) => unknown } = {
  workers: parseWorkers,
  memoryLimit: parseBytes,
  chunkBytes: parseBytes,
  spillDirectory: (value, name) =>
    value === undefined || (typeof value === 'string' && value !== '')
      ? value
      : refuse(name, value, 'the path of a folder'),
  scheduler: parseScheduler,
}

function merge(current: Config, changes: Readonly<Record<string, unknown>>, from: string): Config {
  const merged: Record<string, unknown> = { ...current }
  for (const [key, value] of Object.entries(changes)) {
    if (!Object.hasOwn(rules, key)) {
      throw new NdloomError(`${from}: there is no setting ${key}; there are ${Object.keys(rules).join(', ')}`)
    }
    if (value !== undefined) merged[key] = rules[key as keyof Config](value, `${from}: ${key}`)
  }
  return merged as unknown as Config
}

/** Node's own modules where there are any; asked for by name so that a bundler for the browser does not look for them. */
const operatingSystem = () => (typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:os'))

/** Workers mark their own environment: what runs in one has no workers of its own, so that all share one limit. */
export const markNested = (): void => {
  process.env.NDLOOM_NESTED = '1'
}
const isNested = (): boolean => typeof process !== 'undefined' && process.env.NDLOOM_NESTED === '1'

let most: number | undefined

/** How many workers may be at work at once in this process. It stays the same: what needs all of them at once counts on it. */
export function mostWorkers(): number {
  most ??= Math.max(1, operatingSystem()?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1)
  return most
}

/** 60 % of the machine's memory, or of what the process's control group (a container's limit) allows it. */
function defaultMemoryLimitBytes(): number {
  const machine = operatingSystem()?.totalmem() ?? 2 * 2 ** 30
  const group = typeof process === 'undefined' ? 0 : (process.constrainedMemory?.() ?? 0)
  return Math.floor(0.6 * (group > 0 ? Math.min(machine, group) : machine))
}

/** The settings that environment variables give; unset and empty ones give none. */
function environment(): Readonly<Record<string, unknown>> {
  const variables = typeof process === 'undefined' ? {} : process.env
  const found: Record<string, unknown> = {}
  const names = {
    workers: 'NDLOOM_WORKERS',
    memoryLimit: 'NDLOOM_MEMORY_LIMIT',
    spillDirectory: 'NDLOOM_SPILL_DIRECTORY',
  }
  for (const [key, name] of Object.entries(names)) {
    const text = variables[name]?.trim()
    if (text) found[key] = rules[key as keyof Config](text, name)
  }
  return found
}

function refuse(name: string, value: unknown, wanted: string): never {
  throw new NdloomError(`${name}: got ${formatGiven(value)}, wanted ${wanted}`)
}

/**
 * A number of workers: 0 or more, or text of it. More than `mostWorkers` are as many as that; within a worker it is always 0.
 *
 * @throws NdloomError for anything else; `name` stands at the start of its text.
 */
export function parseWorkers(value: unknown, name: string): number {
  const number = typeof value === 'string' && /^\d+$/.test(value.trim()) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > 1024) {
    refuse(name, value, 'a whole number from 0 (the main thread runs all) to 1024')
  }
  return isNested() ? 0 : Math.min(number, mostWorkers())
}

/**
 * The name of a scheduler.
 *
 * @throws NdloomError for anything else; `name` stands at the start of its text.
 */
export function parseScheduler(value: unknown, name: string): Config['scheduler'] {
  return value === 'threads' || value === 'local' ? value : refuse(name, value, "'threads' or 'local'")
}

const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
}

/**
 * A positive size in bytes, from a number or text such as '512MiB', '2 GB' or '1000000'.
 *
 * @throws NdloomError for anything else; `name` stands at the start of its text.
 */
export function parseBytes(value: unknown, name: string): number {
  const match = typeof value === 'string' ? /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(value) : null
  const unit = match && unitBytes[match[2].toLowerCase()]
  const bytes = typeof value === 'number' ? value : match && unit ? Math.floor(Number(match[1]) * unit) : Number.NaN
  if (!(bytes >= 1) || !Number.isFinite(bytes))
    refuse(name, value, "a positive size such as '512MiB', '2GB' or a number of bytes")
  return Math.floor(bytes)
}

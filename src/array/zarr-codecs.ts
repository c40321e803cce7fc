import { formatGiven, StorageError } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import type { CodecConfig } from '../storage/zarr/array.ts'

/** A codec by its name, or with its configuration: `{ name: 'zstd', level: 3 }`. */
export type ZarrCodec = ZarrCodecName | ({ readonly name: ZarrCodecName } & Readonly<Record<string, unknown>>)
export type ZarrCodecName = 'blosc' | 'zstd' | 'gzip' | 'zlib' | 'lz4' | 'crc32c' | 'shuffle'

/** The value, which has to be one of the choices. Errors: StorageError. */
export const oneOf = <T>(value: unknown, choices: readonly T[], name: string): T => {
  if (choices.includes(value as T)) return value as T
  throw new StorageError(`toZarr: got ${name} ${formatGiven(value)}, want ${choices.map(formatGiven).join(' or ')}`)
}

/** What an option of a codec may be. */
type Check = (value: unknown, name: string) => unknown
const among =
  (...choices: readonly unknown[]): Check =>
  (value, name) =>
    oneOf(value, choices, name)
const integer =
  (least: number, most: number): Check =>
  (value, name) => {
    if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return value
    throw new StorageError(`toZarr: got ${name} ${formatGiven(value)}, want an integer from ${least} to ${most}`)
  }

const shuffles = ['noshuffle', 'shuffle', 'bitshuffle']
const shuffleNumber = (value: unknown, name: string): number =>
  typeof value === 'number' ? oneOf(value, [0, 1, 2], name) : shuffles.indexOf(oneOf(value as string, shuffles, name))
const level = integer(0, 9)
const flag = among(true, false)

/** The options of a codec: the default of each and what it may be. */
type Options = Readonly<Record<string, readonly [fallback: unknown, check: Check]>>
/** As both versions of the format want them; Blosc's kind of shuffle is a number in version 2 and a name in version 3. */
const optionsOf = (version: 2 | 3, elementBytes: number): Record<ZarrCodecName, Options> => ({
  blosc: {
    ...(version === 3 ? { typesize: [elementBytes, integer(1, 255)] } : {}),
    cname: ['lz4', among('lz4', 'lz4hc', 'blosclz', 'zlib', 'zstd')],
    clevel: [5, level],
    shuffle: [1, (value, name) => (version === 3 ? shuffles[shuffleNumber(value, name)] : shuffleNumber(value, name))],
    blocksize: [0, integer(0, 2 ** 31 - 1)],
  },
  zstd: { level: [0, integer(-131_072, 22)], ...(version === 3 ? { checksum: [false, flag] } : {}) },
  gzip: { level: [5, level] },
  zlib: { level: [1, level] },
  lz4: { acceleration: [1, integer(1, 65_537)] },
  crc32c: {},
  shuffle: { elementsize: [elementBytes, integer(1, 255)] },
})
/** Names that version 3 does not have of its own. */
const foreign: readonly string[] = ['zlib', 'lz4', 'shuffle']

/** Codecs as metadata name them. Errors: StorageError. */
export function codecsOf(
  given: ZarrCodec | readonly ZarrCodec[] | null | undefined,
  version: 2 | 3,
  elementBytes: number,
): CodecConfig[] {
  const known = optionsOf(version, elementBytes)
  const list = given === undefined ? (['blosc'] as const) : given === null ? [] : Array.isArray(given) ? given : [given]
  return list.map((codec) => {
    const { name, ...chosen } = typeof codec === 'string' ? { name: codec } : codec
    if (!Object.hasOwn(known, name))
      throw new StorageError(
        `toZarr: got the compressor ${formatGiven(name)}, want one of ${Object.keys(known).join(', ')}`,
      )
    const options = known[name as ZarrCodecName]
    checkOptions(chosen, Object.keys(options) as never[], `toZarr: ${name}`)
    const configuration = Object.entries(options).map(([option, [fallback, check]]) => [
      option,
      check((chosen as Record<string, unknown>)[option] ?? fallback, `${option} of ${name}`),
    ])
    return {
      name: version === 3 && foreign.includes(name) ? `numcodecs.${name}` : name,
      configuration: Object.fromEntries(configuration),
    }
  })
}

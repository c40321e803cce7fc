import * as zlib from 'node:zlib'
import { giveBuffer, takeBuffer } from '../store/buffers.ts'
import { type Input, inputOf } from '../store/input.ts'
import type { CodecConfig } from './array.ts'
import { decodeBlosc } from './blosc.ts'
import { encodeBlosc } from './blosc-encode.ts'
import { withChecksum, withoutChecksum } from './crc32c.ts'

/** From bytes to bytes. `into`, where given, is where decoded bytes of that length may be put; else new ones are given back. */
export interface Codec {
  encode(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
  decode(bytes: Uint8Array, into?: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** The same of bytes that are read as they are needed, for a codec that does not need them all at once. */
  decodeInput?(input: Input, into?: Uint8Array): Uint8Array | Promise<Uint8Array>
}
type Configuration = Readonly<Record<string, unknown>>
type Loader = (configuration: Configuration, elementBytes: number) => Codec | Promise<Codec>

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
const numberOf = (value: unknown, fallback: number): number => (typeof value === 'number' ? value : fallback)
const shuffles = ['noshuffle', 'shuffle', 'bitshuffle']

/** Codecs by the names that metadata give them, without the prefix 'numcodecs.' of those that Zarr v3 does not know. */
const loaders: Readonly<Record<string, Loader>> = {
  blosc: ({ cname = 'lz4', clevel, shuffle = 1, blocksize, typesize }, elementBytes) => {
    const level = numberOf(clevel, 5)
    const kind = typeof shuffle === 'string' ? shuffles.indexOf(shuffle) : numberOf(shuffle, 1)
    const general = once(async () => {
      const { default: Blosc } = await import('numcodecs/blosc')
      return Blosc.fromConfig({
        id: 'blosc',
        cname: String(cname),
        clevel: level,
        shuffle: kind,
        blocksize: numberOf(blocksize, 0),
      })
    })
    const options = { elementBytes: numberOf(typesize, elementBytes), level, isShuffled: kind === 1 }
    const isOurs = cname === 'lz4' && (kind === 0 || kind === 1) && !blocksize
    const decodeWhole = async (input: Input): Promise<Uint8Array> => {
      const bytes = takeBuffer(input.length)
      input.read(0, bytes)
      const decoded = await (await general()).decode(bytes)
      giveBuffer(bytes)
      return decoded
    }
    const decodeInput = (input: Input, into?: Uint8Array) => decodeBlosc(input, into) ?? decodeWhole(input)
    return {
      encode: async (bytes) => (isOurs ? encodeBlosc(bytes, options) : (await general()).encode(bytes)),
      decode: (bytes, into) => decodeInput(inputOf(bytes), into),
      decodeInput,
    }
  },
  zstd: ({ level, checksum }) => {
    const general = once(async () => {
      const { default: Zstd } = await import('numcodecs/zstd')
      return Zstd.fromConfig({ id: 'zstd', level: numberOf(level, 0) })
    })
    // Node's own, from 22.15 on, is several times as fast.
    const { zstdCompressSync: compress, zstdDecompressSync: decompress } = zlib
    const params = {
      [zlib.constants.ZSTD_c_compressionLevel]: numberOf(level, 0),
      [zlib.constants.ZSTD_c_checksumFlag]: Number(checksum === true),
    }
    return {
      encode: (bytes) => (compress ? compress(bytes, { params }) : general().then((codec) => codec.encode(bytes))),
      decode: (bytes) => (decompress ? decompress(bytes) : general().then((codec) => codec.decode(bytes))),
    }
  },
  lz4: async ({ acceleration }) => {
    const { default: LZ4 } = await import('numcodecs/lz4')
    return LZ4.fromConfig({ id: 'lz4', acceleration: numberOf(acceleration, 1) })
  },
  gzip: ({ level }) => ({
    encode: (bytes) => zlib.gzipSync(bytes, { level: numberOf(level, 5) }),
    decode: (bytes) => zlib.gunzipSync(bytes),
  }),
  zlib: ({ level }) => ({
    encode: (bytes) => zlib.deflateSync(bytes, { level: numberOf(level, 1) }),
    decode: (bytes) => zlib.inflateSync(bytes),
  }),
  crc32c: () => ({ encode: withChecksum, decode: withoutChecksum }),
  shuffle: ({ elementsize }, elementBytes) => {
    const size = numberOf(elementsize, elementBytes)
    return { encode: (bytes) => shuffle(bytes, size, true), decode: (bytes) => shuffle(bytes, size, false) }
  },
}
const plainName = (name: string): string => name.replace(/^numcodecs\./, '')
export const codecNames: readonly string[] = Object.keys(loaders)
export const isKnownCodec = ({ name }: CodecConfig): boolean => Object.hasOwn(loaders, plainName(name))

/** Puts the bytes of elements that are of the same significance together (or back): size columns of a table of bytes. */
function shuffle(bytes: Uint8Array, size: number, isForward: boolean): Uint8Array {
  const count = Math.floor(bytes.length / size)
  const result = new Uint8Array(bytes) // a Buffer's slice would be no copy
  for (let byte = 0; byte < size; byte++)
    for (let i = 0, at = byte, to = byte * count; i < count; i++, at += size, to++)
      if (isForward) result[to] = bytes[at]
      else result[at] = bytes[to]
  return result
}

const opened = new Map<string, Codec | Promise<Codec>>()
function open({ name, configuration }: CodecConfig, elementBytes: number): Codec | Promise<Codec> {
  const key = `${name} ${elementBytes} ${JSON.stringify(configuration)}`
  if (!opened.has(key)) opened.set(key, loaders[plainName(name)](configuration, elementBytes))
  return opened.get(key)!
}

/** Encodes by the codecs in turn. */
export async function encode(
  codecs: readonly CodecConfig[],
  elementBytes: number,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  let current = bytes
  for (const config of codecs) current = await (await open(config, elementBytes)).encode(current)
  return current
}

/** Whether `decode` takes bytes that are read as they are needed. */
export function takesInput(codecs: readonly CodecConfig[], elementBytes: number): boolean {
  if (codecs.length === 0) return true
  const codec = open(codecs[codecs.length - 1], elementBytes)
  return 'decodeInput' in codec && codec.decodeInput !== undefined
}

/** Decodes by the codecs, the last one first. The result may be `into`, or lie over the bytes that were given. */
export async function decode(
  codecs: readonly CodecConfig[],
  elementBytes: number,
  encoded: Uint8Array | Input,
  into?: Uint8Array,
): Promise<Uint8Array> {
  let current = encoded
  for (let i = codecs.length - 1; i >= 0; i--) {
    const codec = await open(codecs[i], elementBytes)
    const target = i === 0 ? into : undefined
    if (current instanceof Uint8Array) current = await codec.decode(current, target)
    else current = await codec.decodeInput!(current, target)
  }
  if (current instanceof Uint8Array) return current
  const whole = into?.length === current.length ? into : new Uint8Array(current.length)
  current.read(0, whole)
  return whole
}

import { formatBytes } from '../core/bytes.ts'

/** A time for people: '1.5 ms', '2 min 3 s'. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1) return `${(1000 * milliseconds).toPrecision(3)} us`
  if (milliseconds < 1000) return `${Number(milliseconds.toPrecision(3))} ms`
  if (milliseconds < 120_000) return `${Number((milliseconds / 1000).toPrecision(3))} s`
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`
}
/** Bytes a second for people: '1.5 GiB/s'. */
export const formatRate = (bytesPerSecond: number): string => `${formatBytes(bytesPerSecond)}/s`

import { formatBytes } from '../../core/bytes.ts'
import { formatDuration, formatRate } from '../format-measure.ts'
import { idleShare } from './busy.ts'
import type { ProfileData, ProfiledStage } from './data.ts'
import type { Spill } from './record.ts'

const mostStages = 5

/** The stages that took most time first. */
export const byCost = (stages: readonly ProfiledStage[]): ProfiledStage[] =>
  [...stages].sort((a, b) => b.duration - a.duration)
/** Bytes that a stage's tasks read and wrote in a second of their own time. */
export const rateOf = ({ bytesIn, bytesOut, duration }: ProfiledStage): number =>
  duration > 0 ? (1000 * (bytesIn + bytesOut)) / duration : 0
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`

/** A profile for people: what was done, how busy the workers were, the memory, and the five most expensive stages. */
export function reportOf(data: ProfileData): string {
  const { duration, jobs, tasks, workers, stages, peakBytes, limitBytes } = data
  const failed = jobs.filter(({ error }) => error !== undefined).length
  const failedTasks = jobs.reduce((sum, job) => sum + job.failedTasks, 0)
  const total = stages.reduce((sum, stage) => sum + stage.duration, 0)
  const bytes = stages.reduce((sum, { bytesIn, bytesOut }) => sum + bytesIn + bytesOut, 0)
  const rows = byCost(stages)
    .slice(0, mostStages)
    .map((stage) => [
      stage.name.length > 48 ? `${stage.name.slice(0, 45)}...` : stage.name,
      `${stage.tasks}`,
      formatDuration(stage.duration),
      percent(total > 0 ? stage.duration / total : 0),
      formatBytes(stage.bytesIn),
      formatBytes(stage.bytesOut),
      formatRate(rateOf(stage)),
    ])
  const others = stages.length - rows.length
  return [
    `${plural(jobs.length, 'job')}${failed ? ` (${failed} failed)` : ''}, ${plural(tasks.length, 'task')}${failedTasks ? ` (${failedTasks} failed)` : ''} on ${plural(workers.length, 'thread')} in ${formatDuration(duration)}`,
    `threads idle ${percent(idleShare(data))} of the time; ${formatRate(duration > 0 ? (1000 * bytes) / duration : 0)} read and written`,
    `memory: peak ${formatBytes(peakBytes)} of ${formatBytes(limitBytes)}${spillText(data)}`,
    ...(rows.length > 0 ? table([['stage', 'tasks', 'time', 'share', 'read', 'written', 'rate'], ...rows]) : []),
    ...(others > 0 ? [`and ${plural(others, 'stage')} more`] : []),
  ].join('\n')
}

export const movedBytes = ({ spills }: ProfileData, wanted: Spill['kind']): number =>
  spills.reduce((sum, { kind, bytes }) => (kind === wanted ? sum + bytes : sum), 0)

/** Nothing where nothing was spilled. */
export const spillText = (data: ProfileData): string =>
  data.spills.length > 0
    ? `, spilled ${formatBytes(movedBytes(data, 'spill'))}, read back ${formatBytes(movedBytes(data, 'reload'))}`
    : ''

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  '),
  )
}

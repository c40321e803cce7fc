import { formatBytes } from '../../core/bytes.ts'
import type { ProgressState, StageProgress } from './estimate.ts'

/** A run as it is drawn. */
export interface ShownRun {
  readonly label: string
  readonly state: ProgressState
}

/** Stages of less than this share of the bytes and of the tasks do not matter to who waits. */
const leastShare = 0.02
const mostStages = 8
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const percent = (part: number): string => `${Math.floor(100 * part)} %`.padStart(5)

/** How far a run is, from 0 to 1: by time where that is known, else by tasks. */
export function shareOf({ finishedTasks, totalTasks, elapsedSeconds, remainingSeconds }: ProgressState): number {
  if (finishedTasks >= totalTasks) return 1
  if (remainingSeconds === undefined) return totalTasks > 0 ? finishedTasks / totalTasks : 0
  return Math.min(0.99, elapsedSeconds / (elapsedSeconds + remainingSeconds))
}

/** A time for people: '0.4 s', '12 s', '3 min 05 s', '2 h 10 min'. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const two = (value: number): string => `${value}`.padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`
}

/** The time, the rate and about what is left. */
export function summaryOf({
  elapsedSeconds,
  remainingSeconds,
  bytesPerSecond,
  finishedTasks,
  totalTasks,
}: ProgressState): string {
  const isEnded = finishedTasks >= totalTasks
  const left = isEnded || remainingSeconds === undefined ? [] : [`about ${formatSeconds(remainingSeconds)} left`]
  const rate = bytesPerSecond > 0 ? [`${formatBytes(bytesPerSecond)}/s`] : []
  return [`${finishedTasks}/${totalTasks} tasks`, formatSeconds(elapsedSeconds), ...rate, ...left].join(', ')
}

/** The stages that matter, in the order in which they stand in the plan. */
export function stagesThatMatter({ stages }: ProgressState): StageProgress[] {
  const all = (of: (stage: StageProgress) => number) => stages.reduce((sum, stage) => sum + of(stage), 0) || 1
  const [bytes, tasks] = [all((stage) => stage.bytes), all((stage) => stage.tasks)]
  const weight = (stage: StageProgress) => Math.max(stage.bytes / bytes, stage.tasks / tasks)
  const heaviest = [...stages].sort((a, b) => weight(b) - weight(a)).slice(0, mostStages)
  return stages.filter((stage) => stage.tasks > 0 && weight(stage) >= leastShare && heaviest.includes(stage))
}

/** One line for the run and one for each stage that matters; none is longer than `columns`. */
export function progressLines(run: ShownRun, columns: number): string[] {
  const { state } = run
  if (state.finishedTasks >= state.totalTasks) return [headLine(run, columns)]
  const stages = stagesThatMatter(state)
  return [headLine(run, columns), ...(stages.length > 1 ? stageLines(stages, columns) : [])]
}

const clip = (line: string, columns: number): string =>
  line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`

function headLine({ label, state }: ShownRun, columns: number): string {
  const tail = `${percent(shareOf(state))}  ${summaryOf(state)}`
  const name = label && clip(`${label} `, Math.max(0, Math.floor(columns / 3)))
  const room = Math.min(30, columns - tail.length - name.length - 3)
  return clip(room >= 5 ? `${name}${bar(shareOf(state), room)} ${tail}` : `${name}${tail.trimStart()}`, columns)
}

function stageLines(stages: readonly StageProgress[], columns: number): string[] {
  const counts = stages.map(({ finishedTasks, tasks }) => `${finishedTasks}/${tasks}`)
  const countWidth = Math.max(...counts.map((count) => count.length))
  const longest = Math.max(...stages.map(({ name }) => name.length))
  const nameWidth = Math.max(4, Math.min(longest, 32, columns - countWidth - 24))
  return stages.map(({ name, finishedTasks, tasks, bytes, finishedBytes }, i) => {
    const amount = bytes > 0 ? `  ${formatBytes(finishedBytes)} of ${formatBytes(bytes)}` : ''
    const shown = clip(name, nameWidth).padEnd(nameWidth)
    return clip(`  ${shown} ${percent(finishedTasks / tasks)}  ${counts[i].padStart(countWidth)}${amount}`, columns)
  })
}

function bar(part: number, width: number): string {
  const filled = Math.floor(part * width * eighths.length)
  const text = '█'.repeat(Math.floor(filled / eighths.length)) + eighths[filled % eighths.length]
  return `▕${text.padEnd(width)}▏`
}

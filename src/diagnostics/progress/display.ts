import { type Display, newDisplay } from '../notebook.ts'
import { escapeXml } from '../svg.ts'
import { formatSeconds, progressLines, type ShownRun, shareOf, stagesThatMatter, summaryOf } from './lines.ts'

/** Where progress is drawn in a terminal: a stream such as process.stderr. */
export interface ProgressStream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}
/** Draws runs, one below the other. */
export interface ProgressDisplay {
  /** At least so many milliseconds between two drawings. */
  readonly pause: number
  draw(runs: readonly ShownRun[]): void
  /** Leaves one line of a run that has ended; `isFailed`: before its end. */
  end(run: ShownRun, isFailed: boolean): void
}

/** The notebook where there is one, else the stream when it is a terminal or `force` is set; undefined: nothing is drawn. */
export function progressDisplay(stream: ProgressStream | undefined, force: boolean): ProgressDisplay | undefined {
  const place = stream === undefined ? newDisplay() : undefined
  if (place) return notebookDisplay(place)
  const target = stream ?? globalThis.process?.stderr
  if (!target || !(force || target.isTTY)) return undefined
  return target.isTTY && globalThis.process?.env.TERM !== 'dumb' ? terminalDisplay(target) : lineDisplay(target)
}

/** Lines that are written over; what other programs write to the terminal stays above them. */
function terminalDisplay(stream: ProgressStream): ProgressDisplay {
  let drawn = 0
  const columns = (): number => Math.max(10, (stream.columns || 80) - 1)
  const erase = (): string => (drawn > 1 ? `\r\x1b[${drawn - 1}A\x1b[J` : '\r\x1b[J')
  return {
    pause: 50,
    draw(runs) {
      const lines = runs.flatMap((run) => progressLines(run, columns()))
      stream.write(`${erase()}${lines.join('\n')}`)
      drawn = lines.length
    },
    end(run, isFailed) {
      stream.write(`${erase()}${endLine(run, isFailed, columns())}\n`)
      drawn = 0
    },
  }
}

/** For a file or a log: now and then a line. */
function lineDisplay(stream: ProgressStream): ProgressDisplay {
  const columns = 120
  return {
    pause: 5000,
    draw(runs) {
      for (const run of runs) if (run.state.elapsedSeconds > 1) stream.write(`${progressLines(run, columns)[0]}\n`)
    },
    end(run, isFailed) {
      stream.write(`${endLine(run, isFailed, columns)}\n`)
    },
  }
}

const endLine = (run: ShownRun, isFailed: boolean, columns: number): string =>
  isFailed
    ? `${run.label && `${run.label} `}ended after ${formatSeconds(run.state.elapsedSeconds)}, not finished`
    : progressLines(run, columns)[0]

/** One place in the output of a cell, whose content is replaced. */
function notebookDisplay(place: Display): ProgressDisplay {
  let ended = ''
  const show = (text: string): void => place.html(`<div style="font-variant-numeric: tabular-nums">${text}</div>`)
  return {
    pause: 200,
    draw: (runs) => show(ended + runs.map(runHtml).join('')),
    end(run, isFailed) {
      ended += isFailed ? `<div>${escapeXml(endLine(run, true, 200))}</div>` : runHtml(run)
      show(ended)
    },
  }
}

function runHtml({ label, state }: ShownRun): string {
  const isEnded = state.finishedTasks >= state.totalTasks
  const meter = (part: number): string => `<progress value="${part.toFixed(3)}" max="1"></progress>`
  const rows = stagesThatMatter(state).map(
    ({ name, finishedTasks, tasks }) =>
      `<tr><td style="text-align: left">${escapeXml(name)}</td><td>${meter(finishedTasks / tasks)}</td><td>${finishedTasks}/${tasks}</td></tr>`,
  )
  const table = isEnded || rows.length < 2 ? '' : `<table>${rows.join('')}</table>`
  return `<div>${escapeXml(label)} ${meter(shareOf(state))} ${escapeXml(summaryOf(state))}${table}</div>`
}

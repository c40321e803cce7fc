import { NdloomError } from '../../core/errors.ts'
import { workerName } from '../../scheduler/observe.ts'
import { formatDuration, formatRate } from '../format-measure.ts'
import { colourOf, mostColours, otherColour } from '../palette.ts'
import { escapeXml, preformatted } from '../svg.ts'
import { streamBars } from './busy.ts'
import type { ProfileData, ProfiledStage } from './data.ts'
import { byCost, rateOf, reportOf, spillText } from './report.ts'

type PlotModule = typeof import('@observablehq/plot')
type PlotOptions = import('@observablehq/plot').PlotOptions

const width = 960
const marginRight = 24
/** So that the picture stays below about a megabyte. */
const mostBars = 5000
const mostStages = 12
const mostNameLength = 34

/** The packages that draw; optional, as few users need them. */
async function load(): Promise<{ Plot: PlotModule; document: Document }> {
  try {
    const [Plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')])
    return { Plot, document: parseHTML('<html><body></body></html>').document }
  } catch (cause) {
    const text = 'profile: to draw it the packages @observablehq/plot and linkedom are needed'
    throw new NdloomError(`${text}; install them: npm install @observablehq/plot linkedom`, { cause })
  }
}

interface Panel {
  readonly title: string
  readonly height: number
  readonly options: PlotOptions
}
const shorten = (name: string): string =>
  name.length > mostNameLength ? `${name.slice(0, mostNameLength - 1)}…` : name

/** A profile as one SVG picture, light or dark as its reader's system. */
export async function profileSVG(data: ProfileData): Promise<string> {
  const { Plot, document } = await load()
  const stages = byCost(data.stages)
  const names = stages.slice(0, mostStages).map(({ name }) => shorten(name).length)
  const marginLeft = Math.max(92, 24 + 7 * Math.max(0, ...names))
  const panels = [stream(Plot, data, stages), memory(Plot, data), rates(Plot, stages)]
  let top = 16
  const parts = panels.map(({ title, height, options }) => {
    const drawn = Plot.plot({
      document,
      width,
      height,
      marginLeft,
      marginRight,
      style: { fontSize: '11px' },
      ...options,
    }) as Element
    drawn.setAttribute('y', `${top + 22}`)
    const text = `<text class="title" x="16" y="${top + 12}">${escapeXml(title)}</text>`
    top += height + 38
    return text + drawn.outerHTML
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}" class="ndloom-profile" font-family="system-ui, sans-serif" font-size="12">`,
    `<style>${style}</style><rect class="paper" width="${width}" height="${top}"/>`,
    ...parts,
    '</svg>',
  ].join('\n')
}

const style = [
  '.ndloom-profile { color: #1b1b1b; --plot-background: none; }',
  '.ndloom-profile .paper { fill: #ffffff; }',
  '.ndloom-profile .title { font-weight: 600; fill: currentColor; }',
  '@media (prefers-color-scheme: dark) { .ndloom-profile { color: #e6e6e6; } .ndloom-profile .paper { fill: #16181c; } }',
].join(' ')

/** Seconds or milliseconds for an axis. */
const timeUnit = (duration: number): { label: string; scale: number } =>
  duration >= 2000 ? { label: 'time (s)', scale: 1000 } : { label: 'time (ms)', scale: 1 }
const bytesUnit = (bytes: number): { label: string; scale: number } =>
  bytes >= 2 ** 31
    ? { label: 'GiB', scale: 2 ** 30 }
    : bytes >= 2 ** 21
      ? { label: 'MiB', scale: 2 ** 20 }
      : { label: 'KiB', scale: 2 ** 10 }

function stream(Plot: PlotModule, data: ProfileData, ranked: readonly ProfiledStage[]): Panel {
  const { label, scale } = timeUnit(data.duration)
  const bars = streamBars(data, mostBars)
  const colours = data.stages.map((stage) => colourOf(ranked.indexOf(stage)))
  const cut = bars.reduce((sum, { tasks }) => sum + tasks, 0) > bars.length
  return {
    title: `Tasks by thread${cut ? ' (neighbouring tasks of a stage as one bar; paler: partly idle)' : ''}`,
    height: 50 + 26 * Math.max(1, data.workers.length),
    options: {
      x: { domain: [0, data.duration / scale], label, grid: true },
      y: { domain: data.workers.map(workerName), label: null, padding: 0.15 },
      marks: [
        Plot.rect(bars, {
          x1: ({ start }) => start / scale,
          x2: ({ end }) => end / scale,
          y: ({ worker }) => workerName(worker),
          fill: ({ stageIndex }) => colours[stageIndex],
          fillOpacity: ({ share }) => 0.25 + (0.75 * Math.round(share * 10)) / 10,
        }),
      ],
    },
  }
}

function memory(Plot: PlotModule, data: ProfileData): Panel {
  const { memory: samples, peakBytes, limitBytes, duration, spills } = data
  const time = timeUnit(duration)
  const showsLimit = peakBytes > limitBytes / 8
  const { label, scale } = bytesUnit(showsLimit ? limitBytes : peakBytes)
  const amount = (bytes: number, unit = scale): string => `${Number((bytes / unit).toPrecision(3))}`
  const limit = bytesUnit(limitBytes)
  const last = samples[samples.length - 1]
  const steps = last ? [...samples, { time: duration, bytes: last.bytes }] : []
  return {
    title: `Memory: peak ${amount(peakBytes)} ${label}, limit ${amount(limitBytes, limit.scale)} ${limit.label}${spillText(data)}${spills.length > 0 ? ' (marks below: a block left or came back)' : ''}`,
    height: 150,
    options: {
      x: { domain: [0, duration / time.scale], label: time.label, grid: true },
      y: {
        domain: [0, Math.max(1e-9, (showsLimit ? limitBytes : peakBytes) / scale) * 1.05],
        tickFormat: (value: number) => `${value} ${label}`,
        label: null,
        grid: true,
        ticks: 4,
      },
      marks: [
        Plot.areaY(steps, {
          x: ({ time: at }) => at / time.scale,
          y: ({ bytes }) => bytes / scale,
          fill: colourOf(4),
          fillOpacity: 0.6,
          curve: 'step-after',
        }),
        ...(showsLimit ? [Plot.ruleY([limitBytes / scale], { stroke: colourOf(5), strokeWidth: 2 })] : []),
        Plot.ruleY([0]),
        Plot.tickX(thinned(spills, duration), {
          x: ({ time: at }) => at / time.scale,
          stroke: ({ kind }) => colourOf(kind === 'spill' ? 5 : 0),
          insetTop: 88,
          strokeOpacity: 0.7,
        }),
      ],
    },
  }
}

/** Of very many spills one for each kind and pixel. */
function thinned(spills: ProfileData['spills'], duration: number): ProfileData['spills'] {
  const seen = new Map(spills.map((spill) => [`${spill.kind} ${Math.floor((width * spill.time) / duration)}`, spill]))
  return [...seen.values()]
}

/** Bytes a second of each stage's own time; the bars' colours are those of the task stream. */
function rates(Plot: PlotModule, ranked: readonly ProfiledStage[]): Panel {
  const total = ranked.reduce((sum, { duration }) => sum + duration, 0)
  const rows = ranked.slice(0, mostStages).map((stage, rank) => ({
    // Two names may be the same when they are cut: what a name stands for is its rank.
    rank,
    name: shorten(stage.name),
    rate: rateOf(stage) / 2 ** 30,
    colour: rank < mostColours ? colourOf(rank) : otherColour,
    text: `${formatRate(rateOf(stage))}, ${formatDuration(stage.duration)} (${Math.round((100 * stage.duration) / Math.max(total, 1e-9))} %)`,
  }))
  const most = Math.max(1e-9, ...rows.map(({ rate }) => rate))
  const left = ranked.length - rows.length
  return {
    title: `Stages: bytes read and written a second of their own time${left > 0 ? ` (${left} more not shown)` : ''}`,
    height: 50 + 24 * Math.max(1, rows.length),
    options: {
      // Room for the text behind the longest bar.
      x: { domain: [0, most * 1.4], label: 'rate (GiB/s)', grid: true },
      y: {
        domain: rows.map(({ rank }) => rank),
        tickFormat: (rank: number) => rows[rank].name,
        label: null,
        padding: 0.2,
      },
      marks: [
        Plot.barX(rows, { x: 'rate', y: 'rank', fill: ({ colour }) => colour }),
        Plot.text(rows, { x: 'rate', y: 'rank', text: 'text', textAnchor: 'start', dx: 6 }),
        Plot.ruleX([0]),
      ],
    },
  }
}

export async function profileHTML(data: ProfileData): Promise<string> {
  const page = 'body { margin: 2rem; font: 14px system-ui, sans-serif; background: #ffffff; color: #1b1b1b; }'
  const dark = '@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e6e6e6; } }'
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>ndloom profile</title>',
    `<style>${page} svg { max-width: 100%; height: auto; } pre { overflow-x: auto; } ${dark}</style>`,
    await profileSVG(data),
    `${preformatted(reportOf(data))}</html>`,
  ].join('\n')
}

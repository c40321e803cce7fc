import { type ComponentChildren, h } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { type SampleView, windowMilliseconds } from '../views.ts'

const height = 170

export interface CurveProps {
  samples: readonly SampleView[]
  /** Its colour is the style sheet's --memory or --rate. */
  name: 'memory' | 'rate'
  format: (value: number) => string
  /** Ticks stand at round multiples of powers of it. */
  base: number
  /** Drawn as a line across where it is near. */
  limit?: number
}
export const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`)

/** An amount over time: the last minute. */
export function Curve({ samples, limit, name, format, base }: CurveProps): ComponentChildren {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  useLayoutEffect(() => {
    const own = new uPlot(optionsOf(name, format, base), [[], [], []], place.current!)
    plot.current = own
    return () => own.destroy()
  }, [])
  useLayoutEffect(() => {
    const own = plot.current!
    const width = place.current!.clientWidth
    if (width !== own.width) own.setSize({ width, height })
    const most = Math.max(0, ...samples.map(({ value }) => value))
    // A limit that is far away would flatten the curve; the title tells it anyway.
    const shown = limit !== undefined && most > limit / 8 ? limit : null
    const times = samples.map(({ time }) => time / 1000)
    own.setData([times, samples.map(({ value }) => value), samples.map(() => shown)])
  })
  return h('div', { ref: place, class: 'curve' })
}

function optionsOf(name: CurveProps['name'], format: CurveProps['format'], base: number): uPlot.Options {
  const axis = {
    stroke: () => colour('faint'),
    grid: { stroke: () => colour('line'), width: 1 },
    ticks: { stroke: () => colour('line'), width: 1 },
  }
  return {
    width: 400,
    height,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: {
        time: false,
        range: (_, min, max) => {
          const last = max ?? 0
          return [Math.max(min ?? 0, last - windowMilliseconds / 1000), Math.max(last, (min ?? 0) + 1)]
        },
      },
      y: { range: (_, _min, max) => [0, Math.max(1, (max ?? 1) * 1.1)] },
    },
    axes: [
      { ...axis, label: 'seconds since the dashboard began', labelSize: 18, size: 34 },
      {
        ...axis,
        size: 84,
        splits: (_, __, min, max) => roundSplits(min, max, base),
        values: (_, values) => values.map(format),
      },
    ],
    series: [
      {},
      {
        stroke: () => colour(name),
        fill: () => `${colour(name)}40`,
        width: 2,
        points: { show: false },
        paths: steps(name),
      },
      { stroke: () => colour('limit'), width: 2, dash: [6, 4], points: { show: false } },
    ],
  }
}
/** Memory holds until the next sample; a rate is that of the time before its sample. */
const steps = (name: CurveProps['name']): uPlot.Series.PathBuilder =>
  uPlot.paths.stepped!({ align: name === 'memory' ? 1 : -1 })

/** At most five ticks at 1, 2 or 5 (for base 1024 at powers of two) times a power of the base. */
function roundSplits(min: number, max: number, base: number): number[] {
  const target = Math.max(1, (max - min) / 4)
  const step = base === 1024 ? 2 ** Math.ceil(Math.log2(target)) : 10 ** Math.ceil(Math.log10(target))
  return Array.from({ length: Math.floor(max / step) + 1 }, (_, k) => k * step)
}

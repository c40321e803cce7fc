import { type ComponentChildren, h } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { workerName } from '../../../scheduler/observe.ts'
import { stageColour } from '../../palette.ts'
import { cellMilliseconds, windowMilliseconds } from '../views.ts'
import { colour } from './curve.ts'
import { type PageState, shownWorkers } from './state.ts'

const rowPixels = 22
const axisPixels = 34
const namePixels = 110

/** What each thread did in the last minute, drawn as cells of equal time. */
export function Stream({ state }: { state: PageState }): ComponentChildren {
  const place = useRef<HTMLCanvasElement>(null)
  useLayoutEffect(() => draw(place.current!, state))
  const height = shownWorkers(state).length * rowPixels + axisPixels
  return h('canvas', { ref: place, class: 'stream', style: { height: `${height}px` }, 'aria-label': 'tasks by thread' })
}

function draw(canvas: HTMLCanvasElement, state: PageState): void {
  const { clientWidth: width, clientHeight: height } = canvas
  const scale = devicePixelRatio
  canvas.width = width * scale
  canvas.height = height * scale
  const context = canvas.getContext('2d')!
  context.scale(scale, scale)
  context.font = '12px system-ui, sans-serif'
  context.textBaseline = 'middle'
  const workers = shownWorkers(state)
  const spans = [...state.cells.values()].map(({ span }) => span)
  const end = ((Math.max(0, ...spans) + 1) * cellMilliseconds) / 1000
  const first = (Math.min(...spans, end * 20) * cellMilliseconds) / 1000
  const start = Math.max(0, first, end - windowMilliseconds / 1000)
  const x = (seconds: number): number =>
    namePixels + ((seconds - start) / Math.max(0.1, end - start)) * (width - namePixels - 12)
  const rowOf = new Map(workers.map(({ id }, row) => [id, row]))
  context.textAlign = 'right'
  for (const [row, { id, isLost }] of workers.entries()) {
    context.fillStyle = colour(isLost ? 'faint' : 'text')
    context.fillText(`${workerName(id)}${isLost ? ' †' : ''}`, namePixels - 8, (row + 0.5) * rowPixels)
  }
  drawAxis(context, x, start, end, workers.length * rowPixels)
  for (const { worker, span, stage, share } of state.cells.values()) {
    const from = (span * cellMilliseconds) / 1000
    if (from < start) continue
    context.globalAlpha = 0.25 + 0.75 * share
    context.fillStyle = stageColour(stage)
    const left = x(from)
    context.fillRect(
      left,
      rowOf.get(worker)! * rowPixels + 2,
      x(from + cellMilliseconds / 1000) - left + 0.3,
      rowPixels - 4,
    )
  }
  context.globalAlpha = 1
}

function drawAxis(
  context: CanvasRenderingContext2D,
  x: (seconds: number) => number,
  start: number,
  end: number,
  top: number,
): void {
  const most = Math.max(2, Math.floor((x(end) - x(start)) / 60))
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find((size) => (end - start) / size <= most) ?? 60
  context.fillStyle = colour('faint')
  context.strokeStyle = colour('line')
  context.textAlign = 'center'
  for (let k = Math.ceil(start / step); k * step <= end; k++) {
    const at = x(k * step)
    context.beginPath()
    context.moveTo(at, 0)
    context.lineTo(at, top + 4)
    context.stroke()
    context.fillText(`${Number((k * step).toFixed(1))} s`, at, top + 14)
  }
}

/** One task as it was run; times are milliseconds since the first task began. */
export interface TimedTask {
  readonly worker: number
  readonly start: number
  readonly end: number
}
export interface Panel {
  readonly title: string
  readonly tasks: readonly TimedTask[]
  readonly colour: string
}

/** Blue and orange of Okabe and Ito, which colour-blind people tell apart. */
export const blue = '#0072b2'
export const orange = '#e69f00'

const width = 860
const left = 90
const right = 40
const rowHeight = 26
const panelGap = 46
const top = 16

/** Time lines of several runs, one below the other on one time axis: SVG text. */
export function drawTimelines(panels: readonly Panel[]): string {
  const last = Math.max(...panels.flatMap(({ tasks }) => tasks.map(({ end }) => end)))
  const step = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find((each) => last / each <= 10) ?? 10_000
  const scale = (width - left - right) / (Math.ceil(last / step) * step)
  const x = (milliseconds: number): string => (left + milliseconds * scale).toFixed(1)
  const parts: string[] = []
  let y = top
  for (const panel of panels) {
    parts.push(drawPanel(panel, x, y))
    y += panelGap + rowHeight * workersOf(panel)
  }
  const ticks = Array.from({ length: Math.ceil(last / step) + 1 }, (_, k) => k * step)
  for (const tick of ticks) {
    parts.push(`<line x1="${x(tick)}" x2="${x(tick)}" y1="${y - 12}" y2="${y - 6}" stroke="#333"/>`)
    parts.push(`<text x="${x(tick)}" y="${y + 8}" text-anchor="middle">${tick}</text>`)
  }
  parts.push(`<line x1="${left}" x2="${width - right}" y1="${y - 12}" y2="${y - 12}" stroke="#333"/>`)
  parts.push(
    `<text x="${(left + width - right) / 2}" y="${y + 28}" text-anchor="middle">time since the start, milliseconds</text>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 38}" font-family="sans-serif" font-size="13">`,
    '<rect width="100%" height="100%" fill="white"/>',
    ...parts,
    '</svg>\n',
  ].join('\n')
}

const workersOf = ({ tasks }: Panel): number => 1 + Math.max(...tasks.map(({ worker }) => worker))

function drawPanel(panel: Panel, x: (milliseconds: number) => string, y: number): string {
  const { title, tasks, colour } = panel
  const workers = workersOf(panel)
  const end = Math.max(...tasks.map((task) => task.end))
  const rowTop = (worker: number): number => y + 10 + worker * rowHeight
  const bars = tasks.map(({ worker, start, end: stop }) => {
    const wide = Number(x(stop)) - Number(x(start))
    const box = `x="${x(start)}" y="${rowTop(worker)}" width="${wide.toFixed(1)}" height="${rowHeight - 6}"`
    return `<rect ${box} fill="${colour}" stroke="white" stroke-width="0.8"/>`
  })
  const names = Array.from(
    { length: workers },
    (_, worker) => `<text x="${left - 8}" y="${rowTop(worker) + 15}" text-anchor="end">worker ${worker}</text>`,
  )
  const bottom = rowTop(workers) - 2
  return [
    `<text x="${left}" y="${y}" font-weight="bold">${title}: ${end.toFixed(0)} ms</text>`,
    ...names,
    ...bars,
    `<line x1="${x(end)}" x2="${x(end)}" y1="${y + 6}" y2="${bottom}" stroke="#333" stroke-dasharray="4 3"/>`,
  ].join('\n')
}

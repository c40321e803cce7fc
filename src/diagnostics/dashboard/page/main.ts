import { h, render } from 'preact'
import uPlotStyle from 'uplot/dist/uPlot.min.css'
import type { Update } from '../views.ts'
import { App } from './app.ts'
import { emptyState, merge, type PageState } from './state.ts'
import style from './style.css'

/** Style sheets that scripts make are allowed where the page may have none of its own (its Content-Security-Policy). */
document.adoptedStyleSheets = [uPlotStyle, style].map((text) => {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(text)
  return sheet
})

let state: PageState = emptyState
let isDrawing = false
function show(next: PageState): void {
  state = next
  if (isDrawing) return
  isDrawing = true
  requestAnimationFrame(() => {
    isDrawing = false
    render(h(App, { state }), document.body)
  })
}

const read = (event: MessageEvent): Update => JSON.parse(event.data)
const events = new EventSource('events')
events.addEventListener('all', (event) => show(merge({ ...emptyState, connection: 'open' }, read(event))))
events.addEventListener('update', (event) => show(merge(state, read(event))))
events.addEventListener('end', () => {
  events.close()
  show({ ...state, connection: 'closed' })
})
events.addEventListener('error', () => show({ ...state, connection: 'lost' }))
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => show({ ...state }))
addEventListener('resize', () => show({ ...state }))
show(state)

import { type ComponentChildren, h } from 'preact'
import { formatBytes } from '../../../core/bytes.ts'
import { formatDuration, formatRate } from '../../format-measure.ts'
import { stageColour } from '../../palette.ts'
import type { JobView, StageView } from '../views.ts'
import { Curve } from './curve.ts'
import type { PageState } from './state.ts'
import { Stream } from './stream.ts'

const count = (number: number): string => number.toLocaleString('en')
const plural = (number: number, word: string): string => `${count(number)} ${word}${number === 1 ? '' : 's'}`
const percent = (part: number, whole: number): number => (whole > 0 ? (100 * part) / whole : 100)

export function App({ state }: { state: PageState }): ComponentChildren {
  const { memory, rates, limitBytes, workers, jobs, errors } = state
  const running = [...jobs.values()].filter((job) => job.state === 'running').length
  const alive = [...workers.values()].filter(({ isLost, id }) => !isLost && id >= 0).length
  const finished = [...workers.values()].reduce((sum, { tasks }) => sum + tasks, 0)
  return h('div', null, [
    h('header', null, [
      h('h1', null, 'ndloom'),
      h('span', { id: 'running' }, running > 0 ? `${plural(running, 'computation')} running` : 'idle'),
      h('span', { id: 'workers' }, plural(alive, 'worker')),
      h('span', { id: 'finished' }, `${plural(finished, 'task')} done`),
    ]),
    h(Notice, { connection: state.connection }),
    h('main', null, [
      h(
        Section,
        {
          title: 'Memory',
          note: memoryNote(state),
        },
        [h(Curve, { samples: memory, limit: limitBytes, name: 'memory', format: formatBytes, base: 1024 })],
      ),
      h(Section, { title: 'Throughput', note: 'bytes read and written a second' }, [
        h(Curve, { samples: rates, name: 'rate', format: formatRate, base: 1024 }),
      ]),
      h(Section, { title: 'Tasks by thread', note: 'the last minute; paler: partly idle', isWide: true }, [
        workers.size > 0 ? h(Stream, { state }) : h('p', { class: 'empty' }, 'No worker has started yet.'),
      ]),
      errors.length > 0 && h(Section, { title: 'Errors', isWide: true }, [h(Errors, { errors })]),
      h(Section, { title: 'Computations', note: 'latest first', isWide: true }, [
        jobs.size > 0
          ? [...jobs.values()].sort((a, b) => b.id - a.id).map((job) => h(Job, { key: job.id, job, time: state.time }))
          : h('p', { class: 'empty' }, 'Nothing has run yet. Computations show here as soon as they begin.'),
      ]),
    ]),
  ])
}

function memoryNote({ memory, limitBytes, spilledBytes, reloadedBytes }: PageState): string {
  if (limitBytes === 0) return 'blocks and results'
  const used = memory[memory.length - 1]?.value ?? 0
  const moved = `, spilled ${formatBytes(spilledBytes)}, read back ${formatBytes(reloadedBytes)}`
  return `${formatBytes(used)} of ${formatBytes(limitBytes)}${spilledBytes > 0 ? moved : ''}`
}

function Notice({ connection }: { connection: PageState['connection'] }): ComponentChildren {
  if (connection === 'open') return null
  const text = {
    opening: 'Connecting ...',
    lost: 'The connection is lost: the process has ended, or is busy. What it told last is shown; the page tries again.',
    closed: 'The dashboard was closed. What it told last is shown.',
  }[connection]
  return h('div', { class: 'notice', role: 'status' }, text)
}

interface SectionProps {
  title: string
  note?: string
  isWide?: boolean
  children?: ComponentChildren
}
const Section = ({ title, note, isWide, children }: SectionProps): ComponentChildren =>
  h('section', { class: isWide ? 'wide' : '' }, [h('h2', null, [title, ' ', note && h('small', null, note)]), children])

const Errors = ({ errors }: { errors: PageState['errors'] }): ComponentChildren =>
  h(
    'ul',
    { class: 'errors' },
    errors
      .toReversed()
      .map(({ id, time, text }) => h('li', { key: id }, [h('time', null, `after ${formatDuration(time)}: `), text])),
  )

function Job({ job, time }: { job: JobView; time: number }): ComponentChildren {
  const elapsed = (job.end ?? time) - job.start
  const facts = [
    `${count(job.finished)} of ${plural(job.tasks, 'task')}`,
    formatDuration(Math.max(0, elapsed)),
    ...(job.peakBytes === null ? [] : [`peak ${formatBytes(job.peakBytes)}`]),
  ]
  const head = ['stage', 'progress', 'tasks', 'time', 'bytes', 'rate']
  return h('article', { class: job.state, 'data-job': job.id }, [
    h('h3', null, [h('span', { class: 'state' }, job.state), `${job.id}. ${job.name}`]),
    h('p', { class: 'empty facts' }, facts.join(' · ')),
    h('table', null, [
      h('thead', null, [
        h(
          'tr',
          null,
          head.map((title, i) => h('th', { key: title, class: columnClass(i) }, title)),
        ),
      ]),
      h(
        'tbody',
        null,
        job.stages.map((stage, i) => h(Stage, { key: i, stage, place: i })),
      ),
    ]),
    job.moreStages > 0 && h('p', { class: 'empty' }, `and ${plural(job.moreStages, 'stage')} more`),
  ])
}
const columnClass = (column: number): string => ['name', 'progress', 'number'][column] ?? 'number optional'

function Stage({ stage, place }: { stage: StageView; place: number }): ComponentChildren {
  const { name, kind, tasks, finished, bytes, duration } = stage
  const background = stageColour(place)
  const done = percent(finished, tasks)
  const cells = [
    h('td', { class: 'name', title: kind }, [h('span', { class: 'swatch', style: { background } }), name]),
    h('td', { class: 'progress' }, [
      h('div', { class: 'bar', role: 'progressbar', 'aria-valuenow': Math.floor(done) }, [
        h('div', { style: { width: `${done}%`, background } }),
      ]),
    ]),
    ...[
      `${count(finished)} / ${count(tasks)}`,
      finished > 0 ? formatDuration(duration) : '',
      finished > 0 ? formatBytes(bytes) : '',
      duration > 0 ? formatRate((1000 * bytes) / duration) : '',
    ].map((text, i) => h('td', { class: columnClass(i + 2) }, text)),
  ]
  return h('tr', null, cells)
}

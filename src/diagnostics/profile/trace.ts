import { workerName } from '../../scheduler/observe.ts'
import { byWorker } from './busy.ts'
import type { ProfileData, ProfiledTask } from './data.ts'

/** Rows of a thread that runs several tasks side by side (it waits for files): a row's tasks do not overlap. */
function rowsOf(tasks: readonly ProfiledTask[]): ProfiledTask[][] {
  const rows: ProfiledTask[][] = []
  for (const task of tasks) {
    const row = rows.find((own) => own[own.length - 1].end <= task.start)
    if (row) row.push(task)
    else rows.push([task])
  }
  return rows
}
const microseconds = (milliseconds: number): number => Math.round(milliseconds * 1e6) / 1000

/**
 * Chrome's trace format, which ui.perfetto.dev and chrome://tracing open. Times in microseconds.
 * Source: Trace Event Format, Google, https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
export function traceOf({ tasks, stages, jobs, memory, spills, duration }: ProfileData): string {
  const rows = [...byWorker(tasks)]
    .sort(([a], [b]) => a - b)
    .flatMap(([worker, own]) =>
      rowsOf(own).map((row, i) => ({ name: `${workerName(worker)}${i > 0 ? ` (${i + 1})` : ''}`, row })),
    )
  const threads = [{ name: 'jobs', row: [] }, ...rows]
  const names = threads.map(({ name }, tid) => ({ ph: 'M', pid: 1, tid, name: 'thread_name', args: { name } }))
  const order = threads.map((_, tid) => ({
    ph: 'M',
    pid: 1,
    tid,
    name: 'thread_sort_index',
    args: { sort_index: tid },
  }))
  const slices = threads.flatMap(({ row }, tid) =>
    row.map(({ stage, stageIndex, block, start, end, bytesIn, bytesOut, job }) => ({
      ph: 'X',
      pid: 1,
      tid,
      name: stage,
      cat: stages[stageIndex].kind,
      ts: microseconds(start),
      dur: microseconds(end - start),
      args: { job, block: block.join(', '), bytesIn, bytesOut },
    })),
  )
  const spans = jobs.flatMap(({ name, start, end = duration, error }, id) => [
    { ph: 'b', pid: 1, tid: 0, cat: 'job', id, name, ts: microseconds(start), args: { error } },
    { ph: 'e', pid: 1, tid: 0, cat: 'job', id, name, ts: microseconds(end) },
  ])
  const counters = memory.map(({ time, bytes }) => ({
    ph: 'C',
    pid: 1,
    tid: 0,
    name: 'memory',
    ts: microseconds(Math.max(0, time)),
    args: { bytes },
  }))
  const moves = spills.map(({ kind, bytes, time }) => ({
    ph: 'i',
    pid: 1,
    tid: 0,
    s: 'p',
    cat: 'memory',
    name: kind,
    ts: microseconds(Math.max(0, time)),
    args: { bytes },
  }))
  const process = { ph: 'M', pid: 1, tid: 0, name: 'process_name', args: { name: 'ndloom' } }
  const traceEvents = [process, ...names, ...order, ...spans, ...slices, ...counters, ...moves]
  return JSON.stringify({ traceEvents, displayTimeUnit: 'ms' })
}

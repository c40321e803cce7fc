import type { Counters } from '../../worker/ranks/layout.ts'
import type { Report } from '../../worker/ranks/run.ts'

/** How often it is looked whether all ranks stand still. */
const intervalMilliseconds = 100

export interface Watch {
  /** A host's answer to `ask`. */
  answer(report: Report): void
  stop(): void
}

/**
 * Finds the moment from which nothing can happen any more: `found` is called with the reports of all hosts. Where the hosts' counters
 * have not moved for a while, each host is asked. When they all sleep, with ranks that all wait for others, and at the time of the
 * last answer no counter has moved since its host answered and every message sent has been received, then nothing has happened since
 * the first answer and nothing will.
 */
export function watchForDeadlock(
  counters: Counters,
  ask: () => void,
  found: (reports: readonly Report[]) => void,
): Watch {
  const { activity, sent } = counters
  let before: Int32Array | undefined
  let reports: (Report | undefined)[] | undefined

  const timer = setInterval(() => {
    if (reports) return
    const now = activity.slice()
    if (before?.every((count, host) => count === now[host])) {
      reports = new Array(activity.length).fill(undefined)
      ask()
    }
    before = now
  }, intervalMilliseconds)

  const isStuck = (all: readonly Report[]): boolean => {
    const received = all.reduce((sum, report) => sum + report.received, 0)
    let posted = 0
    for (let k = 0; k < sent.length; k++) posted += Atomics.load(sent, k)
    return (
      posted === received &&
      all.every(({ waits, host, activity: count }) => waits && count === Atomics.load(activity, host)) &&
      all.some(({ waits }) => waits!.length > 0)
    )
  }
  return {
    answer(report) {
      if (!reports) return
      reports[report.host] = report
      const all = reports.filter((each) => each !== undefined)
      if (all.length < reports.length) return
      reports = undefined
      if (isStuck(all)) found(all)
    },
    stop: () => clearInterval(timer),
  }
}

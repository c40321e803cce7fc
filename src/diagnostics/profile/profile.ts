import { formatGiven, NdloomError } from '../../core/errors.ts'
import { inspected, inspectName, isNotebook, type Shown } from '../notebook.ts'
import { escapeXml, preformatted } from '../svg.ts'
import { type ProfileData, profileData } from './data.ts'
import { type Recording, record } from './record.ts'
import { reportOf } from './report.ts'
import { traceOf } from './trace.ts'

/** What a computation did: its result, each task, the memory. Times in milliseconds since the profile began, sizes in bytes. */
export class Profile<T = unknown> implements ProfileData {
  /** What the profiled function gave. */
  readonly result: T
  #recording: Recording
  #data: ProfileData | undefined
  /** A notebook shows its last expression at once, so the picture has to be there already. */
  #picture = ''
  constructor(result: T, recording: Recording) {
    this.result = result
    this.#recording = recording
  }
  /** Made when it is first asked for: of 100,000 tasks it takes a moment, which belongs to no computation. */
  get #all(): ProfileData {
    this.#data ??= profileData(this.#recording)
    return this.#data
  }
  get duration(): number {
    return this.#all.duration
  }
  get jobs(): ProfileData['jobs'] {
    return this.#all.jobs
  }
  /** All tasks of one name and kind, in the order in which they first came. */
  get stages(): ProfileData['stages'] {
    return this.#all.stages
  }
  get tasks(): ProfileData['tasks'] {
    return this.#all.tasks
  }
  get workers(): ProfileData['workers'] {
    return this.#all.workers
  }
  get memory(): ProfileData['memory'] {
    return this.#all.memory
  }
  get peakBytes(): number {
    return this.#all.peakBytes
  }
  get limitBytes(): number {
    return this.#all.limitBytes
  }
  get spills(): ProfileData['spills'] {
    return this.#all.spills
  }
  /** Text: the five most expensive stages, how long threads were idle, peak memory, bytes per second. */
  report(): string {
    return reportOf(this.#all)
  }
  /** Chrome trace JSON: write it to a file and open that with ui.perfetto.dev. */
  toTrace(): string {
    return traceOf(this.#all)
  }
  /**
   * A picture: the tasks of each worker, memory against the limit, the rate of each stage. Of very many tasks neighbours are merged.
   *
   * @throws NdloomError when @observablehq/plot and linkedom are not installed; it says how to.
   */
  async toSVG(): Promise<string> {
    return (await import('./plot.ts')).profileSVG(this.#all)
  }
  /** A page of its own with the picture and the report. Errors as of toSVG. */
  async toHTML(): Promise<string> {
    return (await import('./plot.ts')).profileHTML(this.#all)
  }
  /** Plain data, without the result. */
  toJSON(): ProfileData {
    return this.#all
  }
  /** What Node's console prints: the report; in a tslab notebook the picture as well. */
  [inspectName](depth: number | null, options?: { depth?: number | null }): string {
    return inspected(this.#shown(), depth, options)
  }
  #shown(): Shown {
    return {
      short: `[Profile ${this.report().split('\n', 1)[0]}]`,
      text: () => this.report(),
      html: () => `${this.#picture}${preformatted(this.report())}`,
    }
  }
  /** Draws the picture for a notebook; where it cannot be drawn, the reason stands there. */
  async prepare(): Promise<void> {
    this.#picture = await this.toSVG().catch((error: Error) => `<p>${escapeXml(error.message)}</p>`)
  }
}

/**
 * Runs the function and tells what its computations did: which worker ran which task when, what it read and wrote, and how much memory
 * there was in use. All jobs of the process that run meanwhile are seen. A few microseconds a message of a worker; when no profile is
 * taken nothing is measured at all.
 *
 * @throws NdloomError when it is given no function; whatever the function throws.
 * @example
 * const x = nd.random.random([400, 400], { chunks: 100 })
 * const profile = await nd.profile(() => x.add(x.T).sum().compute())
 * const text = profile.report() // '1 job, 33 tasks on 2 threads in ...'
 */
export async function profile<T>(run: () => T): Promise<Profile<Awaited<T>>> {
  if (typeof run !== 'function')
    throw new NdloomError(`profile: got ${formatGiven(run)}, want a function that computes, as () => x.compute()`)
  const stop = record()
  try {
    const done = new Profile(await run(), stop())
    if (isNotebook()) await done.prepare()
    return done
  } finally {
    stop()
  }
}

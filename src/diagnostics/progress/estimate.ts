/** A stage of a run before it begins. */
export interface StageWork {
  readonly name: string
  readonly tasks: number
  /** What all its tasks read and write. */
  readonly bytes: number
}
/** How far a stage is. */
export interface StageProgress extends StageWork {
  readonly finishedTasks: number
  readonly finishedBytes: number
}
/** How far a run is. */
export interface ProgressState {
  readonly finishedTasks: number
  readonly totalTasks: number
  readonly elapsedSeconds: number
  /** About how long it will still take; undefined before anything is known. */
  readonly remainingSeconds: number | undefined
  /** What its tasks read and write in a second, so far on average. */
  readonly bytesPerSecond: number
  readonly stages: readonly StageProgress[]
}

/** Follows one run. Times are milliseconds of one clock. */
export interface ProgressTracker {
  /** So many tasks of a stage have ended; `durations` is how long each took, where that was measured. */
  finish(time: number, stage: number, tasks: number, durations: readonly number[] | undefined): void
  stateAt(time: number): ProgressState
}

/** What the tasks of a stage took, in milliseconds. */
interface Costs {
  add(durations: readonly number[]): void
  /** How many tasks are measured, and what one takes. */
  readonly measured: number
  perTask(): number
}

/** A kernel is compiled, and memory touched for the first time, by the first tasks: their median stands for each of them. */
const firstTasks = 8
/** Of a stage's tasks the last quarter counts for most of what its next ones are thought to take. */
const rememberedShare = 0.25

function createCosts(tasks: number): Costs {
  const first: number[] = []
  const remembered = Math.max(firstTasks, rememberedShare * tasks)
  let [measured, weight, busy] = [0, 0, 0]
  return {
    add(durations) {
      for (const duration of durations) {
        if (measured++ < firstTasks) first.push(duration)
        else {
          weight = weight * (1 - 1 / remembered) + 1
          busy = busy * (1 - 1 / remembered) + duration
        }
      }
    },
    get measured() {
      return measured
    },
    perTask() {
      const median = [...first].sort((a, b) => a - b)[Math.floor((first.length - 1) / 2)]
      const firstWeight = first.length * (1 - 1 / remembered) ** (measured - first.length)
      return (busy + firstWeight * median) / (weight + firstWeight)
    },
  }
}

/** What the run does lately: a half of it is of the last fifth of the run. */
function createPace(stages: number, startTime: number) {
  const leastMilliseconds = 300
  const counts = new Float64Array(stages)
  let [first, last, busy, time] = [Number.NaN, startTime, 0, 0]
  return {
    add(now: number, stage: number, durations: readonly number[]): void {
      const total = durations.reduce((sum, duration) => sum + duration, 0)
      // Nothing ran before the first task began: workers were starting.
      if (Number.isNaN(first)) {
        first = Math.max(startTime, now - total)
        last = first
      }
      const kept = Math.exp((last - now) / Math.max(leastMilliseconds, 0.3 * (now - first)))
      for (let i = 0; i < stages; i++) counts[i] *= kept
      counts[stage] += durations.length
      busy = busy * kept + total
      time = time * kept + (now - last)
      last = now
    },
    /** How many workers are busy on average. */
    busyWorkers: (): number => (time > 0 ? busy / time : 0),
    tasksPerMillisecond: (stage: number): number => (time > 0 ? counts[stage] / time : 0),
  }
}

/**
 * How long the rest will take: for each stage the tasks that are left times what its tasks took lately, and of a stage that has not begun
 * what its bytes took elsewhere; all that over the number of tasks that ran at once lately. Stages may run side by side. Where nearly all workers wait, for the reader of a stream or
 * for files, it is not less than the slowest stage needs at its pace.
 *
 * @example
 * const tracker = trackProgress([{ name: 'read', tasks: 10, bytes: 8e7 }], performance.now())
 * tracker.finish(performance.now(), 0, 1, [12])
 * tracker.stateAt(performance.now()).remainingSeconds
 */
export function trackProgress(
  stages: readonly StageWork[],
  startTime: number,
  { workers = 1, finishedBefore = [] }: { workers?: number; finishedBefore?: readonly number[] } = {},
): ProgressTracker {
  const finished = stages.map((_, i) => finishedBefore[i] ?? 0)
  const costs = stages.map(({ tasks }) => createCosts(tasks))
  const pace = createPace(stages.length, startTime)
  const totalTasks = stages.reduce((sum, { tasks }) => sum + tasks, 0)
  const finishedEarlier = finished.reduce((sum, count) => sum + count, 0)
  let finishedTasks = finishedEarlier
  let lastTime = startTime

  return {
    finish(time, stage, tasks, durations) {
      finished[stage] += tasks
      finishedTasks += tasks
      lastTime = time
      if (!durations) return
      costs[stage].add(durations)
      pace.add(time, stage, durations)
    },
    stateAt(time) {
      const rows = stages.map((work, i): StageProgress => {
        const share = work.tasks > 0 ? finished[i] / work.tasks : 1
        return { ...work, finishedTasks: finished[i], finishedBytes: work.bytes * share }
      })
      const seconds = (time - startTime) / 1000
      const bytes = rows.reduce((sum, { finishedBytes }) => sum + finishedBytes, 0)
      const waited = time - lastTime
      const remaining = remainingAt(waited)
      return {
        finishedTasks,
        totalTasks,
        elapsedSeconds: seconds,
        remainingSeconds: remaining === undefined ? undefined : Math.max(0, remaining - waited) / 1000,
        bytesPerSecond: seconds > 0 ? bytes / seconds : 0,
        stages: rows,
      }
    },
  }

  /** Milliseconds that the rest will take, as of the last time that tasks have ended, and that is so long ago. */
  function remainingAt(waited: number): number | undefined {
    if (finishedTasks >= totalTasks) return 0
    const busy = pace.busyWorkers()
    if (busy > 0) return Math.max(remainingWork(waited) / busy, busy < workers / 4 ? slowestStage() : 0)
    const done = finishedTasks - finishedEarlier
    return done > 0 ? ((totalTasks - finishedTasks) * (lastTime - startTime)) / done : undefined
  }

  /** Milliseconds until the last stage ends, at the pace of those that are well under way. */
  function slowestStage(): number {
    return stages.reduce((most, { tasks }, i) => {
      const isUnderWay = finished[i] >= 0.2 * tasks && pace.tasksPerMillisecond(i) > 0
      return isUnderWay ? Math.max(most, (tasks - finished[i]) / pace.tasksPerMillisecond(i)) : most
    }, 0)
  }

  /** Milliseconds of one worker. A task that nothing is known of takes at least as long as all have been waiting. */
  function remainingWork(waited: number): number {
    const known = stages.flatMap(({ tasks, bytes }, i) =>
      costs[i].measured > 0
        ? [{ busy: costs[i].measured * costs[i].perTask(), bytes: (bytes / tasks) * costs[i].measured }]
        : [],
    )
    const busy = known.reduce((sum, stage) => sum + stage.busy, 0)
    const bytes = known.reduce((sum, stage) => sum + stage.bytes, 0)
    const tasks = costs.reduce((sum, { measured }) => sum + measured, 0)
    return stages.reduce((sum, stage, i) => {
      const guess = bytes > 0 ? (busy / bytes) * (stage.bytes / Math.max(1, stage.tasks)) : busy / tasks
      const cost = costs[i].measured > 0 ? costs[i].perTask() : Math.max(guess, waited)
      return sum + (stage.tasks - finished[i]) * cost
    }, 0)
  }
}

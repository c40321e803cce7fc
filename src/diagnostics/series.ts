/** A measured amount. Time in milliseconds. */
export interface Sample {
  readonly time: number
  readonly bytes: number
}

/** At most this many samples are kept: a run of hours takes as little room as one of seconds. */
const mostSamples = 4000

/** An amount over time, with its highs: when it has too many samples, neighbours are merged and the higher stays. */
export interface Series {
  add(time: number, bytes: number): void
  readonly samples: readonly Sample[]
}
export function createSeries(): Series {
  let samples: Sample[] = []
  let stepMilliseconds = 0
  const push = (sample: Sample): void => {
    const last = samples[samples.length - 1]
    if (last && sample.time - last.time < stepMilliseconds) {
      if (sample.bytes > last.bytes) samples[samples.length - 1] = { time: last.time, bytes: sample.bytes }
    } else samples.push(sample)
  }
  return {
    add(time, bytes) {
      const before = samples[samples.length - 2]
      const last = samples[samples.length - 1]
      if (last?.bytes === bytes && before?.bytes === bytes) samples.pop()
      push({ time, bytes })
      if (samples.length < mostSamples) return
      stepMilliseconds = Math.max(2 * stepMilliseconds, (2 * (time - samples[0].time)) / mostSamples)
      const all = samples
      samples = []
      for (const sample of all) push(sample)
    },
    get samples() {
      return samples
    },
  }
}

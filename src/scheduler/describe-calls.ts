import type { SentFunction } from '../worker/functions.ts'
import type { JobDescription } from './observe.ts'

/** A job of calls for those who observe it: a stage for each name of a function. `functionOf`: which of them a task calls. */
export function describeCalls(
  functions: readonly Pick<SentFunction, 'name'>[],
  count: number,
  functionOf: (task: number) => number,
): JobDescription {
  const names = functions.map(({ name }) => name || 'function')
  const distinct = [...new Set(names)]
  const stageOfFunction = names.map((name) => distinct.indexOf(name))
  const stageOf = (task: number): number => stageOfFunction[functionOf(task)]
  const tasks = distinct.map(() => 0)
  for (let task = 0; task < count; task++) tasks[stageOf(task)]++
  return {
    name: distinct.join(' → '),
    stages: distinct.map((name, i) => ({ name, kind: 'call', tasks: tasks[i], bytesIn: 0, bytesOut: 0 })),
    stageOf,
    blockOf: (task) => [task],
    bytesOf: () => ({ bytesIn: 0, bytesOut: 0 }),
  }
}

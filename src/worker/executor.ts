/** Runs tasks of plans, in a worker or on the main thread. The scheduler's runners know no more of a plan than this. */
export interface Executor {
  define(job: number, plan: unknown): void
  forget(job: number): void
  /** The job is not wanted any more: what waits in its tasks, for a server or a function of the user's, is told by a signal. */
  stop?(job: number): void
  /** Runs one task: reads the blocks at `inputs`, writes its block at `address` (byte addresses in the heap). Throws TaskError. */
  run(job: number, task: number, address: number, inputs: readonly number[]): void | Promise<void>
}

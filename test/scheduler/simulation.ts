import { AbortError, MemoryLimitError, WorkerLostError } from '../../src/core/errors.ts'
import { blockSize } from '../../src/scheduler/allocator.ts'
import { takenBytes } from '../../src/scheduler/job.ts'
import { type Seats, tellTurns } from '../../src/scheduler/seats.ts'
import { createState, type SchedulerState, step } from '../../src/scheduler/state.ts'
import {
  type JobId,
  type JobOptions,
  mainThread,
  type SchedulerAction,
  type SchedulerEvent,
  type TaskTable,
  taskFlag,
} from '../../src/scheduler/types.ts'
import type { TaskCall } from '../../src/worker/protocol.ts'

export type Random = () => number

/** Numbers in [0, 1) from a seed (a linear congruential generator is enough to shuffle events). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32
  }
}
const below = (random: Random, n: number): number => Math.min(n - 1, Math.floor(random() * n))
const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)]

export interface TableOptions {
  readonly count: number
  readonly mostInputs: number
  /** How far back inputs may lie. */
  readonly reach: number
  readonly bytes: (random: Random) => number
  readonly deliver: number
  readonly keep: number
  readonly main: number
  /** How many tasks are pinned to one of the workers 0 .. 3. */
  readonly pinned?: number
  /** Of the tasks without inputs: how many can run again. */
  readonly again: number
}

export function randomTable(random: Random, options: TableOptions): TaskTable {
  const { count } = options
  const inputStart = new Int32Array(count + 1)
  const inputs: number[] = []
  const flags = new Uint8Array(count)
  const outputBytes = new Float64Array(count)
  for (let task = 0; task < count; task++) {
    if (task > 0) {
      const n = below(random, options.mostInputs + 1)
      for (let k = 0; k < n; k++) inputs.push(task - 1 - below(random, Math.min(task, options.reach)))
    }
    inputStart[task + 1] = inputs.length
    outputBytes[task] = options.bytes(random)
    if (random() < options.deliver) flags[task] |= taskFlag.deliver
    if (random() < options.keep) flags[task] |= taskFlag.keep
    if (random() < options.main) flags[task] |= taskFlag.main
    if (inputStart[task + 1] === inputStart[task] && random() < options.again) flags[task] |= taskFlag.again
  }
  const { pinned: chance = 0 } = options
  const pinned =
    chance > 0 ? Int32Array.from({ length: count }, () => (random() < chance ? below(random, 4) : -1)) : undefined
  return { count, inputStart, inputs: Int32Array.from(inputs), outputBytes, flags, pinned }
}

export interface JobPlan {
  readonly table: TaskTable
  readonly options: JobOptions
  /** Its tasks wait for each other: none ends before all have begun. */
  readonly isGang?: boolean
  /** The plans of jobs, by number, that must have ended before its tasks on the main thread do. */
  readonly waitsFor?: readonly number[]
}
/** Weights of the events that may happen at each turn. */
export interface Chances {
  readonly fail: number
  readonly lose: number
  readonly loseStarting: number
  readonly cancel: number
  readonly take: number
  readonly foreign: number
  readonly failMove: number
  readonly discard: number
}
export const calm: Chances = {
  fail: 0,
  lose: 0,
  loseStarting: 0,
  cancel: 0,
  take: 1,
  foreign: 0,
  failMove: 0,
  discard: 0,
}

interface RunningBatch {
  readonly job: JobId
  tasks: TaskCall[]
}
interface SimulatedJob extends JobPlan {
  readonly id: JobId
  readonly finished: Uint8Array
  readonly running: Map<number, TaskCall>
  /** What the blocks of its tasks hold: of those that are given, what their makers wrote. */
  readonly contents: string[]
  readonly withReader: number[]
  readonly delivered: number[]
  readonly taken: Set<number>
  readonly losses: Map<number, number>
  injected: Set<unknown>
  settled?: SchedulerAction & { type: 'done' | 'fail' }
}

export interface Outcome {
  readonly jobs: readonly SimulatedJob[]
  readonly state: SchedulerState
  readonly events: number
  readonly moves: number
}

const check = (condition: boolean, text: string): void => {
  if (!condition) throw new Error(text)
}

/** What one state machine has to do beside others. */
export interface MachinePlan {
  readonly plans: readonly JobPlan[]
  readonly limitBytes: number
  readonly chances: Chances
  readonly tasksPerWorker?: number
}

/** Many times what any of the plans takes. */
const mostTurns = 200_000

/**
 * Runs several state machines with seats in common, in random order: never more workers are at work than there are seats. `closing`: how
 * likely it is at each turn that one of them is closed.
 */
export function simulateTogether(
  random: Random,
  seats: Seats,
  machines: readonly MachinePlan[],
  closing: number,
): Outcome[] {
  const worlds = machines.map(
    ({ limitBytes, plans, chances, tasksPerWorker }) =>
      new World(random, limitBytes, plans, chances, tasksPerWorker, seats),
  )
  for (let left = [...worlds], turns = 0; left.length > 0; turns++) {
    check(turns < mostTurns, 'goes round in circles')
    const world = pick(random, left)
    if (random() < closing) world.close()
    if (world.turn()) left = [...worlds]
    else left.splice(left.indexOf(world), 1)
    const atWork = worlds.reduce((sum, one) => sum + one.atWork(), 0)
    check(atWork === seats.taken && atWork <= seats.count, `${atWork} at work, ${seats.taken} of ${seats.count} seats`)
  }
  for (const world of worlds) world.checkEnd()
  check(seats.taken === 0 && seats.waiting.size === 0, 'seats are left')
  return worlds.map(({ jobs, state, events, moves }) => ({ jobs, state, events, moves }))
}

/** Runs jobs against the state machine with events in random order, and checks after each that nothing forbidden was asked for. */
export function simulate(
  random: Random,
  limitBytes: number,
  plans: readonly JobPlan[],
  chances: Chances,
  tasksPerWorker?: number,
): Outcome {
  const world = new World(random, limitBytes, plans, chances, tasksPerWorker)
  for (let turns = 0; world.turn(); turns++) check(turns < mostTurns, 'goes round in circles')
  world.checkEnd()
  return { jobs: world.jobs, state: world.state, events: world.events, moves: world.moves }
}

interface SimulatedMove {
  readonly action: SchedulerAction & { type: 'spill' | 'reload' }
  /** What is written out. */
  readonly content: string | undefined
}
interface Kept {
  readonly number: number
  readonly bytes: number
  readonly content: string
}

class World {
  readonly state: SchedulerState
  readonly jobs: SimulatedJob[] = []
  events = 0
  moves = 0
  private readonly random: Random
  private readonly limitBytes: number
  private readonly chances: Chances
  private readonly toSubmit: JobPlan[]
  private readonly workers = new Map<number, RunningBatch[]>([[mainThread, []]])
  private readonly foreign: { address: number; bytes: number }[] = []
  /** What was written last at an address of the heap, and to a slot. */
  private readonly heap = new Map<number, { end: number; content: string }>()
  private readonly slots = new Map<string, string | undefined>()
  private readonly moving = new Map<number, SimulatedMove>()
  private readonly kept: Kept[] = []
  private starting = 0
  private readonly tasksOf = new Map<number, number>()
  private isSeatFree = false

  constructor(
    random: Random,
    limitBytes: number,
    plans: readonly JobPlan[],
    chances: Chances,
    tasksPerWorker?: number,
    seats?: Seats,
  ) {
    this.random = random
    this.limitBytes = limitBytes
    this.chances = chances
    this.toSubmit = [...plans]
    this.state = createState(limitBytes, random() < 0.5 ? 0 : limitBytes * random(), tasksPerWorker, seats)
    this.state.seating.onTurn = () => {
      this.isSeatFree = true
    }
  }
  atWork(): number {
    let count = 0
    for (const [worker, batches] of this.workers) if (worker !== mainThread && batches.length > 0) count++
    return count
  }
  /** All jobs are cancelled and all workers end, as those of a pool do. */
  close(): void {
    this.toSubmit.length = 0
    for (const job of this.jobs) if (!job.settled) this.cancel(job)
    for (const worker of [...this.workers.keys()]) if (worker !== mainThread) this.lose(worker)
  }

  /** Makes one of the things happen that can happen now. False: nothing can any more. */
  turn(): boolean {
    const { random, chances } = this
    const options: [number, () => void][] = []
    if (this.toSubmit.length > 0) options.push([1, () => this.submit()])
    if (this.starting > 0)
      options.push([2, () => this.workerReady()], [chances.loseStarting, () => this.loseStarting()])
    if (this.isSeatFree) options.push([2, () => this.useSeat()])
    for (const [worker, batches] of this.workers) {
      if (batches.length === 0) continue
      const failing = this.job(batches[0].job).options.independent ? 0 : chances.fail
      if (this.mayEnd(worker, batches[0])) options.push([failing, () => this.fail(worker)])
      if (this.endable(worker).length > 0) options.push([2, () => this.finish(worker)])
      if (worker !== mainThread) options.push([chances.lose, () => this.lose(worker)])
    }
    for (const job of this.jobs) {
      if (job.settled) continue
      if (job.withReader.length > 0) options.push([chances.take, () => this.take(job)])
      options.push([chances.cancel, () => this.cancel(job)])
    }
    if (this.moving.size > 0)
      options.push([2, () => this.endMove('moved')], [chances.failMove, () => this.endMove('moveFailed')])
    const canMove = options.some(([weight, act]) => weight > 0 && act)
    if (!canMove) return false
    options.push([chances.foreign, () => this.changeForeign()])
    if (this.kept.length > 0) options.push([chances.discard, () => this.discard()])
    let dart = random() * options.reduce((sum, [weight]) => sum + weight, 0)
    const chosen = options.find(([weight]) => {
      dart -= weight
      return dart < 0
    })
    chosen?.[1]()
    return true
  }

  /** Tasks of a gang end when all have begun, those that wait for other jobs after these, or when their job is not wanted any more. */
  private mayEnd(worker: number, batch: RunningBatch): boolean {
    const { isGang, waitsFor = [], id, running, finished } = this.job(batch.job)
    if (this.state.jobs.get(id)?.failure) return true
    if (isGang) return finished.every((isFinished, task) => isFinished === 1 || running.has(task))
    return worker !== mainThread || waitsFor.every((number) => this.jobs[number]?.settled)
  }
  /** A worker's first batch, any of the main thread's. */
  private endable(worker: number): RunningBatch[] {
    const batches = this.workers.get(worker)!
    return (worker === mainThread ? batches : batches.slice(0, 1)).filter((batch) => this.mayEnd(worker, batch))
  }
  private useSeat(): void {
    this.isSeatFree = false
    this.send({ type: 'seatFree' })
  }

  private send(event: SchedulerEvent): void {
    this.events++
    const actions = step(this.state, event)
    for (const action of actions) this.perform(action)
    tellTurns(this.state.seating.seats)
    this.checkMemory()
  }

  private submit(): void {
    if (this.random() < 0.3) this.send({ type: 'wake' })
    const plan = this.withGiven(this.toSubmit.shift()!)
    const { count, given } = plan.table
    const id = this.jobs.length + 1
    const job: SimulatedJob = {
      ...plan,
      id,
      finished: new Uint8Array(count),
      running: new Map(),
      contents: Array.from({ length: count }, (_, task) => `block ${task} of job ${id}`),
      withReader: [],
      delivered: [],
      taken: new Set(),
      losses: new Map(),
      injected: new Set(),
    }
    for (const [task, number] of given ?? []) {
      job.finished[task] = 1
      job.contents[task] = this.kept.find((kept) => kept.number === number)!.content
    }
    this.jobs.push(job)
    this.send({ type: 'submit', job: job.id, table: plan.table, options: plan.options })
  }
  /** Some tasks that read nothing stand for kept blocks. */
  private withGiven(plan: JobPlan): JobPlan {
    const { table } = plan
    const given = new Map<number, number>()
    const { count, inputStart } = table
    const outputBytes = table.outputBytes.slice()
    const flags = table.flags.slice()
    for (let task = 0; task < count; task++) {
      if (this.kept.length === 0 || inputStart[task + 1] > inputStart[task] || this.random() < 0.5) continue
      const { number, bytes } = pick(this.random, this.kept)
      given.set(task, number)
      outputBytes[task] = bytes
      flags[task] = 0
    }
    return { ...plan, table: { ...table, outputBytes, flags, given } }
  }
  private workerReady(): void {
    this.starting--
    const worker = this.freeNumber()
    this.workers.set(worker, [])
    this.tasksOf.set(worker, 0)
    this.send({ type: 'workerReady', worker })
  }
  /** The number of a worker that was lost goes to the next. */
  private freeNumber(): number {
    let worker = 0
    while (this.workers.has(worker)) worker++
    return worker
  }
  private loseStarting(): void {
    this.starting--
    const cause = new Error('did not start')
    for (const job of this.jobs) job.injected.add(cause)
    this.send({ type: 'workerLost', worker: this.freeNumber(), cause })
  }
  /** Reports the first few tasks of one batch. */
  private finish(worker: number): void {
    const batches = this.workers.get(worker)!
    const batch = pick(this.random, this.endable(worker))
    const job = this.job(batch.job)
    const count = this.random() < 0.7 ? batch.tasks.length : 1 + below(this.random, batch.tasks.length)
    // Calls that cannot run, as an input has failed, end before those that stand before them in the batch.
    const first = job.options.independent ? below(this.random, batch.tasks.length - count + 1) : 0
    const done = batch.tasks.splice(first, count)
    if (batch.tasks.length === 0) batches.splice(batches.indexOf(batch), 1)
    for (const { task } of done) this.complete(job, task)
    const milliseconds = job.options.isCalls ? 10 ** (4 * this.random() - 2) : undefined
    this.send({ type: 'finished', job: job.id, worker, tasks: done.map(({ task }) => task), milliseconds })
  }
  private complete(job: SimulatedJob, task: number): void {
    check(job.finished[task] === 0 || (job.table.flags[task] & taskFlag.again) !== 0, `task ${task} ran twice`)
    const { address, inputs } = job.running.get(task)!
    inputs.forEach((input, k) => {
      if (input !== 0) this.checkContent(input, job.contents[job.table.inputs[job.table.inputStart[task] + k]])
    })
    job.finished[task] = 1
    job.running.delete(task)
    if (address !== 0) this.write(address, job.table.outputBytes[task], job.contents[task])
  }
  private checkContent(address: number, wanted: string): void {
    const found = this.heap.get(address)?.content
    check(found === wanted, `at ${address} lies ${found}, wanted ${wanted}`)
  }
  /** What the task reads is there, but for what is made before it in its batch. */
  private checkInputs(
    job: SimulatedJob,
    task: number,
    addresses: readonly number[],
    before: ReadonlySet<number>,
  ): void {
    const { inputStart, inputs, outputBytes } = job.table
    check(addresses.length === inputStart[task + 1] - inputStart[task], 'inputs are missing')
    addresses.forEach((address, k) => {
      const input = inputs[inputStart[task] + k]
      check(job.finished[input] === 1 || before.has(input), `task ${task} runs before its input ${input}`)
      if (outputBytes[input] === 0) check(address === 0, 'an input without a block has an address')
      else if (before.has(input)) check(job.running.get(input)?.address === address, 'an input in the batch')
      else this.checkContent(address, job.contents[input])
    })
  }
  private write(start: number, bytes: number, content: string): void {
    const end = start + blockSize(bytes)
    for (const [other, range] of this.heap) if (other < end && range.end > start) this.heap.delete(other)
    this.heap.set(start, { end, content })
  }
  private fail(worker: number): void {
    const batches = this.workers.get(worker)!
    const batch = batches[0]
    batches.splice(0, 1)
    const job = this.job(batch.job)
    const error = new Error('the task threw')
    job.injected.add(error)
    for (const { task } of batch.tasks) job.running.delete(task)
    this.send({ type: 'failed', job: job.id, worker, task: batch.tasks[0].task, error })
  }
  private lose(worker: number): void {
    const batches = this.workers.get(worker)!
    this.workers.delete(worker)
    const suspect = batches[0]
    if (!suspect) {
      this.send({ type: 'workerLost', worker })
      return
    }
    const job = this.job(suspect.job)
    const suspects = this.suspects(suspect.tasks.map(({ task }) => task))
    const [blamed] = suspects ?? [suspect.tasks[0].task]
    if (!suspects || suspects.length === 1) job.losses.set(blamed, (job.losses.get(blamed) ?? 0) + 1)
    for (const batch of batches) {
      for (const { task } of batch.tasks) {
        this.job(batch.job).running.delete(task)
      }
    }
    this.send({ type: 'workerLost', worker, suspects })
    // A report that was under way when the worker was given up counts for nothing.
    if (this.random() < 0.3) {
      this.send({ type: 'finished', job: suspect.job, worker, tasks: suspect.tasks.map(({ task }) => task) })
    }
  }
  /** What the runner knows of which task ended the worker: nothing, which one, or that it was one of them. */
  private suspects(tasks: number[]): number[] | undefined {
    const known = this.random()
    return known < 0.3 ? undefined : known < 0.7 ? [pick(this.random, tasks)] : tasks
  }
  private take(job: SimulatedJob): void {
    const at = job.options.ordered && this.random() < 0.8 ? 0 : below(this.random, job.withReader.length)
    const [task] = job.withReader.splice(at, 1)
    job.taken.add(task)
    this.send({ type: 'taken', job: job.id, task })
  }
  private cancel(job: SimulatedJob): void {
    const reason = new Error('no more interest')
    job.injected.add(reason)
    this.send({ type: 'cancel', job: job.id, reason })
  }
  private changeForeign(): void {
    if (this.foreign.length > 0 && this.random() < 0.6) {
      const [region] = this.foreign.splice(below(this.random, this.foreign.length), 1)
      this.send({ type: 'release', address: region.address })
      return
    }
    const bytes = 64 * (1 + below(this.random, 20))
    const address = this.state.heap.allocate(bytes)
    if (address === undefined) return
    this.checkFree(address, address + bytes)
    this.write(address, bytes, 'a region')
    this.foreign.push({ address, bytes })
  }

  private discard(): void {
    const [{ number }] = this.kept.splice(below(this.random, this.kept.length), 1)
    this.send({ type: 'discard', kept: number })
  }
  private endMove(type: 'moved' | 'moveFailed'): void {
    const [number, { action, content }] = pick(this.random, [...this.moving])
    const { address, slot } = action
    const key = `${slot.slab}:${slot.offset}`
    this.moving.delete(number)
    if (type === 'moveFailed') {
      const error = new Error('the disk is full')
      for (const job of this.jobs) job.injected.add(error)
      this.send({ type, move: number, error })
      return
    }
    if (action.type === 'spill') {
      check(this.heap.get(address)?.content === content, `what is spilled from ${address} was overwritten`)
      this.slots.set(key, content)
    } else {
      check(this.slots.get(key) === content, 'a slot was overwritten while it was read')
      this.write(address, slot.bytes, content!)
    }
    this.send({ type, move: number })
  }
  private startMove(action: SchedulerAction & { type: 'spill' | 'reload' }): void {
    this.moves++
    const { slot, address, move } = action
    const key = `${slot.slab}:${slot.offset}`
    const content = action.type === 'spill' ? this.heap.get(address)?.content : this.slots.get(key)
    check(content !== undefined, `there is nothing to ${action.type}`)
    if (action.type === 'reload') this.checkFree(address, address + slot.bytes)
    this.moving.set(move, { action, content })
  }

  private job(id: JobId): SimulatedJob {
    return this.jobs[id - 1]
  }
  private perform(action: SchedulerAction): void {
    if (action.type === 'spawn') this.starting += action.count
    else if (action.type === 'retire') this.retire(action.worker)
    else if (action.type === 'wake')
      check(this.workers.get(action.worker)?.length === 0, `worker ${action.worker} is woken while it works`)
    else if (action.type === 'run') this.run(this.job(action.job), action.worker, [...action.tasks])
    else if (action.type === 'lost') this.giveUp(this.job(action.job), action.task)
    else if (action.type === 'deliver') this.deliver(this.job(action.job), action.task, action.address)
    else if (action.type === 'spill' || action.type === 'reload') this.startMove(action)
    else if (action.type === 'trim') this.trim(action.slab)
    else this.settle(this.job(action.job), action)
  }
  private retire(worker: number): void {
    check(this.workers.get(worker)?.length === 0, `worker ${worker} is ended while it has something to do`)
    check(this.tasksOf.get(worker) === this.state.tasksPerWorker, `worker ${worker} is ended too early`)
    this.workers.delete(worker)
  }
  /** The task is given up alone: to its readers it has ended. */
  private giveUp(job: SimulatedJob, task: number): void {
    check(job.options.independent === true, `task ${task} of job ${job.id} is given up`)
    check(
      (job.losses.get(task) ?? 0) >= (job.options.mostLosses ?? 3),
      `task ${task} of job ${job.id} is given up too early`,
    )
    job.finished[task] = 1
  }
  private trim(slab: number): void {
    for (const { action } of this.moving.values()) check(action.slot.slab !== slab, 'trimmed under a move')
    for (const key of this.slots.keys()) if (key.startsWith(`${slab}:`)) this.slots.delete(key)
  }
  private run(job: SimulatedJob, worker: number, tasks: TaskCall[]): void {
    check(!job.settled, `job ${job.id} has ended and runs on`)
    check(tasks.length > 0, 'an empty batch')
    const before = new Set<number>()
    for (const assigned of tasks) {
      this.checkTask(job, worker, assigned, before)
      before.add(assigned.task)
      job.running.set(assigned.task, assigned)
    }
    const batches = this.workers.get(worker)
    check(batches !== undefined, `there is no worker ${worker}`)
    batches!.push({ job: job.id, tasks })
    const counted = worker === mainThread ? batches!.filter((batch) => batch.job === job.id) : batches!
    check(counted.length <= (worker === mainThread ? 4 : 2), `worker ${worker} has too many batches`)
    this.tasksOf.set(worker, (this.tasksOf.get(worker) ?? 0) + tasks.length)
    if (worker !== mainThread)
      check(this.tasksOf.get(worker)! <= this.state.tasksPerWorker, `worker ${worker} has run too many tasks`)
    if (!job.table.pinned) this.checkWorkers(job)
  }
  private checkWorkers({ id: own, options }: SimulatedJob): void {
    const isOfGroup = (id: JobId): boolean =>
      id === own || (options.group !== undefined && this.job(id).options.group === options.group)
    let busy = 0
    for (const [id, queue] of this.workers) if (id !== mainThread && queue.some(({ job }) => isOfGroup(job))) busy++
    check(busy <= options.workers, `job ${own} and its group run on ${busy} workers, at most ${options.workers}`)
  }
  private checkTask(
    job: SimulatedJob,
    worker: number,
    { task, address, inputs }: TaskCall,
    before: ReadonlySet<number>,
  ): void {
    const { table, options } = job
    const again = (table.flags[task] & taskFlag.again) !== 0
    check((again || !job.finished[task]) && !job.running.has(task), `task ${task} of job ${job.id} is started twice`)
    const onMain = options.workers === 0 || (table.flags[task] & taskFlag.main) !== 0
    check(onMain === (worker === mainThread), `task ${task} of job ${job.id} runs on worker ${worker}`)
    const pin = onMain ? -1 : (table.pinned?.[task] ?? -1)
    check(pin < 0 || pin === worker, `task ${task} of job ${job.id}, pinned to ${pin}, runs on worker ${worker}`)
    this.checkInputs(job, task, inputs, before)
    if (table.outputBytes[task] === 0) {
      check(address === 0, 'a task without a block has an address')
      return
    }
    const end = address + blockSize(table.outputBytes[task])
    check(address > 0 && address % 64 === 0 && end <= this.limitBytes + 64, `a block at ${address} .. ${end}`)
    this.checkFree(address, end)
  }
  /** No running task reads or writes there, nothing moves from or to there, it is no region of others. */
  private checkFree(start: number, end: number): void {
    const checkApart = (address: number, bytes: number, what: string): void =>
      check(end <= address || start >= address + blockSize(bytes), `a block lies over ${what}`)
    for (const { table, running } of this.jobs) {
      for (const { task, address, inputs } of running.values()) {
        if (address !== 0) checkApart(address, table.outputBytes[task], 'the block of a running task')
        inputs.forEach((input, k) => {
          if (input !== 0) checkApart(input, table.outputBytes[table.inputs[table.inputStart[task] + k]], 'an input')
        })
      }
    }
    for (const { action } of this.moving.values()) checkApart(action.address, action.slot.bytes, 'one that moves')
    for (const { address, bytes } of this.foreign) checkApart(address, bytes, 'a region')
  }
  private deliver(job: SimulatedJob, task: number, address: number): void {
    check(!job.settled, 'delivered after the end')
    check(job.finished[task] === 1 && (job.table.flags[task] & taskFlag.deliver) !== 0, `task ${task} is delivered`)
    check(!job.delivered.includes(task), `task ${task} is delivered twice`)
    if (job.table.outputBytes[task] === 0) check(address === 0, 'delivered from nowhere')
    else check(this.heap.get(address)?.content === job.contents[task], 'something else is delivered')
    job.delivered.push(task)
    job.withReader.push(task)
    check(job.withReader.length <= Math.max(1, job.options.readAhead), 'more delivered than the reader wants')
    if (job.options.ordered) {
      const earlier = job.delivered.at(-2) ?? -1
      for (let t = earlier + 1; t < task; t++) check(!(job.table.flags[t] & taskFlag.deliver), 'delivered out of order')
    }
  }
  private settle(job: SimulatedJob, action: SchedulerAction & { type: 'done' | 'fail' }): void {
    check(!job.settled, `job ${job.id} ends twice`)
    check(job.running.size === 0, `job ${job.id} ends while tasks run`)
    job.settled = action
    if (action.type === 'fail') {
      job.withReader.length = 0
      this.checkFailure(job, action.error)
      return
    }
    check(
      job.finished.every((value) => value === 1),
      'done, and tasks have not run',
    )
    check(action.peakBytes <= job.options.limitBytes, 'the peak is above the limit')
    const { flags, outputBytes } = job.table
    for (let task = 0; task < job.table.count; task++) {
      if (flags[task] & taskFlag.deliver) check(job.taken.has(task), `task ${task} was not delivered`)
      check(action.kept.has(task) === ((flags[task] & taskFlag.keep) !== 0), `kept blocks`)
    }
    for (const [task, number] of action.kept) {
      check((number === 0) === (outputBytes[task] === 0), 'a kept block without a number')
      if (number !== 0) this.kept.push({ number, bytes: outputBytes[task], content: job.contents[task] })
    }
  }
  private checkFailure(job: SimulatedJob, error: unknown): void {
    if (error instanceof MemoryLimitError) this.checkTooLarge(job, error)
    else if (error instanceof WorkerLostError)
      check(
        job.injected.has(error.cause) ||
          (!job.options.independent && [...job.losses.values()].some((n) => n >= (job.options.mostLosses ?? 3))),
        'lost',
      )
    else if (error instanceof AbortError) check(job.injected.has(error.cause), 'aborted by nobody')
    else check(job.injected.has(error), `an unknown error ${error}`)
  }
  /** A job whose every task fits comes to its end, as long as nothing but blocks is in the heap. */
  private checkTooLarge({ table, options }: SimulatedJob, { neededBytes }: MemoryLimitError): void {
    check(neededBytes > 0, 'memory')
    if (this.chances.foreign > 0) return
    let largestBytes = 0
    for (let task = 0; task < table.count; task++) {
      const read = new Set(table.inputs.subarray(table.inputStart[task], table.inputStart[task + 1]))
      const bytes = [task, ...read].reduce((sum, t) => sum + blockSize(table.outputBytes[t]), 0)
      largestBytes = Math.max(largestBytes, bytes)
    }
    check(largestBytes > Math.min(options.limitBytes, this.limitBytes), 'refused, though every task fits')
  }
  /** What the reader has counts as soon as its block is gone. */
  private checkCopies(): void {
    for (const { id, withReader, table } of this.jobs) {
      const job = this.state.jobs.get(id)
      if (!job || job.failure) continue
      const bytes = withReader.reduce((sum, t) => sum + (job.blocks[t] ? 0 : blockSize(table.outputBytes[t])), 0)
      check(job.readerBytes === bytes, `the reader has ${bytes} bytes, ${job.readerBytes} count`)
    }
  }
  private checkMemory(): void {
    this.checkCopies()
    check(
      this.state.heap.usedBytes <= this.limitBytes && this.state.heap.heapBytes <= this.limitBytes + 64,
      'above the limit',
    )
    for (const job of this.state.jobs.values())
      check(takenBytes(job) <= job.options.limitBytes, 'the job is above its limit')
    check(this.state.slots.slabBytes <= this.state.slots.slabLimitBytes, 'the slabs are above their limit')
  }
  /** Nothing can happen any more: every job has ended and nothing is left in the heap but what belongs to others. */
  checkEnd(): void {
    for (const job of this.jobs) check(job.settled !== undefined, `job ${job.id} hangs`)
    check(
      this.state.jobs.size === 0 && this.state.active.length === 0 && this.state.waiting.length === 0,
      'jobs are left',
    )
    check(this.state.batches.size === 0 && this.state.moves.size === 0, 'batches or moves are left')
    const { state } = this
    const sums = [state.jobBytes, state.neededBytes, state.aheadBytes, state.readerBytes, state.leavingBytes]
    check(
      sums.every((sum) => sum === 0),
      `sums are left: ${sums}`,
    )
    this.checkKept()
    check(state.kept.size === 0 && state.keptBytes === 0 && state.awayCount === 0, 'kept blocks are left')
    check(state.slots.slabBytes === 0 && state.slots.fileBytes === 0, 'slots are left')
    const foreignBytes = this.foreign.reduce((sum, { bytes }) => sum + blockSize(bytes), 0)
    check(state.heap.usedBytes === foreignBytes, `${state.heap.usedBytes} bytes are left of ${foreignBytes}`)
    for (const { address } of this.foreign) step(state, { type: 'release', address })
    check(state.heap.usedBytes === 0, 'the heap is not empty')
  }
  /** Every kept block is in the heap or in its slot, as it was made; then all are given back. */
  private checkKept(): void {
    for (const { number, content } of this.kept) {
      const block = this.state.kept.get(number)
      check(block !== undefined, 'a kept block is lost')
      const { address, slot } = block!
      const found = address !== 0 ? this.heap.get(address)?.content : this.slots.get(`${slot!.slab}:${slot!.offset}`)
      check(found === content, `a kept block holds ${found}, wanted ${content}`)
      step(this.state, { type: 'discard', kept: number })
    }
  }
}

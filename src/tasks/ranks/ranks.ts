import { config } from '../../core/config.ts'
import { AbortError, formatGiven, NdloomError, WorkerLostError } from '../../core/errors.ts'
import { checkOptions, checkSignal } from '../../core/options.ts'
import { ownFile } from '../../core/own-file.ts'
import { describeCalls } from '../../scheduler/describe-calls.ts'
import type { Engine } from '../../scheduler/engine.ts'
import { getEngine } from '../../scheduler/process.ts'
import { type ModuleFunction, type SentFunction, sentFunction } from '../../worker/functions.ts'
import type { Comm } from '../../worker/ranks/comm.ts'
import { type Layout, ranksOf } from '../../worker/ranks/layout.ts'
import { aborted, runGang, type StartHosts } from './gang.ts'

export interface RanksOptions<Args = unknown> {
  /** Data for the function, by structured clone: each rank gets a copy of its own. What lies in shared memory is shared. */
  args?: Args
  signal?: AbortSignal
}

/**
 * Runs a function as `count` ranks that work together, each with its communicator (`comm.rank` of `comm.size`), after mpi4py: the list
 * of what they return. They run on the pool's workers; where there are more ranks than workers, several share one and take turns
 * where they await: a rank that computes without awaiting holds up those beside it. Runs follow one another.
 *
 * The function is sent as text, so it sees no variable from outside, only `args`; or it is the `{ module, name }` of an exported one.
 * Errors: TaskError when a rank throws (`block` is its rank, `cause` its error; the other ranks end); NdloomError for a deadlock, which
 * tells what each rank waits for, and for bad arguments; WorkerLostError when a worker ends; AbortError.
 *
 * @example
 * nd.ranks(4, (comm) => comm.allreduce(comm.rank, 'sum'))   // -> [ 6, 6, 6, 6 ]
 */
export async function ranks<T, Args = undefined>(
  count: number,
  fn: ((comm: Comm<Args>, args: Args) => T | Promise<T>) | ModuleFunction,
  given?: RanksOptions<Args>,
): Promise<T[]> {
  if (!Number.isInteger(count) || count < 1 || count > mostRanks)
    throw new NdloomError(`ranks: got ${formatGiven(count)} ranks, want a whole number from 1 to ${mostRanks}`)
  const { args, signal } = checkOptions<RanksOptions<Args>>(given, ['args', 'signal'], 'ranks')
  checkSignal(signal, 'ranks')
  const sent = sentFunction(fn, 'ranks')
  checkSendable(args)
  const run = async (): Promise<T[]> => {
    if (signal?.aborted) throw abortedBefore(signal)
    const workers = config().scheduler === 'local' ? 0 : config().workers
    const layout = { size: count, hosts: Math.min(count, Math.max(1, workers)) }
    return (await runGang({ layout, fn: sent, args, signal }, hostsOn(getEngine(), layout, workers))) as T[]
  }
  if (signal?.aborted) throw abortedBefore(signal)
  const turn = last
  const result = turn.then(run)
  last = result.catch(() => undefined)
  return signal ? Promise.race([whenAborted(signal, turn), result]) : result
}

const mostRanks = 4096
/** A run needs all of its workers at once: two that have some each would wait for ever. */
let last: Promise<unknown> = Promise.resolve()

const abortedBefore = (signal: AbortSignal): AbortError =>
  new AbortError('ranks: aborted before it began', signal.reason)

/** Rejects when the signal is aborted before the run's turn; from then on the run itself looks at it. */
function whenAborted(signal: AbortSignal, turn: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(abortedBefore(signal))
    signal.addEventListener('abort', onAbort, { once: true })
    void turn.then(() => signal.removeEventListener('abort', onAbort))
  })
}

function checkSendable(args: unknown): void {
  try {
    structuredClone(args)
  } catch (error) {
    throw new NdloomError(
      `ranks: got args that cannot be sent to a worker (${(error as Error).message}); give plain data, no functions`,
      { cause: error },
    )
  }
}

/** Hosts as tasks of the engine: each alone on a worker, none tried again. */
const hostsOn =
  (engine: Engine, layout: Layout, workers: number): StartHosts =>
  (calls, fail) => {
    const nameLoss = (host: number, error: unknown): unknown => {
      if (!(error instanceof WorkerLostError)) return error
      const block = ranksOf(layout, host)
      const text = `ranks: the worker of rank ${block.join(', ')} was lost; it ended the process or took all its memory`
      return new WorkerLostError(text, { stage: 'ranks', block, cause: error.cause })
    }
    const { result, cancel } = engine.submitCalls({
      count: calls.length,
      inputStart: new Int32Array(calls.length + 1),
      inputs: new Int32Array(0),
      functions: [hostFunction()],
      describe: () => describeCalls([{ name: 'ranks' }], calls.length, () => 0),
      call: (host) => ({ fn: 0, args: [calls[host].start], moved: calls[host].moved }),
      independent: true,
      workers,
      alone: true,
      mostLosses: 1,
      nameError: nameLoss,
      onError: (_, error) => fail(error),
    })
    const ended = result.catch((error) => fail(error instanceof AbortError ? aborted(error.cause) : error))
    return { ended, stop: cancel }
  }

const hostFunction = (): SentFunction => ({ module: ownFile('worker/ranks/run').href, name: 'runHost' })

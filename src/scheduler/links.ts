import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { formatBytes } from '../core/bytes.ts'
import { MemoryLimitError, NdloomError } from '../core/errors.ts'
import { ownFile } from '../core/own-file.ts'
import { createCallServer, type FromCallWorker, type ToCallWorker } from '../worker/call-server.ts'
import { fileFlags } from './flags.ts'

/** A worker of a pool's own, of whatever kind. */
export interface Link {
  post(message: ToCallWorker): void
  /** Only a worker that has something to do keeps the process from ending. */
  setBusy(isBusy: boolean): void
  end(): void
  /** No other thread: tasks run on this one. */
  readonly isHere?: true
}
export interface LinkEvents {
  readonly onMessage: (message: FromCallWorker) => void
  /** Once, when it has ended, by itself or not. */
  readonly onEnd: (cause: unknown) => void
}
export type OpenLink = (events: LinkEvents) => Link

/** A worker thread. */
export const openThread: OpenLink = ({ onMessage, onEnd }) => {
  const worker = new Worker(ownFile('worker/call-main'), { name: 'ndloom-pool', execArgv: fileFlags() })
  let cause: unknown
  worker.on('message', onMessage)
  worker.on('error', (error) => {
    cause = error
  })
  worker.on('exit', (code) => onEnd(cause ?? new NdloomError(`a worker ended with exit code ${code}`)))
  return {
    post: (message) => worker.postMessage(message),
    setBusy: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
    end: () => void worker.terminate(),
  }
}

/** The processes that are to end with this one, however it ends. */
const killers = new Set<() => void>()
const killAll = (): void => {
  for (const kill of killers) kill()
}
function killAtExit(kill: () => void): void {
  if (killers.size === 0) process.once('exit', killAll)
  killers.add(kill)
}
function forgetKiller(kill: () => void): void {
  if (killers.delete(kill) && killers.size === 0) process.off('exit', killAll)
}

/** A process; with a limit it is ended when it takes more memory (its resident set, Node's own some 50 MB with it). */
export const openProcess =
  (limitBytes: number | undefined): OpenLink =>
  ({ onMessage, onEnd }) => {
    const child = fork(fileURLToPath(ownFile('worker/call-main')), [String(limitBytes ?? 0)], {
      serialization: 'advanced',
      execArgv: fileFlags() ?? process.execArgv,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const kill = (): void => void child.kill('SIGKILL')
    killAtExit(kill)
    let hasEnded = false
    const ended = (cause: unknown): void => {
      forgetKiller(kill)
      if (!hasEnded) onEnd(cause)
      hasEnded = true
    }
    child.on('message', (message) => onMessage(message as FromCallWorker))
    child.on('error', ended)
    child.on('exit', (code, signal) => ended(endOf(code, signal, limitBytes)))
    return {
      post: (message) => void child.send(message, () => {}),
      setBusy(isBusy) {
        if (isBusy) child.ref()
        else child.unref()
        if (isBusy) child.channel?.ref()
        else child.channel?.unref()
      },
      end: kill,
    }
  }

function endOf(code: number | null, signal: string | null, limitBytes: number | undefined): Error {
  if (signal !== 'SIGUSR2' || limitBytes === undefined)
    return new NdloomError(`a process ended with ${signal ? `signal ${signal}` : `exit code ${code}`}`)
  const text = `a process took more memory than its limit of ${formatBytes(limitBytes)}; use a higher memoryLimit or smaller tasks`
  return new MemoryLimitError(text, limitBytes, limitBytes)
}

/** No worker at all: this thread, where there may be no others. Messages are cloned as if they went elsewhere. */
export const openLocal: OpenLink = ({ onMessage, onEnd }) => {
  let isOpen = true
  const receive = createCallServer((message) => {
    const clone = structuredClone(message)
    setImmediate(() => isOpen && onMessage(clone))
  })
  return {
    post(message) {
      const clone = structuredClone(message)
      setImmediate(() => isOpen && receive(clone))
    },
    setBusy: () => {},
    end() {
      if (isOpen) setImmediate(() => onEnd(new NdloomError('the pool has ended what it runs on this thread')))
      isOpen = false
    },
    isHere: true,
  }
}

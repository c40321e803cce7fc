import { readFileSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'

/*
 * What lies on a disk only as long as its process runs: it is removed at exit and on a signal that ends the process. Where neither
 * could be (SIGKILL, a crash) a later process can tell by `ownerName` in a name that the owner has ended.
 */

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const temporaries = new Set<string>()
let isWatching = false

/** A file or folder is to be removed when the process ends before `removeTemporary` or `keepTemporary`. */
export function addTemporary(path: string): void {
  watch()
  temporaries.add(path)
}
/** It has become something that stays, or is gone. */
export const keepTemporary = (path: string): boolean => temporaries.delete(path)
export function removeTemporary(path: string): void {
  temporaries.delete(path)
  tryRemove(path)
}

/** What cannot be removed (it is another user's, or in use) stays for the next process. */
export function tryRemove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch {
    // nothing to be done about it here
  }
}

/** This process for the name of a file: its machine, its number, and when it began, as numbers are used again. */
export const ownerName = (): string => [machine(), process.pid, startOf(process.pid)].join('-')

/** Whether the owner of a name has ended; false where that cannot be known, as of a process on another machine. */
export function hasEnded(owner: string): boolean {
  const [, where, pid, start] = /^(.+)-(\d+)-(\d+)$/.exec(owner) ?? []
  return where === machine() && !isRunning(Number(pid), Number(start))
}

const machine = (): string => hostname().replaceAll(/[^\w.]/g, '_')

function isRunning(pid: number, start: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  const now = startOf(pid)
  return now === 0 || now === start
}

/** When a process began, in the clock ticks of Linux's /proc since the machine did; 0 where the system does not tell. */
function startOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]) || 0
  } catch {
    return 0
  }
}

function watch(): void {
  if (isWatching) return
  isWatching = true
  process.on('exit', () => temporaries.forEach(tryRemove))
  for (const signal of endingSignals) process.on(signal, onSignal)
}

/** A signal that nobody else handles ends the process as it would without us; who handles it decides, and `exit` comes in the end. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return
  temporaries.forEach(tryRemove)
  process.removeListener(signal, onSignal)
  process.kill(process.pid, signal)
}

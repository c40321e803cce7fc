import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

/*
 * The directory of the process's spill file. It is gone when the process has ended: at exit, on a signal that ends it, and where
 * neither could be (SIGKILL, a crash) the next process that makes one removes it. Its name tells whose it is: machine, process number,
 * and when the process began, as numbers are used again.
 */

const prefix = 'ndloom-spill'
const namePattern = /^ndloom-spill-(.+)-(\d+)-(\d+)-\w+$/
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const directories = new Set<string>()
let isWatching = false

/** Makes a directory in `parent`, and removes those that dead processes left there. Throws what the file system does. */
export function createSpillDirectory(parent: string): string {
  mkdirSync(parent, { recursive: true })
  removeStale(parent)
  watch()
  const name = [prefix, machine(), process.pid, startOf(process.pid), ''].join('-')
  const directory = mkdtempSync(join(parent, name))
  directories.add(directory)
  return directory
}

export function removeSpillDirectory(directory: string): void {
  directories.delete(directory)
  remove(directory)
}

/** What cannot be removed (it is another user's, or in use) stays for the next process. */
function remove(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true })
  } catch {
    // nothing to be done about it here
  }
}

function removeStale(parent: string): void {
  for (const name of readdirSync(parent)) {
    const found = namePattern.exec(name)
    if (found && found[1] === machine() && !isRunning(Number(found[2]), Number(found[3]))) remove(join(parent, name))
  }
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
  process.on('exit', () => directories.forEach(remove))
  for (const signal of endingSignals) process.on(signal, onSignal)
}

/** A signal that nobody else handles ends the process as it would without us; who handles it decides, and `exit` comes in the end. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return
  directories.forEach(remove)
  process.removeListener(signal, onSignal)
  process.kill(process.pid, signal)
}

import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { addTemporary, hasEnded, ownerName, tryRemove } from '../storage/temporaries.ts'

export { removeTemporary as removeSpillDirectory } from '../storage/temporaries.ts'

/*
 * The directory of the process's spill file. It is gone when the process has ended; where it could not remove it (SIGKILL, a crash)
 * the next process that makes one does.
 */

const namePattern = /^ndloom-spill-(.+)-\w+$/

/** Makes a directory in `parent`, and removes those that dead processes left there. Throws what the file system does. */
export function createSpillDirectory(parent: string): string {
  mkdirSync(parent, { recursive: true })
  for (const name of readdirSync(parent)) {
    const owner = namePattern.exec(name)?.[1]
    if (owner && hasEnded(owner)) tryRemove(join(parent, name))
  }
  const directory = mkdtempSync(join(parent, `ndloom-spill-${ownerName()}-`))
  addTemporary(directory)
  return directory
}

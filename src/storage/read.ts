import { internal } from '../core/errors.ts'
import { readFile } from './file.ts'
import { readMemory } from './memory.ts'
import type { ReadBox } from './source.ts'

export const readBox: ReadBox = async (source, box, target) => {
  switch (source.type) {
    case 'memory':
      return readMemory(source, box, target)
    case 'file':
      return readFile(source, box, target)
    case 'heap':
      return internal('blocks in the heap are read where they lie, not by readBox')
  }
}

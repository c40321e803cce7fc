import { internal } from '../core/errors.ts'
import { readFile } from './file.ts'
import { readMemory } from './memory.ts'
import type { ReadBox } from './source.ts'

export const readBox: ReadBox = async (source, box, target, signal) => {
  switch (source.type) {
    case 'memory':
      return readMemory(source, box, target)
    case 'file':
      return readFile(source, box, target)
    // What few need is loaded when it is first read.
    case 'inflated':
      return (await import('./npz.ts')).readInflated(source, box, target)
    case 'hdf5':
      return (await import('./hdf5.ts')).readHdf5(source, box, target)
    case 'user':
      return (await import('./user.ts')).readUser(source, box, target, signal)
    case 'zarr':
      return (await import('./zarr/read.ts')).readZarr(source, box, target, signal)
    case 'kept':
      return internal('kept blocks are read where they lie, not by readBox')
  }
}

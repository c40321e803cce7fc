import { writeFileBox } from './file-sink.ts'
import type { WriteBox } from './sink.ts'

export const writeBox: WriteBox = async (sink, box, bytes, signal) => {
  switch (sink.type) {
    case 'file':
      return writeFileBox(sink, box, bytes)
    case 'user':
      return (await import('./user.ts')).writeUser(sink, box, bytes, signal)
    case 'zarr':
      return (await import('./zarr/write.ts')).writeZarr(sink, box, bytes, signal)
  }
}

import { writeFileBox } from './file-sink.ts'
import type { WriteBox } from './sink.ts'

export const writeBox: WriteBox = async (sink, box, bytes) => {
  switch (sink.type) {
    case 'file':
      return writeFileBox(sink, box, bytes)
  }
}

import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { markNested } from '../core/config.ts'
import { createCallServer, type ToCallWorker } from './call-server.ts'

/** Entry of a thread or process that only runs calls. A process gets its memory limit in bytes as an argument; 0: none. */
function main(): void {
  markNested()
  if (!isMainThread && parentPort) {
    const port = parentPort
    port.on(
      'message',
      createCallServer((message, moved) => port.postMessage(message, moved)),
    )
    return
  }
  const receive = createCallServer((message) => process.send?.(message))
  process.on('message', (message: ToCallWorker) => receive(message))
  process.on('disconnect', () => process.exit())
  watchMemory(Number(process.argv[2]))
}

/** Another thread watches, as this one may be in a loop. The signal tells the parent why the process ended. */
function watchMemory(limitBytes: number): void {
  if (!(limitBytes > 0)) return
  const text = `setInterval(() => {
    if (process.memoryUsage.rss() > ${limitBytes}) process.kill(process.pid, 'SIGUSR2')
  }, 20)`
  new Worker(text, { eval: true }).unref()
}

main()

import * as nd from '../../../src/index.ts'

/** Keeps more than the memory limit holds, says so, and then ends, or waits for a signal (with a handler of its own, or without). */
const [mode] = process.argv.slice(2)
nd.configure({ memoryLimit: '4MiB' })
const x = await nd.random.defaultRng(1).random([1024, 1024], { chunks: 128 }).persist()
if (mode === 'handler') process.on('SIGTERM', () => process.exit(7))
process.stdout.write('spilled\n')
if (mode !== 'exit') setInterval(() => x, 1000)
else process.stdout.write(`${await x.max().compute()}\n`)

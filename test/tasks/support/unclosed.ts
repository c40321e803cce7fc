/** Everything of the tasks is used and nothing closed: the script must end by itself. */
import * as nd from '../../../src/index.ts'

const kinds: nd.PoolOptions[] = [{}, { initializer: () => {} }, { kind: 'process', workers: 1 }]
for (const options of kinds) {
  const pool = new nd.Pool(options)
  await pool.map((x: number) => x * x, [1, 2, 3])
  for await (const x of pool.imap((y: number) => y, [1, 2, 3])) if (x === 2) break
}
const client = nd.client()
await client.gather(client.map((x: number) => x, [1, 2]))
client.submit(() => {
  throw new Error('nobody asks for this')
})
await client.run(() => 1)
process.stdout.write('last line\n')

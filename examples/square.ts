/** The square of each number of a list: one loop, a pool's `map`, results as they come, futures and an array. */
import * as nd from 'ndloom'

const numbers = Array.from({ length: 10 }, (_, i) => i)
const square = (x: number): number => x * x

const pool = new nd.Pool()
console.log('one loop    ', numbers.map(square).join(' '))
console.log('pool.map    ', (await pool.map(square, numbers, { chunksize: 3 })).join(' '))

const found: number[] = []
for await (const result of pool.imapUnordered(square, numbers)) found.push(result)
console.log('as they come', found.sort((a, b) => a - b).join(' '))
await pool.close()

const client = nd.client()
console.log('futures     ', (await client.gather(client.map(square, numbers))).join(' '))

const x = nd.arange(10)
console.log('array       ', Array.from((await x.mul(x).compute()).data as Float64Array).join(' '))

import { start, tableOf, testEngine } from './engine.ts'

await start(testEngine(), { table: tableOf([[], [], [0, 1]]) }).job.result
console.log('last line')

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createArrayReduction } from '../../../src/worker/ranks/array-reduction.ts'
import type { Comm } from '../../../src/worker/ranks/comm.ts'
import { createComm } from '../../../src/worker/ranks/communicator.ts'
import { createHost, type Host } from '../../../src/worker/ranks/host.ts'
import { counterBytes, countersOver, type Layout } from '../../../src/worker/ranks/layout.ts'
import type { Message } from '../../../src/worker/ranks/mailbox.ts'
import { expected, type Program, programs, runSteps } from '../../tasks/ranks/program.ts'

/** Hosts whose messages arrive at any time, though always in order between two hosts: `choose(n)` says from 0 to n - 1 which goes next. */
function createNetwork(layout: Layout, choose: (count: number) => number) {
  const counters = countersOver(new SharedArrayBuffer(counterBytes(layout.hosts)), layout.hosts)
  const lines = new Map<string, { to: number; waiting: Message[] }>()
  const hosts: Host[] = []
  for (let host = 0; host < layout.hosts; host++)
    hosts.push(
      createHost(layout, host, counters, () => ({
        hasOthers: false,
        received: 0,
        poll: () => false,
        spin() {},
        close() {},
        post(to, message, moved) {
          const line = lines.get(`${host} ${to}`) ?? { to, waiting: [] }
          lines.set(`${host} ${to}`, line)
          line.waiting.push(structuredClone(message, { transfer: [...moved] }))
        },
      })),
    )
  return {
    hosts,
    /** Delivers until nothing is on its way any more. */
    async settle(): Promise<void> {
      for (let idle = 0; idle < 3; ) {
        await new Promise((resolve) => setImmediate(resolve))
        const full = [...lines.values()].filter(({ waiting }) => waiting.length > 0)
        idle = full.length === 0 ? idle + 1 : 0
        if (full.length === 0) continue
        const line = full[choose(full.length)]
        hosts[line.to].deliver(line.waiting.shift()!)
      }
    },
  }
}

async function run({ size, hosts: count, steps }: Program, choose: (count: number) => number): Promise<unknown[]> {
  const { hosts, settle } = createNetwork({ size, hosts: count }, choose)
  const results: unknown[] = new Array(size).fill('not ended')
  const running = hosts.flatMap((host) => {
    const arrays = createArrayReduction(host)
    return host.ranks.map(async (rank) => {
      results[rank] = await runSteps(createComm(rank, steps, host, arrays) as Comm<typeof steps>)
    })
  })
  running.push(settle())
  await Promise.race([Promise.all(running), settle()])
  await settle()
  return results
}

test('programs of ranks give what a sequential run gives, in whatever order messages arrive', async () => {
  await fc.assert(
    fc.asyncProperty(programs(9000), fc.infiniteStream(fc.nat()), async (program, choices) => {
      const results = await run(program, (count) => (choices.next().value as number) % count)
      results.forEach((result, rank) => {
        expect(result).toEqual(expected(program.steps, program.size, rank))
      })
    }),
    { numRuns: 150 },
  )
})

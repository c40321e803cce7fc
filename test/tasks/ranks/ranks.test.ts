import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as nd from '../../../src/index.ts'
import { expected, programs, runSteps } from './program.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ndloom-ranks-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
  await nd.shutdown()
})

describe('programs of ranks', () => {
  test('give what a sequential run gives', async () => {
    await fc.assert(
      fc.asyncProperty(programs(60_000), async ({ size, steps }) => {
        const results = await nd.ranks(size, runSteps, { args: steps })
        results.forEach((result, rank) => {
          expect(result).toEqual(expected(steps, size, rank))
        })
      }),
      { numRuns: 30 },
    )
  })
  test('that fail anywhere end with the error of the rank that threw', async () => {
    const failing = programs(20_000).chain((program) =>
      fc.record({
        program: fc.constant(program),
        by: fc.nat({ max: program.size - 1 }),
        after: fc.nat({ max: program.steps.length }),
      }),
    )
    await fc.assert(
      fc.asyncProperty(failing, async ({ program: { size, steps }, by, after }) => {
        const run = nd.ranks(
          size,
          async (comm, { by, after, text, steps }) => {
            const runSteps = new Function(`return (${text})`)()
            await runSteps({ ...comm, args: comm.rank === by ? steps.slice(0, after) : steps })
            if (comm.rank === by) throw Object.assign(new RangeError('no more'), { rank: by })
            await comm.barrier()
          },
          { args: { by, after, text: runSteps.toString(), steps } },
        )
        await expect(run).rejects.toMatchObject({
          name: 'TaskError',
          message: `ranks: rank ${by} failed: RangeError: no more`,
          block: [by],
          cause: { name: 'RangeError', message: 'no more', rank: by },
        })
      }),
      { numRuns: 30 },
    )
  })
  test('that lack one message end with a deadlock that names who waits', async () => {
    const cut = fc
      .integer({ min: 2, max: 5 })
      .chain((size) => fc.record({ size: fc.constant(size), by: fc.nat({ max: size - 1 }) }))
    await fc.assert(
      fc.asyncProperty(cut, async ({ size, by }) => {
        const run = nd.ranks(
          size,
          async (comm, by) => {
            const [next, before] = [(comm.rank + 1) % comm.size, (comm.rank + comm.size - 1) % comm.size]
            for (let k = 0; k < 20; k++) {
              if (comm.rank !== by || k < 7) await comm.send(k, { dest: next, tag: 5 })
              await comm.recv({ source: before, tag: 5 })
            }
          },
          { args: by },
        )
        const waits = `rank ${(by + 1) % size} waits in recv for a message from rank ${by} with tag 5`
        await expect(run).rejects.toThrow(waits)
      }),
      { numRuns: 4 },
    )
  })
})

describe('the communicator', () => {
  test('knows rank, size and args, which are a copy for each rank', async () => {
    const results = await nd.ranks(
      3,
      (comm, args) => {
        args.list.push(comm.rank)
        return [comm.rank, comm.size, comm.args === args, args.list]
      },
      { args: { list: [7] } },
    )
    expect(results).toEqual([0, 1, 2].map((rank) => [rank, 3, true, [7, rank]]))
  })
  test('runs the functions of a module', async () => {
    const module = join(folder, 'work.mjs')
    writeFileSync(module, 'const factor = 3\nexport const work = async (comm) => factor * (await comm.allreduce(1))\n')
    expect(await nd.ranks(2, { module, name: 'work' })).toEqual([6, 6])
  })
  test('copies what it sends, and shares what lies in shared memory', async () => {
    const shared = new Int32Array(new SharedArrayBuffer(8))
    const [first] = await nd.ranks(
      4,
      async (comm, shared: Int32Array) => {
        const large = new Float64Array(5000)
        const part = large.subarray(10, 4000)
        if (comm.rank === 0) {
          await comm.send({ part: [part] }, { dest: 1 })
          await comm.send(part, { dest: 3 })
          part.fill(1)
          await comm.barrier()
          return [part[0], shared[0]]
        }
        if (comm.rank === 1 || comm.rank === 3) {
          const got = await comm.recv<Float64Array | { part: Float64Array[] }>({ source: 0 })
          const array = 'part' in got ? got.part[0] : got
          if (array[0] !== 0 || array.length !== 3990) throw new Error('this is no copy')
          if (comm.rank === 3 && array.buffer.byteLength !== 8 * 3990) throw new Error('more was sent than asked for')
          Atomics.add(shared, 0, 1)
        }
        await comm.barrier()
        return []
      },
      { args: shared },
    )
    expect(first).toEqual([1, 2])
    expect(shared[0]).toBe(2)
  })
  test('tells in a status where a message came from; -1 is any', async () => {
    const [got] = await nd.ranks(2, async (comm) => {
      if (comm.rank === 1) return comm.send('hello', { dest: 0, tag: 4 })
      const status: nd.Status = {}
      return [await comm.recv({ source: -1, tag: -1, status }), status]
    })
    expect(got).toEqual(['hello', { source: 1, tag: 4 }])
  })
  test('reduces by every name, in numbers, bigints, booleans, lists and typed arrays', async () => {
    const names = ['sum', 'prod', 'min', 'max', 'land', 'lor', 'lxor', 'band', 'bor', 'bxor'] as const
    const [got] = await nd.ranks(
      3,
      async (comm, names) => {
        const results: unknown[] = []
        const own = [6, 0, 5][comm.rank]
        for (const op of names) {
          const list = await comm.allreduce([own, [own]], op)
          const ints = await comm.allreduce(Int32Array.of(own), op)
          const longs = await comm.allreduce(BigInt64Array.of(BigInt(own)), op)
          results.push([await comm.allreduce(own, op), list, ints[0], longs[0], await comm.allreduce(BigInt(own), op)])
        }
        return [results, await comm.allreduce(comm.rank === 1, 'lor'), await comm.allreduce(comm.rank === 1, 'band')]
      },
      { args: names },
    )
    const wanted = [11, 0, 0, 6, 0, 1, 0, 0, 7, 3]
    expect(got).toEqual([wanted.map((v) => [v, [v, [v]], v, BigInt(v), BigInt(v)]), true, false])
  })
  test('reduces by a function of whole values', async () => {
    const join = async (comm: nd.Comm) => comm.allreduce([comm.rank], (a: number[], b: number[]) => a.concat(b))
    expect(await nd.ranks(3, join)).toEqual([0, 1, 2].map(() => [0, 1, 2]))
  })
  test('reduces large arrays in place, in any class, always in the order of the ranks', async () => {
    const [first] = await nd.ranks(5, async (comm) => {
      const value = (i: number) => Math.fround((comm.rank + 1) * 0.1 * (i % 1000) + 1e5 / (comm.rank + 1))
      const x = Float32Array.from({ length: 1_200_001 }, (_, i) => value(i))
      const y = x.slice()
      const all = await comm.allgather(x)
      const returned = await comm.allreduce(x, 'sum', { out: x })
      const bytes = await comm.allreduce(new Uint8Array(100_000).fill(200), 'sum')
      let differences = 0
      for (let i = 0; i < x.length; i++) {
        let sum = all[0][i]
        for (let r = 1; r < comm.size; r++) sum = Math.fround(sum + all[r][i])
        if (sum !== x[i]) differences++
      }
      return [returned === x, differences, bytes[99_999], (await comm.allreduce(y, 'max')).length]
    })
    expect(first).toEqual([true, 0, 1000 % 256, 1_200_001])
  })
  test('keeps collective calls apart that run at the same time', async () => {
    const [got] = await nd.ranks(3, async (comm) => {
      const large = new Float64Array(50_000).fill(comm.rank)
      const [a, b, c] = await Promise.all([comm.allreduce(large), comm.allreduce(large, 'max'), comm.allgather(1)])
      return [a[49_999], b[0], c]
    })
    expect(got).toEqual([3, 2, [1, 1, 1]])
  })
})

describe('bad input is refused', () => {
  const one = (fn: (comm: nd.Comm) => unknown) => nd.ranks(1, fn)
  test.each([
    [() => nd.ranks(0, () => 1), 'ranks: got 0 ranks, want a whole number from 1 to 4096'],
    [() => nd.ranks(2, 7 as never), 'ranks: got 7 as the function'],
    [() => nd.ranks(2, () => 1, { args: () => 1 }), 'ranks: got args that cannot be sent to a worker'],
    [() => nd.ranks(2, () => 1, { workers: 1 } as never), 'ranks: there is no option workers; there are args, signal'],
    [() => nd.ranks(2, () => 1, { signal: 5 as never }), 'ranks: got signal 5, want an AbortSignal'],
    [() => one((comm) => comm.send(1, { dest: 1 })), 'send: got dest 1, want the number of a rank, 0 to 0'],
    [() => one((comm) => comm.send(1, { dest: 0, tag: -2 })), 'send: got tag -2, want a whole number from 0'],
    [() => one((comm) => comm.recv({ source: 3 })), 'recv: got source 3, want the number of a rank'],
    [() => one((comm) => comm.send(() => 1, { dest: 0 })), 'send: got a value that cannot go to another thread'],
    [() => one(() => () => 1), 'ranks: the result of rank 0: got a value that cannot go to another thread'],
    [() => one((comm) => comm.scatter([1, 2])), 'scatter with root 0: got a list of 2, want a list of 1 values'],
    [() => one((comm) => comm.allreduce(1, 'add' as never)), "allreduce: got 'add' as the reduction"],
    [() => one((comm) => comm.bcast(1, { root: 2 })), 'bcast: got root 2, want the number of a rank'],
    [
      () => one((comm) => comm.allreduce(Float64Array.of(1), 'sum', { out: Float64Array.of(1, 2) })),
      'allreduce: `out` must be a typed array of the class and length of the value',
    ],
    [
      () => nd.ranks(2, (comm) => comm.allreduce(new Float64Array(2 + comm.rank))),
      'got Float64Array of 2 and Float64Array of 3 from two ranks',
    ],
    [
      () => nd.ranks(2, (comm) => comm.allreduce(new Float64Array(20_000 + comm.rank))),
      /rank [01] calls allreduce sum of Float64Array of 2000[01] where (rank [01]|a rank beside it) calls/,
    ],
    [() => nd.ranks(2, (comm) => comm.allreduce({ a: comm.rank })), 'sum of { a } and { a } is not defined'],
    [
      () => nd.ranks(2, async (comm) => (comm.rank === 0 ? comm.barrier() : comm.allgather(1))),
      /calls (barrier|allgather) where rank \d calls (barrier|allgather) \(collective call 1\)/,
    ],
  ])('%s', async (run, text) => {
    await expect(run()).rejects.toThrow(text)
  })
  test('a variable from outside, with the cure', async () => {
    const outside = 3
    await expect(nd.ranks(2, () => outside)).rejects.toThrow(
      /outside is not defined: the function is sent as text.*pass the value in `args`/,
    )
  })
})

describe('every run ends', () => {
  test('when all wait for each other, or for ranks that have ended', async () => {
    await expect(nd.ranks(3, (comm) => comm.recv())).rejects.toThrow(
      'deadlock: every rank that has not ended waits for another and no message is on its way: rank 0 waits in recv for a message from any rank',
    )
    await expect(nd.ranks(2, async (comm) => (comm.rank === 0 ? comm.barrier() : undefined))).rejects.toThrow(
      'rank 0 waits in barrier (collective call 1) for rank 1; rank 1 has ended',
    )
    const reduce = (comm: nd.Comm) => (comm.rank === 3 ? null : comm.allreduce(new Float64Array(50_000)))
    await expect(nd.ranks(4, reduce)).rejects.toThrow(/rank 2 waits in allreduce sum of Float64Array of 50000 .* for/)
  })
  test('and a rank that waits for a timer is no deadlock', async () => {
    const slow = async (comm: nd.Comm) => {
      const message = comm.recv({ source: 1 - comm.rank })
      await new Promise((resolve) => setTimeout(resolve, 700))
      await comm.send(comm.rank, { dest: 1 - comm.rank })
      return message
    }
    expect(await nd.ranks(2, slow)).toEqual([1, 0])
  })
  test('nor is a message that nobody receives an error', async () => {
    expect(await nd.ranks(2, (comm) => comm.send('lost', { dest: 1 - comm.rank }).then(() => 1))).toEqual([1, 1])
  })
  test('when a worker ends', async () => {
    const lost = nd.ranks(2, async (comm) => {
      if (comm.rank === 1) process.exit(7)
      return comm.recv({ source: 1 })
    })
    await expect(lost).rejects.toMatchObject({ name: 'WorkerLostError', block: expect.arrayContaining([1]) })
    expect(await nd.ranks(2, (comm) => comm.allgather(comm.rank))).toEqual([
      [0, 1],
      [0, 1],
    ])
  })
  test('when it is aborted: before, while it waits, while it computes', async () => {
    await expect(nd.ranks(2, () => 1, { signal: AbortSignal.abort('early') })).rejects.toMatchObject({
      name: 'AbortError',
      cause: 'early',
    })
    const forever: ((comm: nd.Comm) => Promise<void>)[] = [
      async (comm) => {
        for (;;) await comm.barrier()
      },
      async (comm) => {
        for (;;) await comm.send(1, { dest: comm.rank, tag: 1 })
      },
      async () => {
        for (;;);
      },
    ]
    for (const fn of forever)
      await expect(nd.ranks(2, fn, { signal: AbortSignal.timeout(50) })).rejects.toThrow(nd.AbortError)
    expect(await nd.ranks(1, () => 1)).toEqual([1])
  })
  test('when it is aborted before its turn', async () => {
    const controller = new AbortController()
    const first = nd.ranks(2, (comm) => comm.recv({ source: 1 - comm.rank }), { signal: controller.signal })
    const second = nd.ranks(2, () => 1, { signal: AbortSignal.timeout(20) })
    await expect(second).rejects.toThrow(nd.AbortError)
    controller.abort()
    await expect(first).rejects.toThrow(nd.AbortError)
  })
  test('when the pool is shut down', async () => {
    const run = nd.ranks(2, async (comm) => {
      for (;;) await comm.barrier()
    })
    setTimeout(() => void nd.shutdown(), 50)
    await expect(run).rejects.toThrow(new nd.AbortError('ranks: the run was aborted'))
    expect(await nd.ranks(2, (comm) => comm.rank)).toEqual([0, 1])
  })
  test('with far more ranks than workers', async () => {
    const sums = await nd.ranks(300, async (comm) => {
      const next = await comm.sendrecv<number>(comm.rank, { dest: (comm.rank + 1) % comm.size })
      return comm.allreduce(next)
    })
    expect(sums).toEqual(new Array(300).fill((299 * 300) / 2))
  })
  test('one after the other, and beside computations', async () => {
    const runs = [1, 2, 3].map((k) => nd.ranks(4, (comm, k: number) => comm.allreduce(k), { args: k }))
    const sum = nd
      .ones([400, 400], { chunks: [20, 20] })
      .sum()
      .compute<number>()
    expect(await Promise.all(runs)).toEqual([1, 2, 3].map((k) => new Array(4).fill(4 * k)))
    expect(await sum).toBe(160_000)
  })
})

test('ranks run on the main thread with the local scheduler', async () => {
  nd.configure({ scheduler: 'local' })
  try {
    expect(await nd.ranks(3, (comm) => comm.scan([comm.rank, 2]))).toEqual([
      [0, 2],
      [1, 4],
      [3, 6],
    ])
  } finally {
    nd.configure({ scheduler: 'threads' })
  }
})

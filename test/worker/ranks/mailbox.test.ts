import fc from 'fast-check'
import { expect, test } from 'vitest'
import { any, createMailbox, type Message } from '../../../src/worker/ranks/mailbox.ts'

const message = (source: number, tag: number, value: unknown, call = 0, name = ''): Message => ({
  source,
  dest: 0,
  tag,
  call,
  name,
  value,
})
const wanted = (source: number, tag: number, call = 0, name = '') => ({ source, tag, call, name })

test('messages are taken in the order of their arrival among those that fit, kept or waited for', async () => {
  const arrivals = fc.array(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 1 })), { minLength: 1, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(arrivals, fc.infiniteStream(fc.nat()), async (list, choices) => {
      const choose = (count: number): number => (choices.next().value as number) % count
      const mailbox = createMailbox()
      const left = list.map(([source, tag], value) => message(source, tag, value))
      let kept: Message[] = []
      while (left.length > 0 || kept.length > 0) {
        if (left.length > 0 && choose(2) === 0) {
          const next = left.shift()!
          mailbox.deliver(next)
          kept.push(next)
          continue
        }
        const want = wanted(choose(4) - 1, choose(3) - 1)
        const first = kept.find(
          ({ source, tag }) =>
            (want.source === any || want.source === source) && (want.tag === any || want.tag === tag),
        )
        expect(mailbox.take(want)).toBe(first)
        kept = kept.filter((each) => each !== first)
      }
      const waiting = [mailbox.wait(wanted(1, any)), mailbox.wait(wanted(any, any))]
      mailbox.deliver(message(0, 0, 'for the second'))
      mailbox.deliver(message(1, 0, 'for the first'))
      expect((await Promise.all(waiting)).map(({ value }) => value)).toEqual(['for the first', 'for the second'])
      expect(mailbox.waits.size).toBe(0)
    }),
  )
})

test('a long queue is emptied from its front', () => {
  const mailbox = createMailbox()
  for (let k = 0; k < 5000; k++) mailbox.deliver(message(0, k % 2, k))
  for (let k = 0; k < 5000; k += 2) expect(mailbox.take(wanted(0, 0))?.value).toBe(k)
  for (let k = 1; k < 5000; k += 2) expect(mailbox.take(wanted(any, any))?.value).toBe(k)
  expect(mailbox.take(wanted(any, any))).toBeUndefined()
})

test('collective calls do not take the messages of others, and tell when two do not belong together', async () => {
  const mailbox = createMailbox()
  mailbox.deliver(message(1, 0, 'sent'))
  mailbox.deliver(message(1, 0, 'second', 2, 'barrier'))
  expect(mailbox.take(wanted(1, 0, 1, 'gather'))).toBeUndefined()
  expect(mailbox.take(wanted(1, 0, 2, 'barrier'))?.value).toBe('second')
  const waiting = mailbox.wait(wanted(1, 0, 3, 'gather'))
  mailbox.deliver(message(1, 0, 'third', 3, 'bcast'))
  await expect(waiting).rejects.toThrow('rank 0 calls gather where rank 1 calls bcast (collective call 3)')
  const ended = mailbox.wait(wanted(1, 5))
  mailbox.end(new Error('over'))
  await expect(ended).rejects.toThrow('over')
})

import { NdloomError } from '../../core/errors.ts'

/** What a rank sends to another. */
export interface Message {
  readonly source: number
  readonly dest: number
  readonly tag: number
  /** 0: of `send`. Else a part of the rank's collective call of this number. */
  readonly call: number
  /** The collective call and what must be the same in all ranks. */
  readonly name: string
  readonly value: unknown
}

/** Stands for any source and any tag. */
export const any = -1

/** Which message a rank waits for. */
export type Wanted = Pick<Message, 'source' | 'tag' | 'call' | 'name'>

export interface Wait extends Wanted {
  readonly resolve: (message: Message) => void
  readonly reject: (error: unknown) => void
}

/**
 * The messages of one rank that it has not received yet, and its calls that wait for one. Messages of one sender are received in the
 * order in which they were sent.
 */
export interface Mailbox {
  readonly waits: ReadonlySet<Wait>
  /** Hands the message to the first call that waits for it, or keeps it. */
  deliver(message: Message): void
  /** The first message that fits, if it is here. Errors: NdloomError when its sender is in another collective call. */
  take(wanted: Wanted): Message | undefined
  /** The next message that fits; `take` has found none. */
  wait(wanted: Wanted): Promise<Message>
  /** Lets all that wait fail. */
  end(error: unknown): void
}

export function createMailbox(): Mailbox {
  const queue: (Message | undefined)[] = []
  const waits = new Set<Wait>()
  let head = 0

  function remove(at: number): void {
    if (at > head) queue.splice(at, 1)
    else queue[head++] = undefined
    if (head > 1000 && head * 2 > queue.length) {
      queue.splice(0, head)
      head = 0
    }
  }
  return {
    waits,
    deliver(message) {
      for (const wait of waits) {
        if (!fits(message, wait)) continue
        waits.delete(wait)
        try {
          checkSameCall(message, wait)
          wait.resolve(message)
        } catch (error) {
          wait.reject(error)
        }
        return
      }
      queue.push(message)
    },
    take(wanted) {
      for (let at = head; at < queue.length; at++) {
        const message = queue[at]!
        if (!fits(message, wanted)) continue
        remove(at)
        checkSameCall(message, wanted)
        return message
      }
      return undefined
    },
    wait: (wanted) => new Promise((resolve, reject) => waits.add({ ...wanted, resolve, reject })),
    end(error) {
      for (const wait of waits) wait.reject(error)
      waits.clear()
    },
  }
}

const fits = (message: Message, { source, tag, call }: Wanted): boolean =>
  message.call === call && (source === any || message.source === source) && (tag === any || message.tag === tag)

function checkSameCall({ source, dest, name, call }: Message, wanted: Wanted): void {
  if (name !== wanted.name)
    throw new NdloomError(
      `ranks: rank ${dest} calls ${wanted.name} where rank ${source} calls ${name} (collective call ${call}); all ranks call the same ones in the same order, with the same kind of values`,
    )
}

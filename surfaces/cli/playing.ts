// Plays messages of the past: waits until each is due, and publishes those that are due together in one request, in their
// order. Not for: where they come from and go to (replay.ts).
import type { Clock } from '../../component.ts'
import type { Pace } from './pacing.ts'

/** The most of one request: small enough that a stop is soon, large enough that its cost is shared. */
const AT_ONCE = { messages: 500, bytes: 1024 * 1024 }

export interface Play<Message> {
  pace: Pace
  clock: Clock
  signal: AbortSignal
  /** Resolves once they are taken. */
  publish(messages: readonly Message[]): Promise<void>
}

/** What is played: `at` is when it was, epoch ms. */
export interface Played {
  at: number
  payload: string
}

/** Resolves when all is published, or at the signal; rejects as `publish` does. Messages are read as they are needed. */
export async function play<Message extends Played>(
  messages: AsyncIterable<Message> | Iterable<Message>,
  { pace, clock, signal, publish }: Play<Message>,
): Promise<void> {
  let due: Message[] = []
  let bytes = 0
  const flush = async () => {
    const taken = due
    due = []
    bytes = 0
    if (taken.length > 0) await publish(taken)
  }
  for await (const message of readAhead(messages, flush)) {
    if (signal.aborted) break
    const size = message.payload.length
    const isFull = due.length >= AT_ONCE.messages || bytes + size > AT_ONCE.bytes
    if (isFull || pace.until(message.at) > 0) await flush()
    // Asked again: publishing took its time, and a message is not to be late for that.
    const ms = pace.until(message.at)
    if (ms > 0) await clock.sleep(ms, signal)
    if (signal.aborted) break
    due.push(message)
    bytes += size
  }
  if (!signal.aborted) await flush()
}

/** The same messages; `whenIdle` is run before a wait for the next one, which may be long where they come from a pipe. */
async function* readAhead<Message>(
  messages: AsyncIterable<Message> | Iterable<Message>,
  whenIdle: () => Promise<void>,
): AsyncGenerator<Message> {
  const iterator = Symbol.asyncIterator in messages ? messages[Symbol.asyncIterator]() : messages[Symbol.iterator]()
  try {
    for (;;) {
      const next = Promise.resolve(iterator.next())
      const isIdle = new Promise<true>((resolve) => setImmediate(resolve, true))
      if ((await Promise.race([next, isIdle])) === true) await whenIdle()
      const { done, value } = await next
      if (done) return
      yield value
    }
  } finally {
    await iterator.return?.()
  }
}

// A Frigate bridge in its host for tests, against a Frigate whose API misbehaves as it is told. Not for: the whole product,
// which is in test/e2e/frigate.test.ts.
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, wallClock } from '../../component.ts'
import { type FakeFrigate, fakeFrigate } from '../../test/frigate/fake.ts'
import { picture, type Said, type Visit, type VisitOptions, visit } from '../../test/frigate/story.ts'
import { type Hosted, host, outboxFolder } from '../../test/hosted.ts'
import { frigate } from '../frigate.ts'

/** Its pauses last a tenth. */
export const quick: Clock = { ...wallClock, sleep: (ms, signal) => wallClock.sleep(ms / 10, signal) }

export type Desk = Awaited<ReturnType<typeof createDesk>>

/** A folder, a fake Frigate, and bridges over both. */
export async function createDesk() {
  const { folder, remove } = await outboxFolder()
  const fake = await fakeFrigate()
  const running: Hosted[] = []
  return {
    fake,

    async started(config: Record<string, unknown> = {}, clock = quick): Promise<Hosted> {
      const hosted = host(frigate, folder, { config: { url: fake.url, ...config }, clock })
      running.push(hosted)
      await hosted.bridge.start()
      return hosted
    },

    /** A visit that Frigate has in its database, with pictures. */
    stored: (options: Partial<VisitOptions> & { name: string }) => storedAt(fake, options),

    async clear(): Promise<void> {
      for (const hosted of running) await hosted.bridge.stop()
      await fake[Symbol.asyncDispose]()
      await remove()
    },
  }
}

function storedAt(fake: FakeFrigate, options: Partial<VisitOptions> & { name: string }): Visit {
  const made = visit({ at: Date.now() / 1000 - 60, ...options })
  fake.reviews.set(made.review.id, made.review)
  fake.objects.set(made.object.id, made.object)
  fake.pictures.set(`${made.object.id}/snapshot.jpg`, picture('snapshot'))
  fake.pictures.set(`${made.object.id}/thumbnail.jpg`, picture('thumbnail', 200))
  return made
}

export function say({ publish }: Hosted, messages: readonly Said[], prefix = 'frigate'): void {
  for (const { topic, payload } of messages) publish(`${prefix}/${topic}`, JSON.stringify(payload))
}

export const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
export const phases = ({ kept }: Hosted) => kept.map(({ phase }) => phase)

export async function until(holds: () => boolean, ms = 10_000): Promise<void> {
  const end = Date.now() + ms
  while (!holds()) {
    if (Date.now() > end) throw new Error('not in time')
    await sleep(10)
  }
}

/** The first reading back is over. */
export async function caughtUp(hosted: Hosted): Promise<void> {
  await until(() => hosted.bridge.health().figures?.seenAt !== null)
}
